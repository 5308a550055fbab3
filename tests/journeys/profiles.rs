//! What is known about a customer beside its name: birthday, cooperation, custom fields, tags, activity.

use serde_json::{Value, json};

use crate::support::builders::{id, integration, user};
use crate::support::{Running, journey};

fn codes(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap();
    let mut codes: Vec<&str> = errors.iter().map(|error| error["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    codes
}

journey! {
    async fn a_whole_profile_is_kept_and_changed_field_by_field(running: Running) {
        let admin = running.admin().await;
        let body = json!({
            "name": "陈 ＡＢＣ", "kind": "person", "phone": "+86 (138) 0013-8000", "birthday": "1990-05-26", "cooperation_start": "2024-03-05",
            "cooperation_stage": "strategic", "annual_amount": "120000.5", "contract_end": "2027-03-04", "core_products": ["面单系统", " 面单系统 ", "网课平台"],
            "preferred_channel": "wecom", "tags": ["高潜力客户", "偏好微信", "高潜力客户"],
        });
        let created = admin.post("/api/v1/customers", body).await.expect(201);
        assert_eq!(created["phone"], "+86 (138) 0013-8000", "the entered form stays");
        assert_eq!(created["phone_e164"], "+8613800138000");
        assert_eq!(created["birthday"]["text"], "1990-05-26");
        assert_eq!(created["birthday"]["next_on"], "2027-05-26");
        assert_eq!((&created["annual_amount"], &created["cooperation_stage"]), (&json!("120000.50"), &json!("strategic")));
        assert_eq!(created["core_products"], json!(["面单系统", "网课平台"]));
        assert_eq!(created["tags"].as_array().unwrap().len(), 2, "each tag once");

        let path = format!("/api/v1/customers/{}", id(&created));
        let change = json!({ "annual_amount": null, "contract_end": null, "core_products": [], "birthday": { "month": 2, "day": 29 } });
        let changed = admin.patch(&path, change).await.expect(200);
        assert_eq!((&changed["annual_amount"], &changed["contract_end"], &changed["core_products"]), (&Value::Null, &Value::Null, &json!([])));
        assert_eq!((&changed["birthday"]["text"], &changed["birthday"]["next_on"]), (&json!("--02-29"), &json!("2027-02-28")));
        assert_eq!(changed["cooperation_stage"], "strategic", "what is not said stays");
        assert_eq!(changed["tags"], created["tags"]);
        assert_eq!(admin.get(&path).await.expect(200), changed);
        // Whatever its width and spaces, the name is found.
        let found = admin.get("/api/v1/customers?name=%E9%99%88%20abc").await.expect(200);
        assert_eq!(found["items"][0]["id"], created["id"]);
    }
}

journey! {
    async fn lunar_birthdays_stay_lunar(running: Running) {
        let admin = running.admin().await;
        let birthday = json!({ "calendar": "lunar", "year": 1987, "month": 6, "day": 6, "leap_month": true });
        let customer = admin.post("/api/v1/customers", json!({ "name": "闰月", "birthday": birthday })).await.expect(201);
        assert_eq!(customer["birthday"]["text"], "农历1987年闰六月初六");
        // 2027 has no leap sixth month: the month itself counts.
        assert_eq!(customer["birthday"]["next_on"], "2027-07-09");

        let path = format!("/api/v1/customers/{}", id(&customer));
        for (wrong, status, code) in [
            (json!("2023-02-29"), 422, "validation_failed"),
            (json!({ "month": 13, "day": 1 }), 422, "validation_failed"),
            (json!(19870731), 422, "validation_failed"),
            (json!({ "year": 2023, "month": 2, "day": 29 }), 409, "birthday_invalid"),
            (json!({ "calendar": "lunar", "month": 8, "day": 31 }), 409, "birthday_invalid"),
            (json!({ "calendar": "lunar", "year": 2026, "month": 6, "day": 6, "leap_month": true }), 409, "birthday_invalid"),
            (json!({ "month": 6, "day": 6, "leap_month": true }), 409, "birthday_invalid"),
        ] {
            assert_eq!(admin.patch(&path, json!({ "birthday": wrong })).await.problem(status), code, "{wrong}");
        }
        assert_eq!(admin.get(&path).await.expect(200)["birthday"], customer["birthday"]);
    }
}

journey! {
    async fn what_is_no_phone_is_refused_and_nothing_is_guessed(running: Running) {
        let admin = running.admin().await;
        for phone in ["1590000247", "139OOOO12I7", "13500001203/15000004406", "1.38E+10", "+86 186-0000-373", "65529988"] {
            let answer = admin.post("/api/v1/customers", json!({ "name": "甲", "phone": phone })).await;
            assert_eq!(answer.faults(), ["/phone"], "{phone}");
        }
        // A country code that there is not is beyond what a schema can list.
        let answer = admin.post("/api/v1/customers", json!({ "name": "甲", "phone": "+2100000000" })).await;
        assert_eq!(answer.problem(409), "phone_invalid");
        for (entered, stored) in [("021-5878 1234", "+862158781234"), ("＋８６１３９０００４２５９０", "+8613900042590"), ("+81 3-1234-5678", "+81312345678")] {
            let customer = admin.post("/api/v1/customers", json!({ "name": "甲", "phone": entered })).await.expect(201);
            assert_eq!(customer["phone_e164"], stored, "{entered}");
        }
    }
}

journey! {
    async fn whoever_has_no_need_sees_neither_birthday_nor_address(running: Running) {
        let admin = running.admin().await;
        let body = json!({ "name": "甲", "phone": "13800138000", "birthday": "1990-05-26", "address": "世纪大道 1 号" });
        let customer = admin.post("/api/v1/customers", body).await.expect(201);
        let (director, _) = user(&running, &admin, "director", "director", None).await;
        let seen = director.get(&format!("/api/v1/customers/{}", id(&customer))).await;
        for secret in ["13800138000", "1990", "05-26", "世纪大道"] {
            assert!(!seen.text.contains(secret), "{}", seen.text);
        }
        let seen = seen.expect(200);
        assert_eq!((&seen["phone"], &seen["birthday"]["text"], &seen["masked"]), (&json!("138****8000"), &json!("****"), &json!(true)));
    }
}

journey! {
    async fn custom_fields_are_defined_and_held_to(running: Running) {
        let admin = running.admin().await;
        let level = json!({ "key": "credit_level", "label": "信用等级", "kind": "choice", "required": true, "choices": ["A", "B"] });
        let level = admin.post("/api/v1/custom-fields", level).await.expect(201);
        let seats = json!({ "key": "seats", "label": "席位", "kind": "number", "minimum": "1", "maximum": "500" });
        admin.post("/api/v1/custom-fields", seats.clone()).await.expect(201);
        assert_eq!(admin.post("/api/v1/custom-fields", seats).await.problem(409), "custom_field_taken");
        let wrong = json!({ "key": "bad", "label": "x", "kind": "date", "pattern": "a", "minimum": "yesterday" });
        let told = admin.post("/api/v1/custom-fields", wrong).await.expect(409);
        assert_eq!(codes(&told), ["custom_field_conflict", "custom_field_conflict"]);

        // Every fault at once.
        let told = admin.post("/api/v1/customers", json!({ "name": "甲", "custom": { "seats": 501, "nothing": 1 } })).await.expect(409);
        assert_eq!(codes(&told), ["custom_field_invalid", "custom_field_required", "custom_field_unknown"]);
        let body = json!({ "name": "甲", "custom": { "credit_level": "A", "seats": 20 } });
        let customer = admin.post("/api/v1/customers", body).await.expect(201);
        let path = format!("/api/v1/customers/{}", id(&customer));
        let changed = admin.patch(&path, json!({ "custom": { "seats": null, "credit_level": "B" } })).await.expect(200);
        assert_eq!(changed["custom"], json!({ "credit_level": "B" }));
        let told = admin.patch(&path, json!({ "custom": { "credit_level": null } })).await.problem(409);
        assert_eq!(told, "custom_field_required");
        // Who says nothing of custom fields is not held up by them.
        admin.patch(&path, json!({ "note": "x" })).await.expect(200);

        // Switched off, it is neither required nor known; what is stored stays.
        let field = format!("/api/v1/custom-fields/{}", id(&level));
        admin.patch(&field, json!({ "active": false })).await.expect(200);
        admin.post("/api/v1/customers", json!({ "name": "乙" })).await.expect(201);
        assert_eq!(admin.get(&path).await.expect(200)["custom"], json!({ "credit_level": "B" }));
        let list = admin.get("/api/v1/custom-fields").await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
    }
}

journey! {
    async fn tags_are_put_on_and_taken_off(running: Running) {
        let admin = running.admin().await;
        let customer = admin.post("/api/v1/customers", json!({ "name": "甲", "tags": ["新客"] })).await.expect(201);
        let path = format!("/api/v1/customers/{}/tags", id(&customer));
        let tagged = admin.post(&path, json!({ "add": ["价格敏感型", "新客"], "remove": ["没有"] })).await;
        assert_eq!(tagged.header("etag"), "\"2\"");
        assert_eq!(tagged.expect(200)["tags"].as_array().unwrap().len(), 2);
        // Nothing new: nothing happens.
        assert_eq!(admin.post(&path, json!({ "add": ["新客"] })).await.header("etag"), "\"2\"");
        let left = admin.post(&path, json!({ "remove": ["新客"] })).await.expect(200);
        assert_eq!(left["tags"], json!(["价格敏感型"]));
        let long = "长".repeat(51);
        assert_eq!(admin.post(&path, json!({ "add": [long] })).await.faults(), ["/add/0"]);
        let many: Vec<String> = (0..100).map(|n| format!("标签{n}")).collect();
        assert_eq!(admin.post(&path, json!({ "add": many })).await.problem(409), "too_many_tags");

        let (agent, _) = user(&running, &admin, "agent", "agent", Some("sales")).await;
        agent.post("/api/v1/customers", json!({ "name": "乙", "tags": ["自己的"] })).await.expect(201);
        assert_eq!(agent.get("/api/v1/tags").await.expect(200)["items"], json!(["自己的"]), "others' tags are not told");
        assert_eq!(admin.get("/api/v1/tags?prefix=%E4%BB%B7").await.expect(200)["items"], json!(["价格敏感型"]));
    }
}

journey! {
    async fn what_customers_do_moves_their_last_activity(running: Running) {
        let admin = running.admin().await;
        let body = json!({ "name": "甲", "external_ids": [{ "system": "app", "id": "u1" }] });
        let customer = admin.post("/api/v1/customers", body).await.expect(201);
        let app = integration(&running, &admin, &["activities:write"]).await;
        let at = |at: &str| json!({ "external_id": { "system": "app", "id": "u1" }, "kind": "login", "at": at });
        let body = json!({ "activities": [
            at("2026-10-01T01:00:00Z"), at("2026-10-02T01:00:00+08:00"), at("2099-01-01T00:00:00Z"),
            { "customer_id": id(&customer), "kind": "open", "at": "2026-09-01T00:00:00Z" },
            { "external_id": { "system": "app", "id": "nobody" }, "kind": "visit", "at": "2026-10-01T00:00:00Z" },
        ] });
        let taken = app.post("/api/v1/activities", body).await.expect(200);
        assert_eq!(taken, json!({ "accepted": 3, "unknown": [4], "in_future": [2] }));
        let seen = admin.get(&format!("/api/v1/customers/{}", id(&customer))).await;
        assert_eq!(seen.header("etag"), "\"1\"", "nobody's edit is in the way of it");
        assert_eq!(seen.expect(200)["last_activity_at"], "2026-10-01T17:00:00Z");
        let neither = json!({ "activities": [{ "kind": "open", "at": "2026-09-01T00:00:00Z" }] });
        assert_eq!(app.post("/api/v1/activities", neither).await.problem(409), "activity_without_customer");
    }
}

journey! {
    async fn an_erp_tells_an_order_under_its_own_number(running: Running) {
        let admin = running.admin().await;
        let customer = admin.post("/api/v1/customers", json!({ "name": "甲" })).await.expect(201);
        let path = "/api/v1/orders/by-external-id/erp/SO%2F1";
        let told = admin.put(path, json!({ "status": "paid" })).await.expect(409);
        assert_eq!(codes(&told), ["order_incomplete", "order_incomplete", "order_incomplete"]);
        let body = json!({
            "customer_id": customer["id"], "ordered_at": "2026-10-01T02:00:00Z", "amount": "100.00", "paid_at": "2026-10-01T03:00:00Z",
            "lines": [{ "product_line": "办公耗材", "quantity": 2 }],
        });
        let created = admin.put(path, body).await.expect(201);
        assert_eq!((&created["order_no"], &created["refunded"]), (&json!("SO/1"), &json!("0.00")));
        let updated = admin.put(path, json!({ "status": "delivered", "delivered_at": "2026-10-03T03:00:00Z", "refunded": "30.00" })).await.expect(200);
        assert_eq!((&updated["id"], &updated["amount"], &updated["refunded"]), (&created["id"], &json!("100.00"), &json!("30.00")));
        assert_eq!(updated["paid_at"], "2026-10-01T03:00:00Z", "what is not said stays");
        assert_eq!(admin.get(path).await.expect(200), updated);
        assert_eq!(admin.put(path, json!({ "refunded": "100.01" })).await.problem(409), "refund_too_large");

        // Refunds count against the amount.
        admin.post("/api/v1/tiering/runs", json!({ "as_of": "2026-11-01" })).await.expect(202);
        running.settle().await;
        let tier = admin.get(&format!("/api/v1/customers/{}/tier", id(&customer))).await.expect(200);
        assert_eq!((&tier["frequency"], &tier["monetary"]), (&json!(1), &json!("70.00")));
    }
}
