//! `huiyin demo` against a running server.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::app::ADMIN_PASSWORD;
use crate::support::builders::{COMPLAINT, department, id};
use crate::support::{Client, Running, journey};

fn options(url: &str, password: Option<&str>) -> huiyin::demo::Options {
    huiyin::demo::Options {
        url: url.to_owned(),
        username: "admin".to_owned(),
        password: password.map(str::to_owned),
        user_password: "huiyin-demo".to_owned(),
        today: Some("2026-10-20".parse().unwrap()),
    }
}

/// Runs the demo while the server does what becomes due.
async fn fill(running: &Running) {
    let jobs = async {
        loop {
            running.app.jobs_wanted.notified().await;
            running.settle().await;
        }
    };
    tokio::select! {
        outcome = huiyin::demo::run(options(&running.url, Some(ADMIN_PASSWORD))) => outcome.unwrap(),
        () = jobs => unreachable!(),
    }
}

async fn complaint_of_the_demo(running: &Running, password: Option<&str>, url: Option<&str>) -> String {
    let url = url.unwrap_or(&running.url);
    huiyin::demo::run(options(url, password)).await.unwrap_err().to_string()
}

async fn rows(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(&format!("{path}?limit=200")).await.expect(200);
    assert!(page["next_cursor"].is_null(), "more than a page of {path}");
    page["items"].as_array().unwrap().clone()
}

/// How many rows have which text in this field.
fn count<'a>(rows: &'a [Value], field: &str) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row[field].as_str().unwrap()).or_default() += 1;
    }
    counts
}

journey! {
    async fn the_demo_fills_a_server_and_running_it_again_changes_nothing(running: Running) {
        fill(&running).await;
        let admin = running.admin().await;

        let users = rows(&admin, "/api/v1/users").await;
        let roles: BTreeSet<&str> = count(&users, "role").into_keys().collect();
        assert_eq!(roles, BTreeSet::from(["admin", "agent", "director", "manager"]));
        assert_eq!(rows(&admin, "/api/v1/api-keys").await.len(), 1, "the role integration is the ERP's key");
        let departments = rows(&admin, "/api/v1/departments").await;
        assert_eq!(departments.iter().filter(|department| !department["head_user_id"].is_null()).count(), 4);

        let customers = rows(&admin, "/api/v1/customers").await;
        assert_eq!(count(&customers, "kind"), BTreeMap::from([("enterprise", 31), ("person", 11)]));
        let mut tiers = Vec::new();
        for customer in &customers {
            let answer = admin.get(&format!("/api/v1/customers/{}/tier", id(customer))).await;
            if answer.status == 200 {
                tiers.push(answer.expect(200));
            }
        }
        let five = BTreeMap::from([("at_risk", 8), ("dormant", 8), ("potential", 8), ("regular", 8), ("vip", 8)]);
        assert_eq!(count(&tiers, "tier"), five, "two have not bought anything");

        let feedback = rows(&admin, "/api/v1/feedback").await;
        assert_eq!(count(&feedback, "state"), BTreeMap::from([
            ("accepted", 2), ("assigned", 3), ("awaiting_customer", 5), ("closed", 7), ("in_progress", 5), ("new", 1),
            ("rejected", 1), ("reopened", 1),
        ]));
        assert_eq!(count(&feedback, "channel").len(), 9, "every channel has been used");
        let head = running.sign_in("he.ran", "huiyin-demo").await;
        assert!(!rows(&head, "/api/v1/me/notifications").await.is_empty(), "a department head is told of what comes in");

        let orders = format!("/api/v1/customers/{}/orders", id(customers.last().unwrap()));
        let bought = rows(&admin, &orders).await.len();
        fill(&running).await;
        assert_eq!(rows(&admin, "/api/v1/users").await, users);
        assert_eq!(rows(&admin, "/api/v1/customers").await, customers);
        assert_eq!(rows(&admin, "/api/v1/feedback").await, feedback);
        assert_eq!(rows(&admin, "/api/v1/departments").await, departments);
        assert_eq!(rows(&admin, "/api/v1/api-keys").await.len(), 1);
        assert_eq!(rows(&admin, &orders).await.len(), bought);
    }
}

journey! {
    async fn a_demo_that_was_broken_off_goes_on_where_it_was(running: Running) {
        let admin = running.admin().await;
        let user = json!({
            "username": "xin.yu", "display_name": "辛屿", "password": "huiyin-demo", "role": "agent",
            "department_id": department(&admin, "research").await,
        });
        admin.post("/api/v1/users", user).await.expect(201);
        let message = json!({ "channel": "hotline", "channel_message_id": "demo-001", "content": COMPLAINT });
        let path = format!("/api/v1/feedback/{}", id(&admin.post("/api/v1/feedback", message).await.expect(201)));
        let handler = running.sign_in("xin.yu", "huiyin-demo").await;
        handler.post(&format!("{path}/accept"), json!({ "promised_at": "2026-10-20T05:00:00Z" })).await.expect(200);

        fill(&running).await;
        let history = admin.get(&format!("{path}/history")).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, [
            "feedback.received", "feedback.assigned", "feedback.accepted", "feedback.started", "feedback.communicated",
            "feedback.resolved", "feedback.communicated", "feedback.closed",
        ]);
    }
}

journey! {
    async fn what_keeps_the_demo_from_working_is_told_in_a_sentence(running: Running) {
        let missing = complaint_of_the_demo(&running, None, None).await;
        assert!(missing.contains("HUIYIN_ADMIN_PASSWORD"), "{missing}");
        let wrong = complaint_of_the_demo(&running, Some("not this one"), None).await;
        assert!(wrong.contains("does not know \"admin\" with this password"), "{wrong}");
        let nobody = complaint_of_the_demo(&running, Some(ADMIN_PASSWORD), Some("http://127.0.0.1:1")).await;
        assert!(nobody.contains("no server answers at http://127.0.0.1:1"), "{nobody}");
    }
}
