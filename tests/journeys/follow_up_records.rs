//! What was said in a follow-up, and everything that comes of it: in one request, or not at all.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, id, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey, rows};

pub(super) const OLD: &str = "138 0013 8000";
const NEW: &str = "139 0013 9000";

/// Sales with its manager, an agent, and the agent's customer, who has bought.
pub(super) struct Desk {
    pub(super) running: Running,
    pub(super) admin: Client,
    pub(super) manager: Client,
    pub(super) agent: Client,
    pub(super) agent_id: String,
    pub(super) customer: String,
    pub(super) contact: String,
    pub(super) script: String,
}

impl Desk {
    pub(super) async fn of(running: Running) -> Desk {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "zhao.min", "manager", Some("sales")).await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let body = json!({ "name": "上海晨光贸易有限公司", "phone": OLD, "email": "old@example.com" });
        let customer = id(&agent.post("/api/v1/customers", body).await.expect(201));
        let path = format!("/api/v1/customers/{customer}/contacts");
        let contact = id(&agent.post(&path, json!({ "name": "王芳", "position": "采购经理" })).await.expect(201));
        let script = id(&manager.post("/api/v1/scripts", script()).await.expect(201));
        Desk { running, admin, manager, agent, agent_id, customer, contact, script }
    }

    /// A task of the agent for this customer, with the script.
    pub(super) async fn task(&self) -> String {
        let body = json!({
            "customer_id": self.customer, "title": "购买后第 7 天回访", "method": "phone", "script_id": self.script,
            "assignee_id": self.agent_id, "due_by": "2026-10-21T09:00:00Z",
        });
        id(&self.manager.post("/api/v1/follow-up-tasks", body).await.expect(201))
    }

    pub(super) async fn record(&self, task: &str, body: Value) -> Answer {
        self.agent.post(&record_of(task), body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.admin.get(path).await.expect(200)
    }

    /// Everybody signed in anew: a token lives for a quarter of an hour.
    async fn later(mut self, by: TimeDelta) -> Desk {
        self.running.pass(by).await;
        let again = async |name: &str| self.running.sign_in(name, &format!("{name} has a password")).await;
        (self.manager, self.agent) = (again("zhao.min").await, again("li.na").await);
        self.admin = self.running.admin().await;
        self
    }
}

fn record_of(task: &str) -> String {
    format!("/api/v1/follow-up-tasks/{task}/record")
}

fn script() -> Value {
    json!({ "name": "购买后回访话术", "content": {
        "opening": "{{contact_name}}，您好。",
        "questions": [
            { "key": "service", "text": "送货和交付，您打几分？", "topic": "service", "kind": "rating", "csat": true, "required": true },
            { "key": "recommend", "text": "您有多愿意把我们推荐给同行？", "topic": "improvement", "kind": "score", "nps": true },
            { "key": "wish", "text": "您希望我们改进什么？", "topic": "improvement", "kind": "text" },
        ],
        "closing": "感谢您的时间，再见。",
    } })
}

/// A conversation that went badly, with all that can come of one.
pub(super) fn everything(desk: &Desk) -> Value {
    json!({
        "outcome": "reached", "happened_at": "2026-10-20T01:30:00Z", "identity_confirmed": true, "contact_id": desk.contact,
        "answers": [{ "key": "service", "value": 2 }, { "key": "recommend", "value": 5 }, { "key": "wish", "value": "<b>快一点</b>" }],
        "mood": "dissatisfied", "complaints": "送货慢", "praise": "态度好", "commitments": "一周内补发", "summary": "<script>alert(1)</script>",
        "read_back": true,
        "to_dos": [{ "title": "补发缺件", "due_on": "2026-10-23" }, { "title": "寄送新版报价单", "due_on": "2026-10-27" }],
        "contact_data": { "confirmed": false, "changes": { "phone": NEW, "address": "上海市浦东新区世纪大道 1 号" }, "contact_changes": { "phone": NEW, "position": "采购总监" } },
        "feedback": [{ "content": COMPLAINT, "priority": "important" }],
        "leads": [{ "title": "计划增购 20 台打印机", "expected_amount": "36000.00", "expected_on": "2026-12-31" }],
        "next_follow_up": { "due_on": "2026-11-03", "method": "visit", "note": "确认补发情况" },
    })
}

