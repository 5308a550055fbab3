//! Orders one at a time, within the reach of their customer.

use serde_json::json;

use crate::support::builders::{id, user};
use crate::support::{Running, journey};

journey! {
    async fn an_order_is_entered_once_read_and_corrected(running: Running) {
        let admin = running.admin().await;
        let customer = id(&admin.post("/api/v1/customers", json!({ "name": "晨光贸易" })).await.expect(201));
        let order = json!({
            "external_system": "erp", "order_no": "SO-1", "customer_id": customer, "ordered_at": "2026-10-19T16:30:00Z",
            "amount": "128.5", "lines": [{ "sku": "A-100", "quantity": 10 }],
        });
        let created = admin.post("/api/v1/orders", order.clone()).await;
        let location = created.header("location").to_owned();
        let created = created.expect(201);
        assert_eq!((&created["amount"], &created["status"]), (&json!("128.50"), &json!("paid")));
        assert_eq!(created["ordered_on"], "2026-10-20", "after midnight in Shanghai");
        assert_eq!(admin.post("/api/v1/orders", order).await.problem(409), "order_exists");

        let read = admin.get(&location).await;
        assert_eq!(read.header("etag"), "\"1\"");
        assert_eq!(read.expect(200), created);
        let change = json!({ "status": "cancelled", "lines": null });
        let changed = admin.clone().with_header("if-match", "\"1\"").patch(&location, change.clone()).await.expect(200);
        assert_eq!((&changed["status"], &changed["lines"]), (&json!("cancelled"), &json!(null)));
        let stale = admin.clone().with_header("if-match", "\"1\"").patch(&location, json!({ "status": "paid" })).await;
        assert_eq!(stale.problem(412), "version_conflict");

        let nothing = json!({ "status": null, "amount": null });
        assert_eq!(admin.patch(&location, nothing).await.faults(), ["/amount", "/status"], "what every order has");

        let listed = admin.get("/api/v1/orders?external_system=erp&order_no=SO-1").await.expect(200);
        assert_eq!(listed["items"], json!([changed]));
    }
}

journey! {
    async fn orders_are_seen_by_whoever_sees_their_customer(running: Running) {
        let admin = running.admin().await;
        let (owner, owner_id) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let (stranger, _) = user(&running, &admin, "zhao.lei", "agent", Some("sales")).await;
        let body = json!({ "name": "晨光贸易", "owner_id": owner_id });
        let customer = id(&admin.post("/api/v1/customers", body).await.expect(201));
        let order = json!({ "order_no": "1", "customer_id": customer, "ordered_at": "2026-10-01T02:00:00Z", "amount": "1" });
        let path = format!("/api/v1/orders/{}", id(&admin.post("/api/v1/orders", order).await.expect(201)));

        owner.get(&path).await.expect(200);
        assert_eq!(owner.get("/api/v1/orders").await.expect(200)["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(stranger.get(&path).await.problem(404), "order_not_found");
        assert_eq!(stranger.get("/api/v1/orders").await.expect(200)["items"], json!([]));
    }
}
