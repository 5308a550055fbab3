//! Who orders again: the paper's own customers, customers who never drop out, and what becomes of a risk.

use std::path::PathBuf;

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::support::builders::{id, order, user};
use crate::support::{Client, Running, journey, rows};

const MODELS: &str = "/api/v1/tiering/churn-models";

async fn load(client: &Client, orders: impl IntoIterator<Item = Value>) {
    let result = client.post_lines("/api/v1/orders/bulk", orders).await.expect(200);
    assert_eq!(result["errors"], json!([]));
}

async fn customer(client: &Client, name: &str) -> Value {
    client.get(&format!("/api/v1/customers/by-external-id/erp/{name}")).await.expect(200)
}

async fn churn(client: &Client, name: &str, query: &str) -> Value {
    let customer = id(&customer(client, name).await);
    client.get(&format!("/api/v1/customers/{customer}/churn{query}")).await.expect(200)
}

/// Fits, and scores all customers.
async fn fitted(running: &Running, client: &Client, body: Value) -> Value {
    let created = client.post(MODELS, body).await.expect(201);
    assert_eq!(created["scoring"], "pending");
    running.settle().await;
    let model = client.get(&format!("{MODELS}/{}", id(&created))).await.expect(200);
    assert_eq!((&model["scoring"], &model["customers_scored"]), (&json!("completed"), &model["customers"]));
    model
}

async fn events(running: &Running) -> i64 {
    rows::counts(running).await["events"]
}

#[track_caller]
fn near(value: &Value, expected: f64, by: f64) {
    assert!((value.as_f64().unwrap() - expected).abs() <= by, "{value} is not {expected} ± {by}");
}

/// An order a day of these.
fn orders(customer: &str, days: impl IntoIterator<Item = NaiveDate>) -> Vec<Value> {
    let one = |day: NaiveDate| order(&format!("{customer}-{day}"), customer, &format!("{day}T10:00:00+08:00"), "100");
    days.into_iter().map(one).collect()
}

/// The days from `first` to `last`, every so many.
fn every(days: u64, first: &str, last: &str) -> Vec<NaiveDate> {
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().unwrap(), last.parse().unwrap());
    std::iter::successors(Some(first), |day| Some(*day + Days::new(days))).take_while(|day| *day <= last).collect()
}

/// The lines of the CDNOW sample as orders; `None` where it may be missing: in CI it must be there.
fn cdnow() -> Option<Vec<Value>> {
    let folder = std::env::var_os("HUIYIN_TEST_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    let path = folder.join("cdnow_sample.txt");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("{}: {error} (HUIYIN_TEST_DATA names the folder)", path.display())
        }
        Err(error) => {
            eprintln!("SKIPPED: {}: {error} (HUIYIN_TEST_DATA names the folder)", path.display());
            return None;
        }
    };
    let one = |(number, line): (usize, &str)| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let day = NaiveDate::parse_from_str(fields[2], "%Y%m%d").unwrap();
        order(&number.to_string(), fields[1], &format!("{day}T10:00:00+08:00"), fields[4])
    };
    Some(text.lines().enumerate().map(one).collect())
}

journey! {
    async fn the_customers_of_the_paper_give_its_parameters(running: Running) {
        let Some(orders) = cdnow() else { return };
        let admin = running.admin().await;
        load(&admin, orders).await;
        let body = json!({ "as_of": "1997-09-30", "period": "week", "horizon_days": 273, "holdout_until": "1998-06-30" });
        let model = fitted(&running, &admin, body).await;
        assert_eq!((&model["customers"], &model["converged"], &model["shortfall"], &model["kind"]),
            (&json!(2357), &json!(true), &Value::Null, &json!("bg_nbd")));
        let parameters = &model["parameters"];
        near(&parameters["r"], 0.243, 0.001);
        near(&parameters["alpha"], 4.414, 0.002);
        near(&parameters["a"], 0.793, 0.001);
        near(&parameters["b"], 2.426, 0.003);
        near(&model["log_likelihood"], -9582.4, 0.05);

        let holdout = &model["holdout"];
        assert_eq!((&holdout["until"], &holdout["customers"]), (&json!("1998-06-30"), &json!(2357)));
        assert!(holdout["auc"].as_f64().unwrap() > 0.75, "{holdout}");
        near(&json!(holdout["orders_expected"].as_f64().unwrap() / holdout["orders"].as_f64().unwrap()), 1.0, 0.15);

        // The example of the paper's section 5: two repeat orders, the last after 30.43 of 38.86 weeks.
        let first = churn(&admin, "0001", "?horizon_days=273").await;
        near(&first["expected_orders"], 1.226, 0.001);
        near(&first["recency"], 30.43, 0.005);
        near(&first["t"], 38.86, 0.005);
        assert_eq!((&first["frequency"], &first["horizon_days"]), (&json!(2), &json!(273)));
        assert_eq!((&first["model"]["id"], &first["risk"]), (&model["id"], &customer(&admin, "0001").await["churn_risk"]));
        assert_eq!(churn(&admin, "0001", "").await["expected_orders"], first["expected_orders"]);
    }
}

