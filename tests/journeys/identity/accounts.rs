use serde_json::{Value, json};

use super::{is_in, login, refresh, with};
use crate::support::app::ADMIN_PASSWORD;
use crate::support::builders::{complaint, department, id, user};
use crate::support::{Client, Running, journey};

fn account(username: &str, role: &str) -> Value {
    json!({ "username": username, "display_name": "王丽", "password": "a long password", "role": role })
}

async fn path_of(admin: &Client, username: &str) -> String {
    let users = admin.get("/api/v1/users?limit=200").await.expect(200);
    let found = users["items"].as_array().unwrap().iter().find(|user| user["username"] == username).unwrap();
    format!("/api/v1/users/{}", id(found))
}

journey! {
    async fn an_account_is_created_read_listed_and_changed(running: Running) {
        let admin = running.admin().await;
        let created = admin.post("/api/v1/users", account("wang.li", "agent")).await;
        let (location, etag) = (created.header("location").to_owned(), created.header("etag").to_owned());
        assert!(!created.text.contains("argon2"));
        let created = created.expect(201);
        assert_eq!((&created["role"], &created["data_scope"], &created["active"]), (&json!("agent"), &json!("own"), &json!(true)));
        let read = admin.get(&location).await;
        assert_eq!(read.header("etag"), etag);
        assert_eq!(read.expect(200), created);
        let list = admin.get("/api/v1/users").await.expect(200);
        assert_eq!(list["items"][0], created, "newest first");

        let research = department(&admin, "research").await;
        let changed = admin.patch(&location, json!({ "display_name": "王莉", "department_id": research })).await.expect(200);
        assert_eq!((&changed["display_name"], &changed["department_id"]), (&json!("王莉"), &json!(research)));
        let cleared = admin.patch(&location, json!({ "department_id": null })).await.expect(200);
        assert_eq!((&cleared["display_name"], &cleared["department_id"]), (&json!("王莉"), &Value::Null));
        for (role, scope) in [("manager", "department"), ("director", "all"), ("admin", "all"), ("agent", "own")] {
            let changed = admin.patch(&location, json!({ "role": role })).await.expect(200);
            assert_eq!(changed["data_scope"], scope, "a new role brings its scope");
        }
        let changed = admin.patch(&location, json!({ "role": "manager", "data_scope": "all" })).await.expect(200);
        assert_eq!(changed["data_scope"], "all", "unless one is given");
    }
}

journey! {
    async fn a_name_is_taken_in_any_spelling(running: Running) {
        let admin = running.admin().await;
        admin.post("/api/v1/users", account("Wang.Li", "agent")).await.expect(201);
        for name in ["Wang.Li", "wang.li", "  WANG.LI "] {
            assert_eq!(admin.post("/api/v1/users", account(name, "agent")).await.problem(409), "username_taken");
        }
        let twins = (0..4).map(|_| admin.post("/api/v1/users", account("zhang.wei", "agent")));
        let answers = futures_util::future::join_all(twins).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.into_iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.problem(409), "username_taken");
        }
        // A name that grows when it is compared in lower case.
        admin.post("/api/v1/users", account(&"İ".repeat(100), "agent")).await.expect(201);
        login(&running, &"İ".repeat(100), "a long password").await.expect(200);
    }
}

journey! {
    async fn bad_accounts_are_refused_with_every_fault(running: Running) {
        let admin = running.admin().await;
        let bad = json!({ "username": " ", "display_name": " ", "password": "short", "role": "owner", "data_scope": "x", "department_id": "1", "extra": 1 });
        assert_eq!(admin.post("/api/v1/users", bad).await.faults(), [
            "/data_scope", "/department_id", "/display_name", "/extra", "/password", "/role", "/username",
        ]);
        let nowhere = uuid::Uuid::now_v7();
        let lost = json!({ "username": "lost", "display_name": "l", "password": "a long password", "role": "agent", "department_id": nowhere });
        assert_eq!(admin.post("/api/v1/users", lost).await.problem(404), "department_not_found");
        assert_eq!(login(&running, "lost", "a long password").await.problem(401), "invalid_credentials", "nothing half-written");
        let path = path_of(&admin, "admin").await;
        assert_eq!(admin.patch(&path, json!({ "department_id": nowhere })).await.problem(404), "department_not_found");
        let unknown = format!("/api/v1/users/{nowhere}");
        assert_eq!(admin.get(&unknown).await.problem(404), "user_not_found");
        assert_eq!(admin.patch(&unknown, json!({ "active": false })).await.problem(404), "user_not_found");
    }
}

journey! {
    /// What a key may is named by its scopes; a person with that role would have all of it, and could not even sign out.
    async fn people_do_not_take_the_role_of_keys(running: Running) {
        let admin = running.admin().await;
        assert_eq!(admin.post("/api/v1/users", account("erp", "integration")).await.faults(), ["/role"]);
        let (_, id) = user(&running, &admin, "li.na", "agent", None).await;
        let path = format!("/api/v1/users/{id}");
        assert_eq!(admin.patch(&path, json!({ "role": "integration" })).await.faults(), ["/role"]);
    }
}

