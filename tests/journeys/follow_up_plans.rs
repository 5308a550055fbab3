//! Follow-up plans: made of presets or by hand, started, changed, paused and ended.

use chrono::TimeDelta;
use huiyin::usecases::follow_up::tasks::{NewTask, Timing, row};
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{FollowUpMethod, TaskOrigin, TaskPriority, TaskState};
use huiyin_domain::identity::Scope;
use huiyin_persistence::follow_up::tasks::{self, Filter};
use huiyin_persistence::integration::events::of_subject;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::builders::{department, id, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey};

const PLANS: &str = "/api/v1/follow-up-plans";

async fn preset(client: &Client, name: &str) -> Answer {
    client.post(&format!("{PLANS}/from-preset"), json!({ "preset": name })).await
}

fn once(on: &str) -> Value {
    json!({ "kind": "once", "on": on })
}

fn after(event: &str, amount: u32, unit: &str) -> Value {
    json!({ "kind": "after", "event": event, "delay": { "amount": amount, "unit": unit } })
}

fn touchpoint(name: &str, trigger: Value) -> Value {
    json!({ "name": name, "trigger": trigger, "window_days": 2 })
}

/// A plan about everybody.
fn plan(name: &str, touchpoints: Value) -> Value {
    json!({ "name": name, "condition": { "all": [] }, "method": "phone", "touchpoints": touchpoints })
}

async fn step(client: &Client, id: &str, action: &str) -> Answer {
    client.call(&format!("{PLANS}/{id}/{action}")).await
}

/// `pointer code` of all faults, in order.
#[track_caller]
fn faults(answer: Answer, status: u16) -> Vec<String> {
    let problem = answer.expect(status);
    let told = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    problem["errors"].as_array().unwrap().iter().map(told).collect()
}

async fn history(client: &Client, id: &str) -> Vec<String> {
    let told = client.get(&format!("{PLANS}/{id}/history")).await.expect(200);
    let kind = |entry: &Value| entry["kind"].as_str().unwrap().trim_start_matches("follow_up_plan.").to_owned();
    told["items"].as_array().unwrap().iter().map(kind).collect()
}

fn ids(touchpoints: &Value) -> Vec<String> {
    touchpoints.as_array().unwrap().iter().map(id).collect()
}

