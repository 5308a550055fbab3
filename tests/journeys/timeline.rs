//! What happened around a customer, in one list; and all that one wants to know before a call, on one page.

use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, FORM, form, id, integration, order, user};
use crate::support::{Client, Running, journey, rows};

/// A customer of the agent around whom a lot has happened.
async fn eventful(admin: &Client, agent: &Client) -> String {
    let body = json!({ "name": "上海晨光贸易有限公司", "phone": "13955557777", "tags": ["高潜力客户"], "preferred_channel": "wecom",
        "external_ids": [{ "system": "erp", "id": "10086" }] });
    let customer = id(&agent.post("/api/v1/customers", body).await.expect(201));
    let path = |rest: &str| format!("/api/v1/customers/{customer}/{rest}");
    agent
        .post(&path("contacts"), json!({ "name": "王芳", "is_primary": true, "phone": "13955558888" }))
        .await
        .expect(201);
    let visit = json!({ "method": "visit", "subject": "续约沟通", "todos": [{ "title": "寄送报价单", "due_on": "2026-10-23" }] });
    let visit = agent.post(&path("interactions"), visit).await.expect(201);
    let fields = [("subject_kind", "interaction"), ("subject_id", visit["id"].as_str().unwrap())];
    agent
        .post_raw("/api/v1/attachments", FORM, form(&fields, Some(("纪要.txt", "text/plain", b"text"))))
        .await
        .expect(201);
    admin.post_lines("/api/v1/orders/bulk", [order("1", "10086", "2026-10-01T02:00:00Z", "120.50")]).await.expect(200);
    let complaint = json!({ "channel": "hotline", "content": COMPLAINT, "customer_id": customer });
    let complaint = admin.post("/api/v1/feedback", complaint).await.expect(201);
    admin
        .post(&format!("/api/v1/feedback/{}/accept", id(&complaint)), json!({ "promised_at": "2026-10-20T08:00:00Z" }))
        .await
        .expect(200);
    agent.patch(&format!("/api/v1/customers/{customer}"), json!({ "note": "先打电话" })).await.expect(200);
    customer
}

