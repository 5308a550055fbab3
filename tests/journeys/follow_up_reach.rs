//! By follow-ups nobody learns, gives or takes more than he may.

use chrono::TimeDelta;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers;
use serde_json::{Value, json};

use super::follow_up_generation::{PLANS, customer, every, once, start, tasks, touchpoint};
use crate::support::builders::{id, user};
use crate::support::{Client, Running, journey};

const NUMBER: &str = "138 0013 8000";

fn about(more: Value) -> Value {
    let mut plan = json!({
        "name": "找人", "method": "phone", "touchpoints": [touchpoint("今日", once("2026-10-20"))], "start": true,
    });
    plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    plan
}

async fn assignee(client: &Client, task: &Value) -> Value {
    client.get(&format!("/api/v1/follow-up-tasks/{}", task.as_str().unwrap())).await.expect(200)["assignee_id"].clone()
}

journey! {
    async fn by_a_plan_nobody_is_told_whose_a_number_is(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲", "phone": NUMBER })).await;
        let (director, _) = user(&running, &admin, "qian", "director", None).await;
        let (manager, _) = user(&running, &admin, "zhao", "manager", Some("sales")).await;
        let number = json!({ "field": "phone", "op": "eq", "value": "+8613800138000" });
        let body = json!({ "name": "号码", "condition": number });
        let segment = id(&admin.post("/api/v1/segments", body).await.expect(201));
        for (plan, pointer) in [
            (about(json!({ "condition": number })), "/condition"),
            (about(json!({ "segment_id": segment })), "/segment_id"),
        ] {
            let refused = director.post(PLANS, plan.clone()).await;
            assert!(refused.text.contains(&format!("\"{pointer}\"")), "{}", refused.text);
            assert_eq!(refused.problem(403), "forbidden");
            let mut draft = plan.clone();
            for name in ["name", "method", "start"] {
                draft.as_object_mut().unwrap().remove(name);
            }
            assert_eq!(director.post(&format!("{PLANS}/preview"), draft).await.problem(403), "forbidden");
            admin.post(PLANS, plan).await.expect(201);
        }
        // Of her own department's customers a manager may know, and nobody asks who asks for what everybody sees.
        let own = manager.post(PLANS, about(json!({ "condition": number }))).await.expect(201);
        director.post(PLANS, about(json!({ "condition": { "all": [] } }))).await.expect(201);
        running.settle().await;
        assert!(tasks(&admin, &id(&own)).await.is_empty(), "he is not her department's");
    }
}

journey! {
    async fn whoever_may_not_give_work_gives_none_with_a_record(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let (_, wu_id) = user(&running, &admin, "wu", "agent", Some("sales")).await;
        let (manager, _) = user(&running, &admin, "zhao", "manager", Some("sales")).await;
        let (_, director_id) = user(&running, &admin, "qian", "director", None).await;
        let his = id(&li.post("/api/v1/customers", json!({ "name": "甲" })).await.expect(201));
        let record = |to: Option<&str>| {
            json!({ "customer_id": his, "outcome": "reached", "next_follow_up": { "due_on": "2026-10-23", "assignee_id": to } })
        };
        let without = json!({ "customer_id": his, "outcome": "reached", "next_follow_up": { "due_on": "2026-10-23" } });
        const RECORDS: &str = "/api/v1/follow-up-records";
        let refused = li.post(RECORDS, record(Some(&wu_id))).await;
        assert!(refused.text.contains("\"/next_follow_up/assignee_id\""), "{}", refused.text);
        assert_eq!(refused.problem(403), "forbidden");
        for who in [&manager, &admin] {
            assert_eq!(who.post(RECORDS, record(Some(&director_id))).await.problem(409), "assignee_cannot_follow_up");
        }
        assert_eq!(li.get(RECORDS).await.expect(200)["items"], json!([]), "nothing was kept");
        let given = manager.post(RECORDS, record(Some(&wu_id))).await.expect(201);
        assert_eq!(assignee(&admin, &given["consequences"]["next_task_id"]).await, json!(wu_id));
        let own = li.post(RECORDS, without.clone()).await.expect(201);
        let next = &own["consequences"]["next_task_id"];
        assert_eq!(assignee(&admin, next).await, json!(li_id));
        let path = format!("/api/v1/follow-up-tasks/{}/reassign", next.as_str().unwrap());
        let refused = manager.post(&path, json!({ "assignee_id": director_id })).await;
        assert_eq!(refused.problem(409), "assignee_cannot_follow_up");

        // While he is away, what was agreed on lies with his deputy.
        let absence = json!({
            "user_id": li_id, "deputy_id": wu_id, "starts_at": "2026-10-20T00:00:00Z", "ends_at": "2026-10-30T00:00:00Z", "reason": "病假",
        });
        admin.post("/api/v1/absences", absence).await.expect(201);
        running.settle().await;
        let mut to_li = without;
        to_li["next_follow_up"]["assignee_id"] = json!(li_id);
        let given = manager.post(RECORDS, to_li).await.expect(201);
        assert_eq!(assignee(&admin, &given["consequences"]["next_task_id"]).await, json!(wu_id));
    }
}

