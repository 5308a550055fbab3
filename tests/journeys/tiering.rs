//! Tiers by recency, frequency and monetary value: small cases by hand, many at random against the rule as written.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::builders::{id, order};
use crate::support::{Client, Running, journey};

const RUNS: &str = "/api/v1/tiering/runs";
const MODEL: &str = "/api/v1/tiering/model";

pub async fn load(client: &Client, orders: impl IntoIterator<Item = Value>) {
    let result = client.post_lines("/api/v1/orders/bulk", orders).await.expect(200);
    assert_eq!(result["errors"], json!([]));
}

pub fn cancelled(mut order: Value) -> Value {
    order["status"] = json!("cancelled");
    order
}

pub async fn computed(running: &Running, client: &Client, as_of: &str) -> Value {
    let ordered = client.post(RUNS, json!({ "as_of": as_of })).await.expect(202);
    running.settle().await;
    let run = client.get(&format!("{RUNS}/{}", id(&ordered))).await.expect(200);
    assert_eq!((&run["status"], &run["as_of"], &run["error"]), (&json!("completed"), &json!(as_of), &Value::Null));
    run
}

pub async fn customer_id(client: &Client, customer: &str) -> String {
    id(&client.get(&format!("/api/v1/customers/by-external-id/erp/{customer}")).await.expect(200))
}

pub async fn tier(client: &Client, customer: &str) -> Value {
    client.get(&format!("/api/v1/customers/{}/tier", customer_id(client, customer).await)).await.expect(200)
}

pub async fn no_tier(client: &Client, customer: &str) {
    let answer = client.get(&format!("/api/v1/customers/{}/tier", customer_id(client, customer).await)).await;
    assert_eq!(answer.problem(404), "tier_not_found", "{customer}");
}

/// Recency, frequency, monetary value, then the three scores, then the tier.
fn figures(tier: &Value) -> (i64, i64, &str, [i64; 3], &str) {
    let number = |value: &Value| value.as_i64().unwrap();
    let scores = ["r", "f", "m"].map(|name| number(&tier["scores"][name]));
    let text = |name: &str| tier[name].as_str().unwrap();
    (number(&tier["recency_days"]), number(&tier["frequency"]), text("monetary"), scores, text("tier"))
}

journey! {
    async fn five_customers_are_scored_as_one_does_by_hand(running: Running) {
        let admin = running.admin().await;
        load(&admin, [
            order("A1", "A", "2026-10-01T10:00:00+08:00", "100"), order("A2", "A", "2026-10-05T10:00:00+08:00", "100"),
            order("A3", "A", "2026-10-20T10:00:00+08:00", "100.50"),
            // Neither a cancelled order nor one after the reference date counts.
            cancelled(order("A4", "A", "2026-10-20T11:00:00+08:00", "5000")), order("A5", "A", "2026-10-21T10:00:00+08:00", "5000"),
            order("B1", "B", "2026-10-18T08:00:00+08:00", "150"), order("B2", "B", "2026-10-02T10:00:00+08:00", "50"),
            order("C1", "C", "2026-10-18T20:00:00+08:00", "199.99"), order("C2", "C", "2026-10-03T10:00:00+08:00", "0.01"),
            order("D1", "D", "2026-10-10T10:00:00+08:00", "50"),
            order("E1", "E", "2026-01-01T10:00:00+08:00", "1000"),
            cancelled(order("F1", "F", "2026-10-10T10:00:00+08:00", "50")), order("G1", "G", "2026-10-21T00:00:00+08:00", "50"),
        ]).await;
        admin.put("/api/v1/customers/by-external-id/erp/H", json!({ "name": "没有订单" })).await.expect(201);

        let run = computed(&running, &admin, "2026-10-20").await;
        assert_eq!(run["progress"], json!({ "customers_total": 5, "customers_done": 5 }));
        assert_eq!(figures(&tier(&admin, "A").await), (0, 3, "300.50", [5, 5, 4], "vip"));
        assert_eq!(figures(&tier(&admin, "B").await), (2, 2, "200.00", [3, 3, 2], "regular"));
        assert_eq!(figures(&tier(&admin, "C").await), (2, 2, "200.00", [3, 3, 2], "regular"), "equal values share a score");
        assert_eq!(figures(&tier(&admin, "D").await), (10, 1, "50.00", [2, 1, 1], "dormant"));
        assert_eq!(figures(&tier(&admin, "E").await), (292, 1, "1000.00", [1, 1, 5], "at_risk"));
        for customer in ["F", "G", "H"] {
            no_tier(&admin, customer).await;
        }
        let of_a = tier(&admin, "A").await;
        assert_eq!((&of_a["rfm_class"], &of_a["as_of"]), (&json!("important_value"), &json!("2026-10-20")));
        let explanation = of_a["explanation"].as_str().unwrap();
        assert!(["2026-10-20", "80.0% of 5 customers (R=5)", "300.50", "rule 1"].iter().all(|p| explanation.contains(p)), "{explanation}");
        assert_eq!(tier(&admin, "E").await["rfm_class"], "important_winback");
    }
}

