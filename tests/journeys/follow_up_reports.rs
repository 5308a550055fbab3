//! The report of a follow-up (回访报告): what was said, as JSON and on paper.

use serde_json::{Value, json};

use super::follow_up_records::{Desk, OLD, everything};
use crate::support::builders::{id, user};
use crate::support::{Running, journey};

journey! {
    async fn the_report_tells_all_of_it_and_shows_to_each_reader_what_is_his(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let record = id(&desk.record(&task, everything(&desk)).await.expect(201));
        let path = format!("/api/v1/follow-up-records/{record}/report");
        let report = desk.agent.get(&path).await.expect(200);
        assert_eq!((&report["title"], &report["contact_name"]), (&json!("购买后第 7 天回访"), &json!("王芳")));
        assert_eq!((&report["phone"], &report["masked"]), (&json!(OLD), &json!(false)));
        let answers: Vec<&Value> = report["questions"].as_array().unwrap().iter().map(|question| &question["answer"]).collect();
        assert_eq!(answers, [&json!("2"), &json!("5"), &json!("<b>快一点</b>")]);
        assert_eq!((&report["promises"][0]["title"], &report["promises"][0]["owner_name"]), (&json!("补发缺件"), &json!("li.na")));
        assert_eq!(report["feedback"][0]["number"], "F000001");
        assert_eq!(report["leads"][0]["expected_amount"], "36000.00");
        assert_eq!(report["next_follow_up"]["note"], "确认补发情况");
        // What was asked stays what was asked.
        let content = json!({ "content": { "opening": "好", "questions": [{ "key": "other", "text": "另一个问题？", "topic": "other", "kind": "text" }], "closing": "再见" } });
        desk.manager.put(&format!("/api/v1/scripts/{}/content", desk.script), content).await.expect(200);
        assert_eq!(desk.agent.get(&path).await.expect(200)["questions"], report["questions"]);

        let reader = desk.agent.clone().with_header("accept", "text/html").with_header("accept-language", "zh-CN");
        let page = reader.get(&path).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        for part in ["lang=\"zh-CN\"", "客户回访报告", "王芳", OLD, "送货和交付，您打几分？", "2 / 5", "补发缺件", "F000001", "36000.00", "2026-11-03", "不满意"] {
            assert!(page.text.contains(part), "{part}: {}", page.text);
        }
        assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.text.contains("<script"), "text is text");
        let english = reader.with_header("accept-language", "en").get(&path).await;
        assert!(english.text.contains("Follow-up report") && english.text.contains("lang=\"en\""));

        // A director reads it, but not the phone; whoever has nothing to do with it reads nothing.
        let (director, _) = user(&desk.running, &desk.admin, "qian.wei", "director", None).await;
        let seen = director.get(&path).await.expect(200);
        assert_eq!((&seen["phone"], &seen["email"], &seen["masked"]), (&json!("138****8000"), &json!("o****@example.com"), &json!(true)));
        let page = director.with_header("accept", "text/html").get(&path).await;
        assert!(page.text.contains("138****8000") && !page.text.contains(OLD));
        let (stranger, _) = user(&desk.running, &desk.admin, "sun.li", "agent", Some("research")).await;
        for path in [path.clone(), format!("/api/v1/follow-up-records/{record}")] {
            assert_eq!(stranger.get(&path).await.problem(404), "follow_up_record_not_found");
        }
        assert_eq!(stranger.get("/api/v1/follow-up-records").await.expect(200)["items"], json!([]));
    }
}

journey! {
    async fn the_report_says_what_was_asked_then_and_by_whom(running: Running) {
        let desk = Desk::of(running).await;
        let order = |number: &str, on: &str| json!({ "external_system": "erp", "order_no": number, "customer_id": desk.customer, "ordered_at": on, "amount": "12.00" });
        desk.admin.post("/api/v1/orders", order("A-1", "2026-10-01T02:00:00Z")).await.expect(201);
        let asked = json!({ "name": "订单话术", "content": {
            "opening": "您好", "closing": "再见",
            "questions": [{ "key": "order", "text": "{{contact_name}}，我是{{agent_name}}，订单{{order_no}}收到了吗？", "topic": "service", "kind": "text" }],
        } });
        let asked = id(&desk.manager.post("/api/v1/scripts", asked).await.expect(201));
        let task = desk.task().await;
        let body = json!({ "outcome": "reached", "script_id": asked, "contact_id": desk.contact, "answers": [{ "key": "order", "value": "收到了" }] });
        let record = id(&desk.record(&task, body).await.expect(201));
        desk.admin.post("/api/v1/orders", order("B-2", "2026-10-20T01:00:00Z")).await.expect(201);
        let path = format!("/api/v1/follow-up-records/{record}/report");
        for reader in [&desk.agent, &desk.manager, &desk.admin] {
            let report = reader.get(&path).await.expect(200);
            assert_eq!(report["questions"][0]["question"], "王芳，我是li.na，订单A-1收到了吗？");
        }
    }
}
