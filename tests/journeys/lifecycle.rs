//! Where customers stand in their life: by orders, contract and calendar.

use huiyin_domain::event::Event;
use huiyin_persistence::integration::events;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tiering::{customer_id, load};
use crate::support::builders::{id, order};
use crate::support::{Client, Running, journey};

const RULE: &str = "/api/v1/tiering/lifecycle";

async fn stage(client: &Client, customer: &str) -> Value {
    client.get(&format!("/api/v1/customers/by-external-id/erp/{customer}")).await.expect(200)["lifecycle_stage"].clone()
}

async fn told(running: &Running, customer: &str) -> Vec<(Option<String>, String)> {
    let all = events::of_subject(&running.app.db, customer.parse::<Uuid>().unwrap(), 0, 1000).await.unwrap();
    all.into_iter()
        .filter_map(|recorded| match recorded.event {
            Event::CustomerLifecycleChanged { from, to, .. } => {
                Some((from.map(|from| from.to_string()), to.to_string()))
            }
            _ => None,
        })
        .collect()
}

journey! {
    async fn orders_and_contracts_move_a_customer_soon(running: Running) {
        let admin = running.admin().await;
        let created = admin.post("/api/v1/customers", json!({ "name": "明远贸易" })).await;
        let etag = created.header("etag").to_owned();
        let created = created.expect(201);
        let path = format!("/api/v1/customers/{}", id(&created));
        assert_eq!(created["lifecycle_stage"], "new");
        running.settle().await;
        assert_eq!(told(&running, &id(&created)).await, [], "everybody begins so");

        let patched = admin.clone().with_header("if-match", &etag).patch(&path, json!({ "contract_end": "2027-01-18" })).await;
        let etag = patched.header("etag").to_owned();
        running.settle().await;
        let shown = admin.get(&path).await;
        assert_eq!(shown.header("etag"), etag, "derived, so nobody has to read it again");
        assert_eq!(shown.expect(200)["lifecycle_stage"], "pre_renewal");
        admin.clone().with_header("if-match", &etag).patch(&path, json!({ "contract_end": "2027-01-19" })).await.expect(200);
        running.settle().await;
        assert_eq!(admin.get(&path).await.expect(200)["lifecycle_stage"], "new");
        let step = |from: &str, to: &str| (Some(from.to_owned()), to.to_owned());
        assert_eq!(told(&running, &id(&created)).await, [step("new", "pre_renewal"), step("pre_renewal", "new")]);

        load(&admin, [
            order("1", "first", "2026-07-22T02:00:00Z", "1"), order("2", "growing", "2026-07-21T02:00:00Z", "1"),
            order("3", "mature", "2025-10-20T02:00:00Z", "1"), order("4", "mature", "2026-10-01T02:00:00Z", "1"),
            order("5", "lapsed", "2025-10-20T02:00:00Z", "1"),
        ]).await;
        running.settle().await;
        for (customer, expected) in [("first", "new"), ("growing", "growing"), ("mature", "mature"), ("lapsed", "lapsed")] {
            assert_eq!(stage(&admin, customer).await, expected, "{customer}");
        }
        // Won back; and cancelled, lost again.
        load(&admin, [order("6", "lapsed", "2026-10-20T01:00:00Z", "1")]).await;
        running.settle().await;
        assert_eq!(stage(&admin, "lapsed").await, "mature");
        let mut cancelled = order("6", "lapsed", "2026-10-20T01:00:00Z", "1");
        cancelled["status"] = json!("cancelled");
        load(&admin, [cancelled]).await;
        running.settle().await;
        assert_eq!(stage(&admin, "lapsed").await, "lapsed");
    }
}

journey! {
    async fn the_calendar_moves_customers_once_a_day(running: Running) {
        let admin = running.admin().await;
        load(&admin, [order("1", "A", "2026-07-23T02:00:00Z", "1")]).await;
        running.settle().await;
        let customer = customer_id(&admin, "A").await;
        for (moment, expected) in [
            ("2026-10-20T19:00:00Z", "new"), ("2026-10-21T18:59:00Z", "new"), ("2026-10-21T19:00:00Z", "growing"),
            ("2026-10-30T19:00:00Z", "growing"), ("2027-07-22T19:00:00Z", "lapsed"),
        ] {
            running.until(moment).await;
            assert_eq!(stage(&running.admin().await, "A").await, expected, "{moment}");
        }
        assert_eq!(told(&running, &customer).await.len(), 2);
    }
}

journey! {
    async fn another_rule_moves_all_whom_it_concerns(running: Running) {
        let admin = running.admin().await;
        load(&admin, (0..7).map(|n| order(&format!("{n}"), &format!("K-{n}"), &format!("2026-10-{:02}T02:00:00Z", n + 10), "1"))).await;
        running.settle().await;
        assert_eq!(stage(&admin, "K-0").await, "new");
        let read = admin.get(RULE).await;
        let etag = read.header("etag").to_owned();
        assert_eq!(read.expect(200), json!({ "new_days": 90, "mature_days": 365, "renewal_days": 90, "lapsed_days": 365 }));
        let rule = json!({ "new_days": 5, "mature_days": 10, "renewal_days": 90, "lapsed_days": 365 });
        assert_eq!(admin.clone().with_header("if-match", &etag).put(RULE, rule.clone()).await.expect(200), rule);
        assert_eq!(admin.clone().with_header("if-match", &etag).put(RULE, rule.clone()).await.problem(412), "version_conflict");
        running.settle().await;
        let mut stages = Vec::new();
        for n in 0..7 {
            stages.push(stage(&admin, &format!("K-{n}")).await);
        }
        assert_eq!(stages, ["mature", "growing", "growing", "growing", "growing", "new", "new"]);
        admin.put(RULE, rule).await.expect(200);
        running.settle().await;
        assert_eq!(told(&running, &customer_id(&admin, "K-0").await).await.len(), 1, "the same rule moves nobody");
        let wrong = json!({ "new_days": 10, "mature_days": 10, "renewal_days": 0, "lapsed_days": 1 });
        assert_eq!(admin.put(RULE, wrong).await.problem(409), "lifecycle_conflict");
    }
}
