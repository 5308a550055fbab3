//! A follow-up task on somebody's desk: prepared, tried, postponed, handed on, overdue, and done in the end.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::builders::{department, id, user};
use crate::support::{Client, Running, journey};

pub const TASKS: &str = "/api/v1/follow-up-tasks";

pub fn path(task: &str, step: &str) -> String {
    format!("{TASKS}/{task}{step}")
}

/// A customer of this owner, with a phone.
pub async fn customer(admin: &Client, name: &str, owner: Option<&str>) -> String {
    let body = json!({ "name": name, "phone": "138 0013 8000", "owner_id": owner });
    id(&admin.post("/api/v1/customers", body).await.expect(201))
}

/// A task to be made by Thursday, the story being told on a Tuesday.
pub fn task(customer: &str, more: Value) -> Value {
    let mut body = json!({
        "customer_id": customer, "title": "了解使用情况", "method": "phone",
        "due_from": "2026-10-21T01:30:00Z", "due_by": "2026-10-22T10:00:00Z",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub async fn give(client: &Client, customer: &str, more: Value) -> Value {
    client.post(TASKS, task(customer, more)).await.expect(201)
}

pub async fn history(client: &Client, task: &str) -> Vec<(String, Value)> {
    let history = client.get(&path(task, "/history")).await.expect(200);
    let entries = history["items"].as_array().unwrap().iter();
    entries.map(|entry| (entry["kind"].as_str().unwrap().to_owned(), entry["text"].clone())).collect()
}

async fn told(client: &Client, kind: &str) -> Vec<Value> {
    let told = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
    let all = told["items"].as_array().unwrap().iter();
    all.filter(|one| one["kind"] == kind).map(|one| one["data"]["data"].clone()).collect()
}

journey! {
    async fn from_the_desk_to_three_attempts(running: Running) {
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let zhang = customer(&admin, "上海晨光贸易有限公司", Some(&li_id)).await;
        let created = li.post(TASKS, task(&zhang, json!({ "note": "上次提到打印机" }))).await;
        let location = created.header("location").to_owned();
        let made = created.expect(201);
        let one = id(&made);
        assert_eq!(location, path(&one, ""));
        assert_eq!((&made["assignee_id"], &made["department_id"], &made["state"]), (&json!(li_id), &json!(service), &json!("pending")));
        assert_eq!((&made["customer"]["name"], &made["origin"], &made["overdue"]), (&json!("上海晨光贸易有限公司"), &json!("manual"), &json!(false)));
        let mine = li.get(&format!("{TASKS}/work-list")).await.expect(200);
        assert_eq!(mine["items"], json!([made]));
        assert!(told(&li, "follow_up_task.created").await.is_empty(), "nobody is told of what he gave himself");

        // Everything for the call in one request.
        let prepared = li.get(&path(&one, "/preparation")).await.expect(200);
        assert_eq!((&prepared["task"], &prepared["contact"]["phone"]), (&made, &json!("138 0013 8000")));
        assert_eq!((&prepared["overview"]["customer"]["id"], &prepared["script"]), (&json!(zhang), &Value::Null));

        assert_eq!(li.call(&path(&one, "/start")).await.expect(200)["state"], "in_progress");
        assert_eq!(li.call(&path(&one, "/start")).await.problem(409), "task_state");
        let missed = json!({ "reason": "no_answer", "note": "响铃无人接听" });
        let tried = li.post(&path(&one, "/could-not-reach"), missed.clone()).await.expect(200);
        // The opening of Wednesday, before it is due.
        assert_eq!((&tried["attempts"], &tried["next_attempt_at"]), (&json!(1), &json!("2026-10-21T01:00:00Z")));
        assert_eq!(tried["due_by"], "2026-10-22T10:00:00Z");
        let busy = json!({ "reason": "busy", "next_attempt_at": "2026-10-23T02:00:00Z" });
        let tried = li.post(&path(&one, "/could-not-reach"), busy).await.expect(200);
        assert_eq!((&tried["due_by"], &tried["first_due_by"]), (&json!("2026-10-23T02:00:00Z"), &json!("2026-10-22T10:00:00Z")));
        let closed = li.post(&path(&one, "/could-not-reach"), json!({ "reason": "switched_off" })).await.expect(200);
        assert_eq!((&closed["state"], &closed["outcome"], &closed["closed_by"]), (&json!("completed"), &json!("unreachable"), &json!(li_id)));
        assert_eq!(li.post(&path(&one, "/could-not-reach"), missed).await.problem(409), "task_state");
        let attempts = li.get(&path(&one, "/attempts")).await.expect(200);
        let reasons: Vec<&str> = attempts["items"].as_array().unwrap().iter().map(|a| a["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, ["no_answer", "busy", "switched_off"]);
        let kinds: Vec<String> = history(&admin, &one).await.into_iter().map(|(kind, _)| kind).collect();
        let expected = ["created", "started", "not_reached", "not_reached", "not_reached", "completed"];
        assert_eq!(kinds, expected.map(|kind| format!("follow_up_task.{kind}")));
        assert_eq!(history(&li, &one).await[2].1, "响铃无人接听");
        let timeline = li.get(&format!("/api/v1/customers/{zhang}/timeline?subject=follow_up_task")).await.expect(200);
        assert_eq!(timeline["items"][0]["summary"], "Follow-up made: unreachable");
        assert_eq!(li.get(&format!("{TASKS}/work-list")).await.expect(200)["items"], json!([]));
        let listed = li.get(&format!("{TASKS}?customer_id={zhang}&state=completed")).await.expect(200);
        assert_eq!(listed["items"][0]["id"], json!(one));
    }
}

journey! {
    async fn whoever_is_to_call_is_shown_the_number_as_long_as_there_is_something_to_call_for(running: Running) {
        let admin = running.admin().await;
        let (_, zhao_id) = user(&running, &admin, "zhao", "agent", Some("sales")).await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (head, _) = user(&running, &admin, "head", "manager", Some("customer_service")).await;
        let (wu, _) = user(&running, &admin, "wu", "agent", Some("customer_service")).await;
        let theirs = customer(&admin, "王先生", Some(&zhao_id)).await;
        let feedback = json!({ "channel": "hotline", "content": crate::support::builders::COMPLAINT, "customer_id": theirs });
        admin.post("/api/v1/feedback", feedback).await.expect(201);
        assert_eq!(li.post(TASKS, task(&theirs, json!({}))).await.problem(404), "customer_not_found");
        let one = id(&give(&admin, &theirs, json!({ "assignee_id": li_id })).await);
        running.settle().await;
        assert_eq!(told(&li, "follow_up_task.created").await.len(), 1);

        assert_eq!(li.get(&format!("/api/v1/customers/{theirs}")).await.problem(404), "customer_not_found");
        let mine = li.get(&path(&one, "/preparation")).await.expect(200);
        assert_eq!((&mine["contact"]["phone"], &mine["contact"]["masked"]), (&json!("138 0013 8000"), &json!(false)));
        assert_eq!(mine["overview"]["customer"]["phone"], "138 0013 8000");
        assert_eq!(mine["overview"]["open_feedback"].as_array().unwrap().len(), 1, "whoever handles it");
        let seen = head.get(&path(&one, "/preparation")).await.expect(200);
        assert_eq!((&seen["contact"]["phone"], &seen["overview"]["customer"]["phone"]), (&json!("138****8000"), &json!("138****8000")));
        assert_eq!(seen["overview"]["open_feedback"], json!([]));
        assert_eq!(wu.get(&path(&one, "/preparation")).await.problem(404), "task_not_found");
        for (step, body) in [("start", Value::Null), ("cancel", json!({ "reason": "x" }))] {
            assert_eq!(wu.send(reqwest::Method::POST, &path(&one, &format!("/{step}")), Some(body)).await.status, if step == "start" { 409 } else { 404 });
        }
        // Nobody is shown the number because he has given himself the task.
        let (_, wide_id) = user(&running, &admin, "wide", "agent", Some("customer_service")).await;
        admin.patch(&format!("/api/v1/users/{wide_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let wide = running.sign_in("wide", "wide has a password").await;
        let own = id(&give(&wide, &theirs, json!({})).await);
        assert_eq!(wide.get(&path(&own, "/preparation")).await.expect(200)["contact"]["phone"], "138****8000");
        let reason = json!({ "reason": "客户已到店面谈" });
        let cancelled = li.post(&path(&one, "/cancel"), reason).await.expect(200);
        assert_eq!((&cancelled["cancel_cause"], &cancelled["cancel_reason"]), (&json!("person"), &json!("客户已到店面谈")));
        let over = li.get(&path(&one, "/preparation")).await.expect(200);
        assert_eq!((&over["contact"]["phone"], &over["contact"]["masked"]), (&json!("138****8000"), &json!(true)));
    }
}

journey! {
    async fn what_is_said_is_filled_in(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let zhang = customer(&admin, "上海晨光贸易有限公司", Some(&li_id)).await;
        let content = json!({ "opening": "{{customer_name}}，您好，我是{{agent_name}}。", "questions": [], "closing": "关于{{order_no}}，再见。" });
        let script = admin.post("/api/v1/scripts", json!({ "name": "回访", "content": content })).await.expect(201);
        let one = id(&give(&li, &zhang, json!({ "script_id": script["id"] })).await);
        let prepared = li.get(&path(&one, "/preparation")).await.expect(200);
        assert_eq!(prepared["script"]["content"]["opening"], "上海晨光贸易有限公司，您好，我是li.na。");
        assert_eq!((&prepared["script"]["content"]["closing"], &prepared["script"]["version"]), (&json!("关于您最近的订单，再见。"), &json!(1)));
    }
}

journey! {
    async fn it_is_postponed_with_a_reason_a_few_times(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (head, _) = user(&running, &admin, "head", "manager", Some("customer_service")).await;
        let zhang = customer(&admin, "晨光", Some(&li_id)).await;
        let one = id(&give(&head, &zhang, json!({ "assignee_id": li_id })).await);
        let later = |due_by: &str| json!({ "due_by": due_by, "reason": "客户出差" });
        let postpone = path(&one, "/postpone");
        let moved = li.post(&postpone, later("2026-10-23T10:00:00Z")).await.expect(200);
        assert_eq!((&moved["due_from"], &moved["first_due_by"]), (&json!("2026-10-22T01:30:00Z"), &json!("2026-10-22T10:00:00Z")), "as long as it was");
        assert_eq!(li.post(&postpone, later("2026-10-23T10:00:00Z")).await.problem(409), "not_later");
        assert_eq!(li.post(&postpone, later("2026-10-20T01:00:00Z")).await.problem(409), "due_in_past");
        assert_eq!(li.post(&postpone, later("2026-11-22T10:00:00Z")).await.problem(409), "postpone_limit");
        assert_eq!(li.post(&postpone, json!({ "due_by": "2026-10-24T10:00:00Z" })).await.faults(), ["/reason"]);
        let stale = li.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.post(&postpone, later("2026-10-26T10:00:00Z")).await.problem(412), "version_conflict");
        for day in [26, 27] {
            li.post(&postpone, later(&format!("2026-10-{day}T10:00:00Z"))).await.expect(200);
        }
        assert_eq!(li.post(&postpone, later("2026-10-28T10:00:00Z")).await.problem(409), "postpone_limit");
        assert_eq!(history(&li, &one).await[1].1, "客户出差");

        // Who is to do it does not plan it anew; who leads does, and promises anew by that.
        assert_eq!(li.patch(&path(&one, ""), json!({ "due_by": "2026-10-30T10:00:00Z" })).await.problem(409), "task_not_yours");
        assert_eq!(li.patch(&path(&one, ""), json!({ "note": "下午打" })).await.expect(200)["note"], "下午打");
        let planned = head.patch(&path(&one, ""), json!({ "due_by": "2026-10-30T10:00:00Z", "priority": "high" })).await.expect(200);
        assert_eq!((&planned["first_due_by"], &planned["priority"], &planned["postponements"]), (&json!("2026-10-30T10:00:00Z"), &json!("high"), &json!(3)));
        let limits = json!({ "attempts": 3, "postponements": 4, "days": 30 });
        assert_eq!(head.put(&format!("{TASKS}/limits"), limits.clone()).await.problem(403), "forbidden");
        admin.put(&format!("{TASKS}/limits"), limits).await.expect(200);
        li.post(&postpone, later("2026-10-31T10:00:00Z")).await.expect(200);
    }
}

journey! {
    async fn what_is_wrong_with_a_task_is_told_at_once(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (_, wu_id) = user(&running, &admin, "wu", "agent", Some("sales")).await;
        let zhang = customer(&admin, "晨光", Some(&li_id)).await;
        let nobody = uuid::Uuid::now_v7();
        let wrong = json!({
            "customer_id": nobody, "due_from": "2026-10-19T00:00:00Z", "due_by": "2026-10-18T00:00:00Z",
        });
        let answer = admin.post(TASKS, task(&zhang, wrong)).await.expect(404);
        let told = |answer: &Value| -> Vec<String> {
            let all = answer["errors"].as_array().unwrap().iter();
            let mut all: Vec<String> = all.map(|e| format!("{} {}", e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
            all.sort();
            all
        };
        assert_eq!(told(&answer), ["/customer_id customer_not_found", "/due_by due_in_past", "/due_from due_window"]);
        let sales = department(&admin, "sales").await;
        for (more, status, code) in [
            (json!({ "assignee_id": nobody }), 404, "user_not_found"),
            (json!({ "department_id": nobody }), 404, "department_not_found"),
            (json!({ "script_id": nobody }), 404, "script_not_found"),
            (json!({ "assignee_id": li_id, "department_id": sales }), 409, "handler_outside_department"),
            (json!({ "due_by": "2036-10-18T00:00:00Z" }), 409, "due_too_far"),
        ] {
            assert_eq!(admin.post(TASKS, task(&zhang, more.clone())).await.problem(status), code, "{more}");
        }
        assert_eq!(li.post(TASKS, task(&zhang, json!({ "assignee_id": wu_id }))).await.problem(403), "forbidden");
        assert_eq!(li.post(TASKS, task(&zhang, json!({ "department_id": sales }))).await.problem(403), "forbidden");
        let one = id(&give(&li, &zhang, json!({})).await);
        assert_eq!(admin.post(&path(&one, "/reassign"), json!({})).await.problem(409), "reference_missing");
        assert_eq!(li.post(&path(&one, "/reassign"), json!({ "assignee_id": wu_id })).await.problem(403), "forbidden");
        let given = admin.post(&path(&one, "/reassign"), json!({ "assignee_id": wu_id })).await.expect(200);
        assert_eq!((&given["assignee_id"], &given["department_id"]), (&json!(wu_id), &json!(sales)));
        assert_eq!(li.get(&path(&one, "")).await.problem(404), "task_not_found");
    }
}

journey! {
    async fn of_two_who_begin_one_has_it(running: Running) {
        let second = running.second_copy().await;
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let (li, _) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (wu, _) = user(&second, &admin, "wu", "agent", Some("customer_service")).await;
        let zhang = customer(&admin, "晨光", None).await;
        for _ in 0..4 {
            let one = id(&give(&admin, &zhang, json!({ "department_id": service })).await);
            let start = path(&one, "/start");
            let (a, b) = tokio::join!(li.call(&start), wu.call(&start));
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
            let lost = if a.status == 409 { a } else { b };
            assert_eq!(lost.problem(409), "task_taken");
        }
    }
}

journey! {
    async fn three_postponements_are_three_whoever_is_fastest(running: Running) {
        let admin = running.admin().await;
        let zhang = customer(&admin, "晨光", None).await;
        let one = id(&give(&admin, &zhang, json!({})).await);
        let postpone = path(&one, "/postpone");
        let all = (0..6).map(|n| {
            let body = json!({ "due_by": format!("2026-10-{}T10:00:00Z", 24 + n), "reason": "忙" });
            admin.post(&postpone, body)
        });
        let done = join_all(all).await.into_iter().filter(|answer| answer.status == 200).count();
        let after = admin.get(&path(&one, "")).await.expect(200);
        assert!((1..=3).contains(&done));
        assert_eq!(after["postponements"], json!(done));
    }
}

journey! {
    async fn of_closing_and_calling_off_one_happens(running: Running) {
        let admin = running.admin().await;
        admin.put(&format!("{TASKS}/limits"), json!({ "attempts": 1, "postponements": 3, "days": 30 })).await.expect(200);
        let zhang = customer(&admin, "晨光", None).await;
        for _ in 0..4 {
            let one = id(&give(&admin, &zhang, json!({})).await);
            let (missed, cancel) = (path(&one, "/could-not-reach"), path(&one, "/cancel"));
            let (closed, cancelled) = tokio::join!(
                admin.post(&missed, json!({ "reason": "wrong_number" })),
                admin.post(&cancel, json!({ "reason": "不需要" })),
            );
            let mut statuses = [closed.status, cancelled.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", closed.text, cancelled.text);
            let task = admin.get(&path(&one, "")).await.expect(200);
            assert_eq!(task["outcome"].is_null(), task["state"] == "cancelled");
        }
    }
}

journey! {
    async fn the_clock_tells_in_the_morning_and_then_those_above(running: Running) {
        let admin = running.admin().await;
        let service = department(&admin, "customer_service").await;
        let (_, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (_, head_id) = user(&running, &admin, "head", "manager", Some("customer_service")).await;
        let (_, director_id) = user(&running, &admin, "director", "director", None).await;
        let people = json!({ "head_user_id": head_id, "director_user_id": director_id });
        admin.patch(&format!("/api/v1/departments/{service}"), people).await.expect(200);
        let zhang = customer(&admin, "晨光", Some(&li_id)).await;
        let one = id(&give(&admin, &zhang, json!({ "assignee_id": li_id })).await);
        let done = id(&give(&admin, &zhang, json!({ "assignee_id": li_id })).await);
        let pooled = id(&give(&admin, &zhang, json!({ "department_id": service })).await);
        admin.post(&path(&done, "/cancel"), json!({ "reason": "重复" })).await.expect(200);
        let told_to = async |name: &str, kind: &str| {
            told(&running.sign_in(name, &format!("{name} has a password")).await, kind).await
        };

        running.until("2026-10-21T00:59:00Z").await;
        assert!(told_to("li.na", "follow_up.day_begun").await.is_empty());
        running.until("2026-10-21T01:00:00Z").await;
        let morning = told_to("li.na", "follow_up.day_begun").await;
        assert_eq!(morning.len(), 1);
        assert_eq!((&morning[0]["open"], &morning[0]["ending"], &morning[0]["overdue"]), (&json!(1), &json!(1), &json!(0)));
        running.until("2026-10-22T10:00:01Z").await;
        let overdue = |told: &[Value]| told.iter().map(|one| one["task_id"].clone()).collect::<Vec<_>>();
        assert_eq!(overdue(&told_to("li.na", "follow_up_task.overdue").await), [json!(one)]);
        assert_eq!(overdue(&told_to("head", "follow_up_task.overdue").await), [json!(pooled)], "as long as it is nobody's");
        let late = running.admin().await.get(&format!("{TASKS}/work-list?view=department&overdue=true")).await.expect(200);
        assert_eq!(late["items"].as_array().unwrap().len(), 2);
        assert!(told_to("head", "follow_up_task.escalated").await.is_empty());

        // Closing time of Friday, and of Monday.
        running.until("2026-10-23T10:00:01Z").await;
        assert_eq!(told_to("head", "follow_up_task.escalated").await.len(), 2);
        assert!(told_to("director", "follow_up_task.escalated").await.is_empty());
        running.until("2026-10-26T10:00:01Z").await;
        assert_eq!(told_to("director", "follow_up_task.escalated").await.len(), 2);
        running.pass(TimeDelta::days(30)).await;
        assert_eq!(told_to("head", "follow_up_task.escalated").await.len(), 2, "once");
        let kinds: Vec<String> = history(&running.admin().await, &one).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds[1..], ["overdue", "escalated", "escalated"].map(|kind| format!("follow_up_task.{kind}")));
    }
}

journey! {
    async fn a_deputy_has_what_is_open_and_gives_back_what_is_not_begun(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let (_, wu_id) = user(&running, &admin, "wu", "agent", Some("customer_service")).await;
        let zhang = customer(&admin, "晨光", Some(&li_id)).await;
        let mut tasks = Vec::new();
        for _ in 0..3 {
            tasks.push(id(&give(&li, &zhang, json!({})).await));
        }
        li.call(&path(&tasks[2], "/start")).await.expect(200);
        let absence = json!({ "deputy_id": wu_id, "starts_at": "2026-10-20T03:00:00Z", "ends_at": "2026-10-21T03:00:00Z" });
        li.post("/api/v1/absences", absence).await.expect(201);
        running.pass(TimeDelta::hours(1)).await;
        let wu = running.sign_in("wu", "wu has a password").await;
        let mine = wu.get(&format!("{TASKS}/work-list")).await.expect(200);
        let mine = mine["items"].as_array().unwrap();
        assert_eq!(mine.len(), 3);
        for task in mine {
            assert_eq!((&task["instead_of"], &task["state"]), (&json!(li_id), &json!("pending")));
        }
        assert_eq!(wu.get(&path(&tasks[0], "/preparation")).await.expect(200)["contact"]["phone"], "138 0013 8000");
        wu.call(&path(&tasks[0], "/start")).await.expect(200);
        let admin = running.admin().await;
        let new = give(&admin, &zhang, json!({ "assignee_id": li_id })).await;
        assert_eq!((&new["assignee_id"], &new["instead_of"]), (&json!(wu_id), &json!(li_id)), "nothing new for one who is away");

        running.pass(TimeDelta::hours(24)).await;
        let admin = running.admin().await;
        let whose = async |task: &str| {
            let task = admin.get(&path(task, "")).await.expect(200);
            (task["assignee_id"].clone(), task["instead_of"].clone())
        };
        assert_eq!(whose(&tasks[0]).await, (json!(wu_id), json!(li_id)), "begun");
        for task in [&tasks[1], &tasks[2], &id(&new)] {
            assert_eq!(whose(task).await, (json!(li_id), Value::Null));
        }

        // Whoever leaves without a deputy leaves it to the department.
        admin.patch(&format!("/api/v1/users/{li_id}"), json!({ "active": false })).await.expect(200);
        running.settle().await;
        assert_eq!(whose(&tasks[1]).await, (Value::Null, json!(li_id)));
    }
}
