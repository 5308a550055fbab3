//! Customers: made, read, changed, listed, and called by the names that other systems have for them.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::builders::id;
use crate::support::{Client, Running, journey, rows};

async fn named(client: &Client, name: &str) -> Value {
    client.post("/api/v1/customers", json!({ "name": name })).await.expect(201)
}

/// A path segment with everything escaped that could mean something else.
fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn by_external_id(external_id: &str) -> String {
    format!("/api/v1/customers/by-external-id/erp/{}", segment(external_id))
}

journey! {
    async fn a_customer_is_made_and_read_back(running: Running) {
        let admin = running.admin().await;
        let body = json!({
            "name": " 上海晨光  贸易有限公司 ", "industry": "零售", "phone": "138 0013 8000", "email": "Zhang.Wei@example.com",
            "address": "世纪大道 1 号", "source": "exhibition", "note": "大客户\n先打电话",
            "external_ids": [{ "system": "erp", "id": "10086" }, { "system": "crm", "id": "客/户 1" }],
        });
        let answer = admin.post("/api/v1/customers", body).await;
        let (location, etag) = (answer.header("location").to_owned(), answer.header("etag").to_owned());
        let customer = answer.expect(201);
        assert_eq!((location.as_str(), etag.as_str()), (format!("/api/v1/customers/{}", id(&customer)).as_str(), "\"1\""));
        assert_eq!(customer["number"], "C000001");
        assert_eq!(customer["name"], "上海晨光  贸易有限公司");
        assert_eq!(customer["kind"], "enterprise");
        assert_eq!((&customer["phone"], &customer["masked"]), (&json!("138 0013 8000"), &json!(false)));
        assert_eq!(customer["note"], "大客户\n先打电话");
        let external_ids = json!([{ "system": "crm", "id": "客/户 1" }, { "system": "erp", "id": "10086" }]);
        assert_eq!(customer["external_ids"], external_ids);

        assert_eq!(admin.get(&location).await.expect(200), customer);
        // By what people type: another case, other spaces, full-width digits.
        for filter in [
            "name=上海晨光 贸易有限公司", "phone=％2B86-13800138000", "phone=１３８００１３８０００", "email=zhang.wei@EXAMPLE.com",
        ] {
            let filter = filter.replace('％', "%");
            let found = admin.get(&format!("/api/v1/customers?{filter}")).await.expect(200);
            assert_eq!(found["items"], json!([customer]), "{filter}");
        }
        assert_eq!(admin.get("/api/v1/customers?phone=nobody").await.expect(200)["items"], json!([]));
    }
}

journey! {
    async fn a_change_touches_what_it_names_and_null_clears(running: Running) {
        let admin = running.admin().await;
        let body = json!({ "name": "甲公司", "phone": "13800138000", "note": "旧", "industry": "零售" });
        let customer = admin.post("/api/v1/customers", body).await.expect(201);
        let path = format!("/api/v1/customers/{}", id(&customer));

        let answer = admin.patch(&path, json!({ "phone": null, "note": "新" })).await;
        assert_eq!(answer.header("etag"), "\"2\"");
        let changed = answer.expect(200);
        assert_eq!((&changed["phone"], &changed["note"], &changed["industry"]), (&Value::Null, &json!("新"), &json!("零售")));
        assert_eq!(admin.get("/api/v1/customers?phone=13800138000").await.expect(200)["items"], json!([]));

        // Nothing said, or nothing new: no new version.
        for same in [json!({}), json!({ "note": "新" })] {
            let answer = admin.patch(&path, same).await;
            assert_eq!(answer.header("etag"), "\"2\"");
            assert_eq!(answer.expect(200), changed);
        }
        // What every customer has cannot be cleared.
        let body = json!({ "name": null, "kind": null, "source": null });
        let mut named = admin.patch(&path, body).await.faults();
        named.dedup();
        assert_eq!(named, ["/kind", "/name", "/source"]);
        assert_eq!(admin.patch(&path, json!({ "owner_id": id(&customer) })).await.problem(404), "user_not_found");
        assert_eq!(admin.patch(&path, json!({ "department_id": id(&customer) })).await.problem(404), "department_not_found");
        assert_eq!(admin.get(&path).await.expect(200), changed);
    }
}

