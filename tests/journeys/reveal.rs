//! Masked data is shown for a stated reason, and that stands in a log which nobody can change.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::support::app::Database;
use crate::support::builders::{id, integration, user};
use crate::support::{Client, Running, journey};

const PHONE: &str = "138 0013 8000";
const MAIL: &str = "zhang.wei@example.com";
const ADDRESS: &str = "世纪大道 1 号";

async fn customer(running: &Running, admin: &Client) -> String {
    let (_, owner) = user(running, admin, "li", "agent", Some("customer_service")).await;
    let body = json!({
        "name": "某人", "kind": "person", "phone": PHONE, "email": MAIL, "address": ADDRESS, "birthday": "1987-06-05", "owner_id": owner,
    });
    id(&admin.post("/api/v1/customers", body).await.expect(201))
}

async fn log(admin: &Client, query: &str) -> Vec<Value> {
    admin.get(&format!("/api/v1/audit-log{query}")).await.expect(200)["items"].as_array().unwrap().clone()
}

journey! {
    async fn who_states_a_reason_is_shown_what_was_asked_for(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let path = format!("/api/v1/customers/{customer}/reveal");
        let (director, director_id) = user(&running, &admin, "director", "director", None).await;
        let director = director.with_header("x-request-id", "call-back-7");

        let all = json!({ "fields": ["phone", "email", "birthday", "address"], "reason": "客户来电，需回拨" });
        let shown = director.post(&path, all.clone()).await.expect(200);
        assert_eq!((&shown["phone"], &shown["email"], &shown["address"]), (&json!(PHONE), &json!(MAIL), &json!(ADDRESS)));
        assert_eq!((&shown["customer_id"], &shown["birthday"]["text"]), (&json!(customer), &json!("1987-06-05")));
        let shown = director.post(&path, json!({ "fields": ["email"], "reason": "发合同" })).await.expect(200);
        assert_eq!(shown, json!({ "customer_id": customer, "email": MAIL }));
        // Everywhere else it stays masked.
        let masked = director.get(&format!("/api/v1/customers/{customer}")).await.expect(200);
        assert_eq!((&masked["phone"], &masked["address"]), (&json!("138****8000"), &Value::Null));

        let entries = log(&admin, "?action=personal_data.revealed").await;
        assert_eq!(entries.len(), 2);
        let entry = &entries[1];
        assert_eq!(entry["details"], json!({ "fields": ["phone", "email", "birthday", "address"], "repeated": false }));
        assert_eq!((&entry["actor"], &entry["actor_id"]), (&json!("user"), &json!(director_id)));
        assert_eq!((&entry["subject"], &entry["subject_id"]), (&json!("customer"), &json!(customer)));
        assert_eq!((&entry["reason"], &entry["request_id"]), (&json!("客户来电，需回拨"), &json!("call-back-7")));
        assert_eq!((&entry["remote_address"], &entry["at"]), (&json!("127.0.0.1"), &json!("2026-10-20T02:00:00Z")));
        for entry in &entries {
            assert!(![PHONE, MAIL, ADDRESS, "1987"].iter().any(|secret| entry.to_string().contains(secret)), "{entry}");
        }

        // Without a reason, or for what is no personal field, nothing is shown or logged.
        for (body, pointer) in [
            (json!({ "fields": ["phone"] }), "/reason"), (json!({ "fields": ["phone"], "reason": "x" }), "/reason"),
            (json!({ "fields": ["phone"], "reason": "   " }), "/reason"), (json!({ "fields": [], "reason": "好吧" }), "/fields"),
            (json!({ "fields": ["note"], "reason": "好吧" }), "/fields/0"),
        ] {
            assert_eq!(director.post(&path, body).await.faults(), [pointer]);
        }
        assert_eq!(log(&admin, "").await.len(), 2);
    }
}

