//! Two copies of the program on one database share the work and do nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use futures_util::future::join_all;
use huiyin_domain::event::Event;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::{events, leases, timers};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::builders::{COMPLAINT, deadline, department, id, order, user};
use crate::support::{Client, Running, journey};

fn urgent() -> Value {
    json!({ "channel": "hotline", "content": COMPLAINT, "subtype": "product_function", "priority": "urgent" })
}

async fn kinds(client: &Client, id: &str) -> Vec<String> {
    let history = client.get(&format!("/api/v1/feedback/{id}/history")).await.expect(200);
    history["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|known| *known == kind).count()
}

/// Both copies look for what is due, with several tasks each, all at once.
async fn run_at_once(copies: [&Running; 2]) {
    let tasks = (0..6).map(|task| huiyin::jobs::run_due(&copies[task % 2].app));
    for outcome in join_all(tasks).await {
        outcome.unwrap();
    }
}

/// Every notification of a user, page by page.
async fn notifications(client: &Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/me/notifications?limit=200{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

journey! {
    async fn what_is_due_happens_once_however_many_look(running: Running) {
        const FEEDBACKS: usize = 60;
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (_, head) = user(&running, &admin, "zhao.min", "manager", Some("research")).await;
        let research = department(&admin, "research").await;
        admin.patch(&format!("/api/v1/departments/{research}"), json!({ "head_user_id": head })).await.expect(200);
        let received = join_all((0..FEEDBACKS).map(|_| admin.post("/api/v1/feedback", urgent()))).await;
        let ids: Vec<String> = received.into_iter().map(|answer| id(&answer.expect(201))).collect();

        running.clock.advance(TimeDelta::hours(4));
        run_at_once([&running, &second]).await;
        second.settle().await;
        let admin = running.admin().await;
        for id in &ids {
            let kinds = kinds(&admin, id).await;
            for (kind, times) in [("feedback.sla_warning", 1), ("feedback.sla_breached", 1), ("feedback.escalated", 2)] {
                assert_eq!(count(&kinds, kind), times, "{kind}: {kinds:?}");
            }
        }
        let head = running.sign_in("zhao.min", "zhao.min has a password").await;
        let told = notifications(&head).await;
        let distinct: BTreeSet<String> = told.iter().map(|told| format!("{} {}", told["kind"], told["subject_id"])).collect();
        assert_eq!((told.len(), distinct.len()), (4 * FEEDBACKS, 4 * FEEDBACKS), "assigned, warned, missed, escalated");
    }
}

journey! {
    async fn of_two_who_accept_at_once_one_has_it(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        // A manager still sees what a colleague has taken; an agent's own scope does not reach it any more.
        for (role, too_late) in [("manager", ["not_yours", "feedback_state"]), ("agent", ["feedback_taken", "feedback_taken"])] {
            let (li, li_id) = user(&running, &admin, &format!("li.{role}"), role, Some("research")).await;
            let (wu, wu_id) = user(&second, &admin, &format!("wu.{role}"), role, Some("research")).await;
            for _ in 0..6 {
                let path = format!("/api/v1/feedback/{}", id(&admin.post("/api/v1/feedback", urgent()).await.expect(201)));
                let accept = format!("{path}/accept");
                let promise = json!({ "promised_at": "2026-10-21T02:00:00Z" });
                let (by_li, by_wu) = tokio::join!(li.post(&accept, promise.clone()), wu.post(&accept, promise));
                let (winner, loser) = match (by_li.status, by_wu.status) {
                    (200, 409) => (&li_id, by_wu.problem(409)),
                    (409, 200) => (&wu_id, by_li.problem(409)),
                    other => panic!("{role} {other:?}: {} {}", by_li.text, by_wu.text),
                };
                assert!(too_late.contains(&loser.as_str()), "{role}: {loser}");
                assert_eq!(admin.get(&path).await.expect(200)["handler_id"], json!(winner));
                let kinds = kinds(&admin, path.rsplit('/').next().unwrap()).await;
                assert_eq!(count(&kinds, "feedback.accepted"), 1);
            }
        }
    }
}

journey! {
    async fn opposite_steps_at_once_leave_state_and_clocks_in_agreement(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let elsewhere = second.sign_in("li.na", "li.na has a password").await;
        let solution = json!({ "solution": "已修复", "improvement": "增加告警" });
        for _ in 0..6 {
            let path = format!("/api/v1/feedback/{}", id(&admin.post("/api/v1/feedback", urgent()).await.expect(201)));
            li.post(&format!("{path}/accept"), json!({ "promised_at": "2026-10-21T02:00:00Z" })).await.expect(200);
            li.call(&format!("{path}/start")).await.expect(200);

            // A solution against a question: whoever comes first, the solution is given.
            let (resolve, wait) = (format!("{path}/resolve"), format!("{path}/await-customer"));
            let (resolved, waits) = tokio::join!(li.post(&resolve, solution.clone()), elsewhere.call(&wait));
            assert_eq!(resolved.status, 200, "{}", resolved.text);
            assert!([200, 409].contains(&waits.status), "{}", waits.text);
            let shown = admin.get(&path).await.expect(200);
            assert_eq!(shown["awaiting"], "confirmation");
            assert_eq!(deadline(&shown, "resolve")["state"], "stopped");

            // Closed against reopened: whoever comes first, the customer's objection stands.
            let (confirm, reopen) = (format!("{path}/confirm"), format!("{path}/reopen"));
            let (confirmed, reopened) = tokio::join!(li.call(&confirm), elsewhere.post(&reopen, json!({ "reason": "没有好" })));
            assert_eq!(reopened.status, 200, "{}", reopened.text);
            assert!([200, 409].contains(&confirmed.status), "{}", confirmed.text);
            let shown = admin.get(&path).await.expect(200);
            assert_eq!((&shown["state"], &shown["closed_at"], &shown["resolved_at"]), (&json!("reopened"), &Value::Null, &Value::Null));
            assert_eq!(deadline(&shown, "resolve")["state"], "running");
            assert_eq!(deadline(&shown, "verify")["state"], "stopped");
        }
    }
}

journey! {
    async fn a_breach_and_an_acceptance_at_the_same_moment_agree(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        user(&running, &admin, "li.na", "agent", Some("research")).await;
        let received = join_all((0..10).map(|_| admin.post("/api/v1/feedback", urgent()))).await;
        let ids: Vec<String> = received.into_iter().map(|answer| id(&answer.expect(201))).collect();

        running.clock.advance(TimeDelta::hours(2) + TimeDelta::seconds(1));
        let li = second.sign_in("li.na", "li.na has a password").await;
        let accept = async |id: &String| {
            let promise = json!({ "promised_at": "2026-10-21T02:00:00Z" });
            li.post(&format!("/api/v1/feedback/{id}/accept"), promise).await.expect(200)
        };
        tokio::join!(run_at_once([&running, &second]), join_all(ids.iter().map(accept)));
        running.pass(TimeDelta::hours(3)).await;
        let admin = running.admin().await;
        for id in &ids {
            let kinds = kinds(&admin, id).await;
            assert_eq!(count(&kinds, "feedback.sla_breached"), 1, "late, whoever was faster: {kinds:?}");
            assert_eq!(count(&kinds, "feedback.escalated"), 0, "accepted: {kinds:?}");
            let shown = admin.get(&format!("/api/v1/feedback/{id}")).await.expect(200);
            let respond = deadline(&shown, "respond");
            assert_eq!((&respond["state"], &respond["breached_at"]), (&json!("stopped"), &json!("2026-10-20T04:00:01Z")));
        }
    }
}

journey! {
    async fn a_message_delivered_many_times_at_once_is_one_feedback(running: Running) {
        let second = running.second_copy().await;
        let (here, there) = (running.admin().await, second.admin().await);
        for message in ["msg-1", "msg-2", "msg-3"] {
            let body = json!({ "channel": "app", "channel_message_id": message, "content": COMPLAINT });
            let answers = join_all((0..10).map(|i| [&here, &there][i % 2].post("/api/v1/feedback", body.clone()))).await;
            let mut by_status: BTreeMap<u16, usize> = BTreeMap::new();
            let mut ids = BTreeSet::new();
            for answer in answers {
                *by_status.entry(answer.status).or_default() += 1;
                let status = answer.status;
                ids.insert(id(&answer.expect(status)));
            }
            assert_eq!(by_status, BTreeMap::from([(200, 9), (201, 1)]));
            assert_eq!(ids.len(), 1);
            assert_eq!(kinds(&here, ids.first().unwrap()).await, ["feedback.received", "feedback.assigned"]);
        }
    }
}

async fn order_run(admin: &Client) -> String {
    let lines = (0..30).map(|n| order(&format!("SO-{n}"), &format!("{}", n % 10), "2026-10-01T02:00:00Z", "100.00"));
    let loaded = admin.post_lines("/api/v1/orders/bulk", lines).await.expect(200);
    assert_eq!(loaded["created"], 30, "{loaded:#}");
    let run = admin.post("/api/v1/tiering/runs", json!({ "as_of": "2026-10-20" })).await;
    id(&run.expect(202))
}

async fn completions(running: &Running, run: &str) -> usize {
    let told = events::of_subject(&running.app.db, run.parse::<Uuid>().unwrap(), 0, 100).await.unwrap();
    told.iter().filter(|recorded| matches!(recorded.event, Event::TieringCompleted { .. })).count()
}

journey! {
    async fn a_tiering_run_is_done_by_one_copy(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let run = order_run(&admin).await;
        run_at_once([&running, &second]).await;
        running.settle().await;
        let shown = admin.get(&format!("/api/v1/tiering/runs/{run}")).await.expect(200);
        assert_eq!((&shown["status"], &shown["progress"]["customers_done"]), (&json!("completed"), &json!(10)));
        assert_eq!(completions(&running, &run).await, 1);
    }
}

journey! {
    async fn what_a_dead_copy_had_claimed_is_taken_over(running: Running) {
        let admin = running.admin().await;
        let run = order_run(&admin).await;
        let (dead, now) = (Uuid::now_v7(), running.app.clock.now());
        let tx = running.app.db.begin().await.unwrap();
        let claimed = timers::claim(&tx, TimerKind::ALL, dead, now, TimeDelta::seconds(60), 100).await.unwrap();
        assert!(leases::take(&tx, "tiering", dead, now, now + TimeDelta::minutes(2)).await.unwrap());
        tx.commit().await.unwrap();
        let mine = claimed.iter().find(|timer| timer.subject_id.to_string() == run).unwrap();

        let status = async || admin.get(&format!("/api/v1/tiering/runs/{run}")).await.expect(200)["status"].clone();
        running.pass(TimeDelta::seconds(59)).await;
        assert_eq!(status().await, "pending", "the claim holds");
        running.pass(TimeDelta::seconds(2)).await;
        assert_eq!(status().await, "pending", "the claim is ours, but the lease on tiering holds");
        running.pass(TimeDelta::seconds(61)).await;
        assert_eq!(status().await, "completed");
        assert_eq!(completions(&running, &run).await, 1);
        assert!(!timers::complete(&running.app.db, mine).await.unwrap(), "who comes back from the dead finds nothing to do");
    }
}
