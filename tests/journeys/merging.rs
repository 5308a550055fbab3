//! Likely duplicates are listed, and two customers that are the same become one without losing anything.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use huiyin_persistence::customers::merging::{Follow, REFERENCES};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::support::app::Database;
use crate::support::builders::{COMPLAINT, FORM, department, form, id, integration, order, user};
use crate::support::{Client, Running, journey};

async fn customer(client: &Client, body: Value) -> String {
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

fn path(id: &str) -> String {
    format!("/api/v1/customers/{id}")
}

/// Every pair that a reader is shown: the names of both, and why.
async fn pairs(client: &Client) -> Vec<(String, String, Vec<String>)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/customers/duplicates?limit=2{cursor}")).await.expect(200);
        for pair in page["items"].as_array().unwrap() {
            let name = |side: &str| pair[side]["name"].as_str().unwrap().to_owned();
            all.push((name("a"), name("b"), serde_json::from_value(pair["reasons"].clone()).unwrap()));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.sort();
    all
}

fn pair(a: &str, b: &str, reasons: &[&str]) -> (String, String, Vec<String>) {
    (a.to_owned(), b.to_owned(), reasons.iter().map(|reason| (*reason).to_owned()).collect())
}

journey! {
    async fn what_has_a_key_in_common_is_listed_until_it_has_not(running: Running) {
        let admin = running.admin().await;
        customer(&admin, json!({ "name": "上海晨光贸易有限公司", "phone": "138 0013 8000" })).await;
        customer(&admin, json!({ "name": "甲", "kind": "person", "phone": "+86 13800138000", "email": "a@example.com" })).await;
        let firm = customer(&admin, json!({ "name": "晨光（上海）贸易" })).await;
        let other = customer(&admin, json!({ "name": "乙", "kind": "person", "email": "A@Example.com" })).await;
        customer(&admin, json!({ "name": "丙", "kind": "person" })).await;
        running.settle().await;
        let first = pair("上海晨光贸易有限公司", "甲", &["phone"]);
        assert!(pairs(&admin).await.contains(&first));
        assert!(pairs(&admin).await.contains(&pair("甲", "乙", &["email"])));

        // A change makes pairs and ends them.
        admin.patch(&path(&other), json!({ "name": "丙", "email": null })).await.expect(200);
        admin.patch(&path(&firm), json!({ "name": "上海晨光贸易股份有限公司" })).await.expect(200);
        running.settle().await;
        let expected = [pair("上海晨光贸易有限公司", "上海晨光贸易股份有限公司", &["firm"]), first.clone(), pair("丙", "丙", &["name"])];
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(pairs(&admin).await, expected);

        // What somebody has said is not the same is not listed again.
        let page = admin.get("/api/v1/customers/duplicates").await.expect(200);
        let same = page["items"].as_array().unwrap().iter().find(|pair| pair["reasons"] == json!(["name"])).unwrap();
        let body = json!({ "a": same["a"]["id"], "b": same["b"]["id"] });
        for _ in 0..2 {
            assert_eq!(admin.post("/api/v1/customers/duplicates/dismiss", body.clone()).await.status, 204);
        }
        admin.patch(&path(&other), json!({ "phone": "139 0013 9000" })).await.expect(200);
        running.settle().await;
        assert!(!pairs(&admin).await.contains(&pair("丙", "丙", &["name"])));
        let itself = json!({ "a": other, "b": other });
        assert_eq!(admin.post("/api/v1/customers/duplicates/dismiss", itself).await.problem(409), "merge_with_itself");
        let nobody = json!({ "a": other, "b": id(&page["items"][0]) });
        assert_eq!(admin.post("/api/v1/customers/duplicates/dismiss", nobody).await.problem(404), "customer_not_found");
    }
}

journey! {
    async fn a_number_that_many_share_makes_no_flood(running: Running) {
        const MANY: usize = 60;
        let admin = running.admin().await;
        for _ in 0..MANY {
            customer(&admin, json!({ "name": "散客", "kind": "person", "phone": "400-810-8888" })).await;
        }
        running.settle().await;
        let found = pairs(&admin).await.len();
        assert!((MANY - 1..=MANY * 20).contains(&found), "{found}");
    }
}

journey! {
    async fn pairs_are_shown_within_reach_and_tell_nothing_that_is_masked(running: Running) {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li", "agent", Some("customer_service")).await;
        let (zhao, zhao_id) = user(&running, &admin, "zhao", "agent", Some("sales")).await;
        let (director, _) = user(&running, &admin, "director", "director", None).await;
        let (_, wide_id) = user(&running, &admin, "wide", "agent", Some("sales")).await;
        admin.patch(&format!("/api/v1/users/{wide_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let wide = running.sign_in("wide", "wide has a password").await;
        for (name, owner, phone) in [
            ("甲一", &li_id, "138 0013 8000"), ("甲二", &li_id, "138 0013 8000"), ("甲三", &zhao_id, "138 0013 8000"),
            ("同名", &li_id, "137 0013 7000"), ("同名", &zhao_id, "137 0013 7000"),
        ] {
            customer(&admin, json!({ "name": name, "kind": "person", "owner_id": owner, "phone": phone })).await;
        }
        running.settle().await;
        let same_phone = |a, b| pair(a, b, &["phone"]);
        let by_name = || pair("同名", "同名", &["name"]);
        let all = vec![
            pair("同名", "同名", &["phone", "name"]), same_phone("甲一", "甲三"), same_phone("甲一", "甲二"), same_phone("甲二", "甲三"),
        ];
        let mut all_sorted = all.clone();
        all_sorted.sort();
        assert_eq!(pairs(&admin).await, all_sorted);
        assert_eq!(pairs(&li).await, [same_phone("甲一", "甲二")]);
        assert_eq!(pairs(&zhao).await, []);
        // Reached, but masked: that two have the same phone would tell one by the other.
        assert_eq!(pairs(&wide).await, [by_name()]);
        assert_eq!(pairs(&director).await, [by_name()]);
    }
}

journey! {
    async fn everything_of_one_becomes_the_others(running: Running) {
        let admin = running.admin().await;
        let into = customer(&admin, json!({
            "name": "晨光", "phone": "138 0013 8000", "note": "老客户", "tags": ["重要", "共有"], "external_ids": [{ "system": "crm", "id": "1" }],
        })).await;
        let from = customer(&admin, json!({
            "name": "上海晨光", "phone": "139 0013 9000", "email": "a@example.com", "industry": "零售", "note": "新记录", "tags": ["共有", "新"],
            "external_ids": [{ "system": "erp", "id": "7" }, { "system": "crm", "id": "2" }], "birthday": "1987-06-05",
        })).await;
        let line = |no: &str, customer: &str, amount: &str| {
            let mut line = order(no, customer, "2026-10-01T02:00:00Z", amount);
            line["lines"] = json!([{ "product_line": "办公耗材" }]);
            line
        };
        admin.post_lines("/api/v1/orders/bulk", [line("1", "7", "100.00"), line("2", "7", "50.50")]).await.expect(200);
        let body = json!({ "external_system": "erp", "order_no": "3", "customer_id": into, "ordered_at": "2026-10-02T02:00:00Z", "amount": "1.00" });
        admin.post("/api/v1/orders", body).await.expect(201);
        let feedback = json!({ "channel": "hotline", "content": COMPLAINT, "customer_id": from });
        let feedback = id(&admin.post("/api/v1/feedback", feedback).await.expect(201));
        running.settle().await;

        let stale = admin.clone().with_header("if-match", "\"9\"");
        let body = json!({ "from": from, "fields": { "name": "from" } });
        assert_eq!(stale.post(&format!("{}/merge", path(&into)), body.clone()).await.problem(412), "version_conflict");
        let merged = admin.post(&format!("{}/merge", path(&into)), body).await.expect(200);
        assert_eq!((&merged["id"], &merged["name"], &merged["phone"]), (&json!(into), &json!("上海晨光"), &json!("138 0013 8000")));
        assert_eq!((&merged["email"], &merged["industry"]), (&json!("a@example.com"), &json!("零售")));
        assert_eq!((&merged["note"], &merged["tags"]), (&json!("老客户\n新记录"), &json!(["共有", "新", "重要"])));
        assert_eq!(merged["birthday"]["text"], "1987-06-05");
        assert_eq!(merged["external_ids"].as_array().unwrap().len(), 3);
        let orders = admin.get(&format!("{}/orders", path(&into))).await.expect(200);
        assert_eq!(orders["items"].as_array().unwrap().len(), 3);
        assert_eq!(admin.get(&format!("/api/v1/feedback/{feedback}")).await.expect(200)["customer_id"], json!(into));

        // The old id leads on, whatever it is called by; nothing lists or finds it any more.
        let redirect = admin.clone().without_redirects().get(&path(&from)).await;
        assert_eq!((redirect.status, redirect.header("location")), (308, path(&into).as_str()));
        assert_eq!(admin.get(&path(&from)).await.expect(200), merged, "followed");
        let below = admin.clone().without_redirects().get(&format!("{}/orders?limit=2", path(&from))).await;
        assert_eq!((below.status, below.header("location")), (308, format!("{}/orders?limit=2", path(&into)).as_str()));
        for key in ["erp/7", "crm/2", "crm/1"] {
            assert_eq!(admin.get(&format!("/api/v1/customers/by-external-id/{key}")).await.expect(200)["id"], json!(into), "{key}");
        }
        assert_eq!(admin.get("/api/v1/customers").await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(admin.get("/api/v1/customers?phone=13900139000").await.expect(200)["items"], json!([]));
        running.settle().await;
        assert_eq!(pairs(&admin).await, []);

        // Changes to it are refused and say where to go.
        for answer in [
            admin.patch(&path(&from), json!({ "note": "x" })).await,
            admin.post(&format!("{}/reveal", path(&from)), json!({ "fields": ["phone"], "reason": "核对" })).await,
            admin.post(&format!("{}/merge", path(&from)), json!({ "from": into })).await,
            admin.post(&format!("{}/merge", path(&into)), json!({ "from": from })).await,
            admin.post(&format!("{}/tags", path(&from)), json!({ "add": ["x"] })).await,
        ] {
            assert!(answer.text.contains(&into), "{}", answer.text);
            assert_eq!(answer.problem(409), "customer_merged");
        }
        // What the ERP sends for the old id arrives at the survivor.
        admin.post_lines("/api/v1/orders/bulk", [line("4", "7", "8.00")]).await.expect(200);
        let orders = admin.get(&format!("{}/orders", path(&into))).await.expect(200);
        assert_eq!(orders["items"].as_array().unwrap().len(), 4);
        assert!(left_behind(&running, &from).await.is_empty());
        let entries = admin.get("/api/v1/audit-log?action=customers.merged").await.expect(200);
        assert_eq!(entries["items"][0]["details"]["from"], json!(from));
    }
}

journey! {
    async fn people_talks_promises_files_and_history_follow(running: Running) {
        let admin = running.admin().await;
        let mut ids = Vec::new();
        for name in ["甲", "乙"] {
            let id = customer(&admin, json!({ "name": name })).await;
            for (person, is_primary) in [("王芳", true), ("李强", false)] {
                let body = json!({ "name": format!("{name}{person}"), "is_primary": is_primary });
                admin.post(&format!("{}/contacts", path(&id)), body).await.expect(201);
            }
            let talk = json!({ "method": "visit", "subject": name, "todos": [{ "title": name, "due_on": "2026-10-23" }] });
            admin.post(&format!("{}/interactions", path(&id)), talk).await.expect(201);
            let fields = [("subject_kind", "customer"), ("subject_id", id.as_str())];
            let file = form(&fields, Some(("合同.txt", "text/plain", "内容".as_bytes())));
            admin.post_raw("/api/v1/attachments", FORM, file).await.expect(201);
            ids.push(id);
        }
        let [into, from] = [&ids[0], &ids[1]];
        admin.post(&format!("{}/merge", path(into)), json!({ "from": from })).await.expect(200);
        let count = async |what: &str| {
            admin.get(&format!("{}/{what}", path(into))).await.expect(200)["items"].as_array().unwrap().len()
        };
        for (what, expected) in [("contacts", 4), ("interactions", 2), ("attachments", 2)] {
            assert_eq!(count(what).await, expected, "{what}");
        }
        let contacts = admin.get(&format!("{}/contacts", path(into))).await.expect(200);
        let primary = contacts["items"].as_array().unwrap().iter().filter(|contact| contact["is_primary"] == true);
        assert_eq!(primary.map(|contact| &contact["name"]).collect::<Vec<_>>(), [&json!("甲王芳")], "the survivor's stays");
        let timeline = admin.get(&format!("{}/timeline?limit=200", path(into))).await.expect(200);
        let told: Vec<&str> = timeline["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(told[0], "customer.merged");
        assert_eq!(told.iter().filter(|kind| **kind == "customer.created").count(), 2, "the history of both: {told:?}");
        assert_eq!(told.iter().filter(|kind| **kind == "interaction.recorded").count(), 2);
        let overview = admin.get(&format!("{}/overview", path(from))).await.expect(200);
        assert_eq!(overview, admin.get(&format!("{}/overview", path(into))).await.expect(200));
        assert!(left_behind(&running, from).await.is_empty());
    }
}

journey! {
    async fn a_chain_leads_to_its_end(running: Running) {
        let admin = running.admin().await;
        let mut ids = Vec::new();
        for name in ["甲", "乙", "丙", "丁"] {
            ids.push(customer(&admin, json!({ "name": name, "external_ids": [{ "system": "erp", "id": name }] })).await);
        }
        // 甲 into 乙, 丙 into 丁, then 乙 into 丁.
        for (from, into) in [(0, 1), (2, 3), (1, 3)] {
            admin.post(&format!("{}/merge", path(&ids[into])), json!({ "from": ids[from] })).await.expect(200);
        }
        let plain = admin.clone().without_redirects();
        for id in &ids[..3] {
            assert_eq!(plain.get(&path(id)).await.header("location"), path(&ids[3]));
        }
        for name in ["甲", "乙", "丙"] {
            let path = format!("/api/v1/customers/by-external-id/erp/{name}");
            assert_eq!(admin.get(&path).await.expect(200)["id"], json!(ids[3]));
        }
        assert_eq!(admin.post(&format!("{}/merge", path(&ids[3])), json!({ "from": ids[3] })).await.problem(409), "merge_with_itself");
        // Whoever does not reach the end is told nothing.
        let (stranger, _) = user(&running, &admin, "li", "agent", Some("sales")).await;
        assert_eq!(stranger.get(&path(&ids[0])).await.problem(404), "customer_not_found");
        assert_eq!(stranger.patch(&path(&ids[0]), json!({})).await.problem(404), "customer_not_found");
    }
}

journey! {
    async fn managers_merge_in_their_department_and_requests_of_the_merged_are_over(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "sun", "manager", Some("customer_service")).await;
        let (agent, agent_id) = user(&running, &admin, "li", "agent", Some("customer_service")).await;
        let sales = department(&admin, "sales").await;
        let mine = customer(&admin, json!({ "name": "甲", "owner_id": agent_id })).await;
        let same = customer(&admin, json!({ "name": "甲", "owner_id": agent_id })).await;
        let theirs = customer(&admin, json!({ "name": "甲", "department_id": sales })).await;
        let body = json!({ "from": same });
        assert_eq!(agent.post(&format!("{}/merge", path(&mine)), body.clone()).await.problem(403), "forbidden");
        let foreign = manager.post(&format!("{}/merge", path(&mine)), json!({ "from": theirs })).await;
        assert_eq!(foreign.problem(404), "customer_not_found");
        let request = id(&agent.patch(&path(&same), json!({ "name": "新" })).await.expect(202));
        let kept = id(&agent.patch(&path(&mine), json!({ "name": "新" })).await.expect(202));
        manager.post(&format!("{}/merge", path(&mine)), body).await.expect(200);
        let shown = manager.get(&format!("/api/v1/change-requests/{request}")).await.expect(200);
        assert_eq!((&shown["status"], &shown["customer_id"]), (&json!("superseded"), &json!(mine)));
        manager.call(&format!("/api/v1/change-requests/{kept}/approve")).await.expect(200);
        assert_eq!(admin.get(&path(&same)).await.expect(200)["name"], "新");
        running.pass(TimeDelta::hours(25)).await;
        let manager = running.sign_in("sun", "sun has a password").await;
        assert!(!manager.get("/api/v1/me/notifications").await.text.contains("overdue"));
    }
}

journey! {
    async fn each_field_comes_from_the_side_that_was_named_and_gaps_are_filled(running: Running) {
        let admin = running.admin().await;
        let (_, gone) = user(&running, &admin, "gone", "agent", Some("sales")).await;
        let (_, other) = user(&running, &admin, "other", "agent", Some("customer_service")).await;
        for key in ["level", "size", "since"] {
            let field = json!({ "key": key, "label": key, "kind": "text" });
            admin.post("/api/v1/custom-fields", field).await.expect(201);
        }
        let into = customer(&admin, json!({
            "name": "甲公司", "owner_id": gone, "annual_amount": "1.00", "custom": { "level": "A", "size": "1" }, "core_products": [],
        })).await;
        let from = customer(&admin, json!({
            "name": "乙公司", "owner_id": other, "annual_amount": "2.00", "custom": { "level": "B", "size": "2", "since": "2020" },
            "core_products": ["纸"], "contract_end": "2027-01-01", "cooperation_stage": "signed",
        })).await;
        // Who has left does not stand in the way, of a merge or of any other edit.
        admin.patch(&format!("/api/v1/users/{gone}"), json!({ "active": false })).await.expect(200);
        admin.patch(&path(&into), json!({ "note": "n" })).await.expect(200);
        let sides = json!({ "annual_amount": "from", "contract_end": "into", "custom": { "size": "from", "nothing": "from" } });
        let merge = format!("{}/merge", path(&into));
        for (body, pointer) in [
            (json!({}), "/from"), (json!({ "from": from, "fields": { "number": "from" } }), "/fields/number"),
            (json!({ "from": from, "fields": { "name": "both" } }), "/fields/name"),
            (json!({ "from": from, "fields": { "custom": { "level": 1 } } }), "/fields/custom/level"),
        ] {
            assert_eq!(admin.post(&merge, body).await.faults(), [pointer]);
        }
        let merged = admin.post(&merge, json!({ "from": from, "fields": sides })).await.expect(200);
        assert_eq!((&merged["name"], &merged["owner_id"]), (&json!("甲公司"), &json!(gone)));
        assert_eq!((&merged["annual_amount"], &merged["contract_end"]), (&json!("2.00"), &Value::Null));
        assert_eq!((&merged["core_products"], &merged["cooperation_stage"]), (&json!(["纸"]), &json!("signed")));
        assert_eq!(merged["custom"], json!({ "level": "A", "size": "2", "since": "2020" }));
    }
}

journey! {
    async fn of_merges_that_cross_one_happens(running: Running) {
        let admin = running.admin().await;
        for round in 0..6 {
            let one = customer(&admin, json!({ "name": format!("甲{round}"), "tags": ["a", "b"] })).await;
            let other = customer(&admin, json!({ "name": format!("乙{round}"), "tags": ["b", "c"] })).await;
            let (there, back) = (format!("{}/merge", path(&one)), format!("{}/merge", path(&other)));
            let answers = join_all([
                admin.post(&there, json!({ "from": other })), admin.post(&back, json!({ "from": one })),
                admin.post(&there, json!({ "from": other })),
            ])
            .await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409, 409]);
            let survivor = admin.get(&path(&one)).await.expect(200);
            assert_eq!(survivor, admin.get(&path(&other)).await.expect(200));
            assert_eq!(survivor["tags"], json!(["a", "b", "c"]));
        }
    }
}

journey! {
    async fn an_order_that_arrives_meanwhile_is_not_lost(running: Running) {
        const ROUNDS: usize = 8;
        let admin = running.admin().await;
        let key = integration(&running, &admin, &["orders:read", "orders:write", "customers:read", "feedback:create"]).await;
        for round in 0..ROUNDS {
            let old = format!("old-{round}");
            let into = customer(&admin, json!({ "name": "甲" })).await;
            let from = customer(&admin, json!({ "name": "乙", "external_ids": [{ "system": "erp", "id": old }] })).await;
            let merge_path = format!("{}/merge", path(&into));
            let bulk = |no: usize| {
                key.post_lines("/api/v1/orders/bulk", [order(&format!("{round}-{no}"), &old, "2026-10-01T02:00:00Z", "1.00")])
            };
            let single = json!({
                "external_system": "shop", "order_no": round.to_string(), "customer_id": from, "ordered_at": "2026-10-01T02:00:00Z", "amount": "1.00",
            });
            let said = json!({ "channel": "api", "content": COMPLAINT, "customer_external_id": { "system": "erp", "id": old } });
            let (merged, first, single, said, second) = tokio::join!(
                admin.post(&merge_path, json!({ "from": from })), bulk(0), key.post("/api/v1/orders", single),
                key.post("/api/v1/feedback", said), bulk(1),
            );
            merged.expect(200);
            let failed: i64 = [first, second].into_iter().map(|answer| answer.expect(200)["failed"].as_i64().unwrap()).sum();
            assert_eq!(failed, 0);
            let expected = 2 + usize::from(single.status == 201);
            assert!(matches!(single.status, 201 | 404 | 409), "{}", single.text);
            said.expect(201);
            running.pass(TimeDelta::minutes(2)).await;
            let admin = running.admin().await;
            let orders = admin.get(&format!("{}/orders", path(&into))).await.expect(200);
            assert_eq!(orders["items"].as_array().unwrap().len(), expected);
            assert!(left_behind(&running, &from).await.is_empty());
        }
    }
}

/// The columns that name a customer, as the schema has them: by foreign key, by their name, or as one kind of subject.
async fn naming_columns(running: &Running) -> BTreeSet<(String, String)> {
    let rows: Vec<(String, String)> = match running.database {
        Database::Sqlite => {
            let mut connection = SqliteConnection::connect(&running.app.config.database_url).await.unwrap();
            let columns = "SELECT t.name, f.\"from\" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
                 ON f.\"table\" = 'customers' WHERE t.type = 'table'
                 UNION SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
                 ON c.name = 'customer_id' WHERE t.type = 'table'
                 UNION SELECT t.name, 'subject_id' FROM sqlite_master t JOIN pragma_table_info(t.name) c
                 ON c.name = 'subject_kind' WHERE t.type = 'table'";
            sqlx::query_as(columns).fetch_all(&mut connection).await.unwrap()
        }
        Database::Postgres => {
            let mut connection = PgConnection::connect(&running.app.config.database_url).await.unwrap();
            let columns = "SELECT c.conrelid::regclass::text, a.attname::text FROM pg_constraint c
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
                 WHERE c.contype = 'f' AND c.confrelid = 'customers'::regclass
                 UNION SELECT table_name::text, column_name::text FROM information_schema.columns
                 WHERE table_schema = 'public' AND column_name = 'customer_id'
                 UNION SELECT table_name::text, 'subject_id' FROM information_schema.columns
                 WHERE table_schema = 'public' AND column_name = 'subject_kind'";
            sqlx::query_as(columns).fetch_all(&mut connection).await.unwrap()
        }
    };
    rows.into_iter().collect()
}

journey! {
    async fn no_table_that_names_customers_is_forgotten(running: Running) {
        let listed: BTreeSet<(String, String)> =
            REFERENCES.iter().map(|(table, column, _)| ((*table).to_owned(), (*column).to_owned())).collect();
        assert_eq!(listed.len(), REFERENCES.len(), "a column stands in the list twice");
        assert_eq!(naming_columns(&running).await, listed, "persistence::customers::merging::REFERENCES");
    }
}

/// Where rows still name a customer that was merged away.
async fn left_behind(running: &Running, customer: &str) -> Vec<String> {
    let mut left = Vec::new();
    for (table, column, _) in REFERENCES.iter().filter(|(_, _, follow)| !matches!(follow, Follow::Pair | Follow::Stay))
    {
        let url = &running.app.config.database_url;
        let id: uuid::Uuid = customer.parse().unwrap();
        let count: i64 = match running.database {
            Database::Sqlite => {
                let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {column} = ?"));
                let mut connection = SqliteConnection::connect(url).await.unwrap();
                sqlx::query_scalar(statement).bind(id).fetch_one(&mut connection).await.unwrap()
            }
            Database::Postgres => {
                let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {column} = $1"));
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(statement).bind(id).fetch_one(&mut connection).await.unwrap()
            }
        };
        if count > 0 {
            left.push(format!("{table}.{column}"));
        }
    }
    left
}
