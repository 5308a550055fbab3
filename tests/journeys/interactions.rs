//! What was spoken with a customer, and what is to be done because of it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::builders::{id, integration, user};
use crate::support::{Client, Running, journey};

async fn customer_of(client: &Client) -> String {
    id(&client.post("/api/v1/customers", json!({ "name": "上海晨光贸易有限公司" })).await.expect(201))
}

async fn figures(client: &Client, customer: &str) -> (Value, Value) {
    let overview = client.get(&format!("/api/v1/customers/{customer}/overview")).await.expect(200);
    (overview["figures"]["interactions"].clone(), overview["figures"]["last_interaction_at"].clone())
}

/// The kinds of one's notifications, oldest first.
async fn told(client: &Client) -> Vec<String> {
    let all = client.get("/api/v1/me/notifications").await.expect(200);
    let mut kinds: Vec<String> =
        all["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
    kinds.reverse();
    kinds
}

journey! {
    async fn a_visit_is_recorded_with_what_was_promised(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let (_, expert_id) = user(&running, &admin, "expert", "agent", Some("research")).await;
        let customer = customer_of(&agent).await;
        let contact = agent.post(&format!("/api/v1/customers/{customer}/contacts"), json!({ "name": "王芳" })).await.expect(201);
        let path = format!("/api/v1/customers/{customer}/interactions");
        let body = json!({
            "happened_at": "2026-10-19T14:00:00+08:00", "method": "visit", "subject": "续约沟通", "staff_ids": [agent_id, expert_id],
            "contact_ids": [id(&contact)], "other_participants": ["李工（监理方）"], "key_points": "对价格满意，关心交付周期",
            "wishes": "希望缩短交付", "commitments": "一周内给出方案", "next_step": "电话确认",
            "todos": [{ "title": "寄送新版报价单", "due_on": "2026-10-23" }, { "title": "评估交付周期", "owner_id": expert_id, "due_on": "2026-10-21" }],
        });
        let answer = agent.post(&path, body).await;
        let location = answer.header("location").to_owned();
        let visit = answer.expect(201);
        assert_eq!((&visit["happened_at"], &visit["author_id"]), (&json!("2026-10-19T06:00:00Z"), &json!(agent_id)));
        assert_eq!((&visit["contact_ids"], &visit["other_participants"]), (&json!([id(&contact)]), &json!(["李工（监理方）"])));
        let todos = visit["todos"].as_array().unwrap();
        assert_eq!([&todos[0]["owner_id"], &todos[1]["owner_id"]], [&json!(expert_id), &json!(agent_id)], "what is due first first");
        assert_eq!(todos[0]["customer"]["name"], "上海晨光贸易有限公司");
        assert_eq!(agent.get(&location).await.expect(200), visit);
        assert_eq!(agent.get(&path).await.expect(200)["items"], json!([visit]));
        assert_eq!(figures(&agent, &customer).await, (json!(1), json!("2026-10-19T06:00:00Z")));

        // One told late of an earlier day does not move the last one.
        let call = json!({ "happened_at": "2026-10-01T02:00:00Z", "method": "call", "subject": "问候" });
        let call = agent.post(&path, call).await.expect(201);
        assert_eq!(call["staff_ids"], json!([agent_id]), "whoever records it was there");
        assert_eq!(figures(&agent, &customer).await, (json!(2), json!("2026-10-19T06:00:00Z")));
        let call = format!("/api/v1/interactions/{}", id(&call));
        agent.patch(&call, json!({ "happened_at": "2026-10-20T01:00:00Z" })).await.expect(200);
        assert_eq!(figures(&agent, &customer).await, (json!(2), json!("2026-10-20T01:00:00Z")));
    }
}

journey! {
    async fn everything_that_is_wrong_with_a_record_is_told_and_nothing_is_kept(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin).await;
        let stranger = customer_of(&admin).await;
        let theirs = admin.post(&format!("/api/v1/customers/{stranger}/contacts"), json!({ "name": "别家的人" })).await.expect(201);
        let path = format!("/api/v1/customers/{customer}/interactions");
        let nobody = uuid::Uuid::now_v7();
        let body = json!({
            "happened_at": "2026-10-21T02:00:00Z", "method": "call", "subject": "x", "staff_ids": [nobody], "contact_ids": [id(&theirs)],
            "todos": [{ "title": "y", "due_on": "2026-10-23", "owner_id": nobody }],
        });
        let answer = admin.post(&path, body).await;
        for pointer in ["/staff_ids/0", "/contact_ids/0", "/happened_at", "/todos/0/owner_id"] {
            assert!(answer.text.contains(pointer), "{pointer}: {}", answer.text);
        }
        assert!([404, 409].contains(&answer.status));
        assert_eq!(admin.get(&path).await.expect(200)["items"], json!([]));
        let bad = json!({ "method": "pigeon", "subject": "", "todos": [{ "title": "y", "due_on": "tomorrow" }] });
        assert_eq!(admin.post(&path, bad).await.faults(), ["/method", "/subject", "/subject", "/todos/0/due_on"]);
    }
}

