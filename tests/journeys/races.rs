//! Two at the same moment: one has it, the other is told so, and the ledger of each clock agrees with what is shown.

use chrono::TimeDelta;
use futures_util::future::join_all;
use huiyin::usecases::sla::policies;
use huiyin_domain::sla::Clock;
use huiyin_persistence::sla::clocks;
use serde_json::{Value, json};

use super::dispatch::{act, history, of};
use crate::support::builders::{deadline, id, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey};

const ROUNDS: usize = 6;

fn solution() -> Value {
    json!({ "solution": "已修复", "improvement": "增加告警" })
}

/// An urgent complaint that this agent works on.
async fn in_progress(admin: &Client, agent: &Client) -> String {
    let feedback = id(&of(admin, "product_function", "urgent").await);
    act(agent, &feedback, "accept", json!({ "promised_at": "2026-10-21T02:00:00Z" })).await;
    act(agent, &feedback, "start", Value::Null).await;
    feedback
}

/// What each clock shows is what its ledger adds up to.
async fn ledger_agrees(running: &Running, feedback: &str) {
    let now = running.app.clock.now();
    for row in clocks::of_feedback(&running.app.db, feedback.parse().unwrap()).await.unwrap() {
        let entries = clocks::ledger(&running.app.db, row.id).await.unwrap();
        assert_eq!(entries.len(), usize::try_from(row.entries).unwrap(), "{row:?}");
        let clock = Clock::replay(&entries).unwrap();
        let calendar = policies::calendar(&running.app, &running.app.db, row.calendar_id).await.unwrap();
        let reading = clock.reading(&calendar, now).unwrap();
        assert_eq!(clock.state().as_str(), row.state, "{row:?} {entries:?}");
        assert_eq!((clock.started_at(), clock.stopped_at()), (row.started_at, row.stopped_at), "{row:?} {entries:?}");
        assert_eq!((reading.due_at, reading.provisional), (row.due_at, row.provisional), "{row:?} {entries:?}");
    }
}

/// The code of the one that lost, where the other won.
#[track_caller]
fn one_wins(one: Answer, other: Answer, refused: u16) -> String {
    match (one.status, other.status) {
        (200, lost) if lost == refused => other.problem(refused),
        (lost, 200) if lost == refused => one.problem(refused),
        statuses => panic!("{statuses:?}: {} {}", one.text, other.text),
    }
}

async fn count(client: &Client, feedback: &str, kind: &str) -> usize {
    history(client, feedback).await.iter().filter(|entry| entry["kind"] == kind).count()
}

journey! {
    async fn of_two_who_accept_one_has_it(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (wu, _) = user(&second, &admin, "wu.gang", "agent", Some("research")).await;
        for _ in 0..ROUNDS {
            let feedback = id(&of(&admin, "product_function", "urgent").await);
            let accept = format!("/api/v1/feedback/{feedback}/accept");
            let promise = json!({ "promised_at": "2026-10-21T02:00:00Z" });
            let (one, other) = tokio::join!(li.post(&accept, promise.clone()), wu.post(&accept, promise));
            assert_eq!(one_wins(one, other, 409), "feedback_taken");
            assert_eq!(count(&admin, &feedback, "feedback.accepted").await, 1);
            ledger_agrees(&running, &feedback).await;
        }
        // Of another department, or of nowhere, nothing is told.
        let (elsewhere, _) = user(&running, &admin, "sun.li", "agent", Some("sales")).await;
        let feedback = in_progress(&admin, &li).await;
        let promise = json!({ "promised_at": "2026-10-21T02:00:00Z" });
        let refused = elsewhere.post(&format!("/api/v1/feedback/{feedback}/accept"), promise).await;
        assert_eq!(refused.problem(404), "feedback_not_found");
    }
}

journey! {
    async fn of_two_who_resolve_one_has(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let there = second.sign_in("li.na", "li.na has a password").await;
        for _ in 0..ROUNDS {
            let feedback = in_progress(&admin, &li).await;
            let resolve = format!("/api/v1/feedback/{feedback}/resolve");
            let (one, other) = tokio::join!(li.post(&resolve, solution()), there.post(&resolve, solution()));
            assert_eq!(one_wins(one, other, 409), "feedback_state");
            assert_eq!(count(&admin, &feedback, "feedback.resolved").await, 1);
            ledger_agrees(&running, &feedback).await;
        }
    }
}