journey! {
    async fn customers_who_never_drop_out_leave_no_maximum(running: Running) {
        let admin = running.admin().await;
        // Everybody comes at a pace of the own, and all of them to the end.
        let regular = |n: u64| orders(&format!("R{n}"), every(7 + n * 3, "2025-09-01", "2026-10-19"));
        load(&admin, (0..40).flat_map(regular)).await;
        let model = fitted(&running, &admin, json!({ "as_of": "2026-10-19", "period": "day" })).await;
        assert_eq!((&model["converged"], &model["shortfall"], &model["kind"], &model["customers"]),
            (&json!(false), &json!("dropout_vanishes"), &json!("nbd"), &json!(40)));
        assert_eq!((&model["parameters"]["a"], &model["parameters"]["b"]), (&json!(0.0), &Value::Null));
        let often = churn(&admin, "R0", "?horizon_days=30").await;
        assert_eq!((&often["p_alive"], &often["risk"], &often["model"]["converged"]), (&json!(1.0), &json!("low"), &json!(false)));
        near(&often["expected_orders"], 30.0 / 7.0, 0.5);
    }
}

journey! {
    async fn one_order_long_ago_is_a_risk_and_every_change_is_told_once(running: Running) {
        let admin = running.admin().await;
        load(&admin, orders("weekly", every(7, "2025-10-01", "2026-10-19"))).await;
        load(&admin, orders("monthly", every(30, "2025-10-01", "2026-10-19"))).await;
        load(&admin, orders("gone", every(10, "2025-10-01", "2025-12-01"))).await;
        for n in 0..20 {
            load(&admin, orders(&format!("once{n}"), every(1, "2025-10-10", "2025-10-10"))).await;
        }
        // Twice on one day is one day, and cancelled is never.
        let mut cancelled = order("x", "once0", "2026-10-18T10:00:00+08:00", "5");
        cancelled["status"] = json!("cancelled");
        load(&admin, [order("again", "once0", "2025-10-10T21:00:00+08:00", "5"), cancelled]).await;
        assert_eq!(customer(&admin, "once0").await["churn_risk"], Value::Null);

        // What orders do beside is done before events are counted.
        running.settle().await;
        let before = events(&running).await;
        let body = json!({ "as_of": "2026-10-19", "period": "day", "horizon_days": 60 });
        let first = fitted(&running, &admin, body.clone()).await;
        assert_eq!(events(&running).await, before + 2, "fitted and scored; the first risk of a customer is no change");
        let once = churn(&admin, "once0", "").await;
        assert_eq!((&once["p_alive"], &once["risk"], &once["frequency"]), (&json!(1.0), &json!("high"), &json!(0)));
        for (name, risk) in [("weekly", "low"), ("monthly", "low"), ("gone", "high"), ("once0", "high")] {
            assert_eq!(churn(&admin, name, "").await["risk"], risk, "{name}");
            assert_eq!(customer(&admin, name).await["churn_risk"], risk, "{name}");
        }
        let low = json!({ "condition": { "field": "churn_risk", "op": "in", "value": ["low", "medium"] } });
        let found = admin.post("/api/v1/customers/search", low).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{found}");
        let further = churn(&admin, "once0", "?horizon_days=3650").await;
        assert!(further["probability_of_order"].as_f64() > once["probability_of_order"].as_f64());

        // The same again changes nothing; other thresholds change what they say.
        let before = events(&running).await;
        let again = fitted(&running, &admin, body).await;
        assert_eq!((&again["parameters"], &again["log_likelihood"]), (&first["parameters"], &first["log_likelihood"]));
        assert_eq!(events(&running).await, before + 2);
        let lenient = json!({ "as_of": "2026-10-19", "period": "day", "horizon_days": 60, "high_below": 0.0, "low_from": 0.0 });
        fitted(&running, &admin, lenient).await;
        assert_eq!(events(&running).await, before + 4 + 21, "the 20 who came once, and the one who is gone");
        assert_eq!(customer(&admin, "once0").await["churn_risk"], "low");
        running.settle().await;
        assert_eq!(events(&running).await, before + 25);

        // Whoever has no order any more has no risk.
        let mut cancelled = order("once1-2025-10-10", "once1", "2025-10-10T10:00:00+08:00", "100");
        cancelled["status"] = json!("cancelled");
        load(&admin, [cancelled]).await;
        fitted(&running, &admin, json!({ "as_of": "2026-10-19" })).await;
        let nobody = customer(&admin, "once1").await;
        assert_eq!(nobody["churn_risk"], Value::Null);
        let answer = admin.get(&format!("/api/v1/customers/{}/churn", id(&nobody))).await;
        assert_eq!(answer.problem(404), "churn_not_found");

        // An agent sees the risk of the own customers only.
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let answer = agent.get(&format!("/api/v1/customers/{}/churn", id(&customer(&admin, "weekly").await))).await;
        assert_eq!(answer.problem(404), "customer_not_found");
    }
}

