//! What the clock does to a feedback, moment by moment: warnings, breaches, escalation, reminders, and who is told.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::dispatch::{act, by_clock, history, of};
use crate::support::builders::{deadline, department, id, user};
use crate::support::{Client, Running, journey};

/// Everybody of the research department who matters here, and a complaint that waits for them: urgent, so that it is
/// to be answered within 2 hours (warning after 96 minutes) and resolved within 3 days.
struct Case<'a> {
    running: &'a Running,
    head_id: String,
    agent_id: String,
    id: String,
}

impl<'a> Case<'a> {
    async fn urgent(running: &'a Running) -> Case<'a> {
        let admin = running.admin().await;
        let (_, head_id) = user(running, &admin, "zhao.min", "manager", Some("research")).await;
        let (_, agent_id) = user(running, &admin, "li.na", "agent", Some("research")).await;
        let research = department(&admin, "research").await;
        admin.patch(&format!("/api/v1/departments/{research}"), json!({ "head_user_id": head_id })).await.expect(200);
        let id = id(&of(&admin, "product_function", "urgent").await);
        let case = Case { running, head_id, agent_id, id };
        running.settle().await;
        assert_eq!(case.told("zhao.min").await, ["feedback.assigned"], "the head hears of what comes into the pool");
        case
    }

    // Access tokens live for a quarter of an hour, so people sign in anew whenever they act.
    async fn admin(&self) -> Client {
        self.running.admin().await
    }

    async fn head(&self) -> Client {
        self.running.sign_in("zhao.min", "zhao.min has a password").await
    }

    async fn agent(&self) -> Client {
        self.running.sign_in("li.na", "li.na has a password").await
    }

    async fn act(&self, action: &str, body: Value) -> Value {
        act(&self.agent().await, &self.id, action, body).await
    }

    async fn accept(&self, promised_at: &str) -> Value {
        self.act("accept", json!({ "promised_at": promised_at })).await
    }

    async fn resolve(&self) -> Value {
        self.act("resolve", json!({ "solution": "已重置登录服务", "improvement": "增加告警" })).await
    }

    async fn shown(&self) -> Value {
        self.admin().await.get(&format!("/api/v1/feedback/{}", self.id)).await.expect(200)
    }

    async fn clock(&self, kind: &str) -> Value {
        let clocks = self.admin().await.get(&format!("/api/v1/feedback/{}/clocks", self.id)).await.expect(200);
        clocks["items"].as_array().unwrap().iter().find(|clock| clock["clock"] == kind).unwrap().clone()
    }

    /// What has happened by the clock so far, as `sla_warning respond`.
    async fn by_clock(&self) -> Vec<String> {
        by_clock(&self.admin().await, &self.id).await
    }

    /// The notifications of a user, oldest first.
    async fn told(&self, username: &str) -> Vec<String> {
        let client = self.running.sign_in(username, &format!("{username} has a password")).await;
        let page = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
        let mut kinds: Vec<String> =
            page["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
        kinds.reverse();
        kinds
    }
}

journey! {
    async fn warning_breach_and_escalation_come_at_their_instant_and_once(running: Running) {
        let case = Case::urgent(&running).await;
        running.until("2026-10-20T03:35:59Z").await;
        assert_eq!(case.by_clock().await, [""; 0]);
        running.until("2026-10-20T03:36:00Z").await;
        assert_eq!(case.by_clock().await, ["sla_warning respond"], "80 % of two hours");
        running.until("2026-10-20T03:59:59Z").await;
        assert_eq!(case.by_clock().await.len(), 1);
        running.until("2026-10-20T04:00:00Z").await;
        assert_eq!(case.by_clock().await, ["sla_warning respond", "sla_breached respond"]);
        assert_eq!(deadline(&case.shown().await, "respond")["breached_at"], "2026-10-20T04:00:00Z");
        running.until("2026-10-20T04:59:59Z").await;
        assert_eq!(case.shown().await["escalation_level"], 0);
        running.until("2026-10-20T05:00:00Z").await;
        let mut all = vec!["sla_warning respond", "sla_breached respond", "escalated respond"];
        assert_eq!(case.by_clock().await, all, "an hour after the breach, by the policy");
        assert_eq!(case.shown().await["escalation_level"], 1);
        running.pass(TimeDelta::hours(20)).await;
        running.settle().await;
        all.push("escalated respond");
        assert_eq!(case.by_clock().await, all, "to the director too, and none of it a second time");
        assert_eq!(case.told("zhao.min").await, ["feedback.assigned", "feedback.sla_warning", "feedback.sla_breached", "feedback.escalated"]);
        assert_eq!(case.told("li.na").await, ["feedback.sla_breached"], "nobody has taken it: everybody there is told");
    }
}

journey! {
    async fn what_is_done_in_time_is_neither_warned_of_nor_escalated(running: Running) {
        let case = Case::urgent(&running).await;
        case.accept("2026-10-22T02:00:00Z").await;
        running.until("2026-10-21T00:00:00Z").await;
        assert_eq!(case.by_clock().await, [""; 0], "accepted: the response is given");
        case.act("start", Value::Null).await;
        case.resolve().await;
        // The resolve clock would warn on the 22nd, the promise be reminded of half an hour before.
        running.until("2026-10-23T02:00:00Z").await;
        assert_eq!(case.by_clock().await, [""; 0]);
        case.act("confirm", Value::Null).await;
        running.until("2026-11-20T02:00:00Z").await;
        assert_eq!(case.by_clock().await, [""; 0], "closed: nothing is owed");
    }
}

journey! {
    async fn accepting_after_the_breach_ends_the_way_to_escalation(running: Running) {
        let case = Case::urgent(&running).await;
        running.until("2026-10-20T04:30:00Z").await;
        let accepted = case.accept("2026-10-22T02:00:00Z").await;
        assert_eq!(deadline(&accepted, "respond")["breached_at"], "2026-10-20T04:30:00Z");
        running.until("2026-10-20T06:00:00Z").await;
        assert_eq!(case.by_clock().await, ["sla_warning respond", "sla_breached respond"]);
        assert_eq!(case.shown().await["escalation_level"], 0);
        assert!(case.clock("respond").await["overdue"].as_bool().unwrap());
    }
}

journey! {
    async fn awaiting_the_customer_moves_the_resolve_deadline_alone(running: Running) {
        let case = Case::urgent(&running).await;
        running.pass(TimeDelta::hours(1)).await;
        let responded = case.accept("2026-10-22T02:00:00Z").await;
        case.act("start", Value::Null).await;
        running.pass(TimeDelta::hours(9)).await;
        let waiting = case.act("await-customer", Value::Null).await;
        assert_eq!(deadline(&waiting, "resolve")["state"], "paused");
        assert_eq!(deadline(&waiting, "resolve")["due_at"], Value::Null);
        assert_eq!(deadline(&waiting, "respond"), deadline(&responded, "respond"), "a pause is no answer");

        // Twenty hours of waiting are not counted; ten were used before.
        running.pass(TimeDelta::hours(20)).await;
        let clock = case.clock("resolve").await;
        assert_eq!((&clock["state"], &clock["used"], &clock["left"]), (&json!("paused"), &json!(10.0 / 24.0), &json!(62.0 / 24.0)));
        assert_eq!(clock["pauses"], json!([{ "from": "2026-10-20T12:00:00Z", "to": null }]));
        let resumed = case.act("resume", Value::Null).await;
        assert_eq!(deadline(&resumed, "resolve")["due_at"], "2026-10-23T22:00:00Z");
        assert_eq!(deadline(&resumed, "respond"), deadline(&responded, "respond"));

        // Warned at 80 % of the 72 hours, the wait added: 57.6 + 20 hours after 02:00 on the 20th.
        running.until("2026-10-23T07:35:59Z").await;
        assert_eq!(case.by_clock().await, ["promise_reminder"]);
        running.until("2026-10-23T07:36:00Z").await;
        assert_eq!(case.by_clock().await, ["promise_reminder", "sla_warning resolve"]);
        running.until("2026-10-23T21:59:59Z").await;
        assert_eq!(case.by_clock().await.len(), 2, "the deadline has moved");
        running.until("2026-10-23T22:00:00Z").await;
        assert_eq!(case.by_clock().await, ["promise_reminder", "sla_warning resolve", "sla_breached resolve"]);
        assert_eq!(case.told("li.na").await, ["feedback.promise_reminder", "feedback.sla_warning", "feedback.sla_breached"]);
    }
}

journey! {
    async fn what_is_reopened_runs_on(running: Running) {
        let case = Case::urgent(&running).await;
        case.accept("2026-10-22T02:00:00Z").await;
        case.act("start", Value::Null).await;
        running.until("2026-10-21T02:00:00Z").await;
        let resolved = case.resolve().await;
        assert_eq!(deadline(&resolved, "resolve")["stopped_at"], "2026-10-21T02:00:00Z");
        running.until("2026-10-22T02:00:00Z").await;
        let reopened = case.act("reopen", json!({ "reason": "今天又登录不上了" })).await;
        let resolve = deadline(&reopened, "resolve");
        assert_eq!((&resolve["state"], &resolve["due_at"]), (&json!("running"), &json!("2026-10-24T02:00:00Z")), "a day stood still");
        assert_eq!(deadline(&reopened, "verify")["state"], "stopped");
        let clock = case.clock("resolve").await;
        assert_eq!((&clock["used"], &clock["left"]), (&json!(1.0), &json!(2.0)));
        assert!((clock["share"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9, "{clock:#}");

        running.until("2026-10-24T02:00:00Z").await;
        assert_eq!(case.by_clock().await, ["sla_warning resolve", "sla_breached resolve"]);
        running.until("2026-10-24T03:00:00Z").await;
        assert_eq!(case.shown().await["escalation_level"], 1);
        // Taken up again, resolved late, reopened once more: late stays late, and is told once.
        case.act("start", Value::Null).await;
        case.resolve().await;
        running.pass(TimeDelta::hours(5)).await;
        let reopened = case.act("reopen", json!({ "reason": "还是坏的" })).await;
        assert_eq!((&reopened["reopened_times"], &reopened["escalation_level"]), (&json!(2), &json!(0)));
        running.pass(TimeDelta::minutes(59)).await;
        assert_eq!(case.by_clock().await, ["sla_warning resolve", "sla_breached resolve", "escalated resolve"]);
        running.pass(TimeDelta::minutes(1)).await;
        assert_eq!(case.shown().await["escalation_level"], 1, "and the head is told of the second round too");
    }
}

journey! {
    async fn only_the_promise_that_stands_is_reminded_of(running: Running) {
        let case = Case::urgent(&running).await;
        case.accept("2026-10-20T08:00:00Z").await;
        // Given to the same person again: the promise is void, and a later one is made.
        let admin = case.admin().await;
        let research = department(&admin, "research").await;
        act(&admin, &case.id, "assign", json!({ "department_id": research, "handler_id": case.agent_id })).await;
        running.until("2026-10-20T08:00:00Z").await;
        assert!(!case.by_clock().await.contains(&"promise_reminder".to_owned()), "the promise of 08:00 does not stand");
        case.accept("2026-10-20T12:00:00Z").await;
        running.until("2026-10-20T11:29:59Z").await;
        assert!(!case.by_clock().await.contains(&"promise_reminder".to_owned()));
        running.until("2026-10-20T11:30:00Z").await;
        assert_eq!(case.by_clock().await.iter().filter(|what| *what == "promise_reminder").count(), 1);
        assert_eq!(case.told("li.na").await.last().unwrap(), "feedback.promise_reminder");
        let reminder = &history(&case.admin().await, &case.id).await;
        let reminder = reminder.iter().find(|entry| entry["kind"] == "feedback.promise_reminder").unwrap();
        assert_eq!(reminder["event"]["data"]["promised_at"], "2026-10-20T12:00:00Z");
    }
}

journey! {
    async fn people_are_told_of_what_others_did_and_mark_it_as_read(running: Running) {
        let case = Case::urgent(&running).await;
        let head = case.head().await;
        let research = department(&head, "research").await;
        act(&head, &case.id, "assign", json!({ "department_id": research, "handler_id": case.agent_id })).await;
        running.settle().await;
        assert_eq!(case.told("li.na").await, ["feedback.assigned"]);
        assert_eq!(case.told("zhao.min").await, ["feedback.assigned"], "only of the first time: the second was her own deed");

        case.accept("2026-10-20T08:00:00Z").await;
        case.act("start", Value::Null).await;
        case.resolve().await;
        act(&head, &case.id, "reopen", json!({ "reason": "客户来电：没有好" })).await;
        running.settle().await;
        assert_eq!(case.told("li.na").await, ["feedback.assigned", "feedback.reopened"]);
        assert_eq!(case.told("zhao.min").await, ["feedback.assigned"], "she reopened it herself");

        let agent = case.agent().await;
        let all = agent.get("/api/v1/me/notifications").await.expect(200);
        let newest = &all["items"][0];
        assert_eq!((&newest["kind"], &newest["subject_id"], &newest["read_at"]), (&json!("feedback.reopened"), &json!(case.id), &Value::Null));
        let path = format!("/api/v1/me/notifications/{}/read", id(newest));
        assert_eq!(head.call(&path).await.problem(404), "notification_not_found", "not hers");
        running.clock.advance(TimeDelta::minutes(1));
        let read = agent.call(&path).await.expect(200);
        assert_eq!(read["read_at"], "2026-10-20T02:01:00Z");
        running.clock.advance(TimeDelta::minutes(1));
        assert_eq!(agent.call(&path).await.expect(200)["read_at"], read["read_at"], "read once is read");
        let unread = agent.get("/api/v1/me/notifications?unread=true").await.expect(200);
        assert_eq!(unread["items"].as_array().unwrap().len(), 1);
        assert_ne!(case.head_id, case.agent_id);
    }
}

journey! {
    async fn what_came_due_while_down_happens_once_at_the_next_start(running: Running) {
        let case = Case::urgent(&running).await;
        running.clock.advance(TimeDelta::weeks(1));
        let back = running.second_copy().await;
        back.settle().await;
        let all = case.by_clock().await;
        let mut once = all.clone();
        once.sort();
        let expected = [
            "escalated respond", "escalated respond", "sla_breached resolve", "sla_breached respond", "sla_warning resolve",
            "sla_warning respond",
        ];
        assert_eq!(once, expected, "each once, the escalation to the head and to the director");
        let shown = case.shown().await;
        for clock in ["respond", "resolve"] {
            assert_eq!(deadline(&shown, clock)["breached_at"], "2026-10-27T02:00:00Z", "when it was found");
        }
        running.settle().await;
        back.settle().await;
        assert_eq!(case.by_clock().await, all);
        assert_eq!(case.told("zhao.min").await.len(), all.len(), "of all of it and the assignment, but not of what went past her");
    }
}

journey! {
    async fn an_answer_that_comes_before_the_clock_is_looked_at_is_late_all_the_same(running: Running) {
        let case = Case::urgent(&running).await;
        // The jobs have not run since the deadline passed, as after a night without power.
        running.clock.advance(TimeDelta::hours(3));
        let accepted = case.accept("2026-10-22T02:00:00Z").await;
        assert_eq!(deadline(&accepted, "respond")["breached_at"], "2026-10-20T05:00:00Z");
        running.settle().await;
        assert_eq!(case.by_clock().await, ["sla_breached respond"]);
        assert_eq!(case.told("zhao.min").await, ["feedback.assigned", "feedback.sla_breached"]);
    }
}

journey! {
    async fn a_pause_after_the_breach_does_not_end_the_way_to_escalation(running: Running) {
        let case = Case::urgent(&running).await;
        case.accept("2026-10-22T02:00:00Z").await;
        case.act("start", Value::Null).await;
        running.until("2026-10-23T02:30:00Z").await;
        case.act("await-customer", Value::Null).await;
        running.until("2026-10-23T04:00:00Z").await;
        assert_eq!(case.shown().await["escalation_level"], 0, "the customer is awaited");
        case.act("resume", Value::Null).await;
        running.until("2026-10-23T04:59:59Z").await;
        assert_eq!(case.shown().await["escalation_level"], 0);
        running.until("2026-10-23T05:00:00Z").await;
        assert_eq!(case.shown().await["escalation_level"], 1, "an hour after it ran on");
    }
}

journey! {
    async fn a_policy_that_is_switched_off_neither_warns_nor_escalates(running: Running) {
        let case = Case::urgent(&running).await;
        let admin = case.admin().await;
        let policies = admin.get("/api/v1/sla/policies").await.expect(200);
        let policy = policies["items"].as_array().unwrap().iter().find(|policy| policy["active"] == true).unwrap();
        let policy = format!("/api/v1/sla/policies/{}", id(policy));
        let warned = ["sla_warning respond"];
        running.until("2026-10-20T03:36:00Z").await;
        assert_eq!(case.by_clock().await, warned);
        case.admin().await.patch(&policy, json!({ "enabled": false })).await.expect(200);
        running.until("2026-10-20T12:00:00Z").await;
        assert_eq!(case.by_clock().await, warned, "neither the breach nor what follows it");
        let clock = case.clock("respond").await;
        assert_eq!((&clock["overdue"], &clock["breached_at"]), (&json!(true), &Value::Null), "measured all the same: {clock:#}");
        assert_eq!(case.shown().await["escalation_level"], 0);

        case.admin().await.patch(&policy, json!({ "enabled": true })).await.expect(200);
        running.settle().await;
        let told = ["sla_warning respond", "sla_breached respond", "escalated respond", "escalated respond"];
        assert_eq!(case.by_clock().await, told, "late for eight hours: told once each, to head and director as well");
        case.admin().await.patch(&policy, json!({ "enabled": false })).await.expect(200);
        running.until("2026-10-25T02:00:00Z").await;
        assert_eq!(case.by_clock().await, told, "nothing of the resolve clock");
    }
}

/// The built-in calendar, with the three days after the beginning as holidays.
async fn close_for_three_days(running: &Running) {
    let admin = running.admin().await;
    let calendars = admin.get("/api/v1/sla/calendars").await.expect(200);
    let built_in = calendars["items"].as_array().unwrap().iter().find(|calendar| calendar["built_in"] == true).unwrap();
    let mut calendar = built_in["calendar"].clone();
    let holidays = calendar["holidays"].as_array_mut().unwrap();
    holidays.extend(["2026-10-21", "2026-10-22", "2026-10-23"].map(|date| json!(date)));
    let body = json!({ "name": built_in["name"], "calendar": calendar });
    admin.put(&format!("/api/v1/sla/calendars/{}", id(built_in)), body).await.expect(200);
}

journey! {
    async fn a_changed_calendar_moves_open_deadlines_and_no_closed_ones(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let open = id(&of(&admin, "product_function", "normal").await);
        let answered = id(&of(&admin, "product_function", "normal").await);
        act(&agent, &answered, "accept", json!({ "promised_at": "2026-10-22T02:00:00Z" })).await;
        let urgent = id(&of(&admin, "product_function", "urgent").await);

        close_for_three_days(&running).await;
        running.settle().await;
        let shown = async |id: &str| admin.get(&format!("/api/v1/feedback/{id}")).await.expect(200);
        let moved = shown(&open).await;
        assert_eq!(deadline(&moved, "respond")["due_at"], "2026-10-28T10:00:00Z", "26, 27, 28 October instead of 21, 22, 23");
        assert_eq!(deadline(&shown(&answered).await, "respond")["due_at"], "2026-10-23T10:00:00Z", "that clock has stopped");
        assert_eq!(deadline(&shown(&urgent).await, "respond")["due_at"], "2026-10-20T04:00:00Z", "elapsed time knows no holidays");

        assert_eq!(by_clock(&admin, &open).await, ["deadline_moved respond"]);
        let told = history(&admin, &open).await.pop().unwrap();
        assert_eq!(told["event"]["data"]["from"], "2026-10-23T10:00:00Z");
        assert_eq!(told["event"]["data"]["to"], "2026-10-28T10:00:00Z");
        assert_eq!(by_clock(&admin, &answered).await, [""; 0]);
        assert_eq!(by_clock(&admin, &urgent).await, [""; 0]);

        // The timers have moved with it: warned when the last day opens, missed when it closes.
        running.until("2026-10-28T00:59:59Z").await;
        assert_eq!(by_clock(&running.admin().await, &open).await, ["deadline_moved respond"]);
        running.until("2026-10-28T01:00:00Z").await;
        assert_eq!(by_clock(&running.admin().await, &open).await, ["deadline_moved respond", "sla_warning respond"]);
        running.until("2026-10-28T10:00:00Z").await;
        assert_eq!(by_clock(&running.admin().await, &open).await.last().unwrap(), "sla_breached respond");
    }
}