journey! {
    async fn a_record_is_corrected_by_its_author_or_those_over_him(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let (second, second_id) = user(&running, &admin, "sales.two", "agent", Some("sales")).await;
        let (manager, _) = user(&running, &admin, "sales.head", "manager", Some("sales")).await;
        let customer = customer_of(&agent).await;
        let path = format!("/api/v1/customers/{customer}/interactions");
        let record = agent.post(&path, json!({ "method": "call", "subject": "问候", "wishes": "降价" })).await.expect(201);
        let location = format!("/api/v1/interactions/{}", id(&record));
        assert_eq!(second.patch(&location, json!({ "subject": "x" })).await.problem(404), "interaction_not_found");
        agent.patch(&format!("/api/v1/customers/{customer}"), json!({ "owner_id": second_id })).await;
        admin.patch(&format!("/api/v1/customers/{customer}"), json!({ "owner_id": second_id })).await.expect(200);
        assert_eq!(second.patch(&location, json!({ "subject": "x" })).await.problem(409), "not_author");
        let changed = manager.patch(&location, json!({ "wishes": null, "next_step": "回访" })).await;
        assert_eq!(changed.header("etag"), "\"2\"");
        assert_eq!(changed.expect(200)["wishes"], Value::Null);
        let stale = manager.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.patch(&location, json!({ "subject": "x" })).await.problem(412), "version_conflict");
        // What another system recorded, another system corrects.
        let erp = integration(&running, &admin, &["interactions:write", "interactions:read"]).await;
        let told = erp.post(&path, json!({ "method": "sms", "subject": "到货通知" })).await.expect(201);
        assert_eq!((&told["author_id"], &told["staff_ids"]), (&Value::Null, &json!([])));
        erp.patch(&format!("/api/v1/interactions/{}", id(&told)), json!({ "subject": "到货" })).await.expect(200);
        assert_eq!(erp.patch(&location, json!({ "subject": "x" })).await.problem(409), "not_author");
    }
}

journey! {
    async fn the_owner_of_a_todo_is_reminded_in_time_and_told_once_that_it_is_overdue(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "sales.head", "manager", Some("sales")).await;
        let (_, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let sign_in = || running.sign_in("sales.one", "sales.one has a password");
        let customer = customer_of(&manager).await;
        let path = format!("/api/v1/customers/{customer}/todos");
        let todo = manager.post(&path, json!({ "title": "寄送报价单", "due_on": "2026-10-23", "owner_id": agent_id })).await.expect(201);
        let done = manager.post(&path, json!({ "title": "电话", "due_on": "2026-10-23", "owner_id": agent_id })).await.expect(201);
        running.settle().await;
        let agent = sign_in().await;
        assert_eq!(told(&agent).await, ["todo.created", "todo.created"]);
        // It is mine, although the customer is not.
        assert_eq!(agent.get(&format!("/api/v1/customers/{customer}")).await.problem(404), "customer_not_found");
        agent.call(&format!("/api/v1/todos/{}/complete", id(&done))).await.expect(200);
        running.until("2026-10-22T00:59:59Z").await;
        assert_eq!(told(&sign_in().await).await.len(), 2);
        running.until("2026-10-22T01:00:00Z").await;
        running.until("2026-10-23T01:00:00Z").await;
        assert_eq!(told(&sign_in().await).await[2..], ["todo.reminded", "todo.reminded"]);
        running.until("2026-10-23T15:59:59Z").await;
        let agent = sign_in().await;
        let mine = agent.get("/api/v1/todos?mine=true&overdue=true").await.expect(200);
        assert_eq!(mine["items"], json!([]), "the day has not ended");
        running.until("2026-10-23T16:00:00Z").await;
        running.pass(TimeDelta::days(3)).await;
        let agent = sign_in().await;
        assert_eq!(told(&agent).await[4..], ["todo.overdue"]);
        let mine = agent.get("/api/v1/todos?mine=true&overdue=true").await.expect(200);
        assert_eq!((&mine["items"][0]["id"], &mine["items"][0]["overdue"]), (&todo["id"], &json!(true)));

        // Whoever gets it now is told.
        let location = format!("/api/v1/todos/{}", id(&todo));
        let (other, other_id) = user(&running, &running.admin().await, "sales.two", "agent", Some("sales")).await;
        agent.patch(&location, json!({ "owner_id": other_id })).await.expect(200);
        running.settle().await;
        assert_eq!(told(&other).await, ["todo.updated"]);
        other.patch(&location, json!({ "owner_id": agent_id })).await.expect(200);
        running.settle().await;
        let agent = sign_in().await;
        assert_eq!(told(&agent).await[5..], ["todo.updated"]);

        // A new day, new reminders.
        agent.patch(&location, json!({ "due_on": "2026-11-02" })).await.expect(200);
        running.until("2026-11-01T01:00:00Z").await;
        assert_eq!(told(&sign_in().await).await[6..], ["todo.reminded"]);
    }
}

