//! Tasks of plans are made when their day comes, each exactly once, for those whom the plan is about on that day.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use chrono::TimeDelta;
use futures_util::future::join_all;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::builders::{id, order};
use crate::support::{Client, Running, journey};

pub(super) const PLANS: &str = "/api/v1/follow-up-plans";

pub(super) fn every(amount: u32, unit: &str, from: &str) -> Value {
    json!({ "kind": "every", "every": { "amount": amount, "unit": unit }, "from": from, "until": null, "spread": false })
}

pub(super) fn once(on: &str) -> Value {
    json!({ "kind": "once", "on": on })
}

fn after(event: &str, amount: u32, unit: &str) -> Value {
    json!({ "kind": "after", "event": event, "delay": { "amount": amount, "unit": unit } })
}

pub(super) fn touchpoint(name: &str, trigger: Value) -> Value {
    json!({ "name": name, "trigger": trigger, "window_days": 2 })
}

pub(super) fn everybody() -> Value {
    json!({ "all": [] })
}

/// A plan that starts now.
pub(super) async fn start(client: &Client, touchpoints: Value, more: Value) -> String {
    let mut body = json!({
        "name": "回访", "condition": everybody(), "method": "phone", "touchpoints": touchpoints, "start": true,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    if body["condition"].is_null() {
        body.as_object_mut().unwrap().remove("condition");
    }
    id(&client.post(PLANS, body).await.expect(201))
}

pub(super) async fn customer(client: &Client, body: Value) -> String {
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

async fn named(client: &Client, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(customer(client, json!({ "name": name })).await);
    }
    ids
}

/// All tasks of a plan.
pub(super) async fn tasks(client: &Client, plan: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/follow-up-tasks?plan_id={plan}&limit=200{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// `name occasion` of all tasks of a plan, in order.
async fn made(client: &Client, plan: &str) -> Vec<String> {
    let told =
        |task: &Value| format!("{} {}", task["customer"]["name"].as_str().unwrap(), task["occasion"].as_str().unwrap());
    let mut all: Vec<String> = tasks(client, plan).await.iter().map(told).collect();
    all.sort();
    all
}

fn times(made: &[String]) -> BTreeMap<&String, usize> {
    let mut times = BTreeMap::new();
    for one in made {
        *times.entry(one).or_default() += 1;
    }
    times
}

#[track_caller]
fn each_once(made: &[String]) {
    assert!(times(made).values().all(|times| *times == 1), "{made:?}");
}

journey! {
    async fn a_purchase_is_followed_on_the_first_seventh_and_thirtieth_day(running: Running) {
        let admin = running.admin().await;
        let days = json!([1, 7, 30].map(|day| touchpoint(&format!("第 {day} 天"), after("order_paid", day, "days"))));
        let plan = start(&admin, days, json!({})).await;
        let paid = |no: &str, at: &str| {
            let mut line = order(no, "a", at, "100.00");
            line["status"] = json!("paid");
            line["paid_at"] = json!(at);
            line
        };
        admin.post_lines("/api/v1/orders/bulk", [paid("1", "2026-10-20T02:00:00Z")]).await.expect(200);
        running.settle().await;
        assert!(made(&admin, &plan).await.is_empty(), "not before its day");
        // Told again, and corrected: the same purchase.
        admin.post_lines("/api/v1/orders/bulk", [paid("1", "2026-10-20T02:30:00Z")]).await.expect(200);
        let preview = admin.get(&format!("{PLANS}/{plan}/preview?days=31")).await.expect(200);
        assert_eq!(preview["total"], 3, "{preview:#}");
        assert_eq!(preview["contacts"][1]["on"], "2026-10-27");

        running.until("2026-10-20T16:00:00Z").await;
        let admin = running.admin().await;
        let first = tasks(&admin, &plan).await;
        assert_eq!(first.len(), 1);
        assert_eq!((&first[0]["due_from"], &first[0]["due_by"]), (&json!("2026-10-20T16:00:00Z"), &json!("2026-10-23T15:59:59.999999Z")));
        assert_eq!(first[0]["title"], "回访 · 第 1 天");
        running.until("2026-10-27T00:00:00Z").await;
        running.until("2026-11-18T15:59:00Z").await;
        let admin = running.admin().await;
        assert_eq!(tasks(&admin, &plan).await.len(), 2);
        running.until("2026-11-18T16:00:00Z").await;
        admin_again(&running, &plan, 3).await;

        // One that is cancelled was not bought.
        let admin = running.admin().await;
        admin.post_lines("/api/v1/orders/bulk", [paid("2", "2026-11-19T01:00:00Z")]).await.expect(200);
        running.settle().await;
        let mut cancelled = paid("2", "2026-11-19T01:00:00Z");
        cancelled["status"] = json!("cancelled");
        admin.post_lines("/api/v1/orders/bulk", [cancelled]).await.expect(200);
        running.pass(TimeDelta::days(31)).await;
        admin_again(&running, &plan, 3).await;
    }
}

async fn admin_again(running: &Running, plan: &str, count: usize) {
    assert_eq!(tasks(&running.admin().await, plan).await.len(), count);
}

journey! {
    async fn every_month_from_the_31st_is_the_last_day_of_shorter_ones(running: Running) {
        running.until("2026-12-31T02:00:00Z").await;
        let admin = running.admin().await;
        named(&admin, &["甲"]).await;
        let plan = start(&admin, json!([touchpoint("每月", every(1, "months", "2026-12-31"))]), json!({})).await;
        running.settle().await;
        assert_eq!(made(&admin, &plan).await, ["甲 2026-12-31"], "what is due today is made today");
        for moment in ["2027-01-30T20:00:00Z", "2027-02-27T20:00:00Z", "2027-03-30T20:00:00Z", "2027-04-29T20:00:00Z"] {
            running.until(moment).await;
            running.settle().await;
        }
        let dates = ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"];
        assert_eq!(made(&running.admin().await, &plan).await, dates.map(|date| format!("甲 {date}")));
    }
}

journey! {
    async fn what_was_missed_is_made_late_left_out_or_merged(running: Running) {
        let admin = running.admin().await;
        named(&admin, &["甲", "乙"]).await;
        let mut plans = Vec::new();
        for catch_up in ["late", "skip", "merge"] {
            let daily = json!([touchpoint("每日", every(1, "days", "2026-10-21"))]);
            plans.push(start(&admin, daily, json!({ "catch_up": catch_up })).await);
        }
        running.settle().await;
        // Three days without power, and back on the fourth.
        running.until("2026-10-24T03:00:00Z").await;
        let admin = running.admin().await;
        let of = async |plan: &str| made(&admin, plan).await.into_iter().filter(|one| one.starts_with('甲')).collect::<Vec<_>>();
        let late = ["甲 2026-10-21", "甲 2026-10-22", "甲 2026-10-23", "甲 2026-10-24"];
        assert_eq!(of(&plans[0]).await, late);
        assert_eq!(of(&plans[1]).await, ["甲 2026-10-24"]);
        assert_eq!(of(&plans[2]).await, ["甲 2026-10-24"]);
        let of_late = tasks(&admin, &plans[0]).await;
        let due = |occasion: &str| of_late.iter().find(|task| task["occasion"] == occasion).unwrap()["due_from"].clone();
        assert_eq!(due("2026-10-22"), "2026-10-24T03:00:00Z", "what was missed is due now");
        assert_eq!(due("2026-10-24"), "2026-10-23T16:00:00Z");
        running.pass(TimeDelta::hours(30)).await;
        let admin = running.admin().await;
        for plan in &plans {
            each_once(&made(&admin, plan).await);
        }
    }
}

journey! {
    async fn a_pause_is_caught_up_with_as_the_plan_says(running: Running) {
        let admin = running.admin().await;
        let ids = named(&admin, &["甲"]).await;
        let mut plans = Vec::new();
        for catch_up in ["late", "skip", "merge"] {
            let touchpoints = json!([touchpoint("签收次日", after("order_signed", 1, "days"))]);
            let plan = start(&admin, touchpoints, json!({ "catch_up": catch_up })).await;
            admin.call(&format!("{PLANS}/{plan}/pause")).await.expect(200);
            plans.push(plan);
        }
        running.settle().await;
        for day in 20..23 {
            running.until(&format!("2026-10-{day}T03:00:00Z")).await;
            let admin = running.admin().await;
            let mut body = order(&format!("SO-{day}"), "-", &format!("2026-10-{day}T02:30:00Z"), "5.00");
            let body = body.as_object_mut().unwrap();
            body.remove("customer_external_id");
            body.remove("customer_name");
            body.insert("customer_id".to_owned(), json!(ids[0]));
            body.insert("signed_at".to_owned(), json!(format!("2026-10-{day}T02:30:00Z")));
            body.insert("status".to_owned(), json!("signed_for"));
            admin.post("/api/v1/orders", Value::Object(body.clone())).await.expect(201);
        }
        running.until("2026-10-26T03:00:00Z").await;
        let admin = running.admin().await;
        for (plan, tasks) in plans.iter().zip([3, 0, 1]) {
            assert!(made(&admin, plan).await.is_empty(), "a paused plan makes nothing");
            admin.call(&format!("{PLANS}/{plan}/resume")).await.expect(200);
            running.settle().await;
            assert_eq!(made(&admin, plan).await.len(), tasks);
        }
        // And not once more.
        running.pass(TimeDelta::days(2)).await;
        let admin = running.admin().await;
        for (plan, tasks) in plans.iter().zip([3, 0, 1]) {
            assert_eq!(made(&admin, plan).await.len(), tasks);
        }
    }
}

journey! {
    async fn whoever_leaves_before_the_day_is_not_contacted_and_it_says_so(running: Running) {
        let admin = running.admin().await;
        let rich = json!({ "field": "annual_amount", "op": "gte", "value": "100000" });
        let segment = id(&admin.post("/api/v1/segments", json!({ "name": "大客户", "condition": rich })).await.expect(201));
        let mut ids = Vec::new();
        for name in ["甲", "乙", "丙"] {
            ids.push(customer(&admin, json!({ "name": name, "annual_amount": "200000" })).await);
        }
        customer(&admin, json!({ "name": "丁", "annual_amount": "5" })).await;
        running.settle().await;
        let touchpoints = json!([touchpoint("今日", once("2026-10-20")), touchpoint("新客户", after("customer_created", 3, "days"))]);
        let plan = start(&admin, touchpoints, json!({ "condition": null, "segment_id": segment })).await;
        running.settle().await;
        let present = tasks(&admin, &plan).await;
        assert_eq!(present.len(), 3, "丁 is not meant");

        // Of those that are open: nobody has begun with the first, somebody has with the second.
        let of = |name: &str| id(present.iter().find(|task| task["customer"]["name"] == name).unwrap());
        admin.call(&format!("/api/v1/follow-up-tasks/{}/start", of("乙"))).await.expect(200);
        for customer in &ids[..2] {
            admin.patch(&format!("/api/v1/customers/{customer}"), json!({ "annual_amount": "1" })).await.expect(200);
        }
        running.settle().await;
        let read = async |task: String| admin.get(&format!("/api/v1/follow-up-tasks/{task}")).await.expect(200);
        let gone = read(of("甲")).await;
        assert_eq!((&gone["state"], &gone["cancel_cause"]), (&json!("cancelled"), &json!("left_audience")));
        assert_eq!(read(of("乙")).await["state"], "in_progress");
        assert_eq!(read(of("丙")).await["state"], "pending");

        // Somebody who comes in and leaves again before the day.
        let late = customer(&admin, json!({ "name": "戊", "annual_amount": "300000" })).await;
        running.settle().await;
        let (stays, never) = (customer(&admin, json!({ "name": "己", "annual_amount": "300000" })).await, customer(&admin, json!({ "name": "庚" })).await);
        running.settle().await;
        admin.patch(&format!("/api/v1/customers/{late}"), json!({ "annual_amount": "1" })).await.expect(200);
        running.settle().await;
        running.until("2026-10-22T16:30:00Z").await;
        let admin = running.admin().await;
        let states: BTreeMap<String, Value> = tasks(&admin, &plan).await.iter()
            .filter(|task| task["occasion"].as_str().unwrap().starts_with("customer_created"))
            .map(|task| (id(&task["customer"]), task["state"].clone())).collect();
        assert_eq!(states.get(&stays), Some(&json!("pending")));
        assert!(!states.contains_key(&never));
        if let Some(state) = states.get(&late) {
            assert_eq!(state, "cancelled", "it was meant when it was created");
        }
        let told = admin.get(&format!("/api/v1/customers/{}/timeline", ids[0])).await.expect(200);
        assert!(told["items"].as_array().unwrap().iter().any(|entry| entry["kind"] == "follow_up_task.cancelled"), "{told:#}");
    }
}

journey! {
    async fn of_a_condition_those_who_leave_are_let_go_at_once_or_in_the_morning(running: Running) {
        let admin = running.admin().await;
        let tagged = json!({ "field": "tags", "op": "has_any", "value": ["重点"] });
        let one = customer(&admin, json!({ "name": "甲", "tags": ["重点"] })).await;
        let other = customer(&admin, json!({ "name": "乙", "tags": ["重点"] })).await;
        let plan = start(&admin, json!([touchpoint("今日", once("2026-10-20"))]), json!({ "condition": tagged })).await;
        running.settle().await;
        // Whoever is still young is not tomorrow.
        let young = json!({ "field": "created_at", "op": "within_last", "value": { "days": 1 } });
        let today = json!([{ "name": "今日", "trigger": once("2026-10-20"), "window_days": 5 }]);
        let aging = start(&admin, today, json!({ "condition": young })).await;
        admin.patch(&format!("/api/v1/customers/{one}"), json!({ "tags": [] })).await.expect(200);
        running.settle().await;
        let states = async |client: &Client, plan: &str| -> BTreeMap<String, Value> {
            tasks(client, plan).await.iter().map(|task| (id(&task["customer"]), task["state"].clone())).collect()
        };
        let now = states(&admin, &plan).await;
        assert_eq!((&now[&one], &now[&other]), (&json!("cancelled"), &json!("pending")));
        assert_eq!(states(&admin, &aging).await[&one], "pending");
        running.until("2026-10-21T16:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(states(&admin, &aging).await[&one], "cancelled");
    }
}

journey! {
    async fn several_copies_at_once_make_each_task_once(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let lines: Vec<Value> = (0..80).map(|n| order(&n.to_string(), &n.to_string(), "2026-10-01T02:00:00Z", "10.00")).collect();
        admin.post_lines("/api/v1/orders/bulk", lines).await.expect(200);
        running.settle().await;
        let daily = || json!([touchpoint("每日", every(1, "days", "2026-10-20")), touchpoint("每周", every(1, "weeks", "2026-10-20"))]);
        let plans = [start(&admin, daily(), json!({})).await, start(&admin, daily(), json!({})).await];
        for _ in 0..4 {
            let copies = [&running, &second];
            for outcome in join_all((0..6).map(|task| huiyin::jobs::run_due(&copies[task % 2].app))).await {
                outcome.unwrap();
            }
            running.clock.advance(TimeDelta::hours(24));
        }
        running.settle().await;
        let admin = running.admin().await;
        for plan in &plans {
            let of_plan = tasks(&admin, plan).await;
            let distinct: BTreeSet<String> = of_plan.iter()
                .map(|task| format!("{} {} {}", task["touchpoint_id"], task["customer"]["id"], task["occasion"])).collect();
            assert_eq!((of_plan.len(), distinct.len()), (80 * 6, 80 * 6), "five days and a week");
        }
    }
}

/// Lets work go on for so many steps and then dies with it: what has not been committed is lost. `true`: it was done.
async fn killed_after(steps: usize, work: impl Future<Output = ()>) -> bool {
    let mut work = pin!(work);
    let mut left = steps;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

journey! {
    async fn whenever_it_dies_nothing_is_lost_and_nothing_made_twice(running: Running) {
        let admin = running.admin().await;
        named(&admin, &["甲", "乙", "丙", "丁"]).await;
        running.settle().await;
        let touchpoints = json!([touchpoint("每日", every(1, "days", "2026-10-21")), touchpoint("建档", after("customer_created", 2, "days"))]);
        let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
        let plan = start(&admin, touchpoints, json!({ "assignment": { "to": "user", "user_id": me } })).await;
        named(&admin, &["戊"]).await;
        running.settle().await;
        running.clock.advance(TimeDelta::days(3));
        for steps in (1..60).step_by(4) {
            if killed_after(steps, async { huiyin::jobs::run_due(&running.app).await.unwrap() }).await {
                break;
            }
            // Its claims run out.
            running.clock.advance(TimeDelta::minutes(3));
        }
        running.pass(TimeDelta::minutes(3)).await;
        let admin = running.admin().await;
        let all = made(&admin, &plan).await;
        each_once(&all);
        // Three missed days for five customers, and the new one's own.
        assert_eq!(all.len(), 16, "{all:?}");
        let told = admin.get("/api/v1/me/notifications?kind=follow_up_plan.tasks_given").await.expect(200);
        let given = told["items"].as_array().unwrap().iter().map(|told| told["data"]["data"]["tasks"].as_i64().unwrap());
        assert_eq!(given.sum::<i64>(), 16, "whoever has them is told of each: {told:#}");
    }
}

journey! {
    async fn what_a_dead_copy_had_claimed_is_swept_by_another(running: Running) {
        let admin = running.admin().await;
        named(&admin, &["甲"]).await;
        let plan = start(&admin, json!([touchpoint("今日", once("2026-10-20"))]), json!({})).await;
        let now = running.app.clock.now();
        let tx = running.app.db.begin().await.unwrap();
        timers::claim(&tx, &[TimerKind::FollowUpSweep], Uuid::now_v7(), now, TimeDelta::minutes(2), 10).await.unwrap();
        tx.commit().await.unwrap();
        running.pass(TimeDelta::seconds(100)).await;
        assert!(made(&admin, &plan).await.is_empty(), "the claim holds");
        running.pass(TimeDelta::seconds(30)).await;
        assert_eq!(made(&admin, &plan).await, ["甲 2026-10-20"]);
    }
}

journey! {
    async fn a_changed_touchpoint_takes_over_what_was_to_come(running: Running) {
        let admin = running.admin().await;
        let plan = start(&admin, json!([touchpoint("新客户", after("customer_created", 7, "days"))]), json!({})).await;
        named(&admin, &["甲"]).await;
        running.settle().await;
        let shown = admin.get(&format!("{PLANS}/{plan}")).await.expect(200);
        let changed = json!({ "id": shown["touchpoints"][0]["id"], "name": "新客户", "trigger": after("customer_created", 3, "days"), "window_days": 2 });
        admin.patch(&format!("{PLANS}/{plan}"), json!({ "touchpoints": [changed] })).await.expect(200);
        running.settle().await;
        running.until("2026-10-22T16:00:00Z").await;
        assert_eq!(tasks(&running.admin().await, &plan).await.len(), 1);
        running.until("2026-10-28T16:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(tasks(&admin, &plan).await.len(), 1, "and not by the old one as well");
        named(&admin, &["乙"]).await;
        running.settle().await;
        admin.call(&format!("{PLANS}/{plan}/end")).await;
        running.pass(TimeDelta::days(4)).await;
        assert!(tasks(&running.admin().await, &plan).await.len() <= 2);
    }
}
