//! What is said in follow-ups is written once, checked when it is stored, and every change of it is a version.

use serde_json::{Value, json};

use crate::support::builders::{id, user};
use crate::support::client::Answer;
use crate::support::{Running, journey};

const SCRIPTS: &str = "/api/v1/scripts";

/// `pointer code` of each fault of a refusal.
#[track_caller]
fn faults(answer: Answer) -> Vec<String> {
    assert_eq!(answer.status, 409, "{}", answer.text);
    let told = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    answer.json()["errors"].as_array().unwrap().iter().map(told).collect()
}

fn content() -> Value {
    json!({
        "opening": "{{contact_name}}，您好，我是{{agent_name}}，想听听您对{{product_name}}的感受。",
        "questions": [
            { "key": "delivery", "text": "送货和交付打几分？", "topic": "service", "kind": "rating", "required": true },
            { "key": "gap", "text": "哪一步不满意？", "topic": "service", "kind": "choice", "options": ["送货慢", "态度差"], "multiple": true,
              "ask_if": { "question": "delivery", "at_most": 3 } },
            { "key": "recommend", "text": "会推荐给同行吗？", "topic": "improvement", "kind": "score", "nps": true },
            { "key": "words", "text": "还有什么建议？", "topic": "other", "kind": "text", "max_length": 200 },
        ],
        "closing": "感谢您的时间。",
    })
}

journey! {
    async fn a_script_is_written_revised_and_archived(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "wang.fang", "manager", Some("customer_service")).await;
        let (agent, _) = user(&running, &admin, "sun.yu", "agent", Some("customer_service")).await;

        // One begins with what there is.
        let templates = agent.get(&format!("{SCRIPTS}/templates")).await.expect(200);
        let purchase = templates["items"].as_array().unwrap().iter().find(|one| one["key"] == "after_purchase").unwrap();
        let begun = json!({ "name": purchase["name"], "content": purchase["content"] });
        assert_eq!(agent.post(SCRIPTS, begun.clone()).await.problem(403), "forbidden");
        let first = manager.post(SCRIPTS, begun).await.expect(201);
        assert_eq!((&first["latest_version"], &first["content"]), (&json!(1), &purchase["content"]));

        let new = json!({ "name": "交付回访", "customer_kind": "enterprise", "content": content() });
        let created = manager.clone().with_header("idempotency-key", "one").post(SCRIPTS, new.clone()).await.expect(201);
        let again = manager.clone().with_header("idempotency-key", "one").post(SCRIPTS, new).await.expect(201);
        assert_eq!(created, again, "sent twice it is one script");
        let path = format!("{SCRIPTS}/{}", id(&created));
        assert_eq!(created["content"]["questions"][3]["max_length"], 200);
        assert_eq!(created["content"]["questions"][1]["required"], false, "not required unless said");

        // What is the same is no version; what is new is, and the one before stays.
        let put = |content: Value| json!({ "content": content });
        let same = manager.put(&format!("{path}/content"), put(created["content"].clone())).await;
        assert_eq!((same.header("etag"), same.json()["latest_version"].as_i64()), ("\"1\"", Some(1)));
        let mut changed = content();
        changed["closing"] = json!("感谢您，祝您{{customer_name}}生意兴隆。");
        let revised = manager.put(&format!("{path}/content"), put(changed.clone())).await.expect(200);
        assert_eq!((&revised["latest_version"], &revised["content"]["closing"]), (&json!(2), &changed["closing"]));
        let stale = manager.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.put(&format!("{path}/content"), put(content())).await.problem(412), "version_conflict");
        let versions = agent.get(&format!("{path}/versions")).await.expect(200);
        let numbers: Vec<_> = versions["items"].as_array().unwrap().iter().map(|version| version["number"].clone()).collect();
        assert_eq!(numbers, [2, 1]);
        let kept = agent.get(&format!("{path}/versions/1")).await.expect(200);
        assert_eq!(kept["content"]["closing"], "感谢您的时间。");
        assert_eq!(agent.get(&format!("{path}/versions/3")).await.problem(404), "script_version_not_found");
        for wrong in ["0", "-1", "x", "99999999999"] {
            assert_eq!(agent.get(&format!("{path}/versions/{wrong}")).await.faults(), ["#path/number"]);
        }

        let named = json!({ "name": "交付后回访", "customer_kind": null, "description": "收货之后七天内" });
        let named = manager.patch(&path, named).await.expect(200);
        assert_eq!((&named["name"], &named["customer_kind"], &named["latest_version"]), (&json!("交付后回访"), &Value::Null, &json!(2)));

        manager.call(&format!("{path}/archive")).await.expect(200);
        let archived = manager.call(&format!("{path}/archive")).await;
        assert_eq!((archived.header("etag"), &archived.json()["status"]), ("\"4\"", &json!("archived")), "said twice it is said once");
        assert_eq!(manager.put(&format!("{path}/content"), put(content())).await.problem(409), "script_archived");
        let active = agent.get(&format!("{SCRIPTS}?status=active")).await.expect(200);
        let ids: Vec<_> = active["items"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(ids, [id(&first)]);
        let restored = manager.call(&format!("{path}/restore")).await.expect(200);
        assert_eq!((&restored["status"], &restored["content"]["closing"]), (&json!("active"), &changed["closing"]));
        let of_persons = agent.get(&format!("{SCRIPTS}?customer_kind=person")).await.expect(200);
        assert_eq!(of_persons["items"], json!([]));
    }
}

