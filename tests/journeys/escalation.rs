//! The ladder that a missed deadline climbs: handler, head, director; and the timers that take it there, fired together.

use chrono::TimeDelta;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, NewTimer};
use serde_json::{Value, json};

use super::dispatch::{act, by_clock, of};
use crate::support::builders::{deadline, department, id, user};
use crate::support::{Client, Running, journey};

/// The policy that new feedback goes by.
async fn policy(admin: &Client) -> String {
    let policies = admin.get("/api/v1/sla/policies").await.expect(200);
    let active = policies["items"].as_array().unwrap().iter().find(|policy| policy["active"] == true).unwrap();
    format!("/api/v1/sla/policies/{}", id(active))
}

fn step(level: &str, value: u32, unit: &str) -> Value {
    json!({ "level": level, "after": { "value": value, "unit": unit } })
}

async fn told(running: &Running, client: &Client, feedback: &str) -> Vec<String> {
    running.settle().await;
    let page = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
    let mine = page["items"].as_array().unwrap().iter().filter(|item| item["subject_id"] == *feedback);
    let mut kinds: Vec<String> = mine.map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
    kinds.reverse();
    kinds
}

journey! {
    async fn a_missed_deadline_goes_to_the_head_and_then_to_the_director(running: Running) {
        let admin = running.admin().await;
        let (_, head) = user(&running, &admin, "zhao.min", "manager", Some("research")).await;
        let (_, director) = user(&running, &admin, "wang.lei", "director", None).await;
        user(&running, &admin, "li.na", "agent", Some("research")).await;
        let research = format!("/api/v1/departments/{}", department(&admin, "research").await);
        let people = json!({ "head_user_id": head, "director_user_id": director });
        let patched = admin.patch(&research, people).await.expect(200);
        assert_eq!(patched["director_user_id"], json!(director));
        let ladder = json!([step("department_head", 30, "minutes"), step("director", 2, "hours")]);
        let changed = admin.patch(&policy(&admin).await, json!({ "escalation": ladder })).await.expect(200);
        assert_eq!(changed["escalation"], ladder);

        // To be answered within two hours, by 04:00.
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        let path = format!("/api/v1/feedback/{feedback}");
        let level = async || {
            let shown = running.admin().await.get(&path).await.expect(200);
            (shown["escalation_level"].as_i64().unwrap(), shown["escalated_at"].clone())
        };
        running.until("2026-10-20T04:29:59Z").await;
        assert_eq!(level().await, (0, Value::Null));
        running.until("2026-10-20T04:30:00Z").await;
        assert_eq!(level().await, (1, json!("2026-10-20T04:30:00Z")));
        running.until("2026-10-20T05:59:59Z").await;
        assert_eq!(level().await.0, 1);
        running.until("2026-10-20T06:00:00Z").await;
        assert_eq!(level().await, (2, json!("2026-10-20T06:00:00Z")));
        running.pass(TimeDelta::days(1)).await;
        assert_eq!(level().await, (2, json!("2026-10-20T06:00:00Z")), "there is nobody above");

        let admin = running.admin().await;
        let listed = admin.get(&format!("{path}/escalations")).await.expect(200);
        let line = |row: &Value| (row["level"].clone(), row["clock"].clone(), row["due_at"].clone(), row["escalated_at"].clone());
        let listed: Vec<_> = listed["items"].as_array().unwrap().iter().map(line).collect();
        let line = |level, at| (json!(level), json!("respond"), json!("2026-10-20T04:00:00Z"), json!(at));
        assert_eq!(listed, [line(2, "2026-10-20T06:00:00Z"), line(1, "2026-10-20T04:30:00Z")]);

        let head = running.sign_in("zhao.min", "zhao.min has a password").await;
        assert_eq!(told(&running, &head, &feedback).await, ["feedback.assigned", "feedback.sla_warning", "feedback.sla_breached", "feedback.escalated"]);
        let director = running.sign_in("wang.lei", "wang.lei has a password").await;
        assert_eq!(told(&running, &director, &feedback).await, ["feedback.escalated"]);
        let agent = running.sign_in("li.na", "li.na has a password").await;
        assert_eq!(told(&running, &agent, &feedback).await, ["feedback.sla_breached"], "nobody has taken it: the department is told");
        assert_eq!(told(&running, &admin, &feedback).await, [""; 0]);
    }
}

