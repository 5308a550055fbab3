//! People without an account leave a feedback at an entry point, and ask after it.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::dispatch::act;
use crate::support::builders::{COMPLAINT, FORM, department, id, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey, rows};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// An entry point that asks for everything there is, with more said of it; its public address.
async fn entry(admin: &Client, more: Value) -> String {
    let mut body = json!({ "name": "南京路门店", "channel": "shop", "contact_name": "optional", "picture": true, "per_minute": 600 });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = admin.post("/api/v1/feedback/entries", body).await.expect(201);
    format!("/api/v1/public/feedback/{}", made["key"].as_str().unwrap())
}

fn form(fields: &[(&str, &str)], picture: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("------journey\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, content)) = picture {
        let head =
            format!("------journey\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------journey--\r\n");
    body
}

/// The feedback with this number, as the house has it.
async fn stored(admin: &Client, receipt: &Value) -> Value {
    let all = admin.get("/api/v1/feedback?limit=200").await.expect(200);
    let found = all["items"].as_array().unwrap().iter().find(|row| row["number"] == receipt["number"]);
    found.unwrap().clone()
}

async fn state(client: &Client, receipt: &Value) -> Value {
    let token = receipt["token"].as_str().unwrap();
    let answer = client.get(&format!("/api/v1/public/feedback/receipts/{token}")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let standing = answer.expect(200);
    let names: Vec<&String> = standing.as_object().unwrap().keys().collect();
    assert_eq!(names, ["number", "received_at", "state"], "nothing else");
    assert_eq!((&standing["number"], &standing["received_at"]), (&receipt["number"], &receipt["received_at"]));
    standing["state"].clone()
}

journey! {
    async fn somebody_leaves_a_complaint_and_follows_it_to_its_end(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let shop = entry(&admin, json!({ "key": "shop-nanjing-road" })).await;
        let asked = guest.get(&shop).await.expect(200);
        let names: Vec<(&Value, &Value)> = asked["fields"].as_array().unwrap().iter().map(|f| (&f["name"], &f["required"])).collect();
        assert_eq!(names, [(&json!("content"), &json!(true)), (&json!("contact"), &json!(false)), (&json!("name"), &json!(false))]);
        assert_eq!((&asked["name"], &asked["picture"]), (&json!("南京路门店"), &json!(true)));

        let said = json!({ "content": COMPLAINT, "contact": "138 0013 8000", "name": "张伟" });
        let receipt = guest.post(&shop, said).await.expect(201);
        let names: Vec<&String> = receipt.as_object().unwrap().keys().collect();
        assert_eq!(names, ["number", "received_at", "token"], "no ids of ours");
        assert_eq!(receipt["number"], "F000001");
        let feedback = stored(&admin, &receipt).await;
        assert_eq!((&feedback["channel"], &feedback["state"], &feedback["reporter_id"]), (&json!("shop"), &json!("assigned"), &Value::Null));
        assert_eq!(feedback["contact"], json!({ "name": "张伟", "phone": "138 0013 8000", "email": null }));
        assert!(feedback["channel_message_id"].as_str().unwrap().starts_with("entry:shop-nanjing-road:"));

        assert_eq!(state(&guest, &receipt).await, "received");
        let id = id(&feedback);
        act(&admin, &id, "accept", json!({ "promised_at": "2026-10-20T08:00:00Z" })).await;
        assert_eq!(state(&guest, &receipt).await, "in_progress");
        act(&admin, &id, "start", Value::Null).await;
        act(&admin, &id, "await-customer", Value::Null).await;
        assert_eq!(state(&guest, &receipt).await, "waiting_for_you");
        act(&admin, &id, "resume", Value::Null).await;
        act(&admin, &id, "resolve", json!({ "solution": "重启了服务", "improvement": "增加监控" })).await;
        assert_eq!(state(&guest, &receipt).await, "resolved");
        act(&admin, &id, "confirm", Value::Null).await;
        assert_eq!(state(&guest, &receipt).await, "closed");

        let figures = admin.get("/api/v1/feedback/entries").await.expect(200);
        assert_eq!((&figures["items"][0]["received"], &figures["items"][0]["last_received_at"]), (&json!(1), &json!("2026-10-20T02:00:00Z")));
        for token in ["x", &"A".repeat(43), &"%00".repeat(14)] {
            let answer = guest.get(&format!("/api/v1/public/feedback/receipts/{token}")).await;
            assert_eq!(answer.problem(404), "receipt_not_found");
        }
    }
}

journey! {
    async fn the_answer_tells_nothing_of_who_is_known(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let shop = entry(&admin, json!({})).await;
        let customer = json!({ "name": "某人", "phone": "13900139000", "kind": "person" });
        let customer = id(&admin.post("/api/v1/customers", customer).await.expect(201));
        let known = guest.post(&shop, json!({ "content": COMPLAINT, "contact": "139 0013 9000" })).await;
        let unknown = guest.post(&shop, json!({ "content": COMPLAINT, "contact": "137 0013 7000" })).await;
        let shape = |answer: &Answer| {
            let names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
            (answer.status, answer.text.len(), names)
        };
        assert_eq!(shape(&known), shape(&unknown));
        assert_eq!(stored(&admin, &known.json()).await["customer_id"], json!(customer));
        assert_eq!(stored(&admin, &unknown.json()).await["customer_id"], Value::Null);
        let overview = admin.get(&format!("/api/v1/customers/{customer}/overview")).await.expect(200);
        assert_eq!((&overview["figures"]["complaints"], &overview["figures"]["feedback_open"]), (&json!(1), &json!(1)));
        // The timeline of the customer whom the phone belongs to shows it.
        let timeline = admin.get(&format!("/api/v1/customers/{customer}/timeline?subject=feedback")).await.expect(200);
        let kinds: Vec<&Value> = timeline["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        assert_eq!(kinds, ["feedback.assigned", "feedback.received"]);
    }
}

journey! {
    async fn a_picture_comes_with_it_and_is_a_file_of_the_feedback(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let shop = entry(&admin, json!({})).await;
        let said = form(&[("content", COMPLAINT), ("contact", "a@example.com")], Some(("屏幕截图.png", PNG)));
        let receipt = guest.post_raw(&shop, FORM, said).await.expect(201);
        let feedback = stored(&admin, &receipt).await;
        assert_eq!(feedback["contact"]["email"], "a@example.com");
        let path = format!("/api/v1/feedback/{}", id(&feedback));
        let files = admin.get(&format!("{path}/attachments")).await.expect(200);
        let file = &files["items"][0];
        assert_eq!((&file["file_name"], &file["content_type"], &file["uploaded_by"]), (&json!("屏幕截图.png"), &json!("image/png"), &Value::Null));
        let content = admin.get(&format!("/api/v1/attachments/{}/content", id(file))).await;
        assert_eq!((content.header("x-content-type-options"), content.header("content-type")), ("nosniff", "image/png"));
        assert!(content.header("content-disposition").starts_with("attachment;"));

        // Without a fitting name it gets one; an empty one is none.
        for (name, content, expected) in [("blob", PNG, json!("picture.png")), ("a.pdf", PNG, json!("picture.png")), ("", b"".as_slice(), Value::Null)] {
            let receipt = guest.post_raw(&shop, FORM, form(&[("content", COMPLAINT)], Some((name, content)))).await.expect(201);
            let path = format!("/api/v1/feedback/{}/attachments", id(&stored(&admin, &receipt).await));
            assert_eq!(admin.get(&path).await.expect(200)["items"][0]["file_name"], expected, "{name}");
        }
        // What is no picture is not taken, nor anything said with it.
        let before = rows::counts(&running).await;
        for content in [b"%PDF-1.7\n".as_slice(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ", b"<html>"] {
            let refused = guest.post_raw(&shop, FORM, form(&[("content", COMPLAINT)], Some(("a.png", content)))).await;
            assert_eq!(refused.problem(409), "file_type_not_allowed");
        }
        let cut = form(&[("content", COMPLAINT)], Some(("a.png", PNG)));
        assert_eq!(guest.post_raw(&shop, FORM, cut[..cut.len() - 20].to_vec()).await.problem(400), "malformed_multipart");
        let large = [PNG, &vec![0; 5 * 1024 * 1024]].concat();
        assert_eq!(guest.post_raw(&shop, FORM, form(&[("content", COMPLAINT)], Some(("a.png", &large)))).await.problem(413), "body_too_large");
        let faults = guest.post_raw(&shop, FORM, form(&[("colour", "red")], None)).await.faults();
        assert_eq!(faults, ["/colour", "/content"]);
        assert_eq!(rows::counts(&running).await, before);
    }
}

journey! {
    async fn an_entry_point_gets_what_it_asks_for_and_no_more(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let strict = entry(&admin, json!({ "contact": "required", "contact_name": "not_asked", "picture": false })).await;
        let faulty = async |body: Value| {
            let answer = guest.post(&strict, body).await;
            assert_eq!(answer.status, 409, "{}", answer.text);
            let faults = answer.json()["errors"].as_array().unwrap().clone();
            faults.iter().map(|fault| format!("{} {}", fault["code"].as_str().unwrap(), fault["pointer"].as_str().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(faulty(json!({ "content": "你好", "name": "张伟" })).await, ["field_needed /contact", "field_not_asked /name"]);
        assert_eq!(faulty(json!({ "content": "你好", "contact": "door 7" })).await, ["contact_invalid /contact"]);
        let picture = form(&[("content", "你好"), ("contact", "13800138000")], Some(("a.png", PNG)));
        assert_eq!(guest.post_raw(&strict, FORM, picture).await.problem(409), "field_not_asked");
        assert_eq!(guest.post(&strict, json!({ "contact": 7, "colour": "red" })).await.faults(), ["/colour", "/contact", "/content"]);
        assert_eq!(guest.post(&strict, json!({ "content": "x".repeat(10_001) })).await.faults(), ["/content"]);
        let long = json!({ "content": "x".repeat(200_000) });
        assert_eq!(guest.post(&strict, long).await.problem(413), "body_too_large");
        assert_eq!(guest.post_raw(&strict, "text/plain", "你好").await.problem(415), "unsupported_media_type");
        assert_eq!(guest.post_raw(&strict, "application/json", "{").await.problem(400), "malformed_json");
        for nowhere in ["nowhere", "NOWHERE", "a%00b", "a%2Fb", "%E4%BD%A0%E5%A5%BD"] {
            let path = format!("/api/v1/public/feedback/{nowhere}");
            assert_eq!(guest.get(&path).await.status, 404, "{nowhere}");
            assert_eq!(guest.post(&path, json!({ "content": "你好" })).await.status, 404, "{nowhere}");
        }
        assert_eq!(admin.get("/api/v1/feedback").await.expect(200)["items"], json!([]));
    }
}

journey! {
    /// The same message is one feedback, whoever is faster; whoever guesses its id learns nothing.
    async fn a_message_sent_again_is_one_feedback(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let (shop, app) = (entry(&admin, json!({ "key": "shop-1" })).await, entry(&admin, json!({ "key": "shop-2" })).await);
        let copy = running.second_copy().await;
        let there = copy.anonymous();
        for round in 0..4 {
            let said = json!({ "content": COMPLAINT, "contact": "13800138000", "message_id": format!("m-{round}") });
            let answers = join_all((0..8).map(|n| if n % 2 == 0 { &guest } else { &there }.post(&shop, said.clone()))).await;
            let first = answers[0].json();
            for answer in &answers {
                assert_eq!(answer.json(), first, "the same receipt");
            }
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
            assert_eq!(guest.post_raw(&shop, FORM, form(&[("content", COMPLAINT), ("contact", "13800138000"), ("message_id", &format!("m-{round}"))], Some(("a.png", PNG)))).await.expect(200), first);
        }
        assert_eq!(admin.get("/api/v1/feedback").await.expect(200)["items"].as_array().unwrap().len(), 4);
        let entries = admin.get("/api/v1/feedback/entries").await.expect(200);
        assert_eq!(entries["items"][1]["received"], 4);
        // The picture that came with a message known already is nobody's.
        let folder = running.app.config.data_dir.join("files/attachments");
        let kept: usize = std::fs::read_dir(folder).map_or(0, |all| all.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum());
        assert_eq!(kept, 0);

        let guess = guest.post(&shop, json!({ "content": "别人的内容", "message_id": "m-1" })).await;
        assert!(!guess.text.contains("F0000"), "{}", guess.text);
        assert_eq!(guess.problem(409), "message_taken");
        let elsewhere = guest.post(&app, json!({ "content": COMPLAINT, "message_id": "m-1" })).await.expect(201);
        let known = admin.get("/api/v1/feedback").await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!((known.len(), &known[0]["number"]), (5, &elsewhere["number"]), "one of its own");
        // Nor is a name taken away from the channel itself.
        let own = json!({ "channel": "shop", "content": COMPLAINT, "channel_message_id": "m-1" });
        admin.post("/api/v1/feedback", own).await.expect(201);
        // Without an id each is one of its own: two people may say the same.
        for _ in 0..2 {
            guest.post(&shop, json!({ "content": "服务很好" })).await.expect(201);
        }
    }
}

journey! {
    async fn a_client_has_a_limit_at_each_entry_point(running: Running) {
        let admin = running.admin().await;
        let slow = entry(&admin, json!({ "per_minute": 2 })).await;
        let other = entry(&admin, json!({ "per_minute": 2 })).await;
        let guest = running.anonymous();
        for _ in 0..2 {
            guest.post(&slow, json!({ "content": "你好" })).await.expect(201);
        }
        // Who is not trusted says in vain that he is somebody else.
        let hidden = guest.clone().with_header("x-forwarded-for", "203.0.113.7");
        let refused = hidden.post(&slow, json!({ "content": "你好" })).await;
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        assert_eq!(refused.problem(429), "rate_limited");
        guest.get(&slow).await.expect(200);
        guest.post(&other, json!({ "content": "你好" })).await.expect(201);
        let copy = running.second_copy_with(&[("HUIYIN_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
        let behind = copy.anonymous();
        for client in ["203.0.113.7", "203.0.113.8"] {
            let behind = behind.clone().with_header("x-forwarded-for", client);
            for expected in [201, 201, 429] {
                assert_eq!(behind.post(&slow, json!({ "content": "你好" })).await.status, expected, "{client}");
            }
        }
    }
}

journey! {
    async fn what_the_classifier_is_not_sure_of_goes_where_the_entry_point_says(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let sales = department(&admin, "sales").await;
        let plain = entry(&admin, json!({})).await;
        let vague = stored(&admin, &guest.post(&plain, json!({ "content": "你好" })).await.expect(201)).await;
        assert_eq!((&vague["state"], &vague["needs_review"]), (&json!("new"), &json!(true)));
        let to_sales = entry(&admin, json!({ "department_id": sales })).await;
        let vague = stored(&admin, &guest.post(&to_sales, json!({ "content": "你好" })).await.expect(201)).await;
        assert_eq!((&vague["state"], &vague["needs_review"], &vague["department_id"]), (&json!("assigned"), &json!(true), &json!(sales)));
        let hinted = entry(&admin, json!({ "subtype": "service_quality" })).await;
        let vague = stored(&admin, &guest.post(&hinted, json!({ "content": "你好" })).await.expect(201)).await;
        assert_eq!((&vague["subtype"], &vague["needs_review"]), (&json!("service_quality"), &json!(false)));
        assert_eq!(vague["department_id"], json!(department(&admin, "customer_service").await));
        // Where the classifier is sure, it is asked.
        let sure = stored(&admin, &guest.post(&hinted, json!({ "content": COMPLAINT })).await.expect(201)).await;
        assert_eq!((&sure["subtype"], &sure["department_id"]), (&json!("product_function"), &json!(department(&admin, "research").await)));
    }
}

journey! {
    async fn entry_points_are_the_administrators(running: Running) {
        let (admin, guest) = (running.admin().await, running.anonymous());
        let (manager, _) = user(&running, &admin, "wang.fang", "manager", Some("sales")).await;
        let made = admin.post("/api/v1/feedback/entries", json!({ "name": "小程序", "channel": "app" })).await;
        let location = made.header("location").to_owned();
        let made = made.expect(201);
        assert_eq!((&made["contact"], &made["contact_name"], &made["picture"], &made["per_minute"]), (&json!("optional"), &json!("not_asked"), &json!(false), &json!(10)));
        let key = made["key"].as_str().unwrap();
        assert!(key.len() >= 12, "{key}");
        let public = format!("/api/v1/public/feedback/{key}");
        assert_eq!(manager.get(&location).await.expect(200), made);
        assert_eq!(manager.patch(&location, json!({ "active": false })).await.problem(403), "forbidden");
        let taken = json!({ "name": "另一个", "channel": "app", "key": key });
        assert_eq!(admin.post("/api/v1/feedback/entries", taken).await.problem(409), "entry_key_taken");
        let nowhere = json!({ "department_id": uuid::Uuid::now_v7() });
        assert_eq!(admin.patch(&location, nowhere).await.problem(404), "department_not_found");

        guest.get(&public).await.expect(200);
        let closed = admin.clone().with_header("if-match", "\"1\"").patch(&location, json!({ "active": false })).await;
        assert_eq!(closed.header("etag"), "\"2\"");
        assert_eq!(closed.expect(200)["active"], false);
        assert_eq!(guest.get(&public).await.problem(404), "entry_not_found");
        assert_eq!(guest.post(&public, json!({ "content": "你好" })).await.problem(404), "entry_not_found");
        let changed = json!({ "active": true, "name": "小程序（新）", "per_minute": 600, "contact_name": "optional" });
        admin.patch(&location, changed).await.expect(200);
        let receipt = guest.post(&public, json!({ "content": "你好", "name": "张伟" })).await.expect(201);
        assert_eq!(admin.delete(&location).await.problem(409), "entry_in_use");
        admin.patch(&location, json!({ "active": false })).await.expect(200);
        assert_eq!(state(&guest, &receipt).await, "received", "a receipt stays good");

        let other = admin.post("/api/v1/feedback/entries", json!({ "name": "多余", "channel": "app" })).await;
        let other = other.header("location").to_owned();
        assert_eq!(admin.delete(&other).await.status, 204);
        assert_eq!(admin.get(&other).await.problem(404), "entry_not_found");
    }
}

journey! {
    /// New ones are added to what is known, the others counted anew: whoever is first, it comes to the same.
    async fn what_comes_in_at_once_is_counted_once(running: Running) {
        const ROUNDS: usize = 3;
        const AT_ONCE: usize = 6;
        let admin = running.admin().await;
        let shop = entry(&admin, json!({})).await;
        let phone = "13900139000";
        let customer = id(&admin.post("/api/v1/customers", json!({ "name": "某人", "phone": phone })).await.expect(201));
        let said = json!({ "channel": "hotline", "content": COMPLAINT, "customer_id": customer, "subtype": "product_usage", "priority": "normal" });
        let guest = running.anonymous();
        for round in 1..=ROUNDS {
            let asked = id(&admin.post("/api/v1/feedback", said.clone()).await.expect(201));
            let triage = json!({ "subtype": "product_function", "priority": "important" });
            let triage_path = format!("/api/v1/feedback/{asked}/triage");
            let left = join_all((0..AT_ONCE).map(|_| guest.post(&shop, json!({ "content": COMPLAINT, "contact": phone }))));
            let (left, moved) = tokio::join!(left, admin.post(&triage_path, triage));
            moved.expect(200);
            for answer in left {
                answer.expect(201);
            }
            let overview = admin.get(&format!("/api/v1/customers/{customer}/overview")).await.expect(200);
            let expected = json!(round * (AT_ONCE + 1));
            assert_eq!((&overview["figures"]["complaints"], &overview["figures"]["feedback_open"]), (&expected, &expected));
        }
    }
}
