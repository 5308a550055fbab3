//! Tiers follow orders between runs; each move is kept with its figures and told once.

use chrono::TimeDelta;
use huiyin_domain::event::Event;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::integration::{events, leases};
use huiyin_persistence::tiering::runs::{self, Run};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tiering::{cancelled, computed, customer_id, load, no_tier, tier};
use crate::support::builders::{id, order, user};
use crate::support::{Client, Running, journey};

async fn history(client: &Client, customer: &str) -> Vec<Value> {
    let path = format!("/api/v1/customers/{}/tier/history", customer_id(client, customer).await);
    client.get(&path).await.expect(200)["items"].as_array().unwrap().clone()
}

/// From, to and cause of each move, the latest first.
async fn moves(client: &Client, customer: &str) -> Vec<[Value; 3]> {
    let entry = |entry: &Value| [entry["from"].clone(), entry["to"].clone(), entry["cause"].clone()];
    history(client, customer).await.iter().map(entry).collect()
}

/// How often somebody was told of a move of this customer.
async fn told(running: &Running, client: &Client, customer: &str) -> usize {
    let subject = customer_id(client, customer).await.parse::<Uuid>().unwrap();
    let all = events::of_subject(&running.app.db, subject, 0, 1000).await.unwrap();
    all.iter().filter(|recorded| matches!(recorded.event, Event::CustomerTierChanged { .. })).count()
}

/// Five customers, of whom each figure has a tie or an extreme.
async fn five(running: &Running, client: &Client) {
    load(
        client,
        [
            order("A1", "A", "2026-10-01T10:00:00+08:00", "100"),
            order("A2", "A", "2026-10-05T10:00:00+08:00", "100"),
            order("A3", "A", "2026-10-20T09:00:00+08:00", "100.50"),
            order("B1", "B", "2026-10-18T08:00:00+08:00", "150"),
            order("B2", "B", "2026-10-02T10:00:00+08:00", "50"),
            order("C1", "C", "2026-10-18T20:00:00+08:00", "200"),
            order("C2", "C", "2026-10-03T10:00:00+08:00", "0"),
            order("D1", "D", "2026-10-10T10:00:00+08:00", "50"),
            order("E1", "E", "2026-01-01T10:00:00+08:00", "1000"),
        ],
    )
    .await;
    computed(running, client, "2026-10-20").await;
}

journey! {
    async fn an_order_moves_its_customer_soon_and_nobody_else(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        assert_eq!(moves(&admin, "D").await, [[Value::Null, json!("dormant"), json!("run")]]);
        let others = ["A", "B", "C", "E"];
        let mut before = Vec::new();
        for customer in others {
            before.push(tier(&admin, customer).await);
        }

        let again = [order("D2", "D", "2026-10-20T09:30:00+08:00", "1000")];
        load(&admin, again.clone()).await;
        running.settle().await;
        let of_d = tier(&admin, "D").await;
        // Two orders are more than two of five customers had; 1,050 is more than anybody had.
        assert_eq!((&of_d["tier"], &of_d["scores"]), (&json!("potential"), &json!({ "r": 5, "f": 3, "m": 5 })));
        assert_eq!((&of_d["as_of"], &of_d["cause"], &of_d["recency_days"]), (&json!("2026-10-20"), &json!("order"), &json!(0)));
        let entry = &history(&admin, "D").await[0];
        assert_eq!((&entry["from"], &entry["to"], &entry["cause"]), (&json!("dormant"), &json!("potential"), &json!("order")));
        assert_eq!((&entry["recency_days"], &entry["frequency"], &entry["monetary"]), (&json!(0), &json!(2), &json!("1050.00")));
        assert_eq!((&entry["scores"], &entry["rule"], &entry["as_of"]), (&json!({ "r": 5, "f": 3, "m": 5 }), &json!(2), &json!("2026-10-20")));
        for (customer, before) in others.iter().zip(before) {
            assert_eq!(tier(&admin, customer).await, before, "{customer}");
        }

        // The same order told once more is no move, and neither is a run that comes to the same.
        load(&admin, again).await;
        running.settle().await;
        assert_eq!((moves(&admin, "D").await.len(), told(&running, &admin, "D").await), (2, 2));

        load(&admin, [cancelled(order("D1", "D", "2026-10-10T10:00:00+08:00", "50")), cancelled(order("D2", "D", "2026-10-20T09:30:00+08:00", "1000"))]).await;
        running.settle().await;
        no_tier(&admin, "D").await;
        let gone = &history(&admin, "D").await[0];
        assert_eq!((&gone["from"], &gone["to"], &gone["scores"], &gone["frequency"]), (&json!("potential"), &Value::Null, &Value::Null, &Value::Null));
        assert_eq!(told(&running, &admin, "D").await, 3);
    }
}