journey! {
    /// What is resolved can be reopened, so the two may well follow each other; but never does one overrule what the other
    /// has just read.
    async fn a_resolution_against_a_reopening(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let there = second.sign_in("li.na", "li.na has a password").await;
        let objection = json!({ "reason": "没有好" });
        for _ in 0..ROUNDS {
            let feedback = in_progress(&admin, &li).await;
            let path = format!("/api/v1/feedback/{feedback}");
            let (resolve, reopen) = (format!("{path}/resolve"), format!("{path}/reopen"));
            act(&li, &feedback, "resolve", solution()).await;
            // Resolved once: a second solution comes too late, whoever is faster.
            let (resolved, reopened) = tokio::join!(li.post(&resolve, solution()), there.post(&reopen, objection.clone()));
            assert_eq!(reopened.status, 200, "{}", reopened.text);
            assert_eq!(one_wins(resolved, reopened, 409), "feedback_state");
            ledger_agrees(&running, &feedback).await;

            // Both by the version that they have seen: one of them.
            act(&li, &feedback, "start", Value::Null).await;
            let resolved = act(&li, &feedback, "resolve", solution()).await;
            assert_eq!(resolved["awaiting"], "confirmation");
            let seen = admin.get(&path).await.header("etag").to_owned();
            let (li, there) = (li.clone().with_header("if-match", &seen), there.clone().with_header("if-match", &seen));
            let confirm = format!("{path}/confirm");
            let (confirmed, reopened) = tokio::join!(li.call(&confirm), there.post(&reopen, objection.clone()));
            assert_eq!(one_wins(confirmed, reopened, 412), "version_conflict");
            ledger_agrees(&running, &feedback).await;
        }
    }
}

journey! {
    async fn a_breach_against_a_resolution(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(in_progress(&admin, &li).await);
        }
        // A second after the third day; the escalation would follow an hour later.
        running.clock.set("2026-10-23T02:00:01Z".parse().unwrap());
        let li = second.sign_in("li.na", "li.na has a password").await;
        let resolve = async |id: &String| li.post(&format!("/api/v1/feedback/{id}/resolve"), solution()).await.expect(200);
        let (here, there, _) = tokio::join!(
            huiyin::jobs::run_due(&running.app),
            huiyin::jobs::run_due(&second.app),
            join_all(ids.iter().map(resolve))
        );
        here.and(there).unwrap();
        running.pass(TimeDelta::hours(5)).await;
        let admin = running.admin().await;
        for id in &ids {
            assert_eq!(count(&admin, id, "feedback.sla_breached").await, 1, "late, whoever was faster");
            assert_eq!(count(&admin, id, "feedback.escalated").await, 0, "resolved");
            let shown = admin.get(&format!("/api/v1/feedback/{id}")).await.expect(200);
            assert_eq!(shown["state"], "awaiting_customer");
            let clock = deadline(&shown, "resolve");
            assert_eq!((&clock["state"], &clock["breached_at"]), (&json!("stopped"), &json!("2026-10-23T02:00:01Z")));
            ledger_agrees(&running, id).await;
        }
    }
}

journey! {
    async fn two_copies_over_the_same_due_timers(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(in_progress(&admin, &li).await);
        }
        // All of it at once: the reminder, the debt, warning and breach, and the two steps that follow from it.
        running.clock.advance(TimeDelta::days(5));
        let tasks = (0..6).map(|task| huiyin::jobs::run_due(if task % 2 == 0 { &running.app } else { &second.app }));
        for outcome in join_all(tasks).await {
            outcome.unwrap();
        }
        running.settle().await;
        let admin = running.admin().await;
        for id in &ids {
            let times = [("promise_reminder", 1), ("explanation_owed", 1), ("sla_warning", 1), ("sla_breached", 1), ("escalated", 2)];
            for (kind, times) in times {
                assert_eq!(count(&admin, id, &format!("feedback.{kind}")).await, times, "{kind}");
            }
            ledger_agrees(&running, id).await;
        }
    }
}
