//! Follow-ups are recorded while the program is killed: each is there with everything that came of it, or not at all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::Client;
use crate::support::app::Database;
use crate::support::builders::{COMPLAINT, id};
use crate::support::program::{Program, database, run};

const TASKS: usize = 90;
const AT_ONCE: usize = 3;

/// The program goes by the real clock.
fn due() -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(30)
}

/// A conversation of which one of each sort comes: two to-dos, a feedback, a lead, a next follow-up, an alert with its task.
fn conversation(n: usize) -> Value {
    let due_on = due().date_naive();
    json!({
        "outcome": "reached", "csat": 1, "mood": "dissatisfied", "complaints": "送货慢",
        "to_dos": [{ "title": "补发缺件", "due_on": due_on }, { "title": "寄送报价单", "due_on": due_on }],
        "contact_data": { "confirmed": false, "changes": { "address": format!("世纪大道 {n} 号") } },
        "feedback": [{ "content": format!("{COMPLAINT}，编号{n}") }],
        "leads": [{ "title": "计划增购" }],
        "next_follow_up": { "due_on": due_on, "method": "visit" },
    })
}

/// Records task after task until all are done or the program is dead; what had no answer is put back.
async fn work(program: &Program, token: &str, left: &RefCell<Vec<(usize, String)>>, done: &AtomicUsize) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    loop {
        let Some((n, task)) = left.borrow_mut().pop() else { return };
        let request = http
            .post(format!("{}/api/v1/follow-up-tasks/{task}/record", program.url))
            .header("idempotency-key", format!("call {n}"))
            .bearer_auth(token)
            .json(&conversation(n));
        let Ok(answer) = request.send().await else { return left.borrow_mut().push((n, task)) };
        let status = answer.status().as_u16();
        let Ok(text) = answer.text().await else { return left.borrow_mut().push((n, task)) };
        assert_eq!(status, 201, "{text}");
        done.fetch_add(1, Ordering::Relaxed);
    }
}

async fn all(client: &Client, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/{path}?limit=200{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// How many rows a list has of each customer.
async fn of_each(client: &Client, path: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in all(client, path).await {
        let customer = row["customer_id"].as_str().or(row["customer"]["id"].as_str()).unwrap();
        *counts.entry(customer.to_owned()).or_default() += 1;
    }
    counts
}

async fn killed(kind: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = database(kind, folder.path()).await;
    let settings = [("HUIYIN_DATABASE_URL", url.as_str()), ("HUIYIN_JWT_SECRET", "a secret that all starts share")];
    let mut program = Program::start(folder.path(), &settings).await;
    let admin = program.admin().await;
    let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    let (mut tasks, mut customers) = (Vec::new(), Vec::new());
    for n in 0..TASKS {
        let customer = id(&admin.post("/api/v1/customers", json!({ "name": format!("客户{n}") })).await.expect(201));
        let body =
            json!({ "customer_id": customer, "title": "回访", "method": "phone", "assignee_id": me, "due_by": due() });
        tasks.push((n, id(&admin.post("/api/v1/follow-up-tasks", body).await.expect(201))));
        customers.push(customer);
    }

    let left = RefCell::new(tasks.clone());
    let mut kills = 0;
    while !left.borrow().is_empty() {
        let done = AtomicUsize::new(0);
        let token = program.admins_token().await;
        let pid = program.process.id().to_string();
        let executioner = async {
            if kills == 3 {
                return;
            }
            while done.load(Ordering::Relaxed) < TASKS / 6 && !left.borrow().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // In the midst of a recording rather than right after one.
            tokio::time::sleep(Duration::from_micros(uuid::Uuid::new_v4().as_u128() as u64 % 20_000)).await;
            assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        };
        let hands = (0..AT_ONCE).map(|_| work(&program, &token, &left, &done));
        futures_util::join!(futures_util::future::join_all(hands), executioner);
        if kills < 3 {
            kills += 1;
            drop(program);
            program = Program::start(folder.path(), &settings).await;
        }
    }
    assert_eq!(kills, 3, "all was recorded before it was killed thrice");

    let admin = program.admin().await;
    for (list, each) in [("follow-up-records", 1), ("todos", 2), ("feedback", 1), ("leads", 1), ("alerts", 1)] {
        let counts = of_each(&admin, list).await;
        assert_eq!(counts.len(), TASKS, "{list}");
        assert!(counts.values().all(|count| *count == each), "{list}: {counts:?}");
    }
    // The one that was made, the next one, and the one for care.
    let counts = of_each(&admin, "follow-up-tasks").await;
    assert!(counts.len() == TASKS && counts.values().all(|count| *count == 3), "{counts:?}");
    for ((n, task), customer) in tasks.iter().zip(&customers) {
        assert_eq!(admin.get(&format!("/api/v1/follow-up-tasks/{task}")).await.expect(200)["state"], "completed");
        let corrected = admin.get(&format!("/api/v1/customers/{customer}")).await.expect(200);
        assert_eq!(corrected["address"], format!("世纪大道 {n} 号"));
    }
    program.kill();
}

#[test]
fn a_kill_while_calls_are_recorded_leaves_no_half_of_one_sqlite() {
    run(killed(Database::Sqlite));
}

#[test]
fn a_kill_while_calls_are_recorded_leaves_no_half_of_one_postgres() {
    run(killed(Database::Postgres));
}