journey! {
    async fn a_contact_is_shown_for_a_stated_reason_too(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let body = json!({ "name": "王芳", "phone": PHONE, "email": MAIL, "birthday": "1987-06-05" });
        let contact = id(&admin.post(&format!("/api/v1/customers/{customer}/contacts"), body).await.expect(201));
        let (director, _) = user(&running, &admin, "director", "director", None).await;
        let masked = director.get(&format!("/api/v1/contacts/{contact}")).await.expect(200);
        assert_eq!((&masked["phone"], &masked["masked"]), (&json!("138****8000"), &json!(true)));

        let path = format!("/api/v1/contacts/{contact}/reveal");
        let director = director.with_header("idempotency-key", "call-back-8");
        let wanted = json!({ "fields": ["phone", "birthday", "address"], "reason": "客户来电，需回拨" });
        let shown = director.post(&path, wanted.clone()).await.expect(200);
        assert_eq!((&shown["contact_id"], &shown["phone"], &shown["birthday"]["text"]), (&json!(contact), &json!(PHONE), &json!("1987-06-05")));
        assert!(shown.get("email").is_none() && shown.get("address").is_none(), "{shown}");
        assert_eq!(director.post(&path, wanted).await.expect(200), shown);
        let entries = log(&admin, "?action=personal_data.revealed").await;
        assert_eq!(entries.len(), 2, "a repeated request is shown, and logged, again");
        let fields = ["phone", "birthday", "address"];
        assert_eq!(entries[1]["details"], json!({ "fields": fields, "repeated": false, "contact_id": contact }));
        assert_eq!(entries[0]["details"]["repeated"], true);
        assert_eq!((&entries[0]["subject"], &entries[0]["subject_id"]), (&json!("customer"), &json!(customer)));

        let (stranger, _) = user(&running, &admin, "wu", "agent", Some("sales")).await;
        let asked = json!({ "fields": ["phone"], "reason": "好吧" });
        assert_eq!(stranger.post(&path, asked).await.problem(404), "contact_not_found");
        assert_eq!(director.post(&path, json!({ "fields": ["phone"] })).await.faults(), ["/reason"]);
    }
}