journey! {
    async fn days_are_counted_between_local_dates(running: Running) {
        let admin = running.admin().await;
        // 23:30 in Greenwich is 07:30 of the next day in Shanghai; the day there ends at 16:00 in Greenwich.
        load(&admin, [
            order("1", "morning", "2026-10-20T23:30:00Z", "1"), order("2", "evening", "2026-10-20T15:59:59Z", "1"),
            order("3", "midnight", "2026-10-20T16:00:00Z", "1"), order("4", "west", "2026-10-20T11:00:00-05:00", "1"),
        ]).await;
        computed(&running, &admin, "2026-10-21").await;
        for (customer, days) in [("morning", 0), ("evening", 1), ("midnight", 0), ("west", 0)] {
            assert_eq!(tier(&admin, customer).await["recency_days"], days, "{customer}");
        }
        computed(&running, &admin, "2026-10-20").await;
        assert_eq!(tier(&admin, "evening").await["recency_days"], 0);
        for customer in ["morning", "midnight", "west"] {
            no_tier(&admin, customer).await;
        }
    }
}

journey! {
    async fn a_later_run_replaces_what_an_earlier_one_said(running: Running) {
        let admin = running.admin().await;
        let a = order("A1", "A", "2026-10-01T10:00:00+08:00", "10");
        load(&admin, [a.clone(), order("B1", "B", "2026-10-11T10:00:00+08:00", "20")]).await;
        computed(&running, &admin, "2026-10-20").await;
        assert_eq!(figures(&tier(&admin, "B").await), (9, 1, "20.00", [3, 1, 3], "regular"));

        load(&admin, [cancelled(a), order("B2", "B", "2026-10-12T10:00:00+08:00", "5")]).await;
        assert_eq!(tier(&admin, "A").await["frequency"], 1, "nobody moves this very moment");
        let run = computed(&running, &admin, "2026-10-31").await;
        assert_eq!(run["progress"]["customers_total"], 1);
        no_tier(&admin, "A").await;
        assert_eq!(figures(&tier(&admin, "B").await), (19, 2, "25.00", [1, 1, 1], "dormant"), "one alone is better than nobody");

        // And nobody at all is a result, too.
        assert_eq!(computed(&running, &admin, "2020-01-01").await["progress"]["customers_total"], 0);
        no_tier(&admin, "B").await;
        assert_eq!(admin.get(RUNS).await.expect(200)["items"].as_array().unwrap().len(), 3);
    }
}

journey! {
    async fn another_tier_table_takes_effect_at_the_next_run(running: Running) {
        let admin = running.admin().await;
        load(&admin, [order("A1", "A", "2026-10-01T10:00:00+08:00", "10")]).await;
        computed(&running, &admin, "2026-10-20").await;
        assert_eq!(tier(&admin, "A").await["tier"], "dormant");

        let any = json!({ "min": 1, "max": 5 });
        let read = admin.get(MODEL).await;
        let etag = read.header("etag").to_owned();
        let mut model = read.expect(200);
        model["rules"] = json!([{ "tier": "potential", "r": any, "f": { "min": 2, "max": 5 }, "m": any }, { "tier": "vip", "r": any, "f": any, "m": any }]);
        model["high_from"] = json!({ "r": 1, "f": 1, "m": 1 });
        // A run that is ordered already keeps the table by which it was ordered.
        let before = admin.post(RUNS, json!({ "as_of": "2026-10-20" })).await.expect(202);
        assert_eq!(before["status"], "pending");
        let changed = admin.clone().with_header("if-match", &etag).put(MODEL, model.clone()).await.expect(200);
        assert_eq!(changed, model);
        assert_eq!(admin.clone().with_header("if-match", &etag).put(MODEL, model.clone()).await.problem(412), "version_conflict");
        running.settle().await;
        assert_eq!(tier(&admin, "A").await["tier"], "dormant");

        computed(&running, &admin, "2026-10-20").await;
        let of_a = tier(&admin, "A").await;
        assert_eq!((&of_a["tier"], &of_a["rfm_class"]), (&json!("vip"), &json!("important_value")));
        assert!(of_a["explanation"].as_str().unwrap().contains("rule 2"));

        model["rules"][0]["r"] = json!({ "min": 0, "max": 6 });
        model["otherwise"] = json!("whale");
        assert_eq!(admin.put(MODEL, model).await.faults(), ["/otherwise", "/rules/0/r/max", "/rules/0/r/min"]);
    }
}