/// The kinds of one's notifications, oldest first.
async fn told(client: &Client) -> Vec<String> {
    let all = client.get("/api/v1/me/notifications").await.expect(200);
    let kinds = all["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned());
    kinds.rev().collect()
}

journey! {
    async fn a_call_is_recorded_with_everything_that_comes_of_it(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let answer = desk.record(&task, everything(&desk)).await;
        let location = answer.header("location").to_owned();
        let record = answer.expect(201);
        assert_eq!(desk.agent.get(&location).await.expect(200), record);
        assert_eq!((&record["csat"], &record["nps"], &record["low_score"]), (&json!(2), &json!(5), &json!(true)), "as answered");
        assert_eq!((&record["method"], &record["script_version"]), (&json!("phone"), &json!(1)), "the task's, and the latest");
        assert_eq!(record["customer"]["name"], "上海晨光贸易有限公司");
        let led_to = &record["consequences"];
        let first = |name: &str| led_to[name][0].as_str().unwrap().to_owned();

        // The task is done, its to-dos are given, and the customer has been spoken with.
        let done = desk.get(&format!("/api/v1/follow-up-tasks/{task}")).await;
        assert_eq!((&done["state"], &done["outcome"]), (&json!("completed"), &json!("reached")));
        let todos = desk.agent.get("/api/v1/todos?mine=true").await.expect(200);
        let titles: Vec<&Value> = todos["items"].as_array().unwrap().iter().map(|todo| &todo["title"]).collect();
        assert_eq!(titles, ["补发缺件", "寄送新版报价单"]);
        let overview = desk.get(&format!("/api/v1/customers/{}/overview", desk.customer)).await;
        assert_eq!(overview["figures"]["last_interaction_at"], "2026-10-20T01:30:00Z");
        assert_eq!(overview["figures"]["interactions"], 0);

        // What is protected waits for the manager, the rest is done.
        assert_eq!(led_to["corrected"], json!(["address"]));
        let request = desk.get(&format!("/api/v1/change-requests/{}", led_to["change_request_id"].as_str().unwrap())).await;
        assert_eq!((&request["status"], &request["fields"]["phone"]["to"]), (&json!("pending"), &json!(NEW)));
        let customer = desk.get(&format!("/api/v1/customers/{}", desk.customer)).await;
        assert_eq!((&customer["phone"], &customer["address"]), (&json!(OLD), &json!("上海市浦东新区世纪大道 1 号")));

        // The same holds for whoever was spoken with.
        assert_eq!(led_to["contact_corrected"], json!(["position"]));
        let path = format!("/api/v1/contacts/{}", desk.contact);
        assert_eq!((&desk.get(&path).await["position"], &desk.get(&path).await["phone"]), (&json!("采购总监"), &Value::Null));
        desk.manager.call(&format!("/api/v1/change-requests/{}/approve", led_to["contact_change_request_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(desk.get(&path).await["phone"], NEW);

        // The complaint is in the pool, and whoever recorded it has reported it.
        let feedback = desk.get(&format!("/api/v1/feedback/{}", first("feedback_ids"))).await;
        assert_eq!((&feedback["channel"], &feedback["customer_id"]), (&json!("follow_up"), &json!(desk.customer)));
        assert_eq!((&feedback["priority"], &feedback["type"]), (&json!("important"), &json!("complaint")));
        assert_eq!(feedback["reporter_id"], json!(desk.agent_id));

        let lead = desk.agent.get(&format!("/api/v1/leads/{}", first("lead_ids"))).await.expect(200);
        assert_eq!((&lead["status"], &lead["owner_id"]), (&json!("open"), &json!(desk.agent_id)));
        assert_eq!((&lead["record_id"], &lead["expected_amount"]), (&record["id"], &json!("36000.00")));

        // The next visit, and the call because of the low score: on Wednesday, the next working day.
        let next = desk.get(&format!("/api/v1/follow-up-tasks/{}", led_to["next_task_id"].as_str().unwrap())).await;
        assert_eq!((&next["origin"], &next["method"], &next["state"]), (&json!("next"), &json!("visit"), &json!("pending")));
        assert_eq!((&next["due_from"], &next["due_by"]), (&json!("2026-11-02T16:00:00Z"), &json!("2026-11-03T15:59:59.999999Z")));
        let care = desk.get(&format!("/api/v1/follow-up-tasks/{}", led_to["care_task_id"].as_str().unwrap())).await;
        assert_eq!((&care["origin"], &care["priority"]), (&json!("care"), &json!("high")));
        assert_eq!(care["assignee_id"], json!(desk.agent_id));
        assert!(care["due_by"].as_str().unwrap().starts_with("2026-10-21T"), "{}", care["due_by"]);

        let alert = desk.agent.get(&format!("/api/v1/alerts/{}", led_to["alert_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&alert["kind"], &alert["score"], &alert["status"]), (&json!("low_csat"), &json!(2), &json!("open")));
        assert_eq!(alert["task_id"], led_to["care_task_id"]);
        desk.running.settle().await;
        assert!(told(&desk.manager).await.contains(&"alert.raised".to_owned()));
        assert!(!told(&desk.agent).await.contains(&"alert.raised".to_owned()), "who recorded it knows");
        let chinese = desk.agent.clone().with_header("accept-language", "zh-CN");
        let timeline = chinese.get(&format!("/api/v1/customers/{}/timeline", desk.customer)).await.expect(200);
        let said: Vec<&Value> = timeline["items"].as_array().unwrap().iter().map(|entry| &entry["summary"]).collect();
        for sentence in ["回访（电话）：已联系", "预警：满意度偏低，2 分", "发现线索"] {
            assert!(said.contains(&&json!(sentence)), "{sentence}: {said:?}");
        }
    }
}

journey! {
    async fn everything_that_is_wrong_with_any_part_is_told_and_nothing_is_kept(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let nobody = uuid::Uuid::now_v7();
        let body = json!({
            "outcome": "reached", "happened_at": "2026-10-21T02:00:00Z", "contact_id": nobody, "csat": 5,
            "answers": [{ "key": "service", "value": 4 }, { "key": "recommend", "value": "十分" }, { "key": "what", "value": 1 }],
            "verification": "satisfied",
            "to_dos": [{ "title": "一", "due_on": "2026-10-23" }, { "title": "二", "due_on": "2026-10-23", "owner_id": nobody }],
            "contact_data": { "confirmed": false, "changes": { "phone": "+999 1234 56789", "address": "不该留下" }, "contact_changes": { "position": "不该留下" } },
            "feedback": [{ "content": COMPLAINT }],
            "leads": [{ "title": "线索", "owner_id": nobody }],
            "next_follow_up": { "due_on": "2026-10-19", "assignee_id": nobody },
        });
        let before = rows::counts(&desk.running).await;
        let answer = desk.record(&task, body).await;
        assert!([404, 409].contains(&answer.status), "{}", answer.text);
        for pointer in [
            "/happened_at", "/contact_id", "/csat", "/answers/1/value", "/answers/2/key", "/verification", "/to_dos/1/owner_id", "/leads/0/owner_id",
            "/contact_data/changes/phone", "/next_follow_up/due_on",
        ] {
            assert!(answer.text.contains(&format!("\"{pointer}\"")), "{pointer}: {}", answer.text);
        }
        assert_eq!(rows::counts(&desk.running).await, before);
        let customer = desk.get(&format!("/api/v1/customers/{}", desk.customer)).await;
        assert_eq!((&customer["address"], &customer["phone"]), (&Value::Null, &json!(OLD)));
        assert_eq!(desk.get(&format!("/api/v1/follow-up-tasks/{task}")).await["state"], "pending");
        // Who was spoken with is named, and what is wrong with that one's phone as well.
        let nobody = json!({ "outcome": "refused", "contact_data": { "confirmed": false, "contact_changes": { "phone": NEW } } });
        assert_eq!(desk.record(&task, nobody).await.problem(404), "contact_not_found");
        let wrong = json!({ "outcome": "refused", "contact_id": desk.contact, "contact_data": { "confirmed": false, "contact_changes": { "phone": "+999 1234 56789" } } });
        assert!(desk.record(&task, wrong).await.text.contains("\"/contact_data/contact_changes/phone\""));
        // What the script wants answered is answered, and what the contract says holds.
        let unanswered = desk.record(&task, json!({ "outcome": "reached" })).await;
        assert_eq!(unanswered.problem(409), "answer_missing");
        let bad = json!({ "outcome": "unreachable", "csat": 6, "to_dos": [{ "title": "", "due_on": "tomorrow" }] });
        assert_eq!(desk.record(&task, bad).await.faults(), ["/csat", "/outcome", "/to_dos/0/due_on", "/to_dos/0/title", "/to_dos/0/title"]);
        assert_eq!(rows::counts(&desk.running).await, before);
    }
}

journey! {
    async fn whoever_refused_has_said_nothing(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let contradictory = json!({ "outcome": "refused", "nps": 9, "answers": [{ "key": "service", "value": 5 }] });
        assert_eq!(desk.record(&task, contradictory).await.problem(409), "refused_with_answers");
        let record = desk.record(&task, json!({ "outcome": "refused", "summary": "正在开会，请勿再打扰" })).await.expect(201);
        assert_eq!((&record["script_id"], &record["low_score"]), (&Value::Null, &json!(false)));
        assert_eq!(desk.get(&format!("/api/v1/follow-up-tasks/{task}")).await["outcome"], "refused");
        let overview = desk.get(&format!("/api/v1/customers/{}/overview", desk.customer)).await;
        assert_eq!(overview["figures"]["last_interaction_at"], Value::Null, "nobody has spoken with him");
        let count = async |query: &str| {
            desk.get(&format!("/api/v1/follow-up-records?{query}")).await["items"].as_array().unwrap().len()
        };
        assert_eq!((count("outcome=refused").await, count("outcome=reached").await), (1, 0));
        assert_eq!((count("low_score=true").await, count(&format!("author_id={}", desk.agent_id)).await), (0, 1));
        assert_eq!((count("from=2026-10-20T02:00:00Z").await, count("to=2026-10-20T02:00:00Z").await), (1, 0));
        assert_eq!(count(&format!("customer_id={}", desk.customer)).await, 1);
    }
}

journey! {
    async fn a_task_is_recorded_once(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let once = desk.agent.clone().with_header("idempotency-key", "the call of this morning");
        let body = everything(&desk);
        let first = once.post(&record_of(&task), body.clone()).await;
        let kept = rows::counts(&desk.running).await;
        let again = once.post(&record_of(&task), body.clone()).await;
        assert_eq!((first.status, &first.text), (201, &again.text));
        assert_eq!(desk.record(&task, body.clone()).await.problem(409), "record_exists");
        assert_eq!(desk.manager.post(&record_of(&task), body.clone()).await.problem(409), "record_exists");
        assert_eq!(rows::counts(&desk.running).await, kept, "nothing came of it twice");

        // Two at the same moment, here and there: one has it.
        let second = desk.running.second_copy().await;
        let there = second.sign_in("zhao.min", "zhao.min has a password").await;
        let mut calm = body;
        calm.as_object_mut().unwrap().remove("contact_data");
        for _ in 0..6 {
            let path = record_of(&desk.task().await);
            let before = desk.get("/api/v1/leads?limit=200").await["items"].as_array().unwrap().len();
            let (one, other) = tokio::join!(desk.agent.post(&path, calm.clone()), there.post(&path, calm.clone()));
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
            let lost = if one.status == 409 { one } else { other };
            assert_eq!(lost.problem(409), "record_exists");
            assert_eq!(desk.get("/api/v1/leads?limit=200").await["items"].as_array().unwrap().len(), before + 1);
        }
    }
}

journey! {
    async fn a_record_is_corrected_within_a_day(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let well = json!({ "outcome": "reached", "answers": [{ "key": "service", "value": 5 }], "nps": 9, "mood": "satisfied" });
        let record = desk.record(&task, well).await.expect(201);
        let path = format!("/api/v1/follow-up-records/{}", id(&record));
        assert_eq!((&record["low_score"], &record["consequences"]["alert_id"]), (&json!(false), &Value::Null));
        // The score of an answered question is its answer.
        assert_eq!(desk.agent.patch(&path, json!({ "csat": 1 })).await.problem(409), "score_differs");
        assert_eq!(desk.agent.patch(&path, json!({ "answers": [] })).await.problem(409), "answer_missing");
        let changed = desk.agent.patch(&path, json!({ "answers": [{ "key": "service", "value": 1 }], "mood": null, "summary": "打错了" })).await;
        assert_eq!(changed.header("etag"), "\"2\"");
        let changed = changed.expect(200);
        assert_eq!((&changed["csat"], &changed["nps"], &changed["mood"]), (&json!(1), &Value::Null, &Value::Null));
        assert_eq!(changed["low_score"], true);
        let alert = changed["consequences"]["alert_id"].as_str().unwrap().to_owned();
        let again = desk.manager.patch(&path, json!({ "nps": 0 })).await.expect(200);
        assert_eq!(again["consequences"]["alert_id"], json!(alert), "one alert is enough");
        let better = json!({ "answers": [{ "key": "service", "value": 5 }] });
        assert_eq!(desk.agent.patch(&path, better).await.expect(200)["low_score"], false);
        assert_eq!(desk.get(&format!("/api/v1/alerts/{alert}")).await["status"], "open", "whoever handles it decides");
        let stale = desk.agent.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.patch(&path, json!({ "summary": "x" })).await.problem(412), "version_conflict");
        let (other, other_id) = user(&desk.running, &desk.admin, "wu.gang", "agent", Some("sales")).await;
        desk.admin.patch(&format!("/api/v1/customers/{}", desk.customer), json!({ "owner_id": other_id })).await.expect(200);
        assert_eq!(other.patch(&path, json!({ "summary": "x" })).await.problem(409), "not_author");

        let desk = desk.later(TimeDelta::hours(24)).await;
        desk.agent.patch(&path, json!({ "summary": "还来得及" })).await.expect(200);
        let desk = desk.later(TimeDelta::seconds(1)).await;
        for client in [&desk.agent, &desk.manager, &desk.admin] {
            assert_eq!(client.patch(&path, json!({ "csat": 5 })).await.problem(409), "record_sealed");
        }
    }
}

journey! {
    async fn what_nobody_had_planned_is_recorded_all_the_same(running: Running) {
        let desk = Desk::of(running).await;
        let body = json!({
            "customer_id": desk.customer, "title": "客户来电", "outcome": "reached", "csat": 3, "nps": 7, "method": "wecom", "wishes": "希望缩短交付",
        });
        let record = desk.agent.post("/api/v1/follow-up-records", body.clone()).await.expect(201);
        assert_eq!((&record["low_score"], &record["author_name"]), (&json!(false), &json!("li.na")));
        let task = desk.get(&format!("/api/v1/follow-up-tasks/{}", record["task_id"].as_str().unwrap())).await;
        assert_eq!((&task["origin"], &task["state"], &task["title"]), (&json!("manual"), &json!("completed"), &json!("客户来电")));
        assert_eq!(task["assignee_id"], json!(desk.agent_id));
        let unasked = json!({ "customer_id": desk.customer, "outcome": "reached", "answers": [{ "key": "service", "value": 5 }] });
        assert_eq!(desk.agent.post("/api/v1/follow-up-records", unasked).await.problem(409), "answers_without_script");
        let (stranger, _) = user(&desk.running, &desk.admin, "sun.li", "agent", Some("research")).await;
        assert_eq!(stranger.post("/api/v1/follow-up-records", body.clone()).await.problem(404), "customer_not_found");

        // Other thresholds hold from now on.
        let settings = "/api/v1/follow-up-settings";
        assert_eq!(desk.agent.get(settings).await.expect(200), json!({ "nps_alert_at_most": 6, "csat_alert_at_most": 2, "verification_script_id": null }));
        let set = desk.admin.put(settings, json!({ "nps_alert_at_most": null, "csat_alert_at_most": 3 })).await;
        assert_eq!(set.header("etag"), "\"2\"");
        set.expect(200);
        let record = desk.agent.post("/api/v1/follow-up-records", body).await.expect(201);
        let alert = desk.agent.get(&format!("/api/v1/alerts/{}", record["consequences"]["alert_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&alert["kind"], &alert["score"]), (&json!("low_csat"), &json!(3)));
        let never = json!({ "customer_id": desk.customer, "outcome": "reached", "csat": 4, "nps": 0 });
        assert_eq!(desk.agent.post("/api/v1/follow-up-records", never).await.expect(201)["low_score"], false);
    }
}

journey! {
    async fn leads_are_worked_on_and_alerts_seen_to_by_those_whose_they_are(running: Running) {
        let desk = Desk::of(running).await;
        let task = desk.task().await;
        let record = desk.record(&task, everything(&desk)).await.expect(201);
        let led_to = &record["consequences"];
        let lead = format!("/api/v1/leads/{}", led_to["lead_ids"][0].as_str().unwrap());
        let alert = format!("/api/v1/alerts/{}", led_to["alert_id"].as_str().unwrap());
        let (stranger, _) = user(&desk.running, &desk.admin, "sun.li", "agent", Some("research")).await;
        let (colleague, colleague_id) = user(&desk.running, &desk.admin, "wu.gang", "agent", Some("sales")).await;
        for client in [&stranger, &colleague] {
            assert_eq!(client.get(&lead).await.problem(404), "lead_not_found");
            assert_eq!(client.get(&alert).await.problem(404), "alert_not_found");
        }
        let count = async |client: &Client, path: &str| client.get(path).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(count(&stranger, "/api/v1/leads").await + count(&colleague, "/api/v1/alerts").await, 0);
        assert_eq!(count(&desk.manager, &format!("/api/v1/leads?status=open&customer_id={}", desk.customer)).await, 1);
        assert_eq!(count(&desk.manager, &format!("/api/v1/alerts?status=open&kind=low_csat&owner_id={}", desk.agent_id)).await, 1);

        let change = json!({ "status": "contacted", "expected_amount": "40000", "note": null, "owner_id": colleague_id });
        let changed = desk.agent.patch(&lead, change).await.expect(200);
        assert_eq!((&changed["status"], &changed["expected_amount"]), (&json!("contacted"), &json!("40000.00")));
        desk.running.settle().await;
        assert_eq!(told(&colleague).await, ["lead.updated"]);
        assert_eq!(desk.agent.patch(&lead, json!({ "status": "won" })).await.faults(), ["/status"]);
        assert_eq!(desk.agent.patch(&lead, json!({ "owner_id": uuid::Uuid::now_v7() })).await.problem(404), "user_not_found");
        let won = colleague.post(&format!("{lead}/close"), json!({ "status": "won", "reason": "价格谈妥" })).await.expect(200);
        assert_eq!((&won["status"], &won["close_reason"]), (&json!("won"), &json!("价格谈妥")));
        assert_eq!(colleague.patch(&lead, json!({ "title": "x" })).await.problem(409), "lead_state");
        let again = json!({ "status": "lost", "reason": "x" });
        assert_eq!(desk.agent.post(&format!("{lead}/close"), again).await.problem(409), "lead_state");

        let handled = desk.agent.post(&format!("{alert}/handle"), json!({ "note": "已致电道歉" })).await.expect(200);
        assert_eq!((&handled["status"], &handled["handled_by"]), (&json!("handled"), &json!(desk.agent_id)));
        assert_eq!(desk.manager.post(&format!("{alert}/handle"), json!({ "note": "x" })).await.problem(409), "alert_state");
        assert_eq!(count(&desk.manager, "/api/v1/alerts?status=open").await, 0);
    }
}

journey! {
    async fn who_was_called_counts_as_spoken_with(running: Running) {
        let desk = Desk::of(running).await;
        let silent = async |desk: &Desk| {
            let body = json!({ "condition": { "field": "last_interaction_at", "op": "not_within_last", "value": { "days": 90 } } });
            desk.admin.post("/api/v1/customers/search", body).await.expect(200)["items"].as_array().unwrap().len()
        };
        assert_eq!(silent(&desk).await, 1);
        let path = format!("/api/v1/customers/{}/interactions", desk.customer);
        let visit = json!({ "happened_at": "2026-10-01T02:00:00Z", "method": "visit", "subject": "拜访" });
        desk.agent.post(&path, visit).await.expect(201);
        let call = json!({ "customer_id": desk.customer, "outcome": "reached", "happened_at": "2026-10-19T02:00:00Z" });
        let record = desk.agent.post("/api/v1/follow-up-records", call).await.expect(201);
        let last = async |desk: &Desk| {
            let overview = desk.get(&format!("/api/v1/customers/{}/overview", desk.customer)).await;
            overview["figures"]["last_interaction_at"].clone()
        };
        assert_eq!((silent(&desk).await, last(&desk).await), (0, json!("2026-10-19T02:00:00Z")));
        // A correction moves it, and so does a later word of another kind.
        let record = format!("/api/v1/follow-up-records/{}", id(&record));
        desk.agent.patch(&record, json!({ "happened_at": "2026-09-01T02:00:00Z" })).await.expect(200);
        assert_eq!(last(&desk).await, json!("2026-10-01T02:00:00Z"));
        let desk = desk.later(TimeDelta::days(95)).await;
        assert_eq!(silent(&desk).await, 1);
        let call = json!({ "customer_id": desk.customer, "outcome": "reached" });
        desk.agent.post("/api/v1/follow-up-records", call).await.expect(201);
        assert_eq!(silent(&desk).await, 0);
    }
}