journey! {
    async fn an_order_that_changes_hands_moves_both(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        load(&admin, [order("E1", "D", "2026-10-20T09:00:00+08:00", "1000")]).await;
        running.settle().await;
        no_tier(&admin, "E").await;
        assert_eq!(tier(&admin, "D").await["monetary"], "1050.00");
    }
}

journey! {
    async fn the_reference_date_moves_on_unless_the_run_looked_back(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        running.pass(TimeDelta::hours(14)).await;
        let admin = running.admin().await;
        load(&admin, [order("A4", "A", "2026-10-20T23:30:00+08:00", "1"), order("B3", "B", "2026-10-21T00:00:00+08:00", "1")]).await;
        running.settle().await;
        assert_eq!((&tier(&admin, "B").await["as_of"], &tier(&admin, "B").await["recency_days"]), (&json!("2026-10-21"), &json!(0)));
        assert_eq!(tier(&admin, "A").await["recency_days"], 1);

        computed(&running, &admin, "2026-10-10").await;
        load(&admin, [order("B4", "B", "2026-10-21T00:00:00+08:00", "500"), order("B5", "B", "2026-10-10T00:00:00+08:00", "7")]).await;
        running.settle().await;
        let of_b = tier(&admin, "B").await;
        assert_eq!((&of_b["as_of"], &of_b["frequency"], &of_b["monetary"]), (&json!("2026-10-10"), &json!(2), &json!("57.00")));
    }
}

journey! {
    async fn by_thresholds_orders_come_to_what_a_run_comes_to(running: Running) {
        let admin = running.admin().await;
        let mut model = admin.get("/api/v1/tiering/model").await.expect(200);
        model["window_days"] = json!(40);
        model["scoring"] = json!({
            "r": { "method": "thresholds", "cuts": [2, 5, 10, 20] }, "f": { "method": "thresholds", "cuts": [1, 2, 3, 5] },
            "m": { "method": "thresholds", "cuts": ["10", "25.50", "50", "100"] },
        });
        admin.put("/api/v1/tiering/model", model).await.expect(200);
        let one = (0..200usize, 0..30usize, 0..60 * 24 * 60i64, 0..60i64, 0..5u8);
        let batch = proptest::collection::vec(one, 1..150);
        let mut runner = TestRunner::deterministic();
        let start: chrono::DateTime<chrono::Utc> = "2026-08-21T02:00:00Z".parse().unwrap();
        let mut first = true;
        for case in 0..4 {
            let mut lines = std::collections::BTreeMap::new();
            for (number, customer, minutes, amount, status) in batch.new_tree(&mut runner).unwrap().current() {
                let at = (start + TimeDelta::minutes(minutes)).to_rfc3339();
                let line = order(&format!("SO-{number}"), &format!("K-{customer}"), &at, &format!("{amount}.50"));
                lines.insert(number, if status == 0 { cancelled(line) } else { line });
            }
            load(&admin, lines.into_values()).await;
            if first {
                computed(&running, &admin, "2026-10-20").await;
                first = false;
                continue;
            }
            running.settle().await;
            let mut followed = Vec::new();
            for customer in 0..30 {
                followed.push(seen(&admin, &format!("K-{customer}")).await);
            }
            computed(&running, &admin, "2026-10-20").await;
            for (customer, followed) in followed.into_iter().enumerate() {
                assert_eq!(seen(&admin, &format!("K-{customer}")).await, followed, "case {case}, K-{customer}");
            }
        }
    }
}