journey! {
    async fn what_comes_of_ones_own_idea_shows_no_number_either(running: Running) {
        let admin = running.admin().await;
        let theirs = customer(&admin, json!({ "name": "甲", "phone": NUMBER })).await;
        let (_, wide_id) = user(&running, &admin, "wide", "agent", Some("customer_service")).await;
        admin.patch(&format!("/api/v1/users/{wide_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let wide = running.sign_in("wide", "wide has a password").await;
        let body = json!({ "customer_id": theirs, "outcome": "reached", "csat": 1, "next_follow_up": { "due_on": "2026-10-23" } });
        let record = wide.post("/api/v1/follow-up-records", body).await.expect(201);
        for task in ["next_task_id", "care_task_id"] {
            let task = record["consequences"][task].as_str().unwrap();
            let prepared = wide.get(&format!("/api/v1/follow-up-tasks/{task}/preparation")).await.expect(200);
            assert_eq!(prepared["contact"]["phone"], "138****8000", "{prepared:#}");
        }
        // Who is sent by somebody else needs it, and for what comes of that as well.
        let body = json!({ "customer_id": theirs, "title": "回访", "method": "phone", "assignee_id": wide_id, "due_by": "2026-10-21T09:00:00Z" });
        let sent = id(&admin.post("/api/v1/follow-up-tasks", body).await.expect(201));
        let body = json!({ "outcome": "reached", "next_follow_up": { "due_on": "2026-10-23" } });
        let record = wide.post(&format!("/api/v1/follow-up-tasks/{sent}/record"), body).await.expect(201);
        let next = record["consequences"]["next_task_id"].as_str().unwrap();
        let prepared = wide.get(&format!("/api/v1/follow-up-tasks/{next}/preparation")).await.expect(200);
        assert_eq!(prepared["contact"]["phone"], NUMBER);
    }
}

journey! {
    async fn a_plan_that_is_sent_back_as_it_was_made_contacts_nobody_twice(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "甲" })).await;
        let touchpoints = json!([touchpoint("今日", once("2026-10-20")), touchpoint("每日", every(1, "days", "2026-10-20"))]);
        let plan = start(&admin, touchpoints.clone(), json!({})).await;
        running.settle().await;
        let before = tasks(&admin, &plan).await;
        let mut renamed = touchpoints;
        renamed[1]["name"] = json!("每天");
        let changed = admin.patch(&format!("{PLANS}/{plan}"), json!({ "touchpoints": renamed })).await.expect(200);
        assert_eq!(changed["touchpoints"][1]["name"], "每天");
        running.settle().await;
        assert_eq!(tasks(&admin, &plan).await.len(), before.len());
    }
}

journey! {
    async fn a_sweep_that_is_begun_anew_tells_of_what_it_had_given_before(running: Running) {
        let admin = running.admin().await;
        let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
        customer(&admin, json!({ "name": "甲" })).await;
        let assignment = json!({ "assignment": { "to": "user", "user_id": me } });
        let plan = start(&admin, json!([touchpoint("今日", once("2026-10-20"))]), assignment).await;
        // Somebody has begun with it and given five, when the plan is changed.
        let now = running.app.clock.now();
        let tx = running.app.db.begin().await.unwrap();
        let kinds = [TimerKind::FollowUpSweep];
        let claimed = timers::claim(&tx, &kinds, running.app.copy, now, TimeDelta::minutes(2), 1).await.unwrap();
        let noted = timers::note(&tx, &claimed[0], now + TimeDelta::minutes(2), json!({ "given": { me: 5 } })).await;
        assert!(noted.unwrap());
        tx.commit().await.unwrap();
        admin.patch(&format!("{PLANS}/{plan}"), json!({ "name": "新名字" })).await.expect(200);
        running.settle().await;
        let told = admin.get("/api/v1/me/notifications?kind=follow_up_plan.tasks_given").await.expect(200);
        let given: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|told| &told["data"]["data"]["tasks"]).collect();
        assert_eq!(given, [&json!(6)], "{told:#}");
        assert!(told["items"][0]["summary"].as_str().unwrap().contains('6'));
    }
}