/// An order as the test knows it: customer, time, minor units, whether it counts.
type Known = (usize, DateTime<Utc>, i64, bool);

/// What the rule says, computed as it is written: (recency, frequency, monetary, scores) of each customer.
fn by_the_rule(orders: &BTreeMap<usize, Known>, as_of: NaiveDate) -> BTreeMap<usize, (i64, i64, i64, [i64; 3])> {
    let mut sums: BTreeMap<usize, (NaiveDate, i64, i64)> = BTreeMap::new();
    for (customer, at, amount, counts) in orders.values() {
        let on = (*at + TimeDelta::hours(8)).date_naive();
        if *counts && on <= as_of {
            let sum = sums.entry(*customer).or_insert((on, 0, 0));
            *sum = (sum.0.max(on), sum.1 + 1, sum.2 + amount);
        }
    }
    let n = sums.len() as i64;
    let score = |worse: usize| 1 + 5 * worse as i64 / n;
    sums.iter()
        .map(|(customer, (on, frequency, monetary))| {
            let r = score(sums.values().filter(|other| other.0 < *on).count());
            let f = score(sums.values().filter(|other| other.1 < *frequency).count());
            let m = score(sums.values().filter(|other| other.2 < *monetary).count());
            (*customer, ((as_of - *on).num_days(), *frequency, *monetary, [r, f, m]))
        })
        .collect()
}

journey! {
    async fn any_orders_are_scored_by_the_rule_as_it_is_written(running: Running) {
        let admin = running.admin().await;
        let start: DateTime<Utc> = "2026-09-01T00:00:00Z".parse().unwrap();
        // Few numbers, customers and amounts: repeated orders and ties are what goes wrong.
        let one = (0..150usize, 0..25usize, 0..60 * 24 * 60i64, 0..6i64, 0..5u8);
        let batch = proptest::collection::vec(one, 1..120);
        let mut runner = TestRunner::deterministic();
        let mut known: BTreeMap<usize, Known> = BTreeMap::new();
        for case in 0..5u64 {
            let orders = batch.new_tree(&mut runner).unwrap().current();
            let mut lines = Vec::new();
            for (number, customer, minutes, amount, status) in orders {
                let (at, amount) = (start + TimeDelta::minutes(minutes), amount * 1250);
                let line = order(&format!("SO-{number}"), &format!("K-{customer}"), &at.to_rfc3339(), &format!("{}.{:02}", amount / 100, amount % 100));
                lines.push(if status == 0 { cancelled(line) } else { line });
                known.insert(number, (customer, at, amount, status != 0));
            }
            load(&admin, lines).await;
            let as_of = NaiveDate::from_ymd_opt(2026, 10, 5).unwrap() + Days::new(case * 5);
            let expected = by_the_rule(&known, as_of);
            let run = computed(&running, &admin, &as_of.to_string()).await;
            assert_eq!(run["progress"]["customers_total"], expected.len(), "case {case}");
            let customers: std::collections::BTreeSet<usize> = known.values().map(|order| order.0).collect();
            for customer in customers {
                let name = format!("K-{customer}");
                let Some((recency, frequency, monetary, scores)) = expected.get(&customer) else {
                    no_tier(&admin, &name).await;
                    continue;
                };
                let found = tier(&admin, &name).await;
                let monetary = format!("{}.{:02}", monetary / 100, monetary % 100);
                let (r, f, m, s, _) = figures(&found);
                assert_eq!((r, f, m, s), (*recency, *frequency, monetary.as_str(), *scores), "case {case}, {name}");
            }
        }
    }
}