journey! {
    async fn a_model_is_renewed_at_night_and_the_last_one_holds(running: Running) {
        let admin = running.admin().await;
        load(&admin, orders("a", every(9, "2026-01-01", "2026-10-19"))).await;
        load(&admin, orders("b", every(30, "2026-03-01", "2026-08-01"))).await;
        // Two in a row: nobody needs what the first one would say.
        let first = admin.post(MODELS, json!({ "as_of": "2026-06-30", "period": "week" })).await.expect(201);
        let second = admin.post(MODELS, json!({ "as_of": "2026-09-30", "period": "day", "horizon_days": 30 })).await.expect(201);
        running.settle().await;
        let scoring = async |model: &Value| admin.get(&format!("{MODELS}/{}", id(model))).await.expect(200)["scoring"].clone();
        assert_eq!((scoring(&first).await, scoring(&second).await), (json!("superseded"), json!("completed")));
        assert_eq!(churn(&admin, "a", "").await["model"]["as_of"], "2026-09-30");

        // Three in the morning of the next day in Shanghai.
        running.until("2026-10-20T18:59:59Z").await;
        let admin = running.admin().await;
        assert_eq!(admin.get(MODELS).await.expect(200)["items"].as_array().unwrap().len(), 2);
        running.pass(TimeDelta::seconds(1)).await;
        let models = admin.get(MODELS).await.expect(200);
        let renewed = &models["items"][0];
        assert_eq!((&renewed["as_of"], &renewed["period"], &renewed["horizon_days"], &renewed["scoring"]),
            (&json!("2026-10-20"), &json!("day"), &json!(30), &json!("completed")));
        assert_eq!(churn(&admin, "a", "").await["model"]["id"], renewed["id"]);
        running.until("2026-10-21T19:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(admin.get(MODELS).await.expect(200)["items"].as_array().unwrap().len(), 4, "and the night after");
    }
}

journey! {
    async fn what_cannot_be_fitted_is_told(running: Running) {
        let admin = running.admin().await;
        let empty = admin.post(MODELS, json!({ "as_of": "2026-10-19" })).await;
        assert_eq!(empty.problem(409), "churn_no_history");
        load(&admin, orders("new", every(1, "2026-10-19", "2026-10-19"))).await;
        let no_model = admin.get(&format!("/api/v1/customers/{}/churn", id(&customer(&admin, "new").await))).await;
        assert_eq!(no_model.problem(404), "churn_model_not_found");
        assert_eq!(admin.post(MODELS, json!({ "as_of": "2026-10-19" })).await.problem(409), "churn_no_history", "known for no time at all");
        assert_eq!(admin.get(&format!("{MODELS}/{}", uuid::Uuid::nil())).await.problem(404), "churn_model_not_found");

        let wrong = json!({ "as_of": "2026-10-21", "holdout_until": "2026-10-21", "high_below": 0.6, "low_from": 0.5 });
        let answer = admin.post(MODELS, wrong).await.expect(409);
        let pointers: Vec<&str> = answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/as_of", "/holdout_until", "/holdout_until", "/high_below"]);
        let shape = json!({ "as_of": "2026-02-30", "period": "month", "horizon_days": 0, "low_from": 1.5 });
        assert_eq!(admin.post(MODELS, shape).await.faults(), ["/as_of", "/horizon_days", "/low_from", "/period"]);

        // The same request again, with its key, is the same model.
        load(&admin, orders("known", every(20, "2026-01-01", "2026-10-01"))).await;
        let keyed = admin.clone().with_header("idempotency-key", "one");
        let once = keyed.post(MODELS, json!({ "as_of": "2026-10-19" })).await.expect(201);
        assert_eq!(keyed.post(MODELS, json!({ "as_of": "2026-10-19" })).await.expect(201), once);
        assert_eq!(admin.get(MODELS).await.expect(200)["items"], json!([once]));
    }
}
