//! Customers as a file: all that the list shows, and nothing that it hides.

use serde_json::{Value, json};

use super::imports::{counts, import};
use crate::support::builders::{department, user};
use crate::support::{Client, Running, journey};

const EXPORTS: &str = "/api/v1/customers/exports";

/// Rows by header.
async fn exported(client: &Client, body: Value) -> Vec<Value> {
    let answer = client.post(EXPORTS, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"customers-"));
    let text = answer.text.strip_prefix('\u{FEFF}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        Value::Object(headers.iter().zip(row.iter()).map(|(name, cell)| (name.to_owned(), json!(cell))).collect())
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

journey! {
    async fn what_looks_like_a_formula_is_none_and_comes_back_as_it_was(running: Running) {
        let admin = running.admin().await;
        let customer = json!({
            "name": "@SUM(A1:A9)", "kind": "person", "phone": "+86 13800000001", "note": "=HYPERLINK(\"http://x\",\"点\")\n二", "tags": ["新客", "月结"],
            "birthday": { "calendar": "lunar", "year": 1987, "month": 6, "day": 6, "leap_month": true }, "annual_amount": "120000.50",
        });
        let before = admin.post("/api/v1/customers", customer).await.expect(201);
        let rows = exported(&admin, json!({ "format": "csv" })).await;
        assert_eq!(rows.len(), 1);
        assert_eq!((&rows[0]["name"], &rows[0]["phone"]), (&json!("'@SUM(A1:A9)"), &json!("'+86 13800000001")));
        assert_eq!(rows[0]["note"], "'=HYPERLINK(\"http://x\",\"点\")\n二");
        assert_eq!((&rows[0]["tags"], &rows[0]["annual_amount"]), (&json!("新客、月结"), &json!("120000.50")));

        // The file is a list like any other: brought in again, nothing has changed.
        let file = admin.post(EXPORTS, json!({ "format": "csv" })).await.text;
        let again = import(&running, &admin, &file, &[("on_duplicate", "update")]).await;
        assert_eq!(counts(&again), [0, 0, 1, 0, 0]);
        let now = admin.get(&format!("/api/v1/customers/{}", before["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(now, before);

        let some = exported(&admin, json!({ "format": "csv", "columns": ["phone", "number"], "text": "nobody" })).await;
        assert_eq!(some, Vec::<Value>::new());
        let chinese = admin.clone().without_header("accept-language").post(EXPORTS, json!({ "format": "csv", "columns": ["name", "owner"] })).await;
        assert!(chinese.text.starts_with("\u{FEFF}客户名称,客户经理\r\n"), "{}", chinese.text);
    }
}

journey! {
    async fn everybody_gets_their_own_rows_and_masks(running: Running) {
        let admin = running.admin().await;
        let sales = department(&admin, "sales").await;
        let service = department(&admin, "customer_service").await;
        for (name, phone, place) in [("甲", "13800000001", &sales), ("乙", "13800000002", &service)] {
            let body = json!({
                "name": name, "phone": phone, "email": format!("{phone}@example.com"), "address": "世纪大道 1 号",
                "birthday": "1990-05-26", "department_id": place,
            });
            admin.post("/api/v1/customers", body).await.expect(201);
        }
        let (manager, _) = user(&running, &admin, "sales.head", "manager", Some("sales")).await;
        let (director, _) = user(&running, &admin, "boss", "director", None).await;
        let (agent, _) = user(&running, &admin, "agent", "agent", Some("sales")).await;
        let rows = exported(&manager, json!({ "format": "csv" })).await;
        assert_eq!(rows.iter().map(|row| &row["name"]).collect::<Vec<_>>(), ["甲"]);
        assert_eq!((&rows[0]["phone"], &rows[0]["birthday"]), (&json!("13800000001"), &json!("1990-05-26")));
        let rows = exported(&director, json!({ "format": "csv" })).await;
        assert_eq!(rows.len(), 2);
        for row in rows {
            let text = row.to_string();
            for hidden in ["13800000001", "13800000002", "1990", "世纪大道"] {
                assert!(!text.contains(hidden), "{text}");
            }
            assert!(text.contains("138****000"), "{text}");
        }
        // Nothing masked is found by a filter.
        assert_eq!(exported(&director, json!({ "format": "csv", "text": "13800000001" })).await, Vec::<Value>::new());
        assert_eq!(exported(&agent, json!({ "format": "csv" })).await, Vec::<Value>::new());
    }
}

journey! {
    async fn a_workbook_has_the_same_rows(running: Running) {
        let admin = running.admin().await;
        for n in 0..1200 {
            let body = json!({ "name": format!("=客户{n}"), "kind": "person" });
            if n % 400 == 0 {
                admin.post("/api/v1/customers", body).await.expect(201);
            }
        }
        let list: String =
            std::iter::once("name,kind\n".to_owned()).chain((0..1200).map(|n| format!("客户{n},person\n"))).collect();
        assert_eq!(counts(&import(&running, &admin, &list, &[]).await), [1200, 0, 0, 0, 0]);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let login = json!({ "username": "admin", "password": crate::support::app::ADMIN_PASSWORD });
        let token = running.anonymous().post("/api/v1/auth/login", login).await.expect(200)["access_token"].clone();
        let request = http.post(format!("{}{EXPORTS}", running.url)).bearer_auth(token.as_str().unwrap());
        let bytes = request.json(&json!({ "format": "xlsx" })).send().await.unwrap().bytes().await.unwrap();
        let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
        let range = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
        assert_eq!(range.height(), 1204);
        let names: Vec<String> = range.rows().map(|row| row[1].to_string()).collect();
        assert_eq!(names.iter().filter(|name| name.starts_with('=')).count(), 3, "texts as they are");
    }
}

journey! {
    async fn personal_data_that_leaves_unmasked_stands_in_the_audit_log(running: Running) {
        let admin = running.admin().await;
        let customer = json!({ "name": "某人", "kind": "person", "phone": "13800000001" });
        admin.post("/api/v1/customers", customer).await.expect(201);
        let (director, _) = user(&running, &admin, "director", "director", None).await;
        let harmless = json!({ "format": "csv", "columns": ["number", "name"] });
        exported(&admin, harmless).await;
        exported(&director, json!({ "format": "csv" })).await;
        let log = "/api/v1/audit-log?action=personal_data.exported";
        assert_eq!(admin.get(log).await.expect(200)["items"], json!([]), "nothing personal, or masked");
        let file = json!({ "format": "csv", "columns": ["name", "phone", "email"] });
        exported(&admin.clone().with_header("x-request-id", "export-7"), file).await;
        let noted = admin.get(log).await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(noted.len(), 1);
        assert_eq!(noted[0]["details"], json!({ "fields": ["phone", "email"], "format": "csv", "rows": 1 }));
        assert_eq!((&noted[0]["request_id"], &noted[0]["subject"]), (&json!("export-7"), &json!("export")));
    }
}