journey! {
    async fn every_preset_is_one_call(running: Running) {
        let admin = running.admin().await.with_header("accept-language", "zh-CN");
        let listed = admin.get(&format!("{PLANS}/presets")).await.expect(200);
        let presets = listed["items"].as_array().unwrap();
        assert_eq!(presets.len(), 8);
        for offered in presets {
            let name = offered["preset"].as_str().unwrap();
            if name == "after_go_live" {
                // Nobody has said yet when a customer went live.
                assert_eq!(faults(preset(&admin, name).await, 409), ["/touchpoints/0/trigger/field date_field_unknown"]);
                let field = json!({ "key": "go_live_on", "label": "上线日期", "kind": "date" });
                admin.post("/api/v1/custom-fields", field).await.expect(201);
            }
            let made = preset(&admin, name).await;
            let location = made.header("location").to_owned();
            let made = made.expect(201);
            assert_eq!(location, format!("{PLANS}/{}", id(&made)));
            assert_eq!((&made["status"], &made["preset"]), (&json!("draft"), &json!(name)));
            for field in ["name", "condition", "method", "priority", "assignment", "catch_up", "goal"] {
                assert_eq!(made[field], offered[field], "{name}: {field} is what was offered");
            }
            let triggers = |plan: &Value| -> Vec<Value> {
                plan["touchpoints"].as_array().unwrap().iter().map(|one| one["trigger"].clone()).collect()
            };
            assert_eq!(triggers(&made), triggers(offered), "{name}");
            let started = step(&admin, &id(&made), "start").await.expect(200);
            assert_eq!(started["status"], "active", "{name}");
        }
        let all = admin.get(&format!("{PLANS}?status=active&limit=5")).await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 5);
        let rest = admin.get(&format!("{PLANS}?status=active&cursor={}", all["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 3);

        // With what differs for this firm.
        let (_, agent) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let body = json!({
            "preset": "after_purchase", "name": "买后关怀", "assignment": { "to": "user", "user_id": agent }, "start": true,
        });
        let own = admin.clone().with_header("idempotency-key", "one").post(&format!("{PLANS}/from-preset"), body.clone()).await.expect(201);
        assert_eq!((&own["name"], &own["assignment"]["user_id"], &own["status"]), (&json!("买后关怀"), &json!(agent), &json!("active")));
        assert_eq!(ids(&own["touchpoints"]).len(), 3, "day 1, 7 and 30");
        assert_eq!(own["touchpoints"][1]["swept_until"], "2026-10-20T02:00:00Z", "events count from now on");
        let again = admin.clone().with_header("idempotency-key", "one").post(&format!("{PLANS}/from-preset"), body).await.expect(201);
        assert_eq!(id(&again), id(&own), "sent twice it is made once");
        let english = running.admin().await.post(&format!("{PLANS}/from-preset"), json!({ "preset": "vip_quarterly" })).await.expect(201);
        assert_eq!(english["name"], "Best customers every quarter");
        let odd = json!({ "preset": "vip_quarterly", "date_field": "contract_end" });
        assert_eq!(faults(admin.post(&format!("{PLANS}/from-preset"), odd).await, 409), ["/date_field plan_conflict"]);
    }
}

journey! {
    async fn a_plan_goes_from_draft_to_its_end(running: Running) {
        let admin = running.admin().await;
        let big = json!({ "field": "annual_amount", "op": "gte", "value": "100000" });
        let segment = id(&admin.post("/api/v1/segments", json!({ "name": "大客户", "condition": big })).await.expect(201));
        let body = json!({
            "name": " 年底回访 ", "segment_id": segment, "method": "visit", "priority": "high", "catch_up": "merge",
            "goal": { "metric": "satisfaction_rate", "target": 95 }, "incentive": "赠送台历",
            "touchpoints": [touchpoint("拜访", once("2026-12-01")), touchpoint("签收后", after("order_signed", 3, "working_days"))],
        });
        let made = admin.post(PLANS, body).await;
        assert_eq!(made.header("etag"), "\"1\"");
        let made = made.expect(201);
        let (plan, path) = (id(&made), format!("{PLANS}/{}", id(&made)));
        assert_eq!((&made["name"], &made["status"], &made["goal"]["target"]), (&json!("年底回访"), &json!("draft"), &json!(95.0)));
        assert_eq!((&made["assignment"], &made["department_id"]), (&json!({ "to": "owner" }), &Value::Null));
        assert_eq!(made["touchpoints"][0]["swept_until"], Value::Null, "nothing is looked at before it starts");

        for action in ["pause", "resume"] {
            assert_eq!(step(&admin, &plan, action).await.problem(409), "plan_state", "{action}");
        }
        let started = step(&admin, &plan, "start").await.expect(200);
        assert_eq!((&started["status"], &started["started_at"]), (&json!("active"), &json!("2026-10-20T02:00:00Z")));
        let swept: Vec<&str> = started["touchpoints"].as_array().unwrap().iter().map(|one| one["swept_until"].as_str().unwrap()).collect();
        assert_eq!(swept, ["2026-10-19T15:59:59.999999Z", "2026-10-20T02:00:00Z"], "the day has begun at midnight");
        assert_eq!(step(&admin, &plan, "start").await.problem(409), "plan_state");

        let stale = admin.clone().with_header("if-match", "\"1\"");
        assert_eq!(step(&stale, &plan, "pause").await.problem(412), "version_conflict");
        let paused = step(&admin, &plan, "pause").await;
        assert_eq!(paused.header("etag"), "\"3\"");
        assert_eq!(paused.expect(200)["paused_at"], "2026-10-20T02:00:00Z");
        running.pass(TimeDelta::days(2)).await;
        let admin = running.admin().await;
        let resumed = step(&admin, &plan, "resume").await.expect(200);
        assert_eq!((&resumed["status"], &resumed["paused_at"]), (&json!("active"), &Value::Null));

        let ended = admin.post(&format!("{path}/end"), json!({})).await.expect(200);
        assert_eq!((&ended["status"], &ended["ended_at"]), (&json!("ended"), &json!("2026-10-22T02:00:00Z")));
        for action in ["start", "pause", "resume"] {
            assert_eq!(step(&admin, &plan, action).await.problem(409), "plan_state", "{action}");
        }
        assert_eq!(admin.post(&format!("{path}/end"), json!({})).await.problem(409), "plan_state");
        assert_eq!(admin.patch(&path, json!({ "name": "x" })).await.problem(409), "plan_state");
        assert_eq!(history(&admin, &plan).await, ["created", "started", "paused", "resumed", "ended"]);
        let told = admin.get(&format!("{path}/history")).await.expect(200);
        assert_eq!(told["items"][2]["summary"], "Follow-up plan paused");
        assert!(told["items"][2]["actor_name"].is_string());
    }
}

journey! {
    async fn a_plan_that_runs_can_be_changed(running: Running) {
        let admin = running.admin().await;
        let daily = json!({ "kind": "every", "every": { "amount": 1, "unit": "days" }, "from": "2026-10-01", "until": null, "spread": false });
        let touchpoints = json!([touchpoint("每天", daily.clone()), touchpoint("付款后", after("order_paid", 1, "days")), touchpoint("年底", once("2026-12-01"))]);
        let mut body = plan("回访", touchpoints);
        body["start"] = json!(true);
        let made = admin.post(PLANS, body).await.expect(201);
        let path = format!("{PLANS}/{}", id(&made));
        let [every, paid, year] = <[String; 3]>::try_from(ids(&made["touchpoints"])).unwrap();

        // Absent stays, null clears, and what is the same changes nothing.
        let change = json!({ "name": "新名字", "goal": { "metric": "nps", "target": 30.5 }, "incentive": "券" });
        let changed = admin.patch(&path, change).await.expect(200);
        assert_eq!((&changed["name"], &changed["goal"]["target"], &changed["method"]), (&json!("新名字"), &json!(30.5), &json!("phone")));
        let same = admin.patch(&path, json!({ "name": "新名字", "goal": { "metric": "nps", "target": 30.5 } })).await;
        assert_eq!(same.header("etag"), "\"2\"");
        assert_eq!(admin.patch(&path, json!({ "goal": null, "incentive": null })).await.expect(200)["goal"], Value::Null);
        let stale = admin.clone().with_header("if-match", "\"2\"");
        assert_eq!(stale.patch(&path, json!({ "name": "晚了" })).await.problem(412), "version_conflict");

        // One is called otherwise, one has another trigger, one is gone, and one is new; in another order.
        let mut renamed = touchpoint("付款次日", after("order_paid", 1, "days"));
        renamed["id"] = json!(paid);
        let weekly = json!({ "kind": "every", "every": { "amount": 1, "unit": "weeks" }, "from": "2026-10-01" });
        let mut weekly = touchpoint("每周", weekly);
        weekly["id"] = json!(every);
        let fresh = touchpoint("上门", once("2026-10-20"));
        let list = json!([renamed, weekly, fresh]);
        let changed = admin.patch(&path, json!({ "touchpoints": list })).await.expect(200);
        let now = ids(&changed["touchpoints"]);
        assert_eq!(now[0], paid);
        assert_eq!(changed["touchpoints"][0]["name"], "付款次日");
        assert!(now[1] != every && !now.contains(&year), "{now:?}");
        assert_eq!(changed["touchpoints"][1]["trigger"]["spread"], false);
        let swept = |place: usize| changed["touchpoints"][place]["swept_until"].as_str().unwrap();
        assert_eq!(swept(1), "2026-10-20T02:00:00Z", "who has been called today is not called again");
        assert_eq!(swept(2), "2026-10-19T15:59:59.999999Z", "today is still to come");
        assert_eq!(changed["touchpoints"].as_array().unwrap().len(), 3);

        // Now about a segment instead.
        let segment = id(&admin.post("/api/v1/segments", json!({ "name": "全部", "condition": { "all": [] } })).await.expect(201));
        let changed = admin.patch(&path, json!({ "segment_id": segment })).await.expect(200);
        assert_eq!((&changed["segment_id"], &changed["condition"]), (&json!(segment), &Value::Null));
        assert_eq!(history(&admin, &id(&made)).await, ["created", "started", "updated", "updated", "updated", "updated"]);
        let events = of_subject(&running.app.db, id(&made).parse().unwrap(), 0, 10).await.unwrap();
        let told = serde_json::to_value(&events[4].event).unwrap();
        assert_eq!(told["data"]["fields"], json!(["touchpoints"]));

        // What cannot be is not half done.
        let mut nowhere = touchpoint("哪个", once("2026-12-01"));
        nowhere["id"] = json!(year);
        let mut over = touchpoint("昨天", once("2026-10-19"));
        assert_eq!(faults(admin.patch(&path, json!({ "touchpoints": [nowhere] })).await, 404), ["/touchpoints/0/id touchpoint_not_found"]);
        assert_eq!(faults(admin.patch(&path, json!({ "touchpoints": [over] })).await, 409), ["/touchpoints/0/trigger/on plan_conflict"]);
        over = touchpoint("昨天", once("2026-10-19"));
        let draft = admin.post(PLANS, plan("晚了", json!([over]))).await.expect(201);
        assert_eq!(faults(step(&admin, &id(&draft), "start").await, 409), ["/touchpoints/0/trigger/on plan_conflict"]);
        assert_eq!(ids(&admin.get(&path).await.expect(200)["touchpoints"]).len(), 3);
    }
}

journey! {
    async fn departments_manage_their_own_plans_and_see_those_of_the_firm(running: Running) {
        let admin = running.admin().await;
        let [service, sales] = [department(&admin, "customer_service").await, department(&admin, "sales").await];
        let (manager, _) = user(&running, &admin, "wang", "manager", Some("customer_service")).await;
        let (agent, agent_id) = user(&running, &admin, "li", "agent", Some("customer_service")).await;
        let (outsider, outsider_id) = user(&running, &admin, "zhao", "manager", Some("sales")).await;
        let (director, _) = user(&running, &admin, "chen", "director", None).await;
        let one = || json!([touchpoint("年底", once("2026-12-01"))]);
        let firm = id(&director.post(PLANS, plan("全公司", one())).await.expect(201));
        let own = manager.post(PLANS, plan("本部门", one())).await.expect(201);
        assert_eq!(own["department_id"], json!(service), "of the own department unless it says otherwise");
        let own = id(&own);

        let names = async |client: &Client| -> Vec<String> {
            let page = client.get(PLANS).await.expect(200);
            page["items"].as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&admin).await, ["本部门", "全公司"]);
        assert_eq!(names(&agent).await, ["本部门", "全公司"]);
        assert_eq!(names(&outsider).await, ["全公司"]);
        assert_eq!(outsider.get(&format!("{PLANS}/{own}")).await.problem(404), "plan_not_found");
        assert_eq!(outsider.get(&format!("{PLANS}?department_id={service}")).await.expect(200)["items"], json!([]));
        assert_eq!(step(&outsider, &own, "start").await.problem(404), "plan_not_found");
        assert_eq!(step(&agent, &own, "start").await.problem(403), "forbidden");
        assert_eq!(step(&manager, &firm, "start").await.problem(409), "plan_not_yours");
        assert_eq!(manager.patch(&format!("{PLANS}/{firm}"), json!({ "name": "x" })).await.problem(409), "plan_not_yours");

        // Nor does one give away what is not one's own.
        let path = format!("{PLANS}/{own}");
        for (change, pointer) in [
            (json!({ "department_id": sales }), "/department_id"),
            (json!({ "department_id": null }), "/department_id"),
            (json!({ "assignment": { "to": "pool", "department_id": sales } }), "/assignment/department_id"),
            (json!({ "assignment": { "to": "user", "user_id": outsider_id } }), "/assignment/user_id"),
        ] {
            assert_eq!(faults(manager.patch(&path, change).await, 409), [format!("{pointer} plan_not_yours")]);
        }
        manager.patch(&path, json!({ "assignment": { "to": "user", "user_id": agent_id } })).await.expect(200);
        manager.patch(&path, json!({ "assignment": { "to": "least_loaded", "department_id": service } })).await.expect(200);
        assert_eq!(step(&manager, &own, "start").await.expect(200)["status"], "active");
        director.patch(&path, json!({ "department_id": null })).await.expect(200);
        assert_eq!(step(&manager, &own, "pause").await.problem(409), "plan_not_yours", "it is the firm's now");
    }
}

journey! {
    async fn whatever_is_wrong_is_named_at_once(running: Running) {
        let admin = running.admin().await;
        let bad = json!({
            "name": " ", "method": "fax", "touchpoints": [
                { "name": " ", "trigger": { "kind": "after", "event": "moon_rises", "delay": { "amount": -1, "unit": "days" } }, "window_days": 61 },
                { "name": "x", "trigger": { "kind": "every", "every": { "amount": 0, "unit": "weeks" }, "from": "2026-02-30" }, "window_days": 0 },
            ],
            "assignment": { "to": "pool" }, "goal": { "metric": "nps", "target": 101 }, "condition": { "field": "annual_amount", "op": "near" },
        });
        assert_eq!(admin.post(PLANS, bad).await.faults(), [
            "/assignment/department_id", "/condition/op", "/goal/target", "/method", "/name", "/touchpoints/0/name",
            "/touchpoints/0/trigger/delay/amount", "/touchpoints/0/trigger/event", "/touchpoints/0/window_days",
            "/touchpoints/1/trigger/every/amount", "/touchpoints/1/trigger/from",
        ]);
        assert_eq!(admin.post(PLANS, json!({})).await.faults(), ["/method", "/name", "/touchpoints"]);
        assert_eq!(admin.post(PLANS, plan("无触点", json!([]))).await.faults(), ["/touchpoints"]);

        // What a schema cannot say is a conflict.
        let around = |field: &str, yearly: bool| json!({
            "kind": "around", "field": field, "direction": "before", "delay": { "amount": 3, "unit": "days" }, "yearly": yearly,
        });
        let backwards = json!({ "kind": "every", "every": { "amount": 1, "unit": "months" }, "from": "2026-10-31", "until": "2026-10-01" });
        let mut body = plan("矛盾", json!([
            touchpoint("甲", around("nonsense", false)), touchpoint("乙", around("birthday", false)), touchpoint("丙", backwards),
            touchpoint("丁", around("created_at", false)), touchpoint("戊", around("birthday", true)),
        ]));
        body["segment_id"] = json!(Uuid::now_v7());
        body["goal"] = json!({ "metric": "csat_average", "target": 95 });
        assert_eq!(faults(admin.post(PLANS, body).await, 409), [
            "/segment_id plan_conflict", "/goal/target plan_conflict", "/touchpoints/0/trigger/field date_field_unknown",
            "/touchpoints/1/trigger/yearly plan_conflict", "/touchpoints/2/trigger/until plan_conflict",
            "/touchpoints/3/trigger/field date_field_unknown",
        ]);
        let birthday = admin.post(PLANS, plan("生日", json!([touchpoint("生日", around("birthday", true))]))).await.expect(201);
        assert_eq!(birthday["personal"], true, "its tasks tell birthdays");

        // And what is not there is not found, all of it.
        let nobody = Uuid::now_v7();
        let missing = json!({
            "name": "空", "segment_id": nobody, "method": "phone", "touchpoints": [touchpoint("年底", once("2026-12-01"))],
            "script_id": nobody, "department_id": nobody, "assignment": { "to": "round_robin", "department_id": nobody },
        });
        assert_eq!(faults(admin.post(PLANS, missing).await, 404), [
            "/department_id department_not_found", "/segment_id segment_not_found", "/script_id script_not_found",
            "/assignment/department_id department_not_found",
        ]);
        let (_, director) = user(&running, &admin, "chen", "director", Some("sales")).await;
        let mut given = plan("给总监", json!([touchpoint("年底", once("2026-12-01"))]));
        given["assignment"] = json!({ "to": "user", "user_id": director });
        assert_eq!(faults(admin.post(PLANS, given).await, 409), ["/assignment/user_id plan_conflict"], "a director calls nobody");
        assert_eq!(admin.get(&format!("{PLANS}/{nobody}")).await.problem(404), "plan_not_found");
        assert_eq!(admin.get(PLANS).await.expect(200)["items"].as_array().unwrap().len(), 1, "the birthdays, and nothing half-made");
    }
}

/// Open tasks of a plan, as the plan would have made them.
async fn open_tasks(running: &Running, plan: &str, many: usize) {
    let timing = Timing::load(&running.app, &running.app.db).await.unwrap();
    let now = running.app.clock.now();
    let task = || NewTask {
        origin: TaskOrigin::Plan,
        plan_id: Some(plan.parse().unwrap()),
        touchpoint_id: None,
        customer_id: None,
        occasion: None,
        feedback_id: None,
        source_record_id: None,
        title: "回访".to_owned(),
        note: None,
        method: FollowUpMethod::Phone,
        script_id: None,
        priority: TaskPriority::Normal,
        tier: None,
        hands: Hands::default(),
        due_from: now,
        due_by: now + TimeDelta::days(30),
        created_by: None,
        prompted_by: None,
    };
    let rows = (0..many).map(|_| row(&timing, now, task())).collect();
    let tx = running.app.db.begin().await.unwrap();
    tasks::insert(&tx, rows).await.unwrap();
    tx.commit().await.unwrap();
}

journey! {
    async fn open_tasks_outlive_their_plan_unless_they_are_cancelled(running: Running) {
        let admin = running.admin().await;
        let make = async || {
            let mut body = plan("回访", json!([touchpoint("年底", once("2026-12-01"))]));
            body["start"] = json!(true);
            let made = id(&admin.post(PLANS, body).await.expect(201));
            // More than are cancelled in one go.
            open_tasks(&running, &made, 2_100).await;
            made
        };
        let [kept, cancelled] = [make().await, make().await];
        admin.post(&format!("{PLANS}/{kept}/end"), json!({})).await.expect(200);
        let body = json!({ "cancel_open_tasks": true, "reason": "活动提前结束" });
        admin.post(&format!("{PLANS}/{cancelled}/end"), body).await.expect(200);
        running.settle().await;
        let of = async |plan: &str, state: TaskState| {
            let filter = Filter { plan_id: Some(plan.parse().unwrap()), state: Some(state), ..Filter::default() };
            tasks::list(&running.app.db, Scope::All, filter, None, 5_000).await.unwrap().0
        };
        assert_eq!((of(&kept, TaskState::Pending).await.len(), of(&kept, TaskState::Cancelled).await.len()), (2_100, 0));
        assert_eq!(of(&cancelled, TaskState::Pending).await.len(), 0);
        let gone = of(&cancelled, TaskState::Cancelled).await;
        assert_eq!(gone.len(), 2_100);
        assert!(gone.iter().all(|task| task.cancel_cause.as_deref() == Some("person")));
        assert!(gone.iter().all(|task| task.cancel_reason.as_deref() == Some("活动提前结束") && task.closed_by.is_some()));
    }
}
