//! Several models of tiers: what they look at, who would move by another one, and what happens when it is activated.

use serde_json::{Value, json};

use super::tiering::{computed, customer_id, load, no_tier, tier};
use crate::support::builders::{id, order, user};
use crate::support::{Client, Running, journey};

const MODELS: &str = "/api/v1/tiering/models";

/// Everybody by the number of orders alone.
fn by_orders(cuts: [i64; 4]) -> Value {
    let any = json!({ "min": 1, "max": 5 });
    json!({
        "rules": [
            { "tier": "vip", "r": any, "f": { "min": 5, "max": 5 }, "m": any },
            { "tier": "potential", "r": any, "f": { "min": 3, "max": 4 }, "m": any },
        ],
        "otherwise": "regular",
        "high_from": { "r": 4, "f": 4, "m": 4 },
        "scoring": { "r": { "method": "quantiles" }, "f": { "method": "thresholds", "cuts": cuts }, "m": { "method": "quantiles" } },
    })
}

/// So many orders of a customer in October.
async fn orders(client: &Client, customer: &str, count: usize) {
    let line =
        |n: usize| order(&format!("{customer}-{n}"), customer, &format!("2026-10-{:02}T02:00:00Z", n + 1), "100");
    load(client, (0..count).map(line)).await;
}

journey! {
    async fn models_are_kept_beside_the_active_one(running: Running) {
        let admin = running.admin().await;
        let listed = admin.get(MODELS).await.expect(200);
        assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["active"]), (&json!("default"), &json!(true)));
        let default = id(&listed["items"][0]);

        let body = json!({ "name": "按订单数", "model": by_orders([1, 2, 3, 5]) });
        let created = admin.post(MODELS, body.clone()).await;
        let etag = created.header("etag").to_owned();
        let created = created.expect(201);
        assert_eq!((&created["active"], &created["model"]["scoring"]["f"]["cuts"]), (&json!(false), &json!([1, 2, 3, 5])));
        assert_eq!((&created["model"]["window_days"], &created["model"]["reference"]), (&Value::Null, &json!("as_of")));
        let path = format!("{MODELS}/{}", id(&created));
        assert_eq!(admin.get(&path).await.expect(200), created);
        assert_eq!(admin.post(MODELS, body.clone()).await.problem(409), "name_taken");

        let mut other = body.clone();
        other["model"]["window_days"] = json!(365);
        let changed = admin.clone().with_header("if-match", &etag).put(&path, other.clone()).await.expect(200);
        assert_eq!(changed["model"]["window_days"], 365);
        assert_eq!(admin.clone().with_header("if-match", &etag).put(&path, other.clone()).await.problem(412), "version_conflict");
        other["name"] = json!("default");
        assert_eq!(admin.put(&path, other).await.problem(409), "name_taken");

        assert_eq!(admin.delete(&format!("{MODELS}/{default}")).await.problem(409), "tiering_model_active");
        assert_eq!(admin.delete(&path).await.status, 204);
        assert_eq!(admin.get(&path).await.problem(404), "tiering_model_not_found");
    }
}

