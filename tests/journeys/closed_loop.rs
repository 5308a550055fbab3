//! A complaint runs from intake to closed, and nothing is forgotten on the way.

use serde_json::json;

use crate::support::builders::{complaint, deadline, department, id, user};
use crate::support::{Running, journey};

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
