//! Files of a feedback, and the timeline that shows all of it.

use serde_json::{Value, json};

use super::dispatch::{act, history};
use crate::support::builders::{FORM, complaint, form, id, integration, user};
use crate::support::{Running, journey};

journey! {
    async fn whoever_sees_a_feedback_sees_its_files(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let (stranger, _) = user(&running, &admin, "zhao.min", "agent", Some("sales")).await;
        let owner = json!({ "name": "上海晨光贸易有限公司" });
        let customer = id(&stranger.post("/api/v1/customers", owner).await.expect(201));
        let said = json!({ "channel": "hotline", "content": crate::support::builders::COMPLAINT, "customer_id": customer });
        let feedback = id(&admin.post("/api/v1/feedback", said).await.expect(201));
        let files = format!("/api/v1/feedback/{feedback}/attachments");
        let screenshot = form(&[], Some(("截图.txt", "text/plain", "登录失败".as_bytes())));
        let answer = agent.post_raw(&files, FORM, screenshot.clone()).await;
        let location = answer.header("location").to_owned();
        let file = answer.expect(201);
        assert_eq!((&file["subject_kind"], &file["subject_id"], &file["customer_id"]), (&json!("feedback"), &json!(feedback), &Value::Null));
        assert_eq!(file["uploaded_by"], json!(agent_id));
        assert_eq!(agent.get(&files).await.expect(200)["items"], json!([file]));
        assert_eq!(agent.get(&location).await.expect(200), file);
        assert_eq!(agent.get(&format!("{location}/content")).await.text, "登录失败");

        // Its customer's owner reaches the customer, but not the feedback of another department.
        assert_eq!(stranger.get(&files).await.problem(404), "feedback_not_found");
        assert_eq!(stranger.post_raw(&files, FORM, screenshot.clone()).await.problem(404), "feedback_not_found");
        assert_eq!(stranger.get(&location).await.problem(404), "attachment_not_found");
        assert_eq!(stranger.get(&format!("{location}/content")).await.problem(404), "attachment_not_found");
        assert_eq!(stranger.delete(&location).await.problem(404), "attachment_not_found");
        assert_eq!(stranger.get(&format!("/api/v1/customers/{customer}/attachments")).await.expect(200)["items"], json!([]));
        let timeline = stranger.get(&format!("/api/v1/customers/{customer}/timeline?subject=feedback")).await.expect(200);
        assert_eq!((&timeline["items"][0]["kind"], &timeline["items"][0]["data"]), (&json!("feedback.attachment_added"), &Value::Null));

        // A key that may read files, but no feedback, reads none of a feedback.
        let key = integration(&running, &admin, &["attachments:read", "attachments:write"]).await;
        assert_eq!(key.get(&files).await.problem(404), "feedback_not_found");
        assert_eq!(key.get(&location).await.problem(404), "attachment_not_found");
        let subject = form(&[("subject_kind", "feedback"), ("subject_id", &feedback)], Some(("a.txt", "text/plain", b"a")));
        assert_eq!(key.post_raw("/api/v1/attachments", FORM, subject.clone()).await.problem(404), "feedback_not_found");
        let other = agent.post_raw("/api/v1/attachments", FORM, subject).await.expect(201);
        assert_eq!(other["subject_kind"], "feedback", "the other address does the same");

        let keyed = agent.clone().with_header("idempotency-key", "once");
        let once = keyed.post_raw(&files, FORM, screenshot.clone()).await.expect(201);
        assert_eq!(keyed.post_raw(&files, FORM, screenshot).await.expect(201), once);
        assert_eq!(agent.post_raw(&files, FORM, form(&[("colour", "red")], None)).await.faults(), ["/colour", "/file"]);
        let page = form(&[], Some(("a.html", "text/html", b"<html>")));
        assert_eq!(agent.post_raw(&files, FORM, page).await.problem(409), "file_type_not_allowed");
        assert_eq!(agent.post(&files, json!({})).await.problem(415), "unsupported_media_type");

        assert_eq!(agent.delete(&location).await.status, 204);
        assert_eq!(agent.get(&files).await.expect(200)["items"], json!([once, other]));
        running.settle().await;
        assert_eq!(agent.get(&format!("{location}/content")).await.problem(404), "attachment_not_found");
    }
}

journey! {
    async fn the_history_tells_all_of_it_in_sentences(running: Running) {
        let admin = running.admin().await;
        let feedback = id(&complaint(&admin).await);
        act(&admin, &feedback, "accept", json!({ "promised_at": "2026-10-20T08:00:00Z" })).await;
        let word = json!({ "method": "phone", "content": "已电话告知客户明天上午修复" });
        admin.post(&format!("/api/v1/feedback/{feedback}/communications"), word).await.expect(201);
        let file = form(&[], Some(("录音.txt", "text/plain", b"call")));
        let path = format!("/api/v1/feedback/{feedback}/attachments");
        let location = admin.post_raw(&path, FORM, file).await.header("location").to_owned();
        running.until("2026-10-20T07:30:00Z").await;
        let admin = running.admin().await;

        let told = history(&admin, &feedback).await;
        let kinds: Vec<&str> = told.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        for kind in ["feedback.received", "feedback.assigned", "feedback.accepted", "feedback.communicated", "feedback.attachment_added", "feedback.promise_reminder"] {
            assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
        }
        let of = |kind: &str| told.iter().find(|entry| entry["kind"] == kind).unwrap();
        assert_eq!(of("feedback.communicated")["text"], "已电话告知客户明天上午修复");
        assert_eq!(of("feedback.attachment_added")["text"], "录音.txt");
        assert_eq!(of("feedback.attachment_added")["summary"], "File attached to the feedback (text/plain)");
        assert!(of("feedback.accepted")["actor_name"].is_string());
        assert_eq!(of("feedback.promise_reminder")["actor_name"], Value::Null, "the clock has no name");
        let chinese = admin.clone().with_header("accept-language", "zh-CN");
        let told = history(&chinese, &feedback).await;
        assert!(told.iter().all(|entry| entry["summary"].as_str().unwrap().contains(['反', '承'])), "{told:?}");

        // The name of a file that is no more is no more.
        assert_eq!(admin.delete(&location).await.status, 204);
        let told = history(&admin, &feedback).await;
        assert_eq!(told.iter().find(|entry| entry["kind"] == "feedback.attachment_added").unwrap()["text"], Value::Null);
        assert_eq!(told.last().unwrap()["kind"], "feedback.attachment_removed");
    }
}
