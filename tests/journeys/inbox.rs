//! What users are told, what of it they have read, and what they do not want to be told.

use serde_json::{Value, json};

use super::dispatch::act;
use crate::support::builders::{complaint, department, id, user};
use crate::support::{Client, Running, journey};

const INBOX: &str = "/api/v1/me/notifications";
const SETTINGS: &str = "/api/v1/me/notification-settings";

async fn inbox(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("{INBOX}?{query}")).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn unread(client: &Client) -> i64 {
    let count = client.get(&format!("{INBOX}/unread-count")).await.expect(200)["unread"].as_i64().unwrap();
    assert_eq!(client.get(INBOX).await.expect(200)["unread"], count, "the list says the same");
    count
}

async fn in_chinese(running: &Running, name: &str) -> Client {
    let client = running.sign_in(name, &format!("{name} has a password")).await;
    client.without_header("accept-language").with_header("accept-language", "zh-CN")
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

/// A complaint that the administrator puts in somebody's hands.
async fn given(admin: &Client, department: &str, handler: &str) -> String {
    let one = id(&complaint(admin).await);
    act(admin, &one, "assign", json!({ "department_id": department, "handler_id": handler })).await;
    one
}

journey! {
    async fn what_has_come_in_is_counted_read_and_found_by_kind(running: Running) {
        let admin = running.admin().await;
        let research = department(&admin, "research").await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (other, _) = user(&running, &admin, "zhao.lei", "agent", Some("research")).await;
        assert_eq!(unread(&li).await, 0);
        let mut given_to_her = Vec::new();
        for _ in 0..3 {
            given_to_her.push(given(&admin, &research, &li_id).await);
        }
        act(&admin, &given_to_her[0], "assign", json!({ "department_id": research, "handler_id": li_id })).await;
        running.settle().await;
        assert_eq!((unread(&li).await, unread(&other).await), (4, 0));

        let all = inbox(&li, "").await;
        assert_eq!(kinds(&all), ["feedback.assigned"; 4]);
        assert_eq!((&all[0]["subject"], &all[0]["subject_id"]), (&json!("feedback"), &json!(given_to_her[0])), "the newest first");
        assert_eq!(all[0]["summary"], "A feedback was assigned to you or your department");
        let chinese = in_chinese(&running, "li.na").await;
        assert_eq!(inbox(&chinese, "limit=1").await[0]["summary"], "有反馈分派给你或你的部门");
        assert!(inbox(&li, "kind=feedback.closed").await.is_empty());
        assert_eq!(inbox(&li, "kind=feedback.assigned&unread=true").await.len(), 4);

        // What she has seen is read; the newest came in while she looked.
        let seen = json!({ "up_to": all[1]["id"] });
        let marked = li.post(&format!("{INBOX}/read"), seen.clone()).await.expect(200);
        assert_eq!(marked, json!({ "read": 3, "unread": 1 }));
        assert_eq!(li.post(&format!("{INBOX}/read"), seen.clone()).await.expect(200), json!({ "read": 0, "unread": 1 }));
        assert_eq!(inbox(&li, "unread=true").await[0]["id"], all[0]["id"]);
        assert_eq!(other.post(&format!("{INBOX}/read"), seen).await.problem(404), "notification_not_found");
        li.call(&format!("{INBOX}/{}/read", id(&all[0]))).await.expect(200);
        assert_eq!(unread(&li).await, 0);
        given(&admin, &research, &li_id).await;
        running.settle().await;
        assert_eq!(li.post(&format!("{INBOX}/read"), json!({})).await.expect(200), json!({ "read": 1, "unread": 0 }));
        assert_eq!(inbox(&li, "").await.len(), 5, "read is not gone");
    }
}

journey! {
    async fn who_does_not_want_to_be_told_of_a_kind_is_not(running: Running) {
        let admin = running.admin().await;
        let research = department(&admin, "research").await;
        let (li, li_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (lei, lei_id) = user(&running, &admin, "zhao.lei", "agent", Some("research")).await;
        let settings = li.get(SETTINGS).await.expect(200);
        let items = settings["items"].as_array().unwrap();
        assert!(items.len() > 30 && items.iter().all(|item| item["enabled"] == true), "on unless switched off");
        let named = |items: &[Value], kind: &str| items.iter().find(|item| item["kind"] == kind).unwrap().clone();
        assert_eq!(named(items, "feedback.sla_breached")["title"], "A feedback missed a deadline");
        let chinese = in_chinese(&running, "li.na").await.get(SETTINGS).await.expect(200);
        assert_eq!(named(chinese["items"].as_array().unwrap(), "feedback.sla_breached")["title"], "反馈超出时限");

        let off = json!({ "items": [{ "kind": "feedback.assigned", "enabled": false }, { "kind": "feedback.closed", "enabled": true }] });
        let after = li.put(SETTINGS, off).await.expect(200);
        assert_eq!(named(after["items"].as_array().unwrap(), "feedback.assigned")["enabled"], false);
        assert_eq!(li.get(SETTINGS).await.expect(200), after);
        assert_eq!(lei.get(SETTINGS).await.expect(200)["items"], settings["items"], "hers alone");
        given(&admin, &research, &li_id).await;
        given(&admin, &research, &lei_id).await;
        running.settle().await;
        assert_eq!((inbox(&li, "").await.len(), inbox(&lei, "").await.len()), (0, 1));

        // What is not named is on again; what happened meanwhile is not made up for.
        li.put(SETTINGS, json!({ "items": [] })).await.expect(200);
        running.settle().await;
        assert!(inbox(&li, "").await.is_empty());
        given(&admin, &research, &li_id).await;
        running.settle().await;
        assert_eq!(inbox(&li, "").await.len(), 1);

        let wrong = json!({ "items": [{ "kind": "customer.created", "enabled": false }, { "kind": "feedback.closed" }], "more": 1 });
        let faults = li.put(SETTINGS, wrong).await.faults();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert_eq!(li.get(&format!("{INBOX}?kind=customer.created")).await.status, 422);
    }
}