journey! {
    async fn changes_are_made_to_the_version_that_was_seen(running: Running) {
        let admin = running.admin().await;
        let (_, id) = user(&running, &admin, "li.na", "agent", None).await;
        let path = format!("/api/v1/users/{id}");
        let seen = admin.get(&path).await.header("etag").to_owned();
        let first = admin.clone().with_header("if-match", &seen).patch(&path, json!({ "display_name": "李娜" })).await;
        let now = first.header("etag").to_owned();
        first.expect(200);
        assert_ne!(now, seen);
        let late = admin.clone().with_header("if-match", &seen);
        assert_eq!(late.patch(&path, json!({ "display_name": "李 娜" })).await.problem(412), "version_conflict");
        assert_eq!(admin.get(&path).await.expect(200)["display_name"], "李娜");
        let same = admin.clone().with_header("if-match", &now).patch(&path, json!({ "display_name": "李娜" })).await;
        assert_eq!(same.header("etag"), now, "nothing has changed");
        admin.clone().with_header("if-match", "*").patch(&path, json!({ "display_name": "娜" })).await.expect(200);
        let malformed = admin.clone().with_header("if-match", "7");
        assert_eq!(malformed.patch(&path, json!({ "display_name": "x" })).await.problem(400), "malformed_header");

        let seen = admin.get(&path).await.header("etag").to_owned();
        let both = ["李一", "李二"].map(|name| {
            let client = admin.clone().with_header("if-match", &seen);
            let path = path.clone();
            async move { client.patch(&path, json!({ "display_name": name })).await.status }
        });
        let mut statuses = futures_util::future::join_all(both).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

journey! {
    async fn who_is_deactivated_is_out_at_once(running: Running) {
        let admin = running.admin().await;
        let (_, id) = user(&running, &admin, "li.na", "agent", None).await;
        let tokens = login(&running, "li.na", "li.na has a password").await.expect(200);
        assert!(is_in(&with(&running, &tokens)).await);
        let path = format!("/api/v1/users/{id}");
        admin.patch(&path, json!({ "active": false })).await.expect(200);
        assert!(!is_in(&with(&running, &tokens)).await);
        assert_eq!(refresh(&running, &tokens).await.problem(401), "refresh_token_invalid");
        assert_eq!(login(&running, "li.na", "li.na has a password").await.problem(401), "invalid_credentials");

        admin.patch(&path, json!({ "active": true })).await.expect(200);
        assert!(!is_in(&with(&running, &tokens)).await, "what has ended stays ended");
        login(&running, "li.na", "li.na has a password").await.expect(200);
    }
}

journey! {
    async fn a_new_role_or_password_takes_effect_at_once(running: Running) {
        let admin = running.admin().await;
        let (agent, id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let path = format!("/api/v1/users/{id}");
        let feedback = complaint(&admin).await;
        let triage = format!("/api/v1/feedback/{}/triage", self::id(&feedback));
        let body = json!({ "subtype": "product_function", "priority": "urgent" });
        assert_eq!(agent.post(&triage, body.clone()).await.problem(403), "forbidden");

        admin.patch(&path, json!({ "role": "manager" })).await.expect(200);
        assert!(!is_in(&agent).await, "the old session ends");
        let manager = running.sign_in("li.na", "li.na has a password").await;
        manager.post(&triage, body.clone()).await.expect(200);

        admin.patch(&path, json!({ "role": "director" })).await.expect(200);
        let director = running.sign_in("li.na", "li.na has a password").await;
        assert_eq!(director.post("/api/v1/feedback", json!({ "channel": "hotline", "content": "好" })).await.problem(403), "forbidden");

        admin.patch(&path, json!({ "password": "set by an administrator" })).await.expect(200);
        assert!(!is_in(&director).await);
        assert_eq!(login(&running, "li.na", "li.na has a password").await.problem(401), "invalid_credentials");
        let again = running.sign_in("li.na", "set by an administrator").await;
        admin.patch(&path, json!({ "display_name": "李娜" })).await.expect(200);
        assert!(is_in(&again).await, "a new display name ends nothing");
    }
}

journey! {
    async fn nobody_changes_their_own_rights(running: Running) {
        let admin = running.admin().await;
        let path = path_of(&admin, "admin").await;
        let research = department(&admin, "research").await;
        for change in [
            json!({ "role": "agent" }), json!({ "active": false }), json!({ "data_scope": "own" }),
            json!({ "department_id": research }), json!({ "password": "another password" }),
        ] {
            assert_eq!(admin.patch(&path, change.clone()).await.problem(409), "own_account", "{change}");
        }
        admin.patch(&path, json!({ "display_name": "管理员", "role": "admin" })).await.expect(200);
        assert!(is_in(&admin).await);
    }
}

journey! {
    /// Two administrators who dismiss each other at the same moment: one of them remains.
    async fn the_last_administrator_stays(running: Running) {
        let mut first = running.admin().await;
        for round in 0..4 {
            let name = format!("admin.{round}");
            let (second, second_id) = user(&running, &first, &name, "admin", None).await;
            let own = path_of(&first, "admin").await;
            let other = format!("/api/v1/users/{second_id}");
            let change = if round % 2 == 0 { json!({ "role": "agent" }) } else { json!({ "active": false }) };
            let (one, two) = tokio::join!(first.patch(&other, change.clone()), second.patch(&own, change.clone()));
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert!([[200, 401], [200, 403], [200, 409]].contains(&statuses), "{statuses:?} {} {}", one.text, two.text);
            // The first is put back into office by the second where it was the second who won.
            if two.status == 200 {
                assert!(!is_in(&first).await);
                let restored = json!({ "role": "admin", "active": true });
                second.patch(&own, restored).await.expect(200);
            }
            first = running.sign_in("admin", ADMIN_PASSWORD).await;
            first.patch(&other, json!({ "active": false })).await.expect(200);
            assert_eq!(first.patch(&own, json!({ "active": false })).await.problem(409), "own_account");
        }
    }
}