journey! {
    async fn everything_that_contradicts_itself_is_named(running: Running) {
        let admin = running.admin().await;
        let mut model = by_orders([1, 2, 2, 1]);
        model["scoring"]["r"] = json!({ "method": "thresholds" });
        model["scoring"]["m"] = json!({ "method": "quantiles", "cuts": ["1", "2", "3", "4"] });
        model["tag_rules"] = json!([
            { "tag": "a", "effect": "set" }, { "tag": "a", "effect": "lower", "tier": "vip" }, { "tag": "b", "effect": "raise" },
        ]);
        let answer = admin.post(MODELS, json!({ "name": "x", "model": model })).await;
        let told = answer.json();
        assert_eq!(answer.problem(409), "tiering_model_conflict");
        let mut pointers: Vec<String> = told["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort();
        assert_eq!(pointers, [
            "/model/scoring/f/cuts/2", "/model/scoring/f/cuts/3", "/model/scoring/m/cuts", "/model/scoring/r/cuts",
            "/model/tag_rules/0/tier", "/model/tag_rules/1/tag", "/model/tag_rules/1/tier",
        ]);
    }
}

journey! {
    async fn who_would_move_where_is_seen_before_and_happens_after(running: Running) {
        let admin = running.admin().await;
        for (customer, count) in [("A", 1), ("B", 2), ("C", 3), ("D", 6)] {
            orders(&admin, customer, count).await;
        }
        computed(&running, &admin, "2026-10-20").await;
        let before: Vec<Value> = [tier(&admin, "A").await, tier(&admin, "D").await].iter().map(|t| t["tier"].clone()).collect();

        let created = admin.post(MODELS, json!({ "name": "按订单数", "model": by_orders([2, 3, 4, 5]) })).await.expect(201);
        let path = format!("{MODELS}/{}", id(&created));
        let seen = admin.post(&format!("{path}/preview"), json!({})).await.expect(200);
        assert_eq!((&seen["as_of"], &seen["customers"]), (&json!("2026-10-20"), &json!(4)));
        assert_eq!(seen["cut_points"]["f"], json!([2, 3, 4, 5]));
        let moved_to = |to: &str| -> i64 {
            seen["matrix"].as_array().unwrap().iter().filter(|m| m["to"] == to).map(|m| m["customers"].as_i64().unwrap()).sum()
        };
        assert_eq!((moved_to("vip"), moved_to("potential"), moved_to("regular")), (1, 1, 2));
        let moving: i64 = seen["matrix"].as_array().unwrap().iter().filter(|m| m["from"] != m["to"]).map(|m| m["customers"].as_i64().unwrap()).sum();
        assert_eq!((seen["moving"].as_i64().unwrap(), seen["sample"].as_array().unwrap().len() as i64), (moving, moving));
        assert_eq!(admin.post(&format!("{MODELS}/preview"), json!({ "model": by_orders([2, 3, 4, 5]) })).await.expect(200), seen);
        assert_eq!(tier(&admin, "A").await["tier"], before[0], "nothing is written");

        // Quantiles tell what a score takes among these customers; of four, nobody is better than four fifths.
        let quantiles = admin.post(&format!("{MODELS}/{}/preview", id(&admin.get(MODELS).await.expect(200)["items"][1])), json!({})).await.expect(200);
        assert_eq!(quantiles["cut_points"]["f"], json!([2, 3, 6, null]));
        assert_eq!(quantiles["cut_points"]["m"], json!(["200.00", "300.00", "600.00", null]));
        assert_eq!(quantiles["cut_points"]["r"], json!([18, 17, 14, null]));
        assert_eq!(quantiles["moving"], 0, "the active model moves nobody");

        let activated = admin.call(&format!("{path}/activate")).await.expect(200);
        assert_eq!(activated["active"], true);
        assert_eq!(admin.call(&format!("{path}/activate")).await.expect(200), activated, "once is enough");
        running.settle().await;
        for (customer, expected) in [("A", "regular"), ("B", "regular"), ("C", "potential"), ("D", "vip")] {
            let now = tier(&admin, customer).await;
            assert_eq!(now["tier"], expected, "{customer}");
        }
        let runs = admin.get("/api/v1/tiering/runs").await.expect(200);
        assert_eq!((runs["items"].as_array().unwrap().len(), &runs["items"][0]["cause"], &runs["items"][0]["model_id"]), (2, &json!("model"), &created["id"]));
        let active: Vec<Value> = admin.get(MODELS).await.expect(200)["items"].as_array().unwrap().iter().filter(|m| m["active"] == true).cloned().collect();
        assert_eq!(active.len(), 1);
        assert_eq!(admin.get("/api/v1/tiering/model").await.expect(200), active[0]["model"]);
    }
}

journey! {
    async fn window_reference_and_refunds_say_which_money_counts(running: Running) {
        let admin = running.admin().await;
        let mut refunded = order("A2", "A", "2026-10-18T02:00:00Z", "100");
        refunded["refunded"] = json!("30.50");
        load(&admin, [
            order("A1", "A", "2026-09-19T02:00:00Z", "10"), refunded,
            order("B1", "B", "2026-09-20T02:00:00Z", "10"), order("C1", "C", "2026-09-15T02:00:00Z", "10"),
        ]).await;
        let mut model = admin.get("/api/v1/tiering/model").await.expect(200);
        model["window_days"] = json!(31);
        admin.put("/api/v1/tiering/model", model.clone()).await.expect(200);
        computed(&running, &admin, "2026-10-20").await;
        let of_a = tier(&admin, "A").await;
        assert_eq!((&of_a["frequency"], &of_a["monetary"], &of_a["recency_days"]), (&json!(1), &json!("69.50"), &json!(2)));
        assert_eq!(tier(&admin, "B").await["recency_days"], 30, "the first day of the window counts");
        no_tier(&admin, "C").await;

        model["reference"] = json!("latest_order");
        admin.put("/api/v1/tiering/model", model.clone()).await.expect(200);
        let run = computed(&running, &admin, "2026-10-20").await;
        assert_eq!(run["reference"], "2026-10-18");
        let of_a = tier(&admin, "A").await;
        assert_eq!((&of_a["as_of"], &of_a["recency_days"], &of_a["frequency"]), (&json!("2026-10-18"), &json!(0), &json!(2)));

        model["reference"] = json!("previous_month_end");
        model["window_days"] = Value::Null;
        admin.put("/api/v1/tiering/model", model).await.expect(200);
        let run = computed(&running, &admin, "2026-10-20").await;
        assert_eq!(run["reference"], "2026-09-30");
        let of_a = tier(&admin, "A").await;
        assert_eq!((&of_a["as_of"], &of_a["monetary"], &of_a["recency_days"]), (&json!("2026-09-30"), &json!("10.00"), &json!(11)));
    }
}

journey! {
    async fn a_tag_lowers_or_fixes_a_tier(running: Running) {
        let admin = running.admin().await;
        orders(&admin, "A", 6).await;
        orders(&admin, "B", 1).await;
        let mut model = by_orders([2, 3, 4, 5]);
        model["tag_rules"] = json!([{ "tag": "price_sensitive", "effect": "lower" }, { "tag": "key_account", "effect": "set", "tier": "vip" }]);
        admin.put("/api/v1/tiering/model", model).await.expect(200);
        computed(&running, &admin, "2026-10-20").await;
        let path = format!("/api/v1/customers/{}", customer_id(&admin, "A").await);
        assert_eq!(tier(&admin, "A").await["tier"], "vip");

        admin.patch(&path, json!({ "tags": ["price_sensitive", "other"] })).await.expect(200);
        running.settle().await;
        let lowered = tier(&admin, "A").await;
        assert_eq!((&lowered["tier"], &lowered["tag"], &lowered["cause"]), (&json!("potential"), &json!("price_sensitive"), &json!("tag")));
        assert!(lowered["explanation"].as_str().unwrap().contains("price_sensitive"));
        let path_of_b = format!("/api/v1/customers/{}", customer_id(&admin, "B").await);
        admin.patch(&path_of_b, json!({ "tags": ["key_account", "price_sensitive"] })).await.expect(200);
        running.settle().await;
        assert_eq!(tier(&admin, "B").await["tier"], "vip");

        // A run comes to the same, and tells nothing.
        computed(&running, &admin, "2026-10-20").await;
        assert_eq!(tier(&admin, "A").await["tier"], "potential");
        admin.patch(&path, json!({ "tags": [] })).await.expect(200);
        running.settle().await;
        assert_eq!((&tier(&admin, "A").await["tier"], &tier(&admin, "A").await["tag"]), (&json!("vip"), &Value::Null));
        let history = admin.get(&format!("{path}/tier/history")).await.expect(200);
        let causes: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|entry| &entry["cause"]).collect();
        assert_eq!(causes, ["tag", "tag", "run"]);
    }
}

