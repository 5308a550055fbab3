//! Several departments work on one feedback: the lead, and collaborators with a part and a clock of their own.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::dispatch::{act, of};
use crate::support::builders::{COMPLAINT, department, id, user};
use crate::support::{Client, Running, journey};

/// The parts of a feedback, as `finance collaborator open`.
async fn parts(client: &Client, feedback: &str) -> Vec<Value> {
    let parts = client.get(&format!("/api/v1/feedback/{feedback}/parts")).await.expect(200);
    parts["items"].as_array().unwrap().clone()
}

async fn part_of(client: &Client, feedback: &str, department: &str) -> Value {
    let of = |part: &Value| part["department_id"] == department && part["role"] == "collaborator";
    parts(client, feedback).await.into_iter().rfind(of).unwrap()
}

fn states(parts: &[Value]) -> Vec<String> {
    let text = |part: &Value, name: &str| part[name].as_str().unwrap().to_owned();
    parts.iter().map(|part| format!("{} {}", text(part, "role"), text(part, "state"))).collect()
}

async fn told(running: &Running, username: &str) -> Vec<String> {
    let client = running.sign_in(username, &format!("{username} has a password")).await;
    let page = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
    let kind = |item: &Value| item["kind"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().rev().map(kind).collect()
}

async fn listed(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect(200);
    page["items"].as_array().unwrap().iter().map(id).collect()
}

journey! {
    async fn a_question_of_contract_is_answered_by_sales_with_finance(running: Running) {
        let admin = running.admin().await;
        let (sales, _) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let (finance, finance_id) = user(&running, &admin, "wang.fang", "agent", Some("finance")).await;
        let (_, head) = user(&running, &admin, "zhao.min", "manager", Some("finance")).await;
        let (elsewhere, _) = user(&running, &admin, "qian.duo", "manager", Some("research")).await;
        let department_id = department(&admin, "finance").await;
        admin.patch(&format!("/api/v1/departments/{department_id}"), json!({ "head_user_id": head })).await.expect(200);
        let contact = json!({ "name": "张伟", "phone": "13800138000" });
        let body = json!({ "channel": "hotline", "content": "合同能不能打九折", "subtype": "cooperation_policy", "priority": "important", "contact": contact });
        let feedback = id(&admin.post("/api/v1/feedback", body).await.expect(201));
        running.settle().await;
        assert_eq!(states(&parts(&admin, &feedback).await), ["lead open", "collaborator open"]);
        assert_eq!(told(&running, "zhao.min").await, ["feedback.part_added"]);

        // Finance sees it, masked, and what it is asked for; it works on nothing else.
        let path = format!("/api/v1/feedback/{feedback}");
        assert_eq!(listed(&finance, "/api/v1/feedback").await, [feedback.as_str()]);
        assert_eq!(finance.get(&path).await.expect(200)["contact"]["phone"], "138****8000");
        let part = part_of(&finance, &feedback, &department_id).await;
        assert_eq!(listed(&finance, "/api/v1/feedback/parts").await, [id(&part)]);
        assert_eq!(listed(&elsewhere, "/api/v1/feedback/parts").await, [""; 0]);
        assert_eq!(elsewhere.get(&format!("{path}/parts")).await.problem(404), "feedback_not_found");
        let promise = json!({ "promised_at": "2026-10-21T02:00:00Z" });
        for (action, body) in [
            ("accept", promise.clone()), ("start", Value::Null), ("confirm", Value::Null), ("reject", json!({ "reason": "不归我们" })),
            ("communications", json!({ "method": "phone", "content": "x" })), ("reopen", json!({ "reason": "x" })),
            ("parts", json!({ "department_id": department_id })),
        ] {
            let path = format!("{path}/{action}");
            let answer = if body.is_null() { finance.call(&path).await } else { finance.post(&path, body).await };
            assert_eq!(answer.problem(409), "not_yours", "{action}");
        }
        let of_part = |action: &str| format!("{path}/parts/{}/{action}", part["id"].as_str().unwrap());
        assert_eq!(finance.post(&of_part("cancel"), json!({ "reason": "不想做" })).await.problem(409), "not_yours");
        assert_eq!(sales.call(&of_part("accept")).await.problem(409), "not_yours");

        running.clock.advance(TimeDelta::minutes(5));
        let accepted = finance.call(&of_part("accept")).await.expect(200);
        assert_eq!((&accepted["state"], &accepted["handler_id"]), (&json!("accepted"), &json!(finance_id)));
        assert_eq!(finance.call(&of_part("accept")).await.problem(409), "part_state");
        sales.post(&format!("{path}/accept"), promise).await.expect(200);
        sales.call(&format!("{path}/start")).await.expect(200);
        assert_eq!(states(&parts(&sales, &feedback).await), ["lead accepted", "collaborator accepted"]);
        let solution = json!({ "solution": "可以按九折执行", "improvement": "公布折扣规则" });
        assert_eq!(sales.post(&format!("{path}/resolve"), solution.clone()).await.problem(409), "parts_open");
        running.clock.advance(TimeDelta::minutes(4));
        let done = finance.post(&of_part("finish"), json!({ "note": "折扣条款已核对" })).await.expect(200);
        assert_eq!((&done["state"], &done["note"], &done["clock"]["state"]), (&json!("done"), &json!("折扣条款已核对"), &json!("stopped")));
        sales.post(&format!("{path}/resolve"), solution).await.expect(200);
        assert_eq!(states(&parts(&sales, &feedback).await), ["lead done", "collaborator done"]);
        let clocks = sales.get(&format!("{path}/clocks")).await.expect(200);
        let burned = |of: &Value| (of["elapsed_seconds"].as_i64().unwrap(), of["open"].as_bool().unwrap());
        let burned: Vec<_> = clocks["departments"].as_array().unwrap().iter().map(burned).collect();
        assert_eq!(burned, [(540, false), (540, false)]);

        assert_eq!(listed(&finance, "/api/v1/feedback").await, [""; 0], "nothing to do for it any more");
        finance.get(&path).await.expect(200);
        running.settle().await;
        assert_eq!(told(&running, "li.na").await, ["feedback.part_finished"]);
        assert_eq!(listed(&finance, "/api/v1/feedback/parts?state=done").await, [id(&part)]);

        // Reopened, the lead has it again; finance has done its part.
        sales.post(&format!("{path}/reopen"), json!({ "reason": "客户要求八折" })).await.expect(200);
        assert_eq!(states(&parts(&sales, &feedback).await), ["lead done", "collaborator done", "lead open"]);
    }
}

journey! {
    async fn the_lead_asks_for_parts_and_cancels_them(running: Running) {
        let admin = running.admin().await;
        let (handler, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (colleague, _) = user(&running, &admin, "zhou.jie", "agent", Some("research")).await;
        let (finance, finance_id) = user(&running, &admin, "wang.fang", "agent", Some("finance")).await;
        let (other, _) = user(&running, &admin, "sun.li", "agent", Some("finance")).await;
        let (money, research) = (department(&admin, "finance").await, department(&admin, "research").await);
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        let path = format!("/api/v1/feedback/{feedback}");
        act(&handler, &feedback, "accept", json!({ "promised_at": "2026-10-21T02:00:00Z" })).await;
        act(&handler, &feedback, "start", Value::Null).await;
        assert_eq!(finance.get(&path).await.problem(404), "feedback_not_found");

        let ask = json!({ "department_id": money, "handler_id": finance_id, "task": "请核对退款金额" });
        assert_eq!(colleague.post(&format!("{path}/parts"), ask.clone()).await.problem(404), "feedback_not_found", "not hers");
        let part = handler.post(&format!("{path}/parts"), ask.clone()).await.expect(201);
        assert_eq!((&part["task"], &part["state"], &part["role"]), (&json!("请核对退款金额"), &json!("open"), &json!("collaborator")));
        assert_eq!(part["clock"]["state"], "running");
        assert_eq!(handler.get(&path).await.expect(200)["collaborators"], json!([money]));
        assert_eq!(handler.post(&format!("{path}/parts"), ask).await.problem(409), "part_exists");
        for (body, status, code) in [
            (json!({ "department_id": research }), 409, "part_exists"),
            (json!({ "department_id": "0198c0de-0000-7000-8000-000000000000" }), 404, "department_not_found"),
            (json!({ "department_id": department(&admin, "sales").await, "handler_id": finance_id }), 409, "handler_outside_department"),
        ] {
            assert_eq!(handler.post(&format!("{path}/parts"), body).await.problem(status), code);
        }
        assert_eq!(other.get(&path).await.problem(404), "feedback_not_found", "it was given to a colleague");
        finance.get(&path).await.expect(200);

        // While the customer is awaited it is nobody's time.
        running.clock.advance(TimeDelta::minutes(2));
        act(&handler, &feedback, "await-customer", Value::Null).await;
        assert_eq!(part_of(&handler, &feedback, &money).await["clock"]["state"], "paused");
        running.clock.advance(TimeDelta::minutes(2));
        act(&handler, &feedback, "resume", Value::Null).await;
        let of_part = |action: &str| format!("{path}/parts/{}/{action}", part["id"].as_str().unwrap());
        let cancelled = handler.post(&of_part("cancel"), json!({ "reason": "已经核对" })).await.expect(200);
        assert_eq!((&cancelled["state"], &cancelled["note"]), (&json!("cancelled"), &json!("已经核对")));
        assert_eq!(handler.get(&path).await.expect(200)["collaborators"], json!([]));
        assert_eq!(listed(&finance, "/api/v1/feedback").await, [""; 0], "not asked any more");
        assert_eq!(handler.post(&of_part("cancel"), json!({ "reason": "x" })).await.problem(409), "part_state");
        let missing = format!("{path}/parts/0198c0de-0000-7000-8000-000000000000/cancel");
        assert_eq!(handler.post(&missing, json!({ "reason": "x" })).await.problem(404), "part_not_found");
        let lead = parts(&handler, &feedback).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(handler.post(&format!("{path}/parts/{lead}/finish"), json!({ "note": "x" })).await.problem(409), "part_of_lead");

        // Asked once more, and sent back.
        let again = handler.post(&format!("{path}/parts"), json!({ "department_id": money })).await.expect(201);
        let again = format!("{path}/parts/{}/reject", id(&again));
        other.post(&again, json!({ "reason": "不属于财务" })).await.expect(200);
        running.settle().await;
        assert_eq!(told(&running, "li.na").await, ["feedback.part_rejected"]);
        assert_eq!(told(&running, "wang.fang").await, ["feedback.part_added", "feedback.part_cancelled"]);
        act(&handler, &feedback, "resolve", json!({ "solution": "已退款", "improvement": "核对流程" })).await;
        assert_eq!(handler.post(&format!("{path}/parts"), json!({ "department_id": money })).await.problem(409), "feedback_state");
    }
}

journey! {
    async fn another_assignment_brings_other_collaborators(running: Running) {
        let admin = running.admin().await;
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        let [sales, finance] = ["sales", "finance"].map(|code| { let admin = &admin; async move { department(admin, code).await } });
        let (sales, finance) = (sales.await, finance.await);
        let research = department(&admin, "research").await;
        act(&admin, &feedback, "assign", json!({ "department_id": research, "collaborators": [sales] })).await;
        act(&admin, &feedback, "assign", json!({ "department_id": sales, "collaborators": [finance, sales] })).await;
        let expected = ["lead cancelled", "collaborator cancelled", "lead open", "collaborator open"];
        assert_eq!(states(&parts(&admin, &feedback).await), expected, "who leads does not collaborate with itself");
        running.clock.advance(TimeDelta::minutes(1));
        act(&admin, &feedback, "reject", json!({ "reason": "不属于销售" })).await;
        let expected = ["lead cancelled", "collaborator cancelled", "lead rejected", "collaborator cancelled"];
        assert_eq!(states(&parts(&admin, &feedback).await), expected);
        assert!(parts(&admin, &feedback).await.iter().all(|part| part["clock"]["state"] == "stopped"));
    }
}

journey! {
    async fn a_part_ends_once_however_many_end_it(running: Running) {
        let admin = running.admin().await;
        let (handler, _) = user(&running, &admin, "li.na", "manager", Some("research")).await;
        let (finance, _) = user(&running, &admin, "wang.fang", "manager", Some("finance")).await;
        let money = department(&admin, "finance").await;
        let body = json!({ "channel": "hotline", "content": COMPLAINT, "subtype": "product_function", "priority": "urgent" });
        for _ in 0..4 {
            let feedback = id(&admin.post("/api/v1/feedback", body.clone()).await.expect(201));
            act(&handler, &feedback, "accept", json!({ "promised_at": "2026-10-21T02:00:00Z" })).await;
            act(&handler, &feedback, "start", Value::Null).await;
            let path = format!("/api/v1/feedback/{feedback}/parts");
            // Two ask the same department at once: one part.
            let ask = json!({ "department_id": money });
            let asked = tokio::join!(handler.post(&path, ask.clone()), admin.post(&path, ask));
            let mut statuses = [asked.0.status, asked.1.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", asked.0.text, asked.1.text);
            let part = part_of(&admin, &feedback, &money).await;
            let (finish, cancel) = (format!("{path}/{}/finish", id(&part)), format!("{path}/{}/cancel", id(&part)));
            let resolve = format!("/api/v1/feedback/{feedback}/resolve");
            let (done, wanted, resolved) = tokio::join!(
                finance.post(&finish, json!({ "note": "已核对" })),
                handler.post(&cancel, json!({ "reason": "不需要了" })),
                admin.post(&resolve, json!({ "solution": "已修复", "improvement": "增加测试" })),
            );
            let mut statuses = [done.status, wanted.status];
            statuses.sort_unstable();
            assert!(statuses == [200, 409], "{} {}", done.text, wanted.text);
            let end = if done.status == 200 { "done" } else { "cancelled" };
            assert_eq!(part_of(&admin, &feedback, &money).await["state"], end);
            assert!(resolved.status == 200 || resolved.text.contains("parts_open"), "{}", resolved.text);
        }
    }
}