journey! {
    async fn where_there_is_no_director_the_administrators_are_told(running: Running) {
        let admin = running.admin().await;
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        running.until("2026-10-20T06:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(told(&running, &admin, &feedback).await, ["feedback.escalated"]);
        assert_eq!(admin.get(&format!("/api/v1/feedback/{feedback}")).await.expect(200)["escalation_level"], 2, "twice the hour");
    }
}

journey! {
    async fn a_ladder_rises_and_may_be_empty(running: Running) {
        let admin = running.admin().await;
        let path = policy(&admin).await;
        let hour = [step("department_head", 1, "hours"), step("director", 2, "hours")];
        assert_eq!(admin.get(&path).await.expect(200)["escalation"], json!(hour), "made of escalate_after");
        let crossed = [
            json!([step("director", 1, "hours"), step("department_head", 2, "hours")]),
            json!([step("department_head", 2, "hours"), step("director", 2, "hours")]),
            json!([step("director", 1, "hours"), step("director", 2, "hours")]),
        ];
        for ladder in crossed {
            let refused = admin.patch(&path, json!({ "escalation": ladder })).await;
            assert_eq!(refused.json()["errors"][0]["pointer"], "/escalation/1", "{}", refused.text);
            assert_eq!(refused.problem(409), "escalation_conflict");
        }
        let days = json!([step("department_head", 90, "minutes"), step("director", 1, "working_days")]);
        assert_eq!(admin.patch(&path, json!({ "escalation": days })).await.expect(200)["escalation"], days);
        assert_eq!(admin.patch(&path, json!({ "warn_share": 0.5 })).await.expect(200)["escalation"], days, "absent stays");
        let after = json!({ "escalate_after": { "value": 3, "unit": "hours" } });
        let made = json!([step("department_head", 3, "hours"), step("director", 6, "hours")]);
        assert_eq!(admin.patch(&path, after).await.expect(200)["escalation"], made);
        assert_eq!(admin.patch(&path, json!({ "escalate_after": null })).await.expect(200)["escalation"], json!([]));

        admin.patch(&path, json!({ "escalation": hour })).await.expect(200);
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        running.until("2026-10-20T04:30:00Z").await;
        let admin = running.admin().await;
        admin.patch(&path, json!({ "escalation": [] })).await.expect(200);
        running.pass(TimeDelta::days(2)).await;
        let told = by_clock(&running.admin().await, &feedback).await;
        assert!(!told.iter().any(|what| what.starts_with("escalated")), "the policy knows no steps any more: {told:?}");
    }
}

journey! {
    async fn nothing_climbs_after_the_end_and_a_second_round_begins_below(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let feedback = id(&of(&admin, "product_function", "urgent").await);
        let path = format!("/api/v1/feedback/{feedback}");
        act(&agent, &feedback, "accept", json!({ "promised_at": "2026-10-22T02:00:00Z" })).await;
        act(&agent, &feedback, "start", Value::Null).await;
        // To be resolved by the 23rd, 02:00; the head is told an hour later.
        running.until("2026-10-23T03:30:00Z").await;
        let agent = running.sign_in("li.na", "li.na has a password").await;
        assert_eq!(agent.get(&path).await.expect(200)["escalation_level"], 1);
        act(&agent, &feedback, "resolve", json!({ "solution": "已修复", "improvement": "增加告警" })).await;
        act(&agent, &feedback, "confirm", Value::Null).await;
        running.pass(TimeDelta::days(20)).await;
        let agent = running.sign_in("li.na", "li.na has a password").await;
        let closed = agent.get(&path).await.expect(200);
        assert_eq!((&closed["state"], &closed["escalation_level"]), (&json!("closed"), &json!(1)), "it was never with the director");
        let reopened = act(&agent, &feedback, "reopen", json!({ "reason": "又坏了" })).await;
        assert_eq!((&reopened["escalation_level"], &reopened["escalated_at"]), (&json!(0), &Value::Null));
        running.pass(TimeDelta::hours(2)).await;
        let admin = running.admin().await;
        assert_eq!(admin.get(&path).await.expect(200)["escalation_level"], 2, "late already, counted from the reopening");
        let listed = admin.get(&format!("{path}/escalations")).await.expect(200);
        let levels: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|row| &row["level"]).collect();
        assert_eq!(levels, [2, 1, 1], "those of the first round are kept");
    }
}

journey! {
    async fn a_timer_that_cannot_be_fired_holds_up_no_other(running: Running) {
        let admin = running.admin().await;
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(id(&of(&admin, "product_function", "urgent").await));
        }
        let now = running.app.clock.now();
        let broken = |n: usize, payload: Value| NewTimer {
            kind: TimerKind::SlaBreach,
            subject_id: ids[n].parse().unwrap(),
            unique_key: format!("broken:{n}"),
            due_at: now + TimeDelta::minutes(100),
            payload,
        };
        let poison = vec![broken(2, json!({ "clock_id": "no id" })), broken(5, json!({}))];
        timers::set(&running.app.db, now, poison).await.unwrap();
        running.until("2026-10-20T04:00:00Z").await;
        let admin = running.admin().await;
        for id in &ids {
            assert_eq!(by_clock(&admin, id).await, ["sla_warning respond", "sla_breached respond"]);
            let shown = admin.get(&format!("/api/v1/feedback/{id}")).await.expect(200);
            assert_eq!(deadline(&shown, "respond")["breached_at"], "2026-10-20T04:00:00Z");
        }
        for n in [2, 5] {
            assert!(timers::exists(&running.app.db, &format!("broken:{n}")).await.unwrap(), "it is tried again");
        }
    }
}

journey! {
    /// More than one batch, all of them late by a week: each effect once, and the levels in their order.
    async fn what_is_due_together_is_done_together(running: Running) {
        const FEEDBACKS: usize = 130;
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let mut ids = Vec::new();
        for _ in 0..FEEDBACKS {
            ids.push(id(&of(&admin, "product_function", "urgent").await));
        }
        running.clock.advance(TimeDelta::weeks(1));
        let (here, there) = tokio::join!(huiyin::jobs::run_due(&running.app), huiyin::jobs::run_due(&second.app));
        here.and(there).unwrap();
        running.settle().await;
        let admin = running.admin().await;
        for id in &ids {
            let mut told = by_clock(&admin, id).await;
            let escalated: Vec<usize> = (0..told.len()).filter(|n| told[*n].starts_with("escalated")).collect();
            assert_eq!(escalated.len(), 2, "{told:?}");
            told.sort();
            assert_eq!(told[2..], ["sla_breached resolve", "sla_breached respond", "sla_warning resolve", "sla_warning respond"]);
            let listed = admin.get(&format!("/api/v1/feedback/{id}/escalations")).await.expect(200);
            let levels: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|row| &row["level"]).collect();
            assert_eq!(levels, [2, 1]);
        }
    }
}