async fn entries(client: &Client, customer: &str, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/v1/customers/{customer}/timeline?{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

journey! {
    async fn whatever_happens_around_a_customer_stands_in_one_list(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let customer = eventful(&admin, &agent).await;
        let all = entries(&agent, &customer, "limit=200").await;
        let expected = [
            "customer.updated", "feedback.accepted", "feedback.assigned", "feedback.received", "order.created", "attachment.added",
            "todo.created", "interaction.recorded", "contact.created", "customer.created",
        ];
        assert_eq!(kinds(&all), expected);
        assert_eq!((&all[0]["actor_id"], &all[0]["actor_name"]), (&json!(agent_id), &json!("sales.one")));
        assert_eq!(all[7]["summary"], "Interaction: visit");
        assert_eq!(all[4]["summary"], "Order of 120.50, paid");
        let chinese = agent.clone().with_header("accept-language", "zh-CN");
        let told = entries(&chinese, &customer, "subject=interaction").await;
        assert_eq!((kinds(&told), &told[0]["summary"]), (vec!["interaction.recorded"], &json!("互动：拜访")));
        assert_eq!(kinds(&entries(&agent, &customer, "kind=order.created").await), ["order.created"]);
        assert_eq!(kinds(&entries(&agent, &customer, "kind=order.created&subject=feedback").await), Vec::<&str>::new());

        // In pages, each entry once.
        let mut seen = Vec::new();
        let mut query = "limit=3".to_owned();
        loop {
            let page = agent.get(&format!("/api/v1/customers/{customer}/timeline?{query}")).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("limit=3&cursor={cursor}");
        }
        assert_eq!(seen, all);
        // A list of what happened is no way around a mask.
        let text = serde_json::to_string(&all).unwrap();
        assert!(!["13955557777", "13955558888", "王芳"].iter().any(|secret| text.contains(secret)), "{text}");
        let elsewhere = user(&running, &admin, "sales.two", "agent", Some("sales")).await.0;
        assert_eq!(elsewhere.get(&format!("/api/v1/customers/{customer}/timeline")).await.problem(404), "customer_not_found");
    }
}

journey! {
    async fn what_is_not_within_reach_is_told_without_its_figures(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let customer = eventful(&admin, &agent).await;
        // The complaint is with another department.
        let received = &entries(&agent, &customer, "kind=feedback.received").await[0];
        assert_eq!((&received["summary"], &received["data"]), (&json!("A feedback moved on"), &Value::Null));
        let received = &entries(&admin, &customer, "kind=feedback.received").await[0];
        assert_eq!(received["data"]["customer_id"], json!(customer));
        let key = integration(&running, &admin, &["customers:read"]).await;
        for entry in entries(&key, &customer, "").await {
            let own = ["customer", "contact"].contains(&entry["subject"].as_str().unwrap());
            assert_eq!(entry["data"].is_null(), !own, "{entry}");
        }
    }
}

journey! {
    async fn one_page_tells_all_before_a_call(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let customer = eventful(&admin, &agent).await;
        admin.post("/api/v1/tiering/runs", json!({ "as_of": "2026-10-20" })).await.expect(202);
        running.settle().await;
        let path = format!("/api/v1/customers/{customer}/overview");
        let page = admin.get(&path).await.expect(200);
        assert_eq!(page["customer"]["tags"], json!(["高潜力客户"]));
        assert_eq!(page["customer"]["preferred_channel"], "wecom");
        assert_eq!((&page["tier"]["frequency"], &page["tier"]["monetary"]), (&json!(1), &json!("120.50")));
        assert!(page["tier"]["explanation"].as_str().unwrap().contains("2026-10-20"));
        assert_eq!((&page["figures"]["orders"], &page["figures"]["revenue"]), (&json!(1), &json!("120.50")));
        assert_eq!((&page["figures"]["interactions"], &page["figures"]["complaints"]), (&json!(1), &json!(1)));
        assert_eq!(page["contacts"][0]["name"], "王芳");
        assert_eq!(page["last_interactions"][0]["subject"], "续约沟通");
        assert_eq!(page["open_feedback"][0]["state"], "accepted");
        assert_eq!(page["past_complaints"], json!([]));
        assert_eq!(page["open_todos"][0]["title"], "寄送报价单");
        // The agent does not reach the complaint, but knows that there is one.
        let page = agent.get(&path).await.expect(200);
        assert_eq!((&page["open_feedback"], &page["figures"]["feedback_open"]), (&json!([]), &json!(1)));
        let key = integration(&running, &admin, &["customers:read"]).await;
        let page = key.get(&path).await.expect(200);
        assert_eq!((&page["tier"], &page["last_interactions"], &page["open_todos"]), (&Value::Null, &json!([]), &json!([])));
        assert_eq!(page["contacts"][0]["phone"], "139****8888");
        // A customer of whom nothing is known has an empty page.
        let blank = id(&agent.post("/api/v1/customers", json!({ "name": "乙公司" })).await.expect(201));
        let page = agent.get(&format!("/api/v1/customers/{blank}/overview")).await.expect(200);
        assert_eq!((&page["tier"], &page["churn"]), (&Value::Null, &Value::Null));
        assert_eq!(page["figures"]["revenue"], "0.00");
    }
}

journey! {
    async fn a_load_of_orders_writes_a_timeline_for_each(running: Running) {
        let admin = running.admin().await;
        let lines = (0..2500).map(|n| order(&format!("{n}"), &format!("{}", n % 50), "2026-10-01T02:00:00Z", "1.00"));
        admin.post_lines("/api/v1/orders/bulk", lines).await.expect(200);
        assert_eq!(rows::counts(&running).await["timeline_entries"], 2550, "orders and the customers they made");
    }
}