journey! {
    async fn tiers_are_computed_every_day_at_the_hour_of_the_zone(running: Running) {
        let admin = running.admin().await;
        orders(&admin, "A", 1).await;
        running.settle().await;
        no_tier(&admin, "A").await;
        let schedule = admin.get("/api/v1/tiering/schedule").await;
        let etag = schedule.header("etag").to_owned();
        assert_eq!(schedule.expect(200), json!({ "enabled": true, "hour": 3 }));

        // Three o'clock in Shanghai.
        running.until("2026-10-20T18:59:59Z").await;
        no_tier(&running.admin().await, "A").await;
        running.until("2026-10-20T19:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!((&tier(&admin, "A").await["as_of"], &tier(&admin, "A").await["cause"]), (&json!("2026-10-21"), &json!("run")));
        running.until("2026-10-21T19:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(tier(&admin, "A").await["recency_days"], 21, "as of today, though it was not written again");

        let body = json!({ "enabled": false, "hour": 5 });
        assert_eq!(admin.clone().with_header("if-match", &etag).put("/api/v1/tiering/schedule", body.clone()).await.expect(200), body);
        assert_eq!(admin.clone().with_header("if-match", &etag).put("/api/v1/tiering/schedule", body).await.problem(412), "version_conflict");
        running.until("2026-10-25T00:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(tier(&admin, "A").await["as_of"], "2026-10-22");
        admin.put("/api/v1/tiering/schedule", json!({ "enabled": true, "hour": 5 })).await.expect(200);
        running.until("2026-10-25T20:59:00Z").await;
        assert_eq!(tier(&running.admin().await, "A").await["as_of"], "2026-10-22");
        running.until("2026-10-25T21:00:00Z").await;
        assert_eq!(tier(&running.admin().await, "A").await["as_of"], "2026-10-26");
    }
}

journey! {
    async fn a_preview_names_only_whom_one_reaches(running: Running) {
        let admin = running.admin().await;
        orders(&admin, "A", 1).await;
        let (narrow, narrow_id) = user(&running, &admin, "narrow", "admin", Some("sales")).await;
        admin.patch(&format!("/api/v1/users/{narrow_id}"), json!({ "data_scope": "own" })).await.expect(200);
        running.settle().await;
        let body = json!({ "model": by_orders([1, 2, 3, 4]) });
        let narrow = { drop(narrow); running.sign_in("narrow", "narrow has a password").await };
        let seen = narrow.post(&format!("{MODELS}/preview"), body.clone()).await.expect(200);
        assert_eq!((&seen["moving"], &seen["sample"]), (&json!(1), &json!([])));
        assert_eq!(admin.post(&format!("{MODELS}/preview"), body).await.expect(200)["sample"].as_array().unwrap().len(), 1);
    }
}