journey! {
    async fn only_people_and_only_within_reach(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let path = format!("/api/v1/customers/{customer}/reveal");
        let body = json!({ "fields": ["phone"], "reason": "核对号码" });
        let (stranger, stranger_id) = user(&running, &admin, "zhao", "agent", Some("sales")).await;
        assert_eq!(stranger.post(&path, body.clone()).await.problem(404), "customer_not_found");
        let key = integration(&running, &admin, &["customers:read", "personal_data:read", "personal_data:reveal"]).await;
        assert_eq!(key.post(&path, body.clone()).await.problem(403), "forbidden");
        assert!(log(&admin, "").await.is_empty());
        // In the widest scope the stranger reaches, but does not see.
        admin.patch(&format!("/api/v1/users/{stranger_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let stranger = running.sign_in("zhao", "zhao has a password").await;
        assert_eq!(stranger.post(&path, body).await.expect(200)["phone"], PHONE);
        for client in [&stranger, &key] {
            assert_eq!(client.get("/api/v1/audit-log").await.problem(403), "forbidden");
        }
    }
}

journey! {
    async fn the_same_request_again_is_shown_and_logged_again_but_kept_nowhere(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let keyed = admin.clone().with_header("idempotency-key", "reveal-1");
        let path = format!("/api/v1/customers/{customer}/reveal");
        let body = json!({ "fields": ["phone"], "reason": "核对号码" });
        for _ in 0..2 {
            assert_eq!(keyed.post(&path, body.clone()).await.expect(200)["phone"], PHONE);
        }
        let repeated: Vec<Value> = log(&admin, "").await.iter().map(|entry| entry["details"]["repeated"].clone()).collect();
        assert_eq!(repeated, [true, false]);
        let kept = texts(&running, "SELECT CAST(result AS text) FROM idempotency_keys WHERE key = 'reveal-1'").await;
        assert_eq!(kept.len(), 1);
        let events = texts(&running, "SELECT CAST(data AS text) FROM events").await;
        for text in kept.iter().chain(&events) {
            assert!(![PHONE, "13800138000", MAIL, ADDRESS].iter().any(|secret| text.contains(secret)), "{text}");
        }
    }
}

journey! {
    async fn there_is_a_limit_an_hour(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let path = format!("/api/v1/customers/{customer}/reveal");
        let body = json!({ "fields": ["phone"], "reason": "核对号码" });
        let (manager, _) = user(&running, &admin, "sun", "manager", Some("customer_service")).await;
        for _ in 0..60 {
            admin.post(&path, body.clone()).await.expect(200);
        }
        running.clock.advance(TimeDelta::minutes(10));
        let refused = admin.post(&path, body.clone()).await;
        assert_eq!(refused.header("retry-after"), "3001");
        assert_eq!(refused.problem(429), "reveal_limit");
        manager.post(&path, body.clone()).await.expect(200);
        running.clock.advance(TimeDelta::minutes(51));
        running.admin().await.post(&path, body).await.expect(200);
    }
}

journey! {
    async fn the_log_is_read_by_actor_subject_action_and_time_and_changed_by_nobody(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let (manager, manager_id) = user(&running, &admin, "sun", "manager", Some("customer_service")).await;
        let path = format!("/api/v1/customers/{customer}/reveal");
        for (client, minutes) in [(&admin, 1), (&manager, 1), (&admin, 1)] {
            running.clock.advance(TimeDelta::minutes(minutes));
            client.post(&path, json!({ "fields": ["phone"], "reason": "核对号码" })).await.expect(200);
        }
        admin.put("/api/v1/customers/protected-fields", json!({ "fields": ["name"] })).await.expect(200);
        for (query, expected) in [
            (String::new(), 4), (format!("?actor_id={manager_id}"), 1), (format!("?subject_id={customer}"), 3),
            ("?action=protected_fields.changed".to_owned(), 1), ("?action=customers.merged".to_owned(), 0),
            ("?from=2026-10-20T02:02:00Z".to_owned(), 3), ("?to=2026-10-20T02:02:00Z".to_owned(), 1),
            ("?from=2026-10-20T02:02:00Z&to=2026-10-20T02:02:00.001Z".to_owned(), 1),
            ("?from=2026-10-20T02:03:00Z&action=personal_data.revealed".to_owned(), 1),
            ("?from=1969-01-01T00:00:00Z&to=9999-12-31T23:59:59Z".to_owned(), 4),
        ] {
            assert_eq!(log(&admin, &query).await.len(), expected, "{query}");
        }
        let first = admin.get("/api/v1/audit-log?limit=3").await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(log(&admin, &format!("?limit=3&cursor={cursor}")).await.len(), 1);

        for statement in ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log"] {
            let refused = execute(&running, statement).await.unwrap_err();
            assert!(refused.contains("append-only"), "{refused}");
        }
        assert_eq!(log(&admin, "").await.len(), 4);
    }
}

journey! {
    /// Every role, every place where a customer is told of: what is masked in one is masked in all.
    async fn birthday_and_address_leak_nowhere(running: Running) {
        let admin = running.admin().await;
        let customer = customer(&running, &admin).await;
        let (director, _) = user(&running, &admin, "director", "director", Some("customer_service")).await;
        let (_, wide_id) = user(&running, &admin, "wide", "agent", Some("sales")).await;
        admin.patch(&format!("/api/v1/users/{wide_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let wide = running.sign_in("wide", "wide has a password").await;
        let key = integration(&running, &admin, &["customers:read", "customers:write"]).await;
        let path = format!("/api/v1/customers/{customer}");
        let keyed = key.clone().with_header("idempotency-key", "k");
        let mut answers = vec![
            key.patch(&path, json!({ "note": "n" })).await,
            keyed.patch(&path, json!({ "note": "m" })).await,
            keyed.patch(&path, json!({ "note": "m" })).await,
            wide.patch(&path, json!({ "note": "w", "phone": "139 0013 9000" })).await,
            wide.patch(&path, json!({ "phone": "137 0013 7000" })).await,
            key.patch(&path, json!({ "birthday": { "month": 2, "day": 30 } })).await,
        ];
        for client in [&director, &wide, &key] {
            for path in [path.as_str(), "/api/v1/customers", "/api/v1/customers?name=某人", "/api/v1/change-requests", "/api/v1/customers/duplicates"] {
                answers.push(client.get(path).await);
            }
        }
        for answer in answers {
            for secret in ["138 0013", "13800138000", "139 0013", "13900139000", "zhang.wei", "1987", "06-05", "世纪"] {
                assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
            }
        }
    }
}

async fn texts(running: &Running, statement: &'static str) -> Vec<String> {
    let url = &running.app.config.database_url;
    match running.database {
        Database::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap()
        }
        Database::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(statement).fetch_all(&mut connection).await.unwrap()
        }
    }
}

async fn execute(running: &Running, statement: &'static str) -> Result<(), String> {
    let url = &running.app.config.database_url;
    let done = match running.database {
        Database::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(|_| ())
        }
        Database::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(|_| ())
        }
    };
    done.map_err(|error| error.to_string())
}