journey! {
    async fn after_a_standstill_only_what_is_still_true_is_told(running: Running) {
        let admin = running.admin().await;
        let (_, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let customer = customer_of(&admin).await;
        let body = json!({ "title": "寄送报价单", "due_on": "2026-10-23", "owner_id": agent_id });
        admin.post(&format!("/api/v1/customers/{customer}/todos"), body).await.expect(201);
        running.clock.set("2026-10-30T00:00:00Z".parse().unwrap());
        running.settle().await;
        running.settle().await;
        let agent = running.sign_in("sales.one", "sales.one has a password").await;
        assert_eq!(told(&agent).await, ["todo.created", "todo.overdue"]);
    }
}

journey! {
    async fn todos_are_listed_by_what_is_due_and_closed_for_good(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let (stranger, _) = user(&running, &admin, "sales.two", "agent", Some("sales")).await;
        let (manager, _) = user(&running, &admin, "sales.head", "manager", Some("sales")).await;
        let customer = customer_of(&agent).await;
        let path = format!("/api/v1/customers/{customer}/todos");
        let mut due: Vec<String> = Vec::new();
        for day in [28, 21, 25, 25, 22] {
            let day = format!("2026-10-{day}");
            agent.post(&path, json!({ "title": day, "due_on": day })).await.expect(201);
            due.push(day);
        }
        due.sort();
        let mut seen = Vec::new();
        let mut address = "/api/v1/todos?limit=2".to_owned();
        loop {
            let page = agent.get(&address).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|todo| todo["due_on"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            address = format!("/api/v1/todos?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, due);
        let count = async |client: &Client, query: &str| {
            client.get(&format!("/api/v1/todos?{query}")).await.expect(200)["items"].as_array().unwrap().len()
        };
        assert_eq!(count(&agent, "due_before=2026-10-25").await, 2);
        assert_eq!(count(&stranger, "").await, 0, "neither his nor of his customers");
        assert_eq!(count(&manager, &format!("owner_id={agent_id}&status=open&customer_id={customer}")).await, 5);
        assert_eq!(count(&manager, "mine=true").await, 0);

        let first = agent.get("/api/v1/todos?limit=1").await.expect(200)["items"][0].clone();
        let location = format!("/api/v1/todos/{}", id(&first));
        assert_eq!(stranger.call(&format!("{location}/complete")).await.problem(404), "todo_not_found");
        assert_eq!(agent.post(&format!("{location}/cancel"), json!({})).await.faults(), ["/reason"]);
        let cancelled = agent.post(&format!("{location}/cancel"), json!({ "reason": "客户已自行下载" })).await.expect(200);
        assert_eq!((&cancelled["status"], &cancelled["closed_by"]), (&json!("cancelled"), &json!(agent_id)));
        for path in ["complete", "cancel"] {
            let answer = agent.post(&format!("{location}/{path}"), json!({ "reason": "again" })).await;
            assert_eq!(answer.problem(409), "todo_state", "{path}");
        }
        assert_eq!(agent.patch(&location, json!({ "title": "x" })).await.problem(409), "todo_state");
        assert_eq!(count(&agent, "status=open").await, 4);
        assert_eq!(agent.get("/api/v1/todos?cursor=zz").await.faults(), ["#query/cursor"]);
    }
}
