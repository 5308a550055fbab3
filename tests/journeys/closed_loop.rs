//! A complaint runs from intake to closed, and nothing is forgotten on the way.

use serde_json::{Value, json};

use super::dispatch::{act, by_clock, history};
use crate::support::builders::{COMPLAINT, complaint, deadline, department, id, user};
use crate::support::{Client, Running, journey};

journey! {
    async fn a_complaint_is_handled_and_closed_by_the_customers_word(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;

        let feedback = complaint(&admin).await;
        assert_eq!(feedback["state"], "assigned");
        assert_eq!(feedback["type"], "complaint");
        assert_eq!(feedback["subtype"], "product_function");
        assert_eq!(feedback["department_id"], json!(department(&admin, "research").await));
        let path = format!("/api/v1/feedback/{}", id(&feedback));

        let promise = json!({ "promised_at": "2026-10-21T10:00:00Z" });
        let accepted = agent.post(&format!("{path}/accept"), promise).await.expect(200);
        assert_eq!(accepted["state"], "accepted");
        assert_eq!(accepted["handler_id"], json!(agent_id));
        assert_eq!(deadline(&accepted, "respond")["state"], "stopped");

        assert_eq!(agent.call(&format!("{path}/start")).await.expect(200)["state"], "in_progress");
        let word = json!({ "method": "phone", "content": "已电话告知客户预计明天修复" });
        agent.post(&format!("{path}/communications"), word).await.expect(201);

        assert_eq!(agent.call(&format!("{path}/confirm")).await.problem(409), "feedback_state");
        let resolution = json!({ "solution": "已重置登录服务", "improvement": "增加告警" });
        let resolved = agent.post(&format!("{path}/resolve"), resolution).await.expect(200);
        assert_eq!((&resolved["state"], &resolved["awaiting"]), (&json!("awaiting_customer"), &json!("confirmation")));
        assert_eq!(deadline(&resolved, "resolve")["state"], "stopped");
        assert_eq!(deadline(&resolved, "verify")["state"], "running");

        let reopened = agent.post(&format!("{path}/reopen"), json!({ "reason": "今天又登录不上了" })).await.expect(200);
        assert_eq!((&reopened["state"], &reopened["reopened_times"]), (&json!("reopened"), &json!(1)));
        assert_eq!(deadline(&reopened, "resolve")["state"], "running");

        agent.call(&format!("{path}/start")).await.expect(200);
        let resolution = json!({ "solution": "已更换证书", "improvement": "证书到期前三十天提醒" });
        agent.post(&format!("{path}/resolve"), resolution).await.expect(200);
        let closed = agent.call(&format!("{path}/confirm")).await.expect(200);
        assert_eq!(closed["state"], "closed");
        assert_eq!(deadline(&closed, "verify")["state"], "stopped");

        let history = agent.get(&format!("{path}/history")).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, [
            "feedback.received", "feedback.assigned", "feedback.accepted", "feedback.started", "feedback.communicated",
            "feedback.resolved", "feedback.reopened", "feedback.started", "feedback.resolved", "feedback.closed",
        ]);
    }
}

async fn signed_in(running: &Running, name: &str) -> Client {
    running.sign_in(name, &format!("{name} has a password")).await
}

