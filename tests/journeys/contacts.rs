//! The people at a customer.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::builders::{complaint, id, user};
use crate::support::{Client, Running, journey};

async fn customer_of(client: &Client, name: &str) -> String {
    id(&client.post("/api/v1/customers", json!({ "name": name })).await.expect(201))
}

journey! {
    async fn a_contact_is_added_changed_and_removed(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin, "上海晨光贸易有限公司").await;
        let path = format!("/api/v1/customers/{customer}/contacts");
        let body = json!({
            "name": " 王芳 ", "position": "采购经理", "phone": "138 0013 8000", "email": "Wang.Fang@example.com", "is_primary": true,
            "birthday": { "calendar": "lunar", "year": 1987, "month": 6, "day": 6, "leap_month": true }, "note": "下午联系",
        });
        let answer = admin.post(&path, body).await;
        let location = answer.header("location").to_owned();
        assert_eq!(answer.header("etag"), "\"1\"");
        let contact = answer.expect(201);
        assert_eq!(location, format!("/api/v1/contacts/{}", id(&contact)));
        assert_eq!((&contact["name"], &contact["phone"], &contact["phone_e164"]), (&json!("王芳"), &json!("138 0013 8000"), &json!("+8613800138000")));
        assert_eq!(contact["birthday"]["text"], "农历1987年闰六月初六");
        assert_eq!(admin.get(&location).await.expect(200), contact);
        assert_eq!(admin.get(&path).await.expect(200)["items"], json!([contact]));

        let changed = admin.clone().with_header("if-match", "\"1\"").patch(&location, json!({ "phone": null, "position": "总监" })).await;
        assert_eq!(changed.header("etag"), "\"2\"");
        let changed = changed.expect(200);
        assert_eq!((&changed["phone"], &changed["position"], &changed["email"]), (&Value::Null, &json!("总监"), &contact["email"]));
        let stale = admin.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.patch(&location, json!({ "note": "x" })).await.problem(412), "version_conflict");
        assert_eq!(stale.delete(&location).await.problem(412), "version_conflict");

        assert_eq!(admin.delete(&location).await.status, 204);
        assert_eq!(admin.get(&location).await.problem(404), "contact_not_found");
        assert_eq!(admin.delete(&location).await.problem(404), "contact_not_found");
        assert_eq!(admin.get(&path).await.expect(200)["items"], json!([]));
    }
}

journey! {
    async fn what_is_wrong_with_a_contact_is_told_at_once(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin, "甲公司").await;
        let path = format!("/api/v1/customers/{customer}/contacts");
        let bad = json!({ "name": " ", "phone": "12", "email": "x", "is_primary": "yes", "boss": true });
        assert_eq!(admin.post(&path, bad).await.faults(), ["/boss", "/email", "/is_primary", "/name", "/phone"]);
        let no_day = json!({ "name": "王芳", "birthday": "2023-02-29" });
        assert_eq!(admin.post(&path, no_day).await.status, 422, "no date at all");
        let no_leap = json!({ "name": "王芳", "birthday": { "calendar": "lunar", "year": 2024, "month": 6, "day": 6, "leap_month": true } });
        let answer = admin.post(&path, no_leap).await;
        assert!(answer.text.contains("/birthday"), "{}", answer.text);
        assert_eq!(answer.problem(409), "birthday_invalid");
        let nobody = format!("/api/v1/customers/{}/contacts", uuid::Uuid::now_v7());
        assert_eq!(admin.post(&nobody, json!({ "name": "王芳" })).await.problem(404), "customer_not_found");
    }
}

journey! {
    async fn a_customer_has_one_primary_contact_at_most(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin, "甲公司").await;
        let path = format!("/api/v1/customers/{customer}/contacts");
        let first = admin.post(&path, json!({ "name": "一", "is_primary": true })).await.expect(201);
        let second = admin.post(&path, json!({ "name": "二", "is_primary": true })).await.expect(201);
        let primary = async || {
            let all = admin.get(&path).await.expect(200);
            let primary = all["items"].as_array().unwrap().iter().filter(|contact| contact["is_primary"] == true);
            primary.map(|contact| contact["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(primary().await, ["二"]);
        let first = format!("/api/v1/contacts/{}", id(&first));
        assert_eq!(admin.get(&first).await.header("etag"), "\"2\"", "who knew the first as primary is told");
        admin.patch(&first, json!({ "is_primary": true })).await.expect(200);
        assert_eq!(primary().await, ["一"]);
        // Many who all want to be it.
        let wanting = (0..6).map(|n| admin.post(&path, json!({ "name": format!("新{n}"), "is_primary": true })));
        assert!(join_all(wanting).await.iter().all(|answer| answer.status == 201));
        assert_eq!(primary().await.len(), 1);
        admin.patch(&format!("/api/v1/contacts/{}", id(&second)), json!({ "is_primary": false })).await.expect(200);
        assert_eq!(primary().await.len(), 1);
    }
}

journey! {
    async fn a_contact_is_shown_as_much_of_as_its_customer(running: Running) {
        let admin = running.admin().await;
        let (agent, _) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let (other, _) = user(&running, &admin, "sales.two", "agent", Some("sales")).await;
        let (director, _) = user(&running, &admin, "director", "director", Some("sales")).await;
        let customer = customer_of(&agent, "甲公司").await;
        let path = format!("/api/v1/customers/{customer}/contacts");
        let body = json!({ "name": "王芳", "phone": "13955557777", "email": "wang@example.com", "birthday": "1987-07-31" });
        let contact = agent.post(&path, body).await.expect(201);
        assert_eq!(contact["masked"], false);
        let location = format!("/api/v1/contacts/{}", id(&contact));
        for path in [location.as_str(), &path, &format!("/api/v1/customers/{customer}/overview"), &format!("/api/v1/customers/{customer}/timeline")] {
            let text = director.get(path).await;
            assert_eq!(text.status, 200, "{path}");
            assert!(!["13955557777", "wang@example.com", "1987"].iter().any(|secret| text.text.contains(secret)), "{}", text.text);
        }
        let masked = director.get(&location).await.expect(200);
        assert_eq!((&masked["phone"], &masked["phone_e164"], &masked["masked"]), (&json!("139****7777"), &Value::Null, &json!(true)));
        assert_eq!(masked["birthday"]["text"], "****");
        // Not within reach: not there.
        assert_eq!(other.get(&location).await.problem(404), "contact_not_found");
        assert_eq!(other.patch(&location, json!({ "name": "x" })).await.problem(404), "contact_not_found");
        assert_eq!(other.get(&path).await.problem(404), "customer_not_found");
    }
}

journey! {
    async fn who_calls_from_a_contacts_phone_is_the_customer(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin, "甲公司").await;
        let rival = customer_of(&admin, "乙公司").await;
        let contacts = |customer: &str| format!("/api/v1/customers/{customer}/contacts");
        admin.post(&contacts(&customer), json!({ "name": "王芳", "phone": "13955557777" })).await.expect(201);
        let call = json!({ "channel": "hotline", "content": "请问怎么开发票", "contact": { "phone": "+86 139 5555 7777" } });
        assert_eq!(admin.post("/api/v1/feedback", call.clone()).await.expect(201)["customer_id"], json!(customer));
        // Two who could have called: nobody is guessed.
        admin.post(&contacts(&rival), json!({ "name": "王芳", "phone": "139-5555-7777" })).await.expect(201);
        assert_eq!(admin.post("/api/v1/feedback", call).await.expect(201)["customer_id"], Value::Null);
        assert_eq!(complaint(&admin).await["customer_id"], Value::Null);
    }
}