journey! {
    async fn whoever_has_read_an_older_version_is_told_so(running: Running) {
        let admin = running.admin().await;
        let path = format!("/api/v1/customers/{}", id(&named(&admin, "甲公司").await));
        let first = admin.clone().with_header("if-match", "\"1\"");
        first.patch(&path, json!({ "note": "一" })).await.expect(200);
        let answer = first.patch(&path, json!({ "note": "二" })).await;
        assert!(answer.text.contains("\\\"2\\\""), "names the version that is there: {}", answer.text);
        assert_eq!(answer.problem(412), "version_conflict");
        assert_eq!(admin.get(&path).await.expect(200)["note"], "一");
        admin.clone().with_header("if-match", "*").patch(&path, json!({ "note": "三" })).await.expect(200);
        // Weakened by a proxy on its way.
        let weak = admin.clone().with_header("if-match", "W/\"3\"");
        weak.patch(&path, json!({ "note": "三" })).await.expect(200);
        for malformed in ["1", "\"one\"", "W/3", "\"99999999999999999999\""] {
            let client = admin.clone().with_header("if-match", malformed);
            assert_eq!(client.patch(&path, json!({ "note": "四" })).await.problem(400), "malformed_header", "{malformed}");
        }

        // Two with the same knowledge: one of them wins.
        let third = admin.clone().with_header("if-match", "\"3\"");
        let both = join_all(["五", "六"].map(|note| third.patch(&path, json!({ "note": note })))).await;
        let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

journey! {
    async fn another_systems_id_finds_updates_or_makes_the_customer(running: Running) {
        let admin = running.admin().await;
        for external_id in ["10086", "客户/甲", "a b?c#d&e=f", "100%", "%2F", "1+1", "😀", "a\\b;c,d:e\"'"] {
            let path = by_external_id(external_id);
            assert_eq!(admin.get(&path).await.problem(404), "customer_not_found", "{external_id}");
            assert_eq!(admin.put(&path, json!({ "note": "x" })).await.problem(409), "name_required", "{external_id}");

            let created = admin.put(&path, json!({ "name": "甲公司", "phone": "010-65529988" })).await;
            let location = created.header("location").to_owned();
            let created = created.expect(201);
            assert_eq!(created["external_ids"], json!([{ "system": "erp", "id": external_id }]));
            assert_eq!(admin.get(&location).await.expect(200), created);

            let updated = admin.put(&path, json!({ "name": "乙公司" })).await;
            assert_eq!(updated.header("etag"), "\"2\"");
            let updated = updated.expect(200);
            assert_eq!((&updated["id"], &updated["name"]), (&created["id"], &json!("乙公司")));
            assert_eq!(updated["phone"], "010-65529988", "what is not said stays");
            assert_eq!(admin.get(&path).await.expect(200), updated);
        }
        // The same id in another system is somebody else.
        let elsewhere = admin.put("/api/v1/customers/by-external-id/crm/10086", json!({ "name": "丙" })).await.expect(201);
        let body = json!({ "name": "丁", "external_ids": [{ "system": "crm", "id": "10086" }] });
        assert_eq!(admin.post("/api/v1/customers", body).await.problem(409), "external_id_taken");
        assert_eq!(admin.get("/api/v1/customers?name=丁").await.expect(200)["items"], json!([]), "nothing is left of it");
        assert_eq!(admin.get("/api/v1/customers/by-external-id/crm/10086").await.expect(200)["id"], elsewhere["id"]);
    }
}

journey! {
    async fn an_id_that_no_system_can_have_is_refused(running: Running) {
        let admin = running.admin().await;
        let before = rows::counts(&running).await;
        for path in [
            format!("erp/{}", "9".repeat(201)), "erp/a%00b".to_owned(), "erp/a%0Ab".to_owned(), "e%20r%20p/1".to_owned(),
            format!("{}/1", "e".repeat(51)),
        ] {
            let path = format!("/api/v1/customers/by-external-id/{path}");
            assert_eq!(admin.put(&path, json!({ "name": "x" })).await.problem(422), "validation_failed", "{path}");
            assert_eq!(admin.get(&path).await.problem(422), "validation_failed", "{path}");
        }
        // Bytes that are no text name nothing.
        let answer = admin.put("/api/v1/customers/by-external-id/erp/%FF", json!({ "name": "x" })).await;
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        // A version of what is not there yet cannot match.
        let client = admin.clone().with_header("if-match", "\"1\"");
        assert_eq!(client.put(&by_external_id("new"), json!({ "name": "x" })).await.problem(412), "version_conflict");
        assert_eq!(rows::counts(&running).await, before);
    }
}

journey! {
    async fn the_same_new_id_told_by_many_at_once_is_one_customer(running: Running) {
        let admin = running.admin().await;
        for round in 0..5 {
            let path = by_external_id(&format!("round {round}"));
            let answers = join_all((0..8).map(|n| admin.put(&path, json!({ "name": format!("公司 {n}") })))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
            let ids: BTreeSet<String> = answers.into_iter().map(|answer| id(&serde_json::from_str(&answer.text).unwrap())).collect();
            assert_eq!(ids.len(), 1);
            assert_eq!(rows::counts(&running).await["customers"], round + 1);
        }
    }
}

journey! {
    async fn a_list_shows_every_row_once_while_others_write(running: Running) {
        let admin = running.admin().await;
        let mut there_before = Vec::new();
        for n in 0..23 {
            there_before.push(id(&named(&admin, &format!("公司 {n}")).await));
        }
        there_before.reverse();

        let mut seen = Vec::new();
        let mut address = "/api/v1/customers?limit=5".to_owned();
        let mut pages = 0;
        loop {
            let page = admin.get(&address).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 5);
            seen.extend(items.iter().map(id));
            pages += 1;
            // Somebody makes customers, somebody changes one that was shown and one that was not.
            join_all(["新甲", "新乙"].map(|name| named(&admin, name))).await;
            for customer in [&there_before[0], &there_before[22]] {
                let change = json!({ "note": format!("{pages}") });
                admin.patch(&format!("/api/v1/customers/{customer}"), change).await.expect(200);
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            address = format!("/api/v1/customers?limit=5&cursor={cursor}");
        }
        assert_eq!(seen, there_before, "each of those that were there, newest first, and no later one");
        assert_eq!(pages, 5);
    }
}
