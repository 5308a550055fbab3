use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::builders::{id, integration};
use crate::support::{Client, Running, journey};

/// A key that is new, and the client that holds it.
async fn key(running: &Running, admin: &Client, body: Value) -> (Value, Client) {
    let created = admin.post("/api/v1/api-keys", body).await.expect(201);
    let client = running.anonymous().with_token(created["secret"].as_str().unwrap());
    (created["api_key"].clone(), client)
}

journey! {
    async fn a_key_does_what_its_scopes_name(running: Running) {
        let admin = running.admin().await;
        let erp = integration(&running, &admin, &["customers:write"]).await;
        let path = "/api/v1/customers/by-external-id/erp/10086";
        erp.put(path, json!({ "name": "上海晨光贸易有限公司" })).await.expect(201);
        assert_eq!(erp.get(path).await.problem(403), "forbidden", "writing is not reading");
        let oa = integration(&running, &admin, &["customers:read"]).await;
        assert_eq!(oa.get(path).await.expect(200)["name"], "上海晨光贸易有限公司");
        assert_eq!(oa.put(path, json!({ "name": "B" })).await.problem(403), "forbidden");
        assert_eq!(erp.get("/api/v1/feedback").await.problem(403), "forbidden");
    }
}

journey! {
    async fn a_key_never_does_more_than_integration_may(running: Running) {
        let admin = running.admin().await;
        let greedy = ["users:manage", "users:read", "api_keys:manage", "account", "feedback:handle", "sla:configure"];
        let client = integration(&running, &admin, &greedy).await;
        for path in ["/api/v1/users", "/api/v1/api-keys", "/api/v1/me", "/api/v1/me/notifications"] {
            assert_eq!(client.get(path).await.problem(403), "forbidden", "{path}");
        }
        let next = json!({ "name": "next", "scopes": ["orders:write"] });
        assert_eq!(client.post("/api/v1/api-keys", next).await.problem(403), "forbidden");
    }
}

journey! {
    async fn a_key_ends_by_the_clock(running: Running) {
        let admin = running.admin().await;
        let body = json!({ "name": "trial", "scopes": ["customers:read"], "expires_at": "2026-10-20T03:00:00Z" });
        let (_, trial) = key(&running, &admin, body).await;
        running.until("2026-10-20T02:59:59Z").await;
        trial.get("/api/v1/customers").await.expect(200);
        running.until("2026-10-20T03:00:00Z").await;
        assert_eq!(trial.get("/api/v1/customers").await.problem(401), "unauthenticated");
    }
}

journey! {
    async fn a_revoked_key_is_out_at_once(running: Running) {
        let admin = running.admin().await;
        let body = json!({ "name": "ERP", "scopes": ["customers:read"] });
        let (erp, client) = key(&running, &admin, body.clone()).await;
        let (_, other) = key(&running, &admin, body).await;
        client.get("/api/v1/customers").await.expect(200);
        let path = format!("/api/v1/api-keys/{}", id(&erp));
        admin.delete(&path).await.expect(204);
        assert_eq!(client.get("/api/v1/customers").await.problem(401), "unauthenticated");
        other.get("/api/v1/customers").await.expect(200);

        let revoked = |keys: Value| keys["items"].as_array().unwrap().iter().find(|key| key["id"] == erp["id"]).unwrap()["revoked_at"].clone();
        let when = revoked(admin.get("/api/v1/api-keys").await.expect(200));
        assert_eq!(when, "2026-10-20T02:00:00Z");
        running.pass(TimeDelta::minutes(1)).await;
        admin.delete(&path).await.expect(204);
        assert_eq!(revoked(admin.get("/api/v1/api-keys").await.expect(200)), when, "it was revoked then, not now");
        let unknown = format!("/api/v1/api-keys/{}", uuid::Uuid::now_v7());
        assert_eq!(admin.delete(&unknown).await.problem(404), "api_key_not_found");
    }
}

journey! {
    async fn a_secret_is_shown_once(running: Running) {
        let admin = running.admin().await;
        let once = admin.clone().with_header("idempotency-key", "key for the ERP");
        let body = json!({ "name": "ERP", "scopes": ["customers:read"] });
        let created = once.post("/api/v1/api-keys", body.clone()).await.expect(201);
        let secret = created["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with(created["api_key"]["prefix"].as_str().unwrap()));
        let again = once.post("/api/v1/api-keys", body).await.expect(201);
        assert_eq!((&again["api_key"], &again["secret"]), (&created["api_key"], &Value::Null));
        let list = admin.get("/api/v1/api-keys").await;
        assert!(!list.text.contains(&secret));
        assert_eq!(list.expect(200)["items"].as_array().unwrap().len(), 1);
        running.anonymous().with_token(&secret).get("/api/v1/customers").await.expect(200);

        let bad = json!({ "name": " ", "scopes": ["everything"] });
        assert_eq!(admin.post("/api/v1/api-keys", bad).await.faults(), ["/name", "/scopes/0"]);
        assert_eq!(admin.post("/api/v1/api-keys", json!({ "name": "x", "scopes": [] })).await.faults(), ["/scopes"]);
    }
}
