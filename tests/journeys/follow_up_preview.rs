//! What a plan would bring: the preview says what the sweeps then do, of customers within reach.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::follow_up_generation::{PLANS, customer, every, everybody, once, start, tasks, touchpoint};
use crate::support::builders::{department, id, user};
use crate::support::{Running, journey};

journey! {
    async fn a_preview_says_what_the_sweeps_then_do(running: Running) {
        let admin = running.admin().await;
        for n in 0..40 {
            let ends = format!("2026-{}-{:02}", 10 + n % 3, 21 + n % 7);
            customer(&admin, json!({ "name": format!("客户{n}"), "contract_end": ends, "cooperation_start": "2020-02-29" })).await;
        }
        let mut spread = every(1, "weeks", "2026-10-20");
        spread["spread"] = json!(true);
        let around = json!({ "kind": "around", "field": "contract_end", "direction": "before", "delay": { "amount": 5, "unit": "days" }, "yearly": false });
        let yearly = json!({ "kind": "around", "field": "cooperation_start", "direction": "after", "delay": { "amount": 240, "unit": "days" }, "yearly": true });
        let touchpoints = json!([touchpoint("每周", spread), touchpoint("到期前", around), touchpoint("周年", yearly), touchpoint("一次", once("2026-10-22"))]);
        let draft = json!({ "condition": everybody(), "touchpoints": touchpoints, "days": 20, "limit": 7 });
        let seen = admin.post(&format!("{PLANS}/preview"), draft.clone()).await.expect(200);
        assert_eq!((&seen["from"], &seen["to"]), (&json!("2026-10-20"), &json!("2026-11-08")));

        // All of its pages, each contact once, in order.
        let (mut contacts, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let mut page = draft.clone();
            if !cursor.is_null() {
                page["cursor"] = cursor;
            }
            let page = admin.post(&format!("{PLANS}/preview"), page).await.expect(200);
            assert_eq!(page["total"], seen["total"]);
            contacts.extend(page["contacts"].as_array().unwrap().iter().cloned());
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        let planned = |contact: &Value| format!("{} {} {}", contact["on"].as_str().unwrap(), contact["touchpoint"], contact["name"].as_str().unwrap());
        let mut foretold: Vec<String> = contacts.iter().map(planned).collect();
        assert_eq!(json!(foretold.len()), seen["total"]);
        foretold.sort();
        let by_day: i64 = seen["days"].as_array().unwrap().iter().map(|day| day["tasks"].as_i64().unwrap()).sum();
        assert_eq!(json!(by_day), seen["total"]);

        let plan = start(&admin, draft["touchpoints"].clone(), json!({})).await;
        let stored = admin.get(&format!("{PLANS}/{plan}/preview?days=20")).await.expect(200);
        assert_eq!((&stored["total"], &stored["days"]), (&seen["total"], &seen["days"]));
        let places: BTreeMap<String, usize> = admin.get(&format!("{PLANS}/{plan}")).await.expect(200)["touchpoints"].as_array().unwrap().iter().enumerate()
            .map(|(place, touchpoint)| (id(touchpoint), place)).collect();
        running.settle().await;
        for day in 1..20 {
            let morning: DateTime<Utc> = "2026-10-19T16:00:00Z".parse().unwrap();
            running.clock.set(morning + TimeDelta::days(day));
            running.settle().await;
        }
        let admin = running.admin().await;
        let done = tasks(&admin, &plan).await;
        let mut happened: Vec<String> = done.iter().map(|task| {
            let on = (task["due_from"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(8)).date_naive();
            format!("{on} {} {}", places[task["touchpoint_id"].as_str().unwrap()], task["customer"]["name"].as_str().unwrap())
        }).collect();
        happened.sort();
        assert_eq!(happened, foretold);
    }
}

journey! {
    async fn previews_show_what_one_reaches(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        customer(&admin, json!({ "name": "甲", "owner_id": agent_id, "phone": "13800138000" })).await;
        customer(&admin, json!({ "name": "乙", "phone": "13800138001" })).await;
        let plan = start(&admin, json!([touchpoint("月末", once("2026-10-31"))]), json!({})).await;
        let path = format!("{PLANS}/{plan}/preview");
        assert_eq!(admin.get(&path).await.expect(200)["total"], 2);
        let own = agent.get(&path).await.expect(200);
        assert_eq!((&own["total"], &own["contacts"][0]["name"]), (&json!(1), &json!("甲")));
        let (director, _) = user(&running, &admin, "director", "director", Some("customer_service")).await;
        let phone = json!({ "field": "phone", "op": "eq", "value": "13800138001" });
        let secret = json!({ "condition": phone, "touchpoints": [touchpoint("月末", once("2026-10-31"))] });
        assert_eq!(director.post(&format!("{PLANS}/preview"), secret.clone()).await.problem(403), "forbidden", "a count would tell whose phone it is");
        assert_eq!(admin.post(&format!("{PLANS}/preview"), secret).await.expect(200)["total"], 1);
        assert_eq!(admin.get(&format!("{path}?cursor=AAAAAAAAAAAAAAAAAAAAAAAA")).await.problem(409), "cursor_mismatch");
        let nobody = Uuid::now_v7();
        assert_eq!(admin.get(&format!("{PLANS}/{nobody}/preview")).await.problem(404), "plan_not_found");
        let both = json!({ "condition": everybody(), "segment_id": nobody, "touchpoints": [touchpoint("x", once("2026-10-31"))] });
        assert_eq!(admin.post(&format!("{PLANS}/preview"), both).await.problem(409), "plan_conflict");
        assert_eq!(admin.get(&format!("{path}?days=91")).await.faults(), ["#query/days"]);
    }
}

journey! {
    async fn a_departments_plan_is_about_its_own_customers(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "zhao.min", "manager", Some("sales")).await;
        let (sales, research) = (department(&admin, "sales").await, department(&admin, "research").await);
        let own = customer(&admin, json!({ "name": "销售的客户", "department_id": sales })).await;
        customer(&admin, json!({ "name": "研发的客户", "department_id": research })).await;
        customer(&admin, json!({ "name": "没有部门的客户" })).await;
        let draft = json!({ "condition": everybody(), "touchpoints": [touchpoint("今天", once("2026-10-20"))], "department_id": sales });
        let seen = admin.post(&format!("{PLANS}/preview"), draft).await.expect(200);
        assert_eq!((&seen["total"], &seen["contacts"][0]["customer_id"]), (&json!(1), &json!(own)), "whoever asks");

        // A manager's plan is of the manager's department, said or not.
        let plan = start(&manager, json!([touchpoint("今天", once("2026-10-20"))]), json!({ "assignment": { "to": "pool", "department_id": sales } })).await;
        running.settle().await;
        let made = tasks(&admin, &plan).await;
        let whose: Vec<&Value> = made.iter().map(|task| &task["customer"]["id"]).collect();
        assert_eq!(whose, [&json!(own)]);

        // Who goes to another department is not called any more.
        admin.patch(&format!("/api/v1/customers/{own}"), json!({ "department_id": research })).await.expect(200);
        running.clock.set("2026-10-20T16:00:01Z".parse().unwrap());
        running.settle().await;
        let admin = running.admin().await;
        let left = tasks(&admin, &plan).await;
        assert_eq!((&left[0]["state"], &left[0]["cancel_cause"]), (&json!("cancelled"), &json!("left_audience")), "{left:?}");
    }
}
