//! Many follow-up tasks: the work list, how far a plan has come, and what becomes of the tasks of customers that are merged.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin::usecases::follow_up::tasks::{NewTask, Timing, cancel_all, row};
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{CancelCause, FollowUpMethod, TaskOrigin, TaskPriority};
use huiyin_persistence::entity::{follow_up_plans, follow_up_touchpoints};
use huiyin_persistence::follow_up::{plans, tasks};
use huiyin_persistence::support::new_id;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::follow_up_tasks::{TASKS, customer, give, path};
use crate::support::builders::{department, id, user};
use crate::support::{Client, Running, journey};

/// A plan with one touchpoint, as it is stored.
async fn plan(running: &Running) -> (Uuid, Uuid) {
    let now = running.app.clock.now();
    let plan = follow_up_plans::Model {
        id: new_id(now),
        name: "购买后回访".to_owned(),
        description: None,
        preset: None,
        status: "active".to_owned(),
        segment_id: None,
        condition: None,
        personal: false,
        purpose: "service".to_owned(),
        method: "phone".to_owned(),
        script_id: None,
        priority: "normal".to_owned(),
        assignment: json!({ "to": "owner" }),
        department_id: None,
        catch_up: "late".to_owned(),
        goal: None,
        incentive: None,
        started_at: Some(now),
        paused_at: None,
        ended_at: None,
        created_by: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let touchpoint = follow_up_touchpoints::Model {
        id: new_id(now),
        plan_id: plan.id,
        position: 0,
        name: "第 7 天".to_owned(),
        trigger_kind: "once".to_owned(),
        event: None,
        trigger: json!({ "kind": "once", "on": "2026-10-20" }),
        window_days: 3,
        created_at: now,
        retired_at: None,
        swept_until: None,
    };
    let ids = (plan.id, touchpoint.id);
    let tx = running.app.db.begin().await.unwrap();
    plans::insert(&tx, plan).await.unwrap();
    follow_up_touchpoints::Entity::insert(touchpoint.into_active_model()).exec_without_returning(&tx).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

/// A task of a plan's touchpoint.
fn of_plan((plan, touchpoint): (Uuid, Uuid), customer: &str, occasion: &str, due_by: DateTime<Utc>) -> NewTask {
    NewTask {
        origin: TaskOrigin::Plan,
        plan_id: Some(plan),
        touchpoint_id: Some(touchpoint),
        customer_id: Some(customer.parse().unwrap()),
        occasion: Some(occasion.to_owned()),
        feedback_id: None,
        source_record_id: None,
        title: "购买后回访".to_owned(),
        note: None,
        method: FollowUpMethod::Phone,
        script_id: None,
        priority: TaskPriority::Normal,
        tier: None,
        hands: Hands::default(),
        due_from: due_by - TimeDelta::hours(8),
        due_by,
        created_by: None,
        prompted_by: None,
    }
}

async fn store(running: &Running, new: Vec<NewTask>) -> Vec<String> {
    let now = running.app.clock.now();
    let timing = Timing::load(&running.app, &running.app.db).await.unwrap();
    let rows: Vec<_> = new.into_iter().map(|new| row(&timing, now, new)).collect();
    let ids = rows.iter().map(|row| row.id.to_string()).collect();
    let tx = running.app.db.begin().await.unwrap();
    tasks::insert(&tx, rows).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

/// The ids of a work list, page by page.
async fn leaf(client: &Client, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{TASKS}/work-list?limit=3{query}{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

journey! {
    async fn the_work_list_is_in_the_order_of_work(running: Running) {
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (head, _) = user(&running, &admin, "head", "manager", Some("customer_service")).await;
        let (elsewhere, _) = user(&running, &admin, "sun", "manager", Some("sales")).await;
        let zhang = customer(&admin, "晨光", None).await;
        let mut expected = Vec::new();
        for (priority, hour, own) in [
            ("low", 1, true), ("normal", 9, false), ("high", 8, true), ("normal", 3, true), ("high", 2, false), ("low", 5, false),
        ] {
            let due_by = running.app.clock.now() + TimeDelta::hours(hour);
            let whose = if own { json!({ "assignee_id": li_id }) } else { json!({ "department_id": service }) };
            let mut body = json!({ "priority": priority, "due_by": due_by, "due_from": running.app.clock.now() });
            body.as_object_mut().unwrap().extend(whose.as_object().unwrap().clone());
            let made = give(&admin, &zhang, body).await;
            expected.push((["high", "normal", "low"].iter().position(|p| *p == priority), hour, own, made["id"].clone()));
        }
        expected.sort_by_key(|(rank, hour, ..)| (*rank, *hour));
        let ids = |all: Vec<Value>| all.into_iter().map(|task| task["id"].clone()).collect::<Vec<_>>();
        let of = |wanted: &dyn Fn(i64, bool, usize) -> bool| -> Vec<Value> {
            let kept = expected.iter().filter(|(rank, hour, own, _)| wanted(*hour, *own, rank.unwrap()));
            kept.map(|(.., id)| id.clone()).collect()
        };
        assert_eq!(ids(leaf(&li, "").await), of(&|_, own, _| own));
        assert_eq!(ids(leaf(&head, "&view=department").await), of(&|_, _, _| true));
        assert_eq!(ids(leaf(&li, "&view=department").await), of(&|_, _, _| true), "one's own and the pool");
        assert_eq!(ids(leaf(&head, "&view=unassigned").await), of(&|_, own, _| !own));
        assert_eq!(ids(leaf(&head, "&view=department&priority=high").await), of(&|_, _, rank| rank == 0));
        assert_eq!(ids(leaf(&admin, &format!("&view=department&department_id={service}&due_by=2026-10-20T07:00:00Z")).await), of(&|hour, _, _| hour <= 5));
        assert_eq!(ids(leaf(&admin, "&view=department").await), of(&|_, _, _| true));
        assert!(leaf(&elsewhere, &format!("&view=department&department_id={service}")).await.is_empty());
        running.pass(TimeDelta::hours(4)).await;
        let head = running.sign_in("head", "head has a password").await;
        assert_eq!(ids(leaf(&head, "&view=department&overdue=true").await), of(&|hour, _, _| hour < 4));
        assert!(leaf(&head, "&view=department&tier=vip").await.is_empty());

        // The list of all goes by what is due last, page by page, and everybody reads his part of it.
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = head.get(&format!("{TASKS}?limit=4{cursor}")).await.expect(200);
            all.extend(page["items"].as_array().unwrap().iter().map(|task| task["due_by"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(all.len(), 6);
        assert!(all.is_sorted_by(|a, b| a >= b), "{all:?}");
    }
}

journey! {
    /// Whatever happens to the tasks of a plan, its progress is what a recount says.
    async fn progress_equals_a_recount(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let ids = plan(&running).await;
        let now = running.app.clock.now();
        let mut new = Vec::new();
        for n in 0..24 {
            let zhang = customer(&admin, &format!("客户{n}"), Some(&li_id)).await;
            let mut task = of_plan(ids, &zhang, "2026-10-20", now + TimeDelta::hours(1 + n));
            task.hands = Hands { assignee: Some(li_id.parse().unwrap()), ..Hands::default() };
            new.push(task);
        }
        let made = store(&running, new).await;
        admin.put(&format!("{TASKS}/limits"), json!({ "attempts": 1, "postponements": 3, "days": 30 })).await.expect(200);
        for (n, task) in made.iter().enumerate() {
            match n % 6 {
                0 => drop(li.call(&path(task, "/start")).await.expect(200)),
                1 => drop(li.post(&path(task, "/could-not-reach"), json!({ "reason": "busy" })).await.expect(200)),
                2 => drop(admin.post(&path(task, "/cancel"), json!({ "reason": "x" })).await.expect(200)),
                _ => {}
            }
        }
        let tx = running.app.db.begin().await.unwrap();
        let left = made.iter().skip(3).step_by(6).map(|task| task.parse().unwrap()).collect();
        let open = tasks::lock_open(&tx, left).await.unwrap();
        cancel_all(&tx, None, open, CancelCause::LeftAudience, None, now).await.unwrap();
        tx.commit().await.unwrap();
        running.pass(TimeDelta::hours(10)).await;

        let admin = running.admin().await;
        let progress = admin.get(&format!("/api/v1/follow-up-plans/{}/progress", ids.0)).await.expect(200);
        let listed = admin.get(&format!("{TASKS}?plan_id={}&limit=200", ids.0)).await.expect(200);
        let mut recount: BTreeMap<String, i64> = BTreeMap::new();
        for task in listed["items"].as_array().unwrap() {
            let text = |field: &str| task[field].as_str().unwrap_or_default().to_owned();
            *recount.entry(text("state")).or_default() += 1;
            *recount.entry(format!("{}{}", text("outcome"), text("cancel_cause"))).or_default() += 1;
            *recount.entry("overdue".to_owned()).or_default() += i64::from(task["overdue"] == true);
            // It is 20:00 in Shanghai.
            let today = task["closed_at"].is_null() && task["overdue"] == false && text("due_by").as_str() < "2026-10-20T16:00:00Z";
            *recount.entry("due_today".to_owned()).or_default() += i64::from(today);
        }
        let counted = |name: &str| json!(recount.get(name).copied().unwrap_or_default());
        for (pointer, name) in [
            ("/pending", "pending"), ("/in_progress", "in_progress"), ("/completed/total", "completed"), ("/cancelled/total", "cancelled"),
            ("/completed/unreachable", "unreachable"), ("/cancelled/person", "person"), ("/cancelled/left_audience", "left_audience"),
            ("/overdue", "overdue"), ("/due_today", "due_today"),
        ] {
            assert_eq!(progress.pointer(pointer).unwrap(), &counted(name), "{pointer}: {progress}");
        }
        assert_eq!((&progress["tasks"], &progress["completed"]["reached"]), (&json!(24), &json!(0)));
        assert!(progress["overdue"].as_i64() > Some(0) && progress["due_today"].as_i64() > Some(0));
    }
}

journey! {
    async fn merged_customers_are_asked_once_and_nothing_is_lost(running: Running) {
        let admin = running.admin().await;
        let (into, from) = (customer(&admin, "晨光", None).await, customer(&admin, "上海晨光", None).await);
        let ids = plan(&running).await;
        let due_by = running.app.clock.now() + TimeDelta::days(2);
        let new = |customer: &str, occasion: &str| of_plan(ids, customer, occasion, due_by);
        let made = store(&running, vec![new(&into, "2026-10-20"), new(&from, "2026-10-20"), new(&from, "2026-10-21")]).await;
        let by_hand = id(&give(&admin, &from, json!({})).await);
        admin.post(&format!("/api/v1/customers/{into}/merge"), json!({ "from": from })).await.expect(200);
        running.settle().await;
        let read = async |task: &str| admin.get(&path(task, "")).await.expect(200);
        for task in made.iter().chain([&by_hand]) {
            assert_eq!(read(task).await["customer"]["id"], json!(into));
        }
        assert_eq!(read(&made[0]).await["state"], "pending");
        let doubled = read(&made[1]).await;
        assert_eq!((&doubled["state"], &doubled["cancel_cause"]), (&json!("cancelled"), &json!("merged")));
        assert_eq!((&read(&made[2]).await["state"], &read(&by_hand).await["state"]), (&json!("pending"), &json!("pending")));
        let progress = admin.get(&format!("/api/v1/follow-up-plans/{}/progress", ids.0)).await.expect(200);
        assert_eq!((&progress["pending"], &progress["cancelled"]["merged"]), (&json!(2), &json!(1)));
    }
}

journey! {
    async fn open_tasks_show_the_tier_that_the_customer_has_now(running: Running) {
        let admin = running.admin().await;
        let line = crate::support::builders::order("1", "7", "2026-10-01T02:00:00Z", "100000.00");
        admin.post_lines("/api/v1/orders/bulk", [line]).await.expect(200);
        let zhang = id(&admin.get("/api/v1/customers/by-external-id/erp/7").await.expect(200));
        let one = id(&give(&admin, &zhang, json!({})).await);
        assert_eq!(admin.get(&path(&one, "")).await.expect(200)["tier"], Value::Null);
        admin.post("/api/v1/tiering/runs", json!({ "as_of": "2026-10-20" })).await.expect(202);
        running.settle().await;
        let tier = admin.get(&format!("/api/v1/customers/{zhang}/tier")).await.expect(200);
        assert_eq!(admin.get(&path(&one, "")).await.expect(200)["tier"], tier["tier"]);
        let listed = leaf(&admin, &format!("&tier={}", tier["tier"].as_str().unwrap())).await;
        assert_eq!(listed.len(), 1);
    }
}
