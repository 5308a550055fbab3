//! What a handler promises, what becomes of it, and the explanation that is owed when it is missed by days.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::dispatch::{act, history, of};
use crate::support::builders::{department, id, user};
use crate::support::{Client, Running, journey};

/// The research department with its head, an agent and an important complaint that waits there: to be resolved within
/// seven days.
struct Case<'a> {
    running: &'a Running,
    path: String,
    id: String,
}

impl<'a> Case<'a> {
    async fn new(running: &'a Running, priority: &str) -> Case<'a> {
        let admin = running.admin().await;
        let (_, head) = user(running, &admin, "zhao.min", "manager", Some("research")).await;
        user(running, &admin, "li.na", "agent", Some("research")).await;
        let research = department(&admin, "research").await;
        admin.patch(&format!("/api/v1/departments/{research}"), json!({ "head_user_id": head })).await.expect(200);
        let id = id(&of(&admin, "product_function", priority).await);
        Case { running, path: format!("/api/v1/feedback/{id}"), id }
    }

    // Access tokens live for a quarter of an hour, so people sign in anew whenever they act.
    async fn agent(&self) -> Client {
        self.running.sign_in("li.na", "li.na has a password").await
    }

    async fn head(&self) -> Client {
        self.running.sign_in("zhao.min", "zhao.min has a password").await
    }

    async fn accept(&self, promised_at: &str) -> Value {
        act(&self.agent().await, &self.id, "accept", json!({ "promised_at": promised_at })).await
    }

    async fn shown(&self) -> Value {
        self.running.admin().await.get(&self.path).await.expect(200)
    }

    async fn owed_since(&self) -> Value {
        self.shown().await["explanation_owed_since"].clone()
    }

    /// As of the 20th, promised for the 21st, three days and a moment ago.
    async fn missed(running: &'a Running) -> Case<'a> {
        let case = Case::new(running, "important").await;
        case.accept("2026-10-21T02:00:00Z").await;
        act(&case.agent().await, &case.id, "start", Value::Null).await;
        running.until("2026-10-24T02:00:00Z").await;
        case
    }

    async fn explain(&self, promised_at: &str) -> Value {
        let body = json!({ "reason": "等待第三方支付渠道排查", "promised_at": promised_at });
        self.agent().await.post(&format!("{}/delay-explanations", self.path), body).await.expect(201)
    }

    async fn told(&self, username: &str) -> Vec<String> {
        let client = self.running.sign_in(username, &format!("{username} has a password")).await;
        let page = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    }
}

fn approval(explanation: &Value) -> String {
    format!("/api/v1/delay-explanations/{}/approve", id(explanation))
}

fn rejection(explanation: &Value) -> String {
    format!("/api/v1/delay-explanations/{}/reject", id(explanation))
}

journey! {
    async fn a_promise_is_revised_with_a_reason_and_every_one_is_kept(running: Running) {
        let case = Case::new(&running, "urgent").await;
        let agent = case.agent().await;
        let promise = format!("{}/promise", case.path);
        let revise = |to: &str| json!({ "promised_at": to, "reason": "供应商的补丁要到周五才发布" });
        assert_eq!(agent.post(&promise, revise("2026-10-21T02:00:00Z")).await.problem(409), "feedback_state");
        case.accept("2026-10-21T02:00:00Z").await;
        assert_eq!(agent.post(&promise, json!({ "promised_at": "2026-10-22T02:00:00Z" })).await.faults(), ["/reason"]);
        assert_eq!(agent.post(&promise, revise("2026-10-20T02:00:00Z")).await.problem(409), "promise_not_in_future");

        let within = agent.post(&promise, revise("2026-10-22T02:00:00Z")).await.expect(200);
        assert_eq!((&within["promised_at"], &within["promise_beyond_sla"]), (&json!("2026-10-22T02:00:00Z"), &json!(false)));
        let beyond = agent.post(&promise, revise("2026-10-24T02:00:00Z")).await.expect(200);
        assert_eq!((&beyond["promised_at"], &beyond["promise_beyond_sla"]), (&json!("2026-10-24T02:00:00Z"), &json!(true)));

        let kept = agent.get(&format!("{promise}s")).await.expect(200);
        let line = |row: &Value| (row["from"].clone(), row["to"].clone(), row["beyond_sla"].clone(), row["reason"].is_null());
        let kept: Vec<_> = kept["items"].as_array().unwrap().iter().map(line).collect();
        let [first, second, third] = ["2026-10-21T02:00:00Z", "2026-10-22T02:00:00Z", "2026-10-24T02:00:00Z"].map(|at| json!(at));
        assert_eq!(kept, [
            (second.clone(), third, json!(true), false),
            (first.clone(), second, json!(false), false),
            (Value::Null, first, json!(false), true),
        ]);
        running.settle().await;
        assert_eq!(case.told("zhao.min").await.iter().filter(|kind| *kind == "feedback.promise_revised").count(), 2);
        let told = history(&agent, &case.id).await.pop().unwrap();
        assert_eq!((&told["kind"], &told["event"]["data"]["beyond_sla"]), (&json!("feedback.promise_revised"), &json!(true)));
        assert!(!told["event"].to_string().contains("供应商"), "an event carries no text of people's");
    }
}

journey! {
    async fn reminders_follow_the_promise(running: Running) {
        let case = Case::new(&running, "important").await;
        case.accept("2026-10-21T02:00:00Z").await;
        let revise = json!({ "promised_at": "2026-10-23T02:00:00Z", "reason": "客户改了时间" });
        case.agent().await.post(&format!("{}/promise", case.path), revise).await.expect(200);
        let reminders = async || {
            let told = history(&running.admin().await, &case.id).await;
            let reminder = |entry: &Value| (entry["kind"] == "feedback.promise_reminder").then(|| entry["event"]["data"]["promised_at"].clone());
            told.iter().filter_map(reminder).collect::<Vec<_>>()
        };
        running.until("2026-10-23T01:29:59Z").await;
        assert_eq!(reminders().await, [json!(null); 0], "the promise of the 21st does not stand any more");
        running.until("2026-10-23T01:30:00Z").await;
        assert_eq!(reminders().await, ["2026-10-23T02:00:00Z"]);
        running.until("2026-10-26T01:59:59Z").await;
        assert_eq!(case.owed_since().await, Value::Null);
        running.until("2026-10-26T02:00:00Z").await;
        assert_eq!(case.owed_since().await, "2026-10-26T02:00:00Z", "three days after the promise that stands");
    }
}

journey! {
    async fn who_has_nothing_to_do_with_it_promises_nothing(running: Running) {
        let case = Case::new(&running, "important").await;
        let admin = running.admin().await;
        let (colleague, _) = user(&running, &admin, "wu.gang", "agent", Some("research")).await;
        let (elsewhere, _) = user(&running, &admin, "sun.li", "manager", Some("sales")).await;
        case.accept("2026-10-21T02:00:00Z").await;
        let body = json!({ "promised_at": "2026-10-22T02:00:00Z", "reason": "x" });
        for stranger in [&colleague, &elsewhere] {
            for (action, body) in [("promise", &body), ("delay-explanations", &body)] {
                let refused = stranger.post(&format!("{}/{action}", case.path), body.clone()).await;
                assert_eq!(refused.problem(404), "feedback_not_found");
            }
            for list in ["promises", "delay-explanations", "escalations"] {
                assert_eq!(stranger.get(&format!("{}/{list}", case.path)).await.problem(404), "feedback_not_found");
            }
        }
        case.head().await.post(&format!("{}/promise", case.path), body).await.expect(200);
    }
}

journey! {
    async fn three_days_after_a_missed_promise_an_explanation_is_owed_until_approved(running: Running) {
        let case = Case::new(&running, "important").await;
        let explanations = format!("{}/delay-explanations", case.path);
        case.accept("2026-10-21T02:00:00Z").await;
        act(&case.agent().await, &case.id, "start", Value::Null).await;
        let early = json!({ "reason": "先说一声", "promised_at": "2026-10-30T02:00:00Z" });
        assert_eq!(case.agent().await.post(&explanations, early).await.problem(409), "explanation_not_owed");
        running.until("2026-10-24T01:59:59Z").await;
        assert_eq!(case.owed_since().await, Value::Null);
        running.until("2026-10-24T02:00:00Z").await;
        assert_eq!(case.owed_since().await, "2026-10-24T02:00:00Z");
        let agent = case.agent().await;
        let listed = async |owed: bool| agent.get(&format!("/api/v1/feedback?explanation_owed={owed}")).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!((listed(true).await, listed(false).await), (1, 0));
        for username in ["li.na", "zhao.min"] {
            assert!(case.told(username).await.contains(&"feedback.explanation_owed".to_owned()), "{username}");
        }

        let sly = json!({ "promised_at": "2026-10-30T02:00:00Z", "reason": "换个时间" });
        assert_eq!(agent.post(&format!("{}/promise", case.path), sly).await.problem(409), "explanation_owed");
        assert_eq!(agent.post(&explanations, json!({ "reason": "等" })).await.problem(409), "promise_required");
        let past = json!({ "reason": "等", "promised_at": "2026-10-24T02:00:00Z" });
        assert_eq!(agent.post(&explanations, past).await.problem(409), "promise_not_in_future");
        let explained = case.explain("2026-10-26T02:00:00Z").await;
        assert_eq!((&explained["status"], &explained["missed"]), (&json!("pending"), &json!("2026-10-21T02:00:00Z")));
        let again = json!({ "reason": "再说一遍", "promised_at": "2026-10-27T02:00:00Z" });
        assert_eq!(agent.post(&explanations, again).await.problem(409), "explanation_pending");
        assert_eq!(case.owed_since().await, "2026-10-24T02:00:00Z", "not approved yet");

        assert_eq!(agent.call(&approval(&explained)).await.problem(403), "forbidden");
        let (elsewhere, _) = user(&running, &running.admin().await, "sun.li", "manager", Some("sales")).await;
        assert_eq!(elsewhere.call(&approval(&explained)).await.problem(404), "explanation_not_found");
        assert_eq!(elsewhere.get("/api/v1/delay-explanations").await.expect(200)["items"], json!([]));
        let head = case.head().await;
        let waiting = head.get("/api/v1/delay-explanations?status=pending").await.expect(200);
        assert_eq!(waiting["items"], json!([explained]));
        let rejected = head.post(&rejection(&explained), json!({ "reason": "请写明原因" })).await.expect(200);
        assert_eq!((&rejected["status"], &rejected["decision_reason"]), (&json!("rejected"), &json!("请写明原因")));
        assert_eq!(case.owed_since().await, "2026-10-24T02:00:00Z", "another one is owed");
        assert_eq!(head.call(&approval(&explained)).await.problem(409), "explanation_decided");

        let second = case.explain("2026-10-26T02:00:00Z").await;
        assert_eq!(head.call(&approval(&second)).await.expect(200)["status"], "approved");
        let shown = case.shown().await;
        assert_eq!((&shown["explanation_owed_since"], &shown["promised_at"]), (&Value::Null, &json!("2026-10-26T02:00:00Z")));
        let promises = agent.get(&format!("{}/promises", case.path)).await.expect(200);
        assert_eq!((&promises["items"][0]["explanation_id"], &promises["items"][0]["reason"]), (&second["id"], &second["reason"]));
        let listed = agent.get(&explanations).await.expect(200);
        let statuses: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|row| &row["status"]).collect();
        assert_eq!(statuses, ["approved", "rejected"]);
        running.settle().await;
        let told = case.told("li.na").await;
        assert!(["feedback.explanation_rejected", "feedback.explanation_approved"].iter().all(|kind| told.contains(&(*kind).to_owned())), "{told:?}");

        // The new promise is one as any other.
        running.until("2026-10-29T02:00:00Z").await;
        assert_eq!(case.owed_since().await, "2026-10-29T02:00:00Z");
    }
}

journey! {
    async fn a_new_time_that_has_passed_meanwhile_is_not_promised(running: Running) {
        let case = Case::missed(&running).await;
        let explained = case.explain("2026-10-24T03:00:00Z").await;
        running.until("2026-10-24T03:00:00Z").await;
        let head = case.head().await;
        assert_eq!(head.call(&approval(&explained)).await.problem(409), "promise_not_in_future");
        head.post(&rejection(&explained), json!({ "reason": "已过时" })).await.expect(200);
        assert_ne!(case.owed_since().await, Value::Null);
    }
}

journey! {
    async fn nobody_decides_on_the_own_explanation(running: Running) {
        let case = Case::missed(&running).await;
        let body = json!({ "reason": "人手不足", "promised_at": "2026-10-28T02:00:00Z" });
        let head = case.head().await;
        let explained = head.post(&format!("{}/delay-explanations", case.path), body).await.expect(201);
        assert_eq!(head.call(&approval(&explained)).await.problem(409), "own_explanation");
        running.admin().await.call(&approval(&explained)).await.expect(200);
        assert_eq!(case.owed_since().await, Value::Null);
    }
}

journey! {
    async fn with_the_promise_the_debt_is_void(running: Running) {
        let case = Case::missed(&running).await;
        let explained = case.explain("2026-10-28T02:00:00Z").await;
        let admin = running.admin().await;
        let sales = department(&admin, "sales").await;
        let assigned = act(&admin, &case.id, "assign", json!({ "department_id": sales })).await;
        assert_eq!((&assigned["promised_at"], &assigned["explanation_owed_since"]), (&Value::Null, &Value::Null));
        assert_eq!(admin.call(&approval(&explained)).await.problem(409), "explanation_decided");
        let listed = admin.get("/api/v1/delay-explanations").await.expect(200);
        assert_eq!(listed["items"][0]["status"], "superseded");
        running.pass(TimeDelta::days(10)).await;
        assert_eq!(case.owed_since().await, Value::Null);
    }
}

journey! {
    async fn what_is_owed_stays_owed_after_the_resolution(running: Running) {
        let case = Case::missed(&running).await;
        let agent = case.agent().await;
        act(&agent, &case.id, "resolve", json!({ "solution": "已修复", "improvement": "增加告警" })).await;
        assert_eq!(case.owed_since().await, "2026-10-24T02:00:00Z");
        let body = json!({ "reason": "第三方排查用了四天" });
        let explained = agent.post(&format!("{}/delay-explanations", case.path), body).await.expect(201);
        assert_eq!(explained["promised_at"], Value::Null);
        case.head().await.call(&approval(&explained)).await.expect(200);
        let shown = case.shown().await;
        assert_eq!((&shown["explanation_owed_since"], &shown["promised_at"]), (&Value::Null, &json!("2026-10-21T02:00:00Z")));
        assert_eq!(shown["state"], "awaiting_customer");
    }
}

journey! {
    async fn what_is_resolved_in_the_three_days_owes_nothing(running: Running) {
        let case = Case::new(&running, "important").await;
        case.accept("2026-10-21T02:00:00Z").await;
        act(&case.agent().await, &case.id, "start", Value::Null).await;
        running.until("2026-10-24T01:00:00Z").await;
        act(&case.agent().await, &case.id, "resolve", json!({ "solution": "已修复", "improvement": "增加告警" })).await;
        running.until("2026-10-30T02:00:00Z").await;
        assert_eq!(case.owed_since().await, Value::Null);
    }
}

journey! {
    async fn of_two_approvals_at_once_one_counts(running: Running) {
        let second = running.second_copy().await;
        let case = Case::missed(&running).await;
        for (new_time, missed_again) in [("2026-10-25T08:00:00Z", "2026-10-28T08:00:00Z"), ("2026-10-29T08:00:00Z", "2026-11-01T08:00:00Z")] {
            let explained = case.explain(new_time).await;
            let (head, admin) = (case.head().await, second.admin().await);
            let path = approval(&explained);
            let (by_head, by_admin) = tokio::join!(head.call(&path), admin.call(&path));
            let loser = match (by_head.status, by_admin.status) {
                (200, 409) => by_admin,
                (409, 200) => by_head,
                other => panic!("{other:?}: {} {}", by_head.text, by_admin.text),
            };
            assert_eq!(loser.problem(409), "explanation_decided");
            let told = history(&admin, &case.id).await;
            let of_this = told.iter().filter(|entry| entry["event"]["data"]["explanation_id"] == explained["id"]);
            assert_eq!(of_this.filter(|entry| entry["kind"] == "feedback.explanation_approved").count(), 1);
            let promises = admin.get(&format!("{}/promises", case.path)).await.expect(200);
            let by_it = promises["items"].as_array().unwrap().iter().filter(|row| row["explanation_id"] == explained["id"]);
            assert_eq!(by_it.count(), 1);
            running.until(missed_again).await;
            assert_eq!(case.owed_since().await, missed_again);
        }
    }
}