journey! {
    async fn everything_that_is_wrong_with_a_script_is_named_at_once(running: Running) {
        let admin = running.admin().await;
        let wrong = json!({
            "opening": "{{customer}}您好",
            "questions": [
                { "key": "a", "text": "好吗？", "topic": "improvement", "kind": "rating", "csat": true },
                { "key": "a", "text": "好吗{{？", "topic": "service", "kind": "rating", "csat": true },
                { "key": "b", "text": "哪个？", "topic": "other", "kind": "choice", "options": ["是", "是"], "ask_if": { "question": "c", "at_most": 3 } },
            ],
            "closing": "再见",
            "hard_moments": [{ "situation": "没时间", "answer": "{{now}}" }],
        });
        let named = [
            "/content/opening script_variable_unknown",
            "/content/questions/1/text script_braces",
            "/content/hard_moments/0/answer script_variable_unknown",
            "/content/questions/1/topic script_topic_order",
            "/content/questions/1/csat script_score_twice",
            "/content/questions/1/key script_key_repeated",
            "/content/questions/2/options script_options",
            "/content/questions/2/ask_if script_ask_if",
        ];
        let body = json!({ "name": "错", "content": wrong });
        assert_eq!(faults(admin.post(SCRIPTS, body).await), named);
        assert_eq!(faults(admin.post(&format!("{SCRIPTS}/preview"), json!({ "content": wrong })).await), named);
        let misplaced = json!({ "opening": "您好", "closing": "再见", "questions": [
            { "key": "a", "text": "好吗？", "topic": "service", "kind": "text", "csat": false, "options": ["甲", "乙"] },
            { "key": "b", "text": "好吗？", "topic": "service", "kind": "choice" },
        ]});
        assert_eq!(
            faults(admin.post(SCRIPTS, json!({ "name": "错", "content": misplaced })).await),
            ["/content/questions/0/csat script_field", "/content/questions/0/options script_field", "/content/questions/1/options script_field"]
        );
        let shapeless = json!({ "name": " ", "content": { "opening": "", "closing": "再见", "questions": [
            { "key": "A", "text": "好吗？", "topic": "weather", "kind": "rating", "colour": 1 },
        ]}});
        assert_eq!(
            admin.post(SCRIPTS, shapeless).await.faults(),
            ["/content/opening", "/content/opening", "/content/questions/0/colour", "/content/questions/0/key", "/content/questions/0/topic", "/name"]
        );
        assert_eq!(admin.get(SCRIPTS).await.expect(200)["items"], json!([]), "nothing was stored");
    }
}

journey! {
    async fn a_script_is_filled_for_a_customer(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "sun.yu", "agent", Some("sales")).await;
        let (stranger, _) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let customer = json!({ "name": "晨光贸易", "owner_id": agent_id, "contract_end": "2026-12-31", "core_products": ["办公耗材"] });
        let customer = id(&admin.post("/api/v1/customers", customer).await.expect(201));
        let contact = json!({ "name": "张伟", "is_primary": true });
        admin.post(&format!("/api/v1/customers/{customer}/contacts"), contact).await.expect(201);
        let order = json!({ "external_system": "erp", "order_no": "A-1", "customer_id": customer, "ordered_at": "2026-10-01T02:00:00Z", "amount": "12.00" });
        admin.post("/api/v1/orders", order).await.expect(201);

        let script = |opening: &str| json!({ "opening": opening, "closing": "{{closing}}", "questions": [] });
        let preview = format!("{SCRIPTS}/preview");
        let told = faults(agent.post(&preview, json!({ "content": script("您好") })).await);
        assert_eq!(told, ["/content/closing script_variable_unknown"]);

        let opening = "{{contact_name}}，您好，我是{{agent_name}}。{{customer_name}}{{order_date}}的订单{{order_no}}，{{product_name}}，{{contract_end}}";
        let script = json!({ "opening": opening, "closing": "再见", "questions": [] });
        let plain = agent.post(&preview, json!({ "content": script })).await.expect(200);
        assert_eq!(plain["opening"], "您，您好，我是sun.yu。您近期的订单您最近的订单，我们的产品，近期");
        let filled = agent.post(&preview, json!({ "content": script, "customer_id": customer })).await.expect(200);
        assert_eq!(filled["opening"], "张伟，您好，我是sun.yu。晨光贸易2026-10-01的订单A-1，办公耗材，2026-12-31");
        admin.post("/api/v1/tiering/runs", json!({ "as_of": "2026-10-20" })).await.expect(202);
        running.settle().await;
        let tiered = json!({ "opening": "{{tier_name}}", "closing": "再见", "questions": [] });
        let filled = agent.post(&preview, json!({ "content": tiered, "customer_id": customer })).await.expect(200);
        assert_eq!(filled["opening"], "沉睡客户", "one order of 12 yuan");
        let hidden = stranger.post(&preview, json!({ "content": script, "customer_id": customer })).await;
        assert_eq!(hidden.problem(404), "customer_not_found");

        let variables = agent.get(&format!("{SCRIPTS}/variables")).await.expect(200);
        let first = &variables["items"][0];
        assert_eq!((&first["name"], &first["label"], &first["default_text"]), (&json!("customer_name"), &json!("Name of the customer"), &json!("您")));
    }
}
