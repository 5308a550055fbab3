//! Segments: whoever satisfies the condition is in, and each coming and going is told once.

use chrono::TimeDelta;
use huiyin_domain::event::Event;
use huiyin_persistence::integration::events::of_subject;
use serde_json::{Value, json};

use crate::support::builders::{id, order, user};
use crate::support::{Client, Running, journey};

const BIG: &str = "100000";

async fn customer(client: &Client, body: Value) -> String {
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

async fn segment(client: &Client, name: &str, condition: Value) -> String {
    let created = client.post("/api/v1/segments", json!({ "name": name, "condition": condition })).await.expect(201);
    assert_eq!(created["refresh_state"], "pending");
    id(&created)
}

fn amount() -> Value {
    json!({ "field": "annual_amount", "op": "gte", "value": BIG })
}

async fn members(client: &Client, segment: &str) -> Vec<String> {
    let page = client.get(&format!("/api/v1/segments/{segment}/members")).await.expect(200);
    let name = |item: &Value| item["customer"]["name"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

/// `+` for entering, `-` for leaving.
async fn comings_and_goings(running: &Running, customer: &str) -> String {
    let all = of_subject(&running.app.db, customer.parse().unwrap(), 0, 100).await.unwrap();
    let sign = |event: &Event| match event {
        Event::SegmentEntered { .. } => "+",
        Event::SegmentLeft { .. } => "-",
        _ => "",
    };
    all.iter().map(|recorded| sign(&recorded.event)).collect()
}

journey! {
    async fn a_segment_follows_its_customers(running: Running) {
        let admin = running.admin().await;
        let first = customer(&admin, json!({ "name": "甲", "annual_amount": "200000" })).await;
        customer(&admin, json!({ "name": "乙", "annual_amount": "5" })).await;
        let segment = segment(&admin, "大客户", amount()).await;
        running.settle().await;
        assert_eq!(members(&admin, &segment).await, ["甲"]);

        // Soon after somebody is created, and after each change.
        let third = customer(&admin, json!({ "name": "丙", "annual_amount": "100000.00" })).await;
        running.settle().await;
        assert_eq!(members(&admin, &segment).await, ["丙", "甲"]);
        let path = format!("/api/v1/customers/{third}");
        admin.patch(&path, json!({ "annual_amount": "99999.99" })).await.expect(200);
        running.settle().await;
        admin.patch(&path, json!({ "annual_amount": null })).await.expect(200);
        admin.patch(&path, json!({ "annual_amount": "100001" })).await.expect(200);
        running.settle().await;
        running.pass(TimeDelta::hours(25)).await;
        let admin = running.admin().await;
        assert_eq!(members(&admin, &segment).await, ["丙", "甲"]);
        assert_eq!(comings_and_goings(&running, &third).await, "+-+");
        assert_eq!(comings_and_goings(&running, &first).await, "+");

        let shown = admin.get(&format!("/api/v1/segments/{segment}")).await.expect(200);
        assert_eq!((&shown["members"], &shown["refresh_state"]), (&json!(2), &json!("idle")));
        assert_eq!(shown["refreshed_at"], "2026-10-21T03:00:00Z");
    }
}

journey! {
    async fn orders_tags_and_time_move_customers_too(running: Running) {
        let admin = running.admin().await;
        let bought = segment(&admin, "已购买", json!({ "field": "orders", "op": "gt", "value": 0 })).await;
        let tagged = segment(&admin, "展会", json!({ "field": "tags", "op": "has_any", "value": ["展会"] })).await;
        let recent = segment(&admin, "近期下单", json!({ "field": "last_order_on", "op": "within_last", "value": { "days": 7 } })).await;
        running.settle().await;
        admin.post_lines("/api/v1/orders/bulk", [order("1", "a", "2026-10-18T02:00:00Z", "10.00")]).await.expect(200);
        running.settle().await;
        assert_eq!(members(&admin, &bought).await, ["客户a"]);
        assert_eq!(members(&admin, &recent).await, ["客户a"]);
        let found = admin.get("/api/v1/customers").await.expect(200);
        let one = id(&found["items"][0]);
        admin.patch(&format!("/api/v1/customers/{one}"), json!({ "tags": ["展会"] })).await.expect(200);
        running.settle().await;
        assert_eq!(members(&admin, &tagged).await, ["客户a"]);

        // Nothing happens to the customer for a week, and that is what counts.
        running.pass(TimeDelta::days(8)).await;
        let admin = running.admin().await;
        assert!(members(&admin, &recent).await.is_empty());
        assert_eq!(members(&admin, &bought).await, ["客户a"]);
        assert_eq!(comings_and_goings(&running, &one).await, "+++-");
    }
}

journey! {
    async fn another_condition_means_other_members_and_an_archived_one_stays_as_it_was(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲", "annual_amount": "200000" })).await;
        let low = customer(&admin, json!({ "name": "乙", "annual_amount": "5" })).await;
        let segment = segment(&admin, "金额", amount()).await;
        running.settle().await;
        let path = format!("/api/v1/segments/{segment}");
        let less = json!({ "condition": { "field": "annual_amount", "op": "lt", "value": BIG } });
        let etag = admin.get(&path).await.header("etag").to_owned();
        admin.clone().with_header("if-match", &etag).patch(&path, less.clone()).await.expect(200);
        assert_eq!(admin.clone().with_header("if-match", &etag).patch(&path, json!({ "name": "x" })).await.problem(412), "version_conflict");
        running.settle().await;
        assert_eq!(members(&admin, &segment).await, ["乙"]);

        admin.patch(&path, json!({ "status": "archived" })).await.expect(200);
        admin.patch(&format!("/api/v1/customers/{low}"), json!({ "annual_amount": "900000" })).await.expect(200);
        running.settle().await;
        assert_eq!(members(&admin, &segment).await, ["乙"]);
        assert_eq!(admin.call(&format!("{path}/refresh")).await.problem(409), "segment_archived");
        admin.patch(&path, json!({ "status": "active" })).await.expect(200);
        running.settle().await;
        assert!(members(&admin, &segment).await.is_empty());
        assert_eq!(comings_and_goings(&running, &low).await, "+-");

        let twice = json!({ "name": "金额", "condition": amount() });
        assert_eq!(admin.post("/api/v1/segments", twice).await.problem(409), "name_taken");
        let bad = json!({ "name": "坏", "condition": { "any": [{ "field": "annual_amount", "op": "gte", "value": "much" }] } });
        assert_eq!(admin.post("/api/v1/segments", bad).await.faults(), ["/condition/any/0/value"]);
        let listed = admin.get("/api/v1/segments?status=active").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    }
}

journey! {
    async fn several_copies_refresh_at_once_and_tell_once(running: Running) {
        let admin = running.admin().await;
        let lines: Vec<Value> = (0..60).map(|n| order(&n.to_string(), &n.to_string(), "2026-10-01T02:00:00Z", "10.00")).collect();
        admin.post_lines("/api/v1/orders/bulk", lines).await.expect(200);
        running.settle().await;
        let second = running.second_copy().await;
        let segment = segment(&admin, "全部", json!({ "all": [] })).await;
        for _ in 0..3 {
            let again = admin.call(&format!("/api/v1/segments/{segment}/refresh")).await.expect(202);
            assert_eq!(again["id"], segment);
            let (one, other) = tokio::join!(huiyin::jobs::run_due(&running.app), huiyin::jobs::run_due(&second.app));
            one.unwrap();
            other.unwrap();
            running.settle().await;
        }
        assert_eq!(admin.get(&format!("/api/v1/segments/{segment}")).await.expect(200)["members"], 60);
        let mut cursor = String::new();
        let mut seen = 0;
        loop {
            let page = admin.get(&format!("/api/v1/segments/{segment}/members?limit=25{cursor}")).await.expect(200);
            for item in page["items"].as_array().unwrap() {
                seen += 1;
                assert_eq!(comings_and_goings(&running, item["customer"]["id"].as_str().unwrap()).await, "+");
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 60);
    }
}

journey! {
    async fn members_and_previews_show_what_one_reaches(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "agent", "agent", Some("customer_service")).await;
        let (director, _) = user(&running, &admin, "director", "director", Some("customer_service")).await;
        let (manager, _) = user(&running, &admin, "manager", "manager", Some("customer_service")).await;
        customer(&admin, json!({ "name": "张三", "phone": "13800138000", "owner_id": agent_id, "annual_amount": "200000" })).await;
        customer(&admin, json!({ "name": "李四", "phone": "13800138000", "annual_amount": "200000" })).await;
        let open = segment(&manager, "大客户", amount()).await;
        let phone = json!({ "field": "phone", "op": "eq", "value": "13800138000" });
        let personal = segment(&admin, "电话", phone.clone()).await;
        running.settle().await;

        let both = vec!["李四", "张三"];
        for (client, of_open, of_personal) in [
            (&admin, both.clone(), both.clone()),
            (&director, both.clone(), vec![]),
            (&manager, vec!["张三"], vec!["张三"]),
            (&agent, vec!["张三"], vec!["张三"]),
        ] {
            assert_eq!(members(client, &open).await, of_open);
            assert_eq!(members(client, &personal).await, of_personal);
            for (condition, expected) in [(amount(), of_open), (phone.clone(), of_personal)] {
                let preview = client.post("/api/v1/segments/preview", json!({ "condition": condition })).await.expect(200);
                assert_eq!((&preview["count"], &preview["exact"]), (&json!(expected.len()), &json!(true)));
                let sample: Vec<&str> = preview["sample"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
                assert_eq!(sample, expected);
            }
        }
        let count = async |client: &Client, segment: &str| client.get(&format!("/api/v1/segments/{segment}")).await.expect(200)["members"].clone();
        assert_eq!(count(&admin, &personal).await, 2);
        assert_eq!(count(&director, &open).await, 2);
        assert_eq!(count(&director, &personal).await, Value::Null, "a count would tell whose phone it is");
        assert_eq!(count(&manager, &open).await, Value::Null, "and this one what is out of reach");
    }
}
