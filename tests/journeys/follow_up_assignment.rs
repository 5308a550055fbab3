//! In whose hands the contacts of a plan come, and never in those of somebody who is away.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::follow_up_generation::{customer, once, start, tasks, touchpoint};
use crate::support::builders::{department, order, user};
use crate::support::{Client, Running, journey};

journey! {
    async fn contacts_go_to_owners_by_turn_by_load_or_to_the_pool(running: Running) {
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let (an, an_id) = user(&running, &admin, "an.an", "agent", Some("customer_service")).await;
        let (bo, bo_id) = user(&running, &admin, "bo.bo", "agent", Some("customer_service")).await;
        for n in 0..6 {
            let owner = [Some(&an_id), Some(&bo_id), None][n % 3];
            customer(&admin, json!({ "name": format!("客户{n}"), "owner_id": owner, "department_id": service })).await;
        }
        // Bo is away, and An stands in.
        let away = json!({ "user_id": bo_id, "deputy_id": an_id, "starts_at": "2026-10-20T01:00:00Z", "ends_at": "2026-10-21T01:00:00Z", "reason": "病假" });
        admin.post("/api/v1/absences", away).await.expect(201);
        running.settle().await;
        let today = || json!([touchpoint("今日", once("2026-10-20"))]);
        let counts = async |client: &Client, plan: &str| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for task in tasks(client, plan).await {
                assert_eq!(task["department_id"], json!(service));
                *counts.entry(task["assignee_id"].as_str().unwrap_or("pool").to_owned()).or_default() += 1;
            }
            counts
        };
        let owner = start(&admin, today(), json!({ "assignment": { "to": "owner" } })).await;
        running.settle().await;
        assert_eq!(counts(&admin, &owner).await, BTreeMap::from([(an_id.clone(), 4), ("pool".to_owned(), 2)]));
        let moved = tasks(&admin, &owner).await;
        assert_eq!(moved.iter().filter(|task| task["instead_of"] == json!(bo_id)).count(), 2);

        running.until("2026-10-21T02:00:00Z").await;
        let admin = running.admin().await;
        let tomorrow = || json!([touchpoint("今日", once("2026-10-21"))]);
        let turns = json!({ "assignment": { "to": "round_robin", "department_id": service } });
        let turn = start(&admin, tomorrow(), turns).await;
        running.settle().await;
        assert_eq!(counts(&admin, &turn).await, BTreeMap::from([(an_id.clone(), 3), (bo_id.clone(), 3)]));
        let loads = json!({ "assignment": { "to": "least_loaded", "department_id": service } });
        let load = start(&admin, tomorrow(), loads).await;
        running.settle().await;
        let of_bo = counts(&admin, &load).await.get(&bo_id).copied().unwrap_or_default();
        assert!(of_bo >= 3, "Bo has less to do");
        let pool = start(&admin, tomorrow(), json!({ "assignment": { "to": "pool", "department_id": service } })).await;
        running.settle().await;
        assert_eq!(counts(&admin, &pool).await, BTreeMap::from([("pool".to_owned(), 6)]));

        // Told once for all tasks of a sweep.
        let told = running.sign_in("an.an", "an.an has a password").await.get("/api/v1/me/notifications?limit=200").await.expect(200);
        let given: Vec<&Value> = told["items"].as_array().unwrap().iter().filter(|told| told["kind"] == "follow_up_plan.tasks_given").collect();
        let of_turn = given.iter().find(|told| told["subject_id"] == json!(turn)).unwrap();
        assert_eq!(of_turn["data"]["data"]["tasks"].as_i64().or(of_turn["data"]["tasks"].as_i64()), Some(3), "{of_turn:#}");
        assert!(told["items"].as_array().unwrap().iter().all(|told| told["kind"] != "follow_up_task.created"), "{told:#}");
        drop((an, bo));
    }
}

journey! {
    async fn a_large_occasion_is_made_in_batches_evenly_and_each_once(running: Running) {
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let mut agents = Vec::new();
        for name in ["an.an", "bo.bo", "ci.ci"] {
            agents.push(user(&running, &admin, name, "agent", Some("customer_service")).await.1);
        }
        // More than one transaction holds, on either database.
        const MANY: usize = 5_200;
        let line = |n: usize| order(&n.to_string(), &n.to_string(), "2026-10-01T02:00:00Z", "10.00");
        let lines: Vec<Value> = (0..MANY).map(line).collect();
        let stored = admin.post_lines("/api/v1/orders/bulk", lines).await.expect(200);
        assert_eq!(stored["created"], MANY);
        running.settle().await;
        let admin = running.admin().await;
        for to in ["round_robin", "least_loaded"] {
            let assignment = json!({ "assignment": { "to": to, "department_id": service } });
            let plan = start(&admin, json!([touchpoint("今日", once("2026-10-20"))]), assignment).await;
            running.settle().await;
            let mut made: BTreeMap<String, usize> = BTreeMap::new();
            for task in tasks(&admin, &plan).await {
                *made.entry(task["assignee_id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            let all: Vec<usize> = agents.iter().map(|agent| made[agent]).collect();
            assert_eq!(all.iter().sum::<usize>(), MANY, "{to}");
            assert!(all.iter().max().unwrap() - all.iter().min().unwrap() <= 1, "{to}: {all:?}");
            let history = admin.get(&format!("/api/v1/follow-up-plans/{plan}/history")).await.expect(200);
            let batches = history["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "follow_up_plan.generated");
            assert!(batches.count() > 1, "{to}: {history:#}");
            let an = running.sign_in("an.an", "an.an has a password").await;
            let told = an.get("/api/v1/me/notifications?kind=follow_up_plan.tasks_given&limit=1").await.expect(200);
            assert_eq!(told["items"][0]["data"]["data"]["tasks"], made[&agents[0]], "{to}: told once, of all");
        }
    }
}
