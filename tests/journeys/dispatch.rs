//! Where a feedback goes, and what that does to its clocks: triage, rejection, another department.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, complaint, deadline, department, id, user};
use crate::support::{Client, Running, journey};

/// Does something with a feedback.
pub async fn act(client: &Client, id: &str, action: &str, body: Value) -> Value {
    let path = format!("/api/v1/feedback/{id}/{action}");
    if body.is_null() { client.call(&path).await.expect(200) } else { client.post(&path, body).await.expect(200) }
}

/// A complaint whose category and priority a person has decided.
pub async fn of(client: &Client, subtype: &str, priority: &str) -> Value {
    let body = json!({ "channel": "hotline", "content": COMPLAINT, "subtype": subtype, "priority": priority });
    client.post("/api/v1/feedback", body).await.expect(201)
}

/// What has happened to a feedback.
pub async fn history(client: &Client, id: &str) -> Vec<Value> {
    let history = client.get(&format!("/api/v1/feedback/{id}/history")).await.expect(200);
    history["items"].as_array().unwrap().clone()
}

/// What has happened to it by the clock, as `sla_warning respond`.
pub async fn by_clock(client: &Client, id: &str) -> Vec<String> {
    let timely = ["sla_warning", "sla_breached", "escalated", "promise_reminder", "deadline_moved"];
    let told = |entry: &Value| {
        let kind = entry["kind"].as_str()?.strip_prefix("feedback.")?.to_owned();
        let clock = entry["event"]["data"]["clock"].as_str().unwrap_or_default();
        timely.contains(&kind.as_str()).then(|| format!("{kind} {clock}").trim_end().to_owned())
    };
    history(client, id).await.iter().filter_map(told).collect()
}

journey! {
    async fn triage_moves_priority_and_deadlines(running: Running) {
        let admin = running.admin().await;
        let id = id(&of(&admin, "product_function", "normal").await);
        let path = format!("/api/v1/feedback/{id}");
        running.clock.advance(TimeDelta::minutes(10));
        let urgent = act(&admin, &id, "triage", json!({ "subtype": "product_function", "priority": "urgent" })).await;
        assert_eq!((&urgent["priority"], &urgent["classified_by"]), (&json!("urgent"), &json!("person")));
        assert_eq!(deadline(&urgent, "respond")["due_at"], "2026-10-20T04:00:00Z", "counted from intake");
        assert_eq!(deadline(&urgent, "resolve")["due_at"], "2026-10-23T02:00:00Z", "normal knew no such limit");
        assert_eq!(by_clock(&admin, &id).await, ["deadline_moved respond"]);
        running.until("2026-10-20T04:00:00Z").await;
        let admin = running.admin().await;
        assert_eq!(by_clock(&admin, &id).await, ["deadline_moved respond", "sla_warning respond", "sla_breached respond"]);
        let important = act(&admin, &id, "triage", json!({ "subtype": "service_quality", "priority": "important" })).await;
        assert_eq!(deadline(&important, "respond")["due_at"], "2026-10-21T02:00:00Z");
        assert_eq!(deadline(&important, "respond")["breached_at"], "2026-10-20T04:00:00Z", "what has been told stays told");
        assert_eq!(admin.get(&path).await.expect(200)["state"], "assigned", "a new category does not move it");
    }
}

journey! {
    async fn what_needs_review_waits_for_triage_which_dispatches_it(running: Running) {
        let admin = running.admin().await;
        let vague = admin.post("/api/v1/feedback", json!({ "channel": "shop", "content": "你好" })).await.expect(201);
        assert_eq!((&vague["state"], &vague["needs_review"], &vague["department_id"]), (&json!("new"), &json!(true), &Value::Null));
        assert_eq!(deadline(&vague, "assign")["due_at"], "2026-10-21T02:00:00Z", "within 24 hours");
        running.pass(TimeDelta::minutes(14)).await;
        let path = format!("/api/v1/feedback/{}", id(&vague));
        assert_eq!(admin.get(&path).await.expect(200)["state"], "new");
        let told = act(&admin, &id(&vague), "triage", json!({ "subtype": "service_quality", "priority": "important" })).await;
        assert_eq!((&told["state"], &told["needs_review"]), (&json!("assigned"), &json!(false)));
        assert_eq!(told["department_id"], json!(department(&admin, "customer_service").await));
        assert_eq!(deadline(&told, "assign")["state"], "stopped");
        assert_eq!(deadline(&told, "respond")["due_at"], "2026-10-21T02:00:00Z", "from intake, not from triage");
    }
}

journey! {
    async fn what_is_rejected_goes_back_to_dispatch_and_to_another_department(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "wang.fang", "manager", Some("research")).await;
        let id = id(&complaint(&admin).await);
        running.clock.advance(TimeDelta::minutes(5));
        let rejected = act(&manager, &id, "reject", json!({ "reason": "是合同问题，不属于研发" })).await;
        assert_eq!((&rejected["state"], &rejected["department_id"]), (&json!("rejected"), &Value::Null));
        let assign = deadline(&rejected, "assign");
        assert_eq!((&assign["state"], &assign["due_at"]), (&json!("running"), &json!("2026-10-21T02:05:00Z")), "24 hours to find its place");
        assert_eq!(deadline(&rejected, "respond")["state"], "stopped");

        running.clock.advance(TimeDelta::minutes(5));
        let sales = department(&admin, "sales").await;
        let respond_before = deadline(&rejected, "respond")["due_at"].clone();
        let assigned = act(&admin, &id, "assign", json!({ "department_id": sales })).await;
        assert_eq!((&assigned["state"], &assigned["department_id"]), (&json!("assigned"), &json!(sales)));
        assert_eq!(deadline(&assigned, "assign")["state"], "stopped");
        let respond = deadline(&assigned, "respond");
        assert_eq!(respond["state"], "running");
        let moved = |due: &Value| due.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(moved(&respond["due_at"]) - moved(&respond_before), TimeDelta::minutes(5), "as long as nobody had it");
        running.settle().await;
        running.pass(TimeDelta::hours(24)).await;
        let told = by_clock(&running.admin().await, &id).await;
        assert!(told.iter().all(|what| !what.ends_with("assign")), "it was dispatched in time: {told:?}");
    }
}

journey! {
    async fn directors_are_told_of_what_nobody_has_taken(running: Running) {
        let admin = running.admin().await;
        user(&running, &admin, "director", "director", None).await;
        let vague = admin.post("/api/v1/feedback", json!({ "channel": "shop", "content": "你好" })).await.expect(201);
        assert_eq!(vague["state"], "new");
        running.pass(TimeDelta::hours(25)).await;

        let director = running.sign_in("director", "director has a password").await;
        let told = director.get("/api/v1/me/notifications").await.expect(200);
        let kinds: Vec<&str> = told["items"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"feedback.sla_breached"), "{kinds:?}");
    }
}

journey! {
    async fn who_reported_it_sees_it_but_does_not_work_on_it(running: Running) {
        let admin = running.admin().await;
        let (reporter, _) = user(&running, &admin, "hotline", "agent", Some("customer_service")).await;
        let feedback = id(&complaint(&reporter).await);
        let path = format!("/api/v1/feedback/{feedback}");
        assert_eq!(reporter.get(&path).await.expect(200)["state"], "assigned");
        let promise = json!({ "promised_at": "2026-10-20T08:00:00Z" });
        assert_eq!(reporter.post(&format!("{path}/accept"), promise).await.problem(409), "not_yours");
        let word = json!({ "method": "phone", "content": "客户又来电催促" });
        reporter.post(&format!("{path}/communications"), word).await.expect(201);
    }
}
