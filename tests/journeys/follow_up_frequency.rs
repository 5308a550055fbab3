//! Plans that know nothing of each other do not have a customer called too often.

use futures_util::future::join_all;
use huiyin_domain::event::Event;
use huiyin_persistence::integration::events::of_subject;
use serde_json::{Value, json};
use uuid::Uuid;

use super::follow_up_generation::{PLANS, customer, every, once, start, tasks, touchpoint};
use crate::support::{Client, Running, journey};

const LIMITS: &str = "/api/v1/follow-up-plans/contact-limits";

async fn on(client: &Client, day: &str, more: Value) -> String {
    let mut said = json!({ "purpose": "marketing" });
    for (name, value) in more.as_object().unwrap() {
        said[name] = value.clone();
    }
    start(client, json!([touchpoint("一次", once(day))]), said).await
}

/// What became of the one task of a plan.
async fn state(client: &Client, plan: &str) -> String {
    match &tasks(client, plan).await[..] {
        [task] => format!("{} {}", task["state"].as_str().unwrap(), task["cancel_cause"].as_str().unwrap_or("-")),
        other => panic!("{other:#?}"),
    }
}

/// Customers without a tier may be contacted once a month.
async fn once_a_month(admin: &Client) {
    let mut limits = admin.get(LIMITS).await.expect(200);
    limits["regular"] = json!({ "contacts": 1, "months": 1 });
    admin.put(LIMITS, limits).await.expect(200);
}

const MADE: &str = "pending -";
const TOO_MANY: &str = "cancelled contact_limit";

