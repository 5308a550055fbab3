//! What is to be done, in which order, and giving many of it to somebody at once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::dispatch::{act, history, of};
use crate::support::builders::{complaint, department, id, user};
use crate::support::{Client, Running, journey};

/// The ids of a work list, page by page.
async fn list(client: &Client, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/feedback/work-list?limit=2&{query}{cursor}")).await.expect(200);
        ids.extend(page["items"].as_array().unwrap().iter().map(id));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

journey! {
    async fn the_most_pressing_comes_first_then_what_is_due(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "boss", "manager", Some("research")).await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (colleague, _) = user(&running, &admin, "zhao.lei", "agent", Some("research")).await;
        let mut made = Vec::new();
        for priority in ["normal", "important", "urgent", "important", "normal"] {
            made.push(id(&of(&admin, "product_function", priority).await));
            running.clock.advance(TimeDelta::minutes(1));
        }
        let [n1, i1, u1, i2, n2] = made.as_slice() else { panic!() };
        let all = [u1, i1, i2, n1, n2].map(String::clone);
        assert_eq!(list(&manager, "view=department").await, all);
        assert_eq!(list(&admin, "view=department").await, all, "of all departments");
        assert_eq!(list(&agent, "view=unassigned").await, all);
        assert_eq!(list(&agent, "view=department&priority=important").await, [i1.clone(), i2.clone()]);
        assert!(list(&agent, "view=mine").await.is_empty());
        let elsewhere = format!("view=department&department_id={}", department(&admin, "sales").await);
        assert!(list(&manager, &elsewhere).await.is_empty(), "another department is out of reach");

        let accepted = act(&agent, i2, "accept", json!({ "promised_at": "2026-10-21T00:00:00Z" })).await;
        assert_eq!(accepted["handler_id"], json!(agent_id));
        let resolve = accepted["deadlines"].as_array().unwrap().iter().find(|deadline| deadline["clock"] == "resolve").unwrap();
        assert_eq!(accepted["due_at"], resolve["due_at"], "it has been answered");
        assert_eq!(list(&agent, "view=mine").await.as_slice(), std::slice::from_ref(i2));
        assert_eq!(list(&agent, "view=department").await, [u1, i1, i2, n1, n2].map(String::clone));
        assert_eq!(list(&colleague, "view=department").await, [u1, i1, n1, n2].map(String::clone), "what others have in hand is theirs");
        assert!(!list(&colleague, "view=unassigned").await.contains(i2));

        act(&admin, n1, "triage", json!({ "subtype": "product_function", "priority": "urgent" })).await;
        assert_eq!(list(&manager, "view=department").await, [n1, u1, i1, i2, n2].map(String::clone), "it came in first and is due first");
        act(&agent, i2, "start", Value::Null).await;
        act(&agent, i2, "resolve", json!({ "solution": "已修复", "improvement": "增加告警" })).await;
        act(&agent, i2, "confirm", Value::Null).await;
        assert_eq!(list(&manager, "view=department").await, [n1, u1, i1, n2].map(String::clone), "what is closed is done");
        act(&agent, i2, "reopen", json!({ "reason": "又坏了" })).await;
        assert!(list(&agent, "view=mine").await.contains(i2));
    }
}

journey! {
    async fn what_waits_for_triage_is_seen_by_those_who_decide(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let vague = id(&admin.post("/api/v1/feedback", json!({ "channel": "shop", "content": "你好" })).await.expect(201));
        let sent_back = id(&complaint(&admin).await);
        act(&agent, &sent_back, "reject", json!({ "reason": "不是产品问题" })).await;
        let waiting = list(&admin, "view=triage").await;
        assert!(waiting.len() == 2 && waiting.contains(&vague) && waiting.contains(&sent_back));
        assert!(list(&agent, "view=triage").await.is_empty());
        let count = async |query: &str| {
            let page = admin.get(&format!("/api/v1/feedback?{query}")).await.expect(200);
            page["items"].as_array().unwrap().len()
        };
        assert_eq!(count("needs_review=true").await, 1);
        assert_eq!(count("needs_review=false").await, 1);
        assert_eq!(count("state=rejected&unassigned=true").await, 1);
        assert_eq!(count("unassigned=false").await, 0);
    }
}

journey! {
    async fn many_are_assigned_each_by_itself(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let sales = department(&admin, "sales").await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(id(&complaint(&admin).await));
        }
        let [a, b, closed, stale] = made.as_slice() else { panic!() };
        act(&admin, closed, "accept", json!({ "promised_at": "2026-10-21T00:00:00Z" })).await;
        act(&admin, closed, "start", Value::Null).await;
        act(&admin, closed, "resolve", json!({ "solution": "已修复", "improvement": "增加告警" })).await;
        let nobody = uuid::Uuid::now_v7();
        let items = json!([{ "id": a }, { "id": b, "version": 1 }, { "id": closed }, { "id": stale, "version": 7 }, { "id": nobody }, { "id": a }]);
        let body = json!({ "items": items, "department_id": sales, "handler_id": agent_id, "reason": "集中分派" });
        let keyed = admin.clone().with_header("idempotency-key", "bulk-1");
        let done = keyed.post("/api/v1/feedback/bulk-assign", body.clone()).await.expect(200);
        assert_eq!(done["assigned"], 2);
        let codes: Vec<Value> = done["items"].as_array().unwrap().iter().map(|item| item["code"].clone()).collect();
        let refused = ["feedback_state", "version_conflict", "feedback_not_found", "not_unique"];
        assert_eq!(json!(codes[2..]), json!(refused));
        assert_eq!(list(&agent, "view=mine").await.len(), 2);

        let again = keyed.post("/api/v1/feedback/bulk-assign", body.clone()).await.expect(200);
        assert_eq!(again, done, "the same request is the same work");
        let told = history(&admin, a).await;
        assert_eq!(told.iter().filter(|entry| entry["kind"] == "feedback.assigned").count(), 2, "at intake, and once since");
        let mut other = body.clone();
        other["reason"] = json!("别的");
        assert_eq!(keyed.post("/api/v1/feedback/bulk-assign", other).await.problem(422), "idempotency_key_reused");
        let mut outside = body;
        outside["department_id"] = json!(department(&admin, "finance").await);
        let refused = admin.post("/api/v1/feedback/bulk-assign", outside).await;
        assert_eq!(refused.problem(409), "handler_outside_department", "nothing of it can be done");
    }
}
