//! The same request sent again answers what it answered before, and does nothing twice.

use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, id, integration, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey};

fn keyed(client: &Client, key: &str) -> Client {
    client.clone().with_header("idempotency-key", key)
}

async fn count(client: &Client, path: &str) -> usize {
    client.get(path).await.expect(200)["items"].as_array().unwrap().len()
}

/// All that an answer says, but for the id of the request.
fn said(answer: &Answer) -> (u16, String, String, String) {
    let header = |name: &str| answer.header(name).to_owned();
    (answer.status, header("etag"), header("location"), answer.text.clone())
}

journey! {
    async fn the_same_request_sent_again_answers_the_same(running: Running) {
        let admin = running.admin().await;
        let once = keyed(&admin, "order 1");
        let body = json!({ "name": "上海晨光贸易有限公司", "phone": "13800138000" });
        let first = once.post("/api/v1/customers", body.clone()).await;
        assert_eq!(first.status, 201, "{}", first.text);
        // What happens to the row later does not change what was answered then.
        admin.patch(first.header("location"), json!({ "name": "改名" })).await.expect(200);
        for _ in 0..2 {
            assert_eq!(said(&once.post("/api/v1/customers", body.clone()).await), said(&first));
        }
        assert_eq!(count(&admin, "/api/v1/customers").await, 1);
        keyed(&admin, "order 2").post("/api/v1/customers", body).await.expect(201);
        assert_eq!(count(&admin, "/api/v1/customers").await, 2);
    }
}

journey! {
    async fn sent_many_times_at_once_it_is_done_once(running: Running) {
        let admin = running.admin().await;
        let once = keyed(&admin, "from the hotline");
        let body = json!({ "channel": "hotline", "content": COMPLAINT });
        let attempts = (0..8).map(|_| once.post("/api/v1/feedback", body.clone()));
        let answers = futures_util::future::join_all(attempts).await;
        let first = said(&answers[0]);
        assert_eq!(first.0, 201, "{}", first.3);
        for answer in &answers {
            assert_eq!(said(answer), first);
        }
        assert_eq!(count(&admin, "/api/v1/feedback").await, 1);
        let history = admin.get(&format!("{}/history", first.2)).await.expect(200);
        let kinds: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        assert_eq!(kinds, ["feedback.received", "feedback.assigned"]);
    }
}

journey! {
    async fn a_key_stands_for_one_request(running: Running) {
        let admin = running.admin().await;
        let once = keyed(&admin, "k");
        let first = once.post("/api/v1/customers", json!({ "name": "A" })).await.expect(201);
        let reused = "idempotency_key_reused";
        assert_eq!(once.post("/api/v1/customers", json!({ "name": "B" })).await.problem(422), reused);
        assert_eq!(once.post("/api/v1/departments", json!({ "code": "a", "name": "A" })).await.problem(422), reused);
        let path = format!("/api/v1/customers/{}", id(&first));
        assert_eq!(once.patch(&path, json!({ "name": "A" })).await.problem(422), reused);
        assert_eq!(count(&admin, "/api/v1/customers").await, 1);
        for key in [String::new(), "x".repeat(256)] {
            let answer = keyed(&admin, &key).post("/api/v1/customers", json!({ "name": "C" })).await;
            assert_eq!(answer.problem(400), "malformed_header");
        }
    }
}

journey! {
    async fn keys_are_each_actors_own(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let erp = integration(&running, &admin, &["customers:write"]).await;
        let oa = integration(&running, &admin, &["customers:write"]).await;
        let mut ids = Vec::new();
        for (name, client) in [("admin", &admin), ("agent", &agent), ("erp", &erp), ("oa", &oa)] {
            let made = keyed(client, "1").post("/api/v1/customers", json!({ "name": name })).await.expect(201);
            assert_eq!(made["name"], name);
            ids.push(id(&made));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4);
        // The same person in another session is the same actor.
        let again = running.sign_in("li.na", "li.na has a password").await;
        let same = keyed(&again, "1").post("/api/v1/customers", json!({ "name": "agent" })).await.expect(201);
        assert!(ids.contains(&id(&same)));
    }
}

journey! {
    async fn what_was_refused_does_not_use_the_key_up(running: Running) {
        let admin = running.admin().await;
        let once = keyed(&admin, "k");
        let taken = json!({ "username": "admin", "display_name": "a", "password": "a long password", "role": "agent" });
        assert_eq!(once.post("/api/v1/users", taken).await.problem(409), "username_taken");
        let free = json!({ "username": "free", "display_name": "a", "password": "a long password", "role": "agent" });
        once.post("/api/v1/users", free).await.expect(201);
    }
}

journey! {
    /// The answer got lost, so the client sends it again: the old password is not a wrong guess then.
    async fn a_change_of_password_may_be_sent_again(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", None).await;
        let once = keyed(&agent, "change");
        let body = json!({ "current_password": "li.na has a password", "new_password": "li.na has another one" });
        for _ in 0..8 {
            once.post("/api/v1/me/password", body.clone()).await.expect(204);
        }
        let other = json!({ "current_password": "li.na has another one", "new_password": "li.na has a third one" });
        assert_eq!(once.post("/api/v1/me/password", other.clone()).await.problem(422), "idempotency_key_reused");
        agent.post("/api/v1/me/password", other).await.expect(204);
    }
}

journey! {
    /// Passwords are kept as argon2id and in no other way; a plain hash of a request that holds one would undo that.
    async fn a_fingerprint_does_not_tell_a_password(running: Running) {
        use sha2::{Digest, Sha256};
        let admin = running.admin().await;
        let me = admin.get("/api/v1/me").await.expect(200);
        let body = r#"{"username":"li","display_name":"l","password":"a long password","role":"agent"}"#;
        keyed(&admin, "k").post_raw("/api/v1/users", "application/json", body).await.expect(201);
        let actor = id(&me["user"]).parse().unwrap();
        let kept = huiyin_persistence::integration::idempotency::find(&running.app.db, actor, "k").await.unwrap().unwrap();
        let hex = |text: &[u8]| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let guess = format!("POST /api/v1/users {}", hex(body.as_bytes()));
        assert_ne!(kept.fingerprint, hex(guess.as_bytes()));
        assert!(!format!("{kept:?}").contains("a long password"));
    }
}