journey! {
    async fn plans_together_contact_a_customer_no_more_often_than_is_allowed(running: Running) {
        let admin = running.admin().await;
        let known = customer(&admin, json!({ "name": "甲" })).await;
        let limits = admin.get(LIMITS).await.expect(200);
        assert_eq!(limits["regular"], json!({ "contacts": 2, "months": 3 }), "also for those who have no tier yet");
        assert_eq!(limits["dormant"], json!({ "contacts": 1, "months": 6 }));

        let service = on(&admin, "2026-10-20", json!({ "purpose": "service" })).await;
        let first = on(&admin, "2026-10-20", json!({})).await;
        let second = on(&admin, "2026-10-21", json!({})).await;
        let third = on(&admin, "2026-10-22", json!({})).await;
        let visit = on(&admin, "2026-10-22", json!({ "method": "visit" })).await;
        let serving = on(&admin, "2026-10-22", json!({ "purpose": "service" })).await;
        let early = on(&admin, "2027-01-19", json!({})).await;
        let again = on(&admin, "2027-01-20", json!({})).await;
        running.settle().await;
        running.until("2026-10-20T17:00:00Z").await;
        running.until("2026-10-21T17:00:00Z").await;
        let admin = running.admin().await;
        for (plan, expected) in [
            (&service, MADE), (&first, MADE), (&second, MADE), (&third, TOO_MANY), (&visit, MADE), (&serving, MADE),
        ] {
            assert_eq!(state(&admin, plan).await, expected);
        }
        let progress = admin.get(&format!("{PLANS}/{third}/progress")).await.expect(200);
        assert_eq!((&progress["tasks"], &progress["cancelled"]["contact_limit"]), (&json!(1), &json!(1)), "{progress:#}");
        let chinese = admin.clone().with_header("accept-language", "zh-CN");
        let told = chinese.get(&format!("/api/v1/customers/{known}/timeline")).await.expect(200).to_string();
        assert!(told.contains("已达联系频次上限"), "{told}");

        // The first one's three months end on the 20th; what was not done does not count.
        running.until("2027-01-18T17:00:00Z").await;
        running.until("2027-01-19T17:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!((state(&admin, &early).await.as_str(), state(&admin, &again).await.as_str()), (TOO_MANY, MADE));
    }
}

journey! {
    async fn nought_is_none_at_all_and_null_is_no_limit(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲" })).await;
        let mut limits = admin.get(LIMITS).await.expect(200);
        limits["regular"] = json!({ "contacts": 0, "months": 1 });
        let set = admin.put(LIMITS, limits.clone()).await;
        assert_eq!(set.header("etag"), "\"2\"");
        assert_eq!(set.expect(200), limits);
        let never = on(&admin, "2026-10-20", json!({})).await;
        running.settle().await;
        assert_eq!(state(&admin, &never).await, TOO_MANY);

        limits["regular"] = Value::Null;
        admin.put(LIMITS, limits.clone()).await.expect(200);
        for _ in 0..4 {
            let plan = on(&admin, "2026-10-20", json!({})).await;
            running.settle().await;
            assert_eq!(state(&admin, &plan).await, MADE);
        }

        limits["regular"] = json!({ "contacts": -1, "months": 0 });
        limits.as_object_mut().unwrap().remove("vip");
        let faults = admin.put(LIMITS, limits).await.faults().join(" ");
        for pointer in ["/regular/contacts", "/regular/months", "/vip"] {
            assert!(faults.contains(pointer), "{faults}");
        }
        let setting = Uuid::from_u128(0x7000_8000_0000_0000_0006);
        let told = of_subject(&running.app.db, setting, 0, 10).await.unwrap();
        let told: Vec<Event> = told.into_iter().map(|one| one.event).collect();
        let changed =
            Event::FollowUpContactLimitsChanged { setting_id: setting, fields: vec!["regular".to_owned()] };
        assert_eq!(told, [changed.clone(), changed]);
    }
}

journey! {
    async fn what_was_done_late_counts_from_when_it_was_done(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲" })).await;
        once_a_month(&admin).await;
        let first = on(&admin, "2026-10-20", json!({})).await;
        let soon = on(&admin, "2026-11-21", json!({})).await;
        let later = on(&admin, "2026-11-26", json!({})).await;
        running.until("2026-10-25T02:00:00Z").await;
        let admin = running.admin().await;
        let task = tasks(&admin, &first).await[0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/api/v1/follow-up-tasks/{task}/record"), json!({ "outcome": "refused" })).await.expect(201);
        running.until("2026-11-20T17:00:00Z").await;
        running.until("2026-11-25T17:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!((state(&admin, &soon).await.as_str(), state(&admin, &later).await.as_str()), (TOO_MANY, MADE));
    }
}

journey! {
    async fn a_rhythm_goes_on_though_each_call_is_made_on_the_last_day_for_it(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲" })).await;
        once_a_month(&admin).await;
        let monthly = touchpoint("每月", every(1, "months", "2026-10-20"));
        let plan = start(&admin, json!([monthly]), json!({ "purpose": "marketing" })).await;
        running.settle().await;
        running.until("2026-10-22T02:00:00Z").await;
        let admin = running.admin().await;
        let task = tasks(&admin, &plan).await[0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/api/v1/follow-up-tasks/{task}/record"), json!({ "outcome": "reached" })).await.expect(201);
        running.until("2026-11-20T02:00:00Z").await;
        let admin = running.admin().await;
        let mut states: Vec<String> = tasks(&admin, &plan).await.iter().map(|task| task["state"].as_str().unwrap().to_owned()).collect();
        states.sort();
        assert_eq!(states, ["completed", "pending"], "{:#?}", tasks(&admin, &plan).await);
    }
}

journey! {
    async fn copies_that_make_tasks_at_once_do_not_exceed_a_limit(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        for n in 0..20 {
            customer(&admin, json!({ "name": format!("客户{n}") })).await;
        }
        running.settle().await;
        let mut plans = Vec::new();
        for _ in 0..4 {
            plans.push(on(&admin, "2026-10-20", json!({})).await);
        }
        let copies = [&running, &second];
        for outcome in join_all((0..6).map(|task| huiyin::jobs::run_due(&copies[task % 2].app))).await {
            outcome.unwrap();
        }
        running.settle().await;
        let (mut made, mut too_many) = (0, 0);
        for plan in &plans {
            for task in tasks(&admin, plan).await {
                if task["state"] == "pending" { made += 1 } else { too_many += 1 }
            }
        }
        assert_eq!((made, too_many), (40, 40), "two of four each");
    }
}