/// Everything about a tier apart from why and when it was computed, and its history.
async fn seen(client: &Client, customer: &str) -> Option<(Value, usize)> {
    let found = client.get(&format!("/api/v1/customers/by-external-id/erp/{customer}")).await;
    if found.status == 404 {
        return None;
    }
    let answer = client.get(&format!("/api/v1/customers/{}/tier", id(&found.expect(200)))).await;
    let mut tier = answer.json();
    if let Some(fields) = tier.as_object_mut() {
        for name in ["cause", "computed_at", "explanation", "request_id", "instance"] {
            fields.remove(name);
        }
    }
    Some((tier, moves(client, customer).await.len()))
}

journey! {
    async fn a_run_that_is_done_again_tells_nothing_twice(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        let run: Uuid = id(&admin.get("/api/v1/tiering/runs").await.expect(200)["items"][0]).parse().unwrap();
        let before = moves(&admin, "A").await;
        // As if the copy had died after its last batch, before it said so.
        let now = running.app.clock.now();
        let tx = running.app.db.begin().await.unwrap();
        let stored = runs::lock(&tx, run).await.unwrap().unwrap();
        runs::update(&tx, Run { status: "running".to_owned(), finished_at: None, ..stored }).await.unwrap();
        let timer = NewTimer {
            kind: TimerKind::TieringRun, subject_id: run, unique_key: format!("tiering_run:{run}"), due_at: now, payload: Value::Null,
        };
        timers::set(&tx, now, vec![timer]).await.unwrap();
        tx.commit().await.unwrap();
        running.settle().await;
        let shown = admin.get(&format!("/api/v1/tiering/runs/{run}")).await.expect(200);
        assert_eq!((&shown["status"], &shown["progress"]), (&json!("completed"), &json!({ "customers_total": 5, "customers_done": 5 })));
        assert_eq!(moves(&admin, "A").await, before);
        assert_eq!(told(&running, &admin, "A").await, 1);
    }
}

journey! {
    async fn orders_during_a_run_wait_for_it(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        let (other, now) = (Uuid::now_v7(), running.app.clock.now());
        assert!(leases::take(&running.app.db, "tiering", other, now, now + TimeDelta::minutes(1)).await.unwrap());
        load(&admin, [order("D2", "D", "2026-10-20T09:30:00+08:00", "1000")]).await;
        running.settle().await;
        running.pass(TimeDelta::seconds(30)).await;
        assert_eq!(tier(&admin, "D").await["tier"], "dormant", "another copy computes");
        leases::release(&running.app.db, "tiering", other).await.unwrap();
        running.pass(TimeDelta::seconds(2)).await;
        assert_eq!(tier(&admin, "D").await["tier"], "potential");
        assert_eq!(told(&running, &admin, "D").await, 2);
    }
}

journey! {
    async fn the_history_is_read_in_pages_by_whoever_reaches_the_customer(running: Running) {
        let admin = running.admin().await;
        five(&running, &admin).await;
        for n in 0..3 {
            let d2 = order("D2", "D", "2026-10-20T09:30:00+08:00", "1000");
            load(&admin, [if n % 2 == 0 { d2 } else { cancelled(d2) }]).await;
            running.settle().await;
        }
        let path = format!("/api/v1/customers/{}/tier/history", customer_id(&admin, "D").await);
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("{path}?limit=1{cursor}")).await.expect(200);
            all.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["to"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(all, ["potential", "dormant", "potential", "dormant"]);
        let (agent, _) = user(&running, &admin, "agent.a", "agent", Some("sales")).await;
        assert_eq!(agent.get(&path).await.problem(404), "customer_not_found");
    }
}