async fn told(client: &Client) -> Vec<String> {
    let page = client.get("/api/v1/me/notifications?limit=200").await.expect(200);
    page["items"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

/// The follow-ups in somebody's hands that are about a feedback.
async fn desk(client: &Client, feedback: &str) -> Vec<Value> {
    let page = client.get("/api/v1/follow-up-tasks/work-list?view=mine").await.expect(200);
    page["items"].as_array().unwrap().iter().filter(|task| task["feedback_id"] == feedback).cloned().collect()
}

async fn resolve(running: &Running, feedback: &str, promise: &str, solution: &str) {
    let li = signed_in(running, "li.na").await;
    act(&li, feedback, "accept", json!({ "promised_at": promise })).await;
    act(&li, feedback, "start", Value::Null).await;
    act(&li, feedback, "resolve", json!({ "solution": solution, "improvement": "证书到期前三十天提醒" })).await;
    running.settle().await;
}

/// Thursday, 8 October 2026, after the holidays of the National Day: Saturday the 10th is worked for it, Sunday is not.
const AFTER_THE_HOLIDAYS: &str = "2026-10-08T01:30:00Z";

journey! {
    async fn four_working_days_later_the_customer_says_that_it_does_not_hold(running: Running) {
        running.clock.set(AFTER_THE_HOLIDAYS.parse().unwrap());
        let admin = running.admin().await;
        let (hotline, hotline_id) = user(&running, &admin, "hotline", "agent", Some("customer_service")).await;
        user(&running, &admin, "colleague", "agent", Some("customer_service")).await;
        let (_, li_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let customer = json!({ "name": "砚田印务有限公司", "phone": "13800138000" });
        let customer = id(&admin.post("/api/v1/customers", customer).await.expect(201));
        let body = json!({
            "channel": "hotline", "content": COMPLAINT, "contact": { "phone": "13800138000" },
            "subtype": "product_function", "priority": "important",
        });
        let feedback = id(&hotline.post("/api/v1/feedback", body).await.expect(201));
        let path = format!("/api/v1/feedback/{feedback}");
        resolve(&running, &feedback, "2026-10-08T09:00:00Z", "已重置登录服务").await;
        let hotline = signed_in(&running, "hotline").await;
        assert!(told(&hotline).await.contains(&"feedback.resolved".to_owned()), "who raised it is told");

        // Friday, the worked Saturday, Monday, Tuesday: the fourth working day.
        running.until("2026-10-13T02:00:00Z").await;
        let hotline = signed_in(&running, "hotline").await;
        let tasks = desk(&hotline, &feedback).await;
        let task = &tasks[0];
        assert_eq!((tasks.len(), &task["origin"], &task["customer"]["id"]), (1, &json!("verification"), &json!(customer)));
        assert_eq!((&task["assignee_id"], &task["priority"]), (&json!(hotline_id), &json!("high")));
        assert_eq!((&task["due_from"], &task["due_by"]), (&json!("2026-10-12T01:00:00Z"), &json!("2026-10-14T10:00:00Z")));
        for other in ["li.na", "colleague"] {
            assert!(desk(&signed_in(&running, other).await, &feedback).await.is_empty(), "nobody verifies the own work");
        }

        let said = json!({ "outcome": "reached", "verification": "dissatisfied", "csat": 1, "complaints": "今天又登录不上了" });
        let record = hotline.post(&format!("/api/v1/follow-up-tasks/{}/record", id(task)), said).await.expect(201);
        running.settle().await;
        let admin = running.admin().await;
        let again = admin.get(&path).await.expect(200);
        assert_eq!((&again["state"], &again["reopened_times"], &again["handler_id"]), (&json!("assigned"), &json!(1), &json!(li_id)));
        let rounds = admin.get(&format!("{path}/rounds")).await.expect(200);
        assert_eq!((&rounds["items"][0]["solution"], &rounds["items"][0]["reason"]), (&json!("已重置登录服务"), &json!("今天又登录不上了")));
        let happened = history(&admin, &feedback).await;
        let verified = happened.iter().find(|entry| entry["kind"] == "feedback.verified").unwrap();
        assert_eq!((&verified["event"]["data"]["task_id"], &verified["event"]["data"]["score"]), (&record["task_id"], &json!(1)));
        assert!(told(&signed_in(&running, "li.na").await).await.contains(&"feedback.assigned".to_owned()));

        // Dispatched again, resolved again, and asked again; the first task is not forgotten by that.
        resolve(&running, &feedback, "2026-10-14T09:00:00Z", "已更换证书").await;
        running.until("2026-10-19T02:00:00Z").await;
        let hotline = signed_in(&running, "hotline").await;
        let tasks = desk(&hotline, &feedback).await;
        assert_eq!((tasks.len(), &tasks[0]["due_from"]), (1, &json!("2026-10-16T01:00:00Z")));
        let said = json!({ "outcome": "reached", "verification": "satisfied", "csat": 5, "summary": "客户确认正常" });
        hotline.post(&format!("/api/v1/follow-up-tasks/{}/record", id(&tasks[0])), said).await.expect(201);
        running.settle().await;
        let admin = running.admin().await;
        assert_eq!(admin.get(&path).await.expect(200)["state"], "closed");
        let kinds: Vec<String> = history(&admin, &feedback).await.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect();
        let told_of = [
            "feedback.received", "feedback.assigned", "feedback.accepted", "feedback.started", "feedback.resolved",
            "feedback.verified", "feedback.reopened", "feedback.assigned", "feedback.accepted", "feedback.started",
            "feedback.resolved", "feedback.verified", "feedback.closed",
        ];
        let mut left = kinds.iter();
        assert!(told_of.iter().all(|kind| left.any(|known| known == kind)), "in this order: {kinds:?}");
        let page = admin.get(&format!("/api/v1/follow-up-tasks?feedback_id={feedback}")).await.expect(200);
        let ended: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|task| &task["state"]).collect();
        assert_eq!(ended, ["completed", "completed"]);
        assert!(desk(&signed_in(&running, "hotline").await, &feedback).await.is_empty());
    }
}

journey! {
    async fn what_is_raised_in_a_follow_up_is_dispatched_within_a_day_and_answered_there(running: Running) {
        let admin = running.admin().await;
        user(&running, &admin, "director", "director", None).await;
        user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (hotline, hotline_id) = user(&running, &admin, "hotline", "agent", Some("customer_service")).await;
        let service = department(&admin, "customer_service").await;
        let customer = json!({ "name": "砚田印务有限公司", "owner_id": hotline_id, "department_id": service });
        let customer = id(&admin.post("/api/v1/customers", customer).await.expect(201));
        let said = json!({ "customer_id": customer, "outcome": "reached", "feedback": [{ "content": "你好" }] });
        let record = id(&hotline.post("/api/v1/follow-up-records", said).await.expect(201));
        let raised = hotline.get(&format!("/api/v1/follow-up-records/{record}/feedback")).await.expect(200);
        let one = &raised["items"][0];
        assert_eq!((&one["state"], &one["department_id"]), (&json!("new"), &Value::Null), "nobody can say yet what it is about");
        let feedback = id(one);
        let shown = hotline.get(&format!("/api/v1/feedback/{feedback}")).await.expect(200);
        assert_eq!((&shown["source_record_id"], &shown["channel"], &shown["reporter_id"]), (&json!(record), &json!("follow_up"), &json!(hotline_id)));
        assert_eq!((&deadline(&shown, "assign")["state"], &deadline(&shown, "assign")["due_at"]), (&json!("running"), &json!("2026-10-21T02:00:00Z")));

        running.until("2026-10-21T02:00:00Z").await;
        let admin = running.admin().await;
        assert!(by_clock(&admin, &feedback).await.contains(&"sla_warning assign".to_owned()));
        assert!(told(&signed_in(&running, "director").await).await.contains(&"feedback.sla_breached".to_owned()));
        let research = department(&admin, "research").await;
        act(&admin, &feedback, "assign", json!({ "department_id": research })).await;
        resolve(&running, &feedback, "2026-10-21T09:00:00Z", "已更换证书").await;
        let hotline = signed_in(&running, "hotline").await;
        let raised = hotline.get(&format!("/api/v1/follow-up-records/{record}/feedback")).await.expect(200);
        assert_eq!((&raised["items"][0]["state"], &raised["items"][0]["solution"]), (&json!("awaiting_customer"), &json!("已更换证书")));
        assert!(told(&hotline).await.contains(&"feedback.resolved".to_owned()), "who raised it is told");
        assert_eq!(desk(&hotline, &feedback).await.len(), 1, "and asks the customer");
    }
}
