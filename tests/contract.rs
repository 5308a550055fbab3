//! The contract as it is committed and served, and what else answers beside the API.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use huiyin_domain::event::Event;
use serde_json::{Value, json};

use crate::support::{Running, journey};

#[test]
fn the_committed_contract_is_what_the_handlers_say() {
    let committed = include_str!("../openapi/huiyin.json");
    // Not `assert_eq`: twenty thousand lines help nobody.
    assert!(committed == huiyin::http::contract_text(), "openapi/huiyin.json is out of date: run `make contract`");
}

journey! {
    async fn the_contract_is_served_as_it_is_committed(running: Running) {
        let answer = running.anonymous().get("/openapi.json").await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.text == huiyin::http::contract_text());
        assert_eq!(answer.expect(200)["openapi"].as_str().unwrap()[..3], *"3.1");
    }
}

#[test]
fn whatever_the_contract_refers_to_stands_in_it() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let contract = huiyin::http::contract();
    let mut found = Vec::new();
    references(contract, &mut found);
    for reference in found {
        assert!(contract.pointer(&reference[1..]).is_some(), "{reference}");
    }
}

/// Of two schemas of one name the contract keeps one, silently.
#[test]
fn no_two_schemas_bear_the_same_name() {
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let schema = regex::Regex::new(
        r"#\[derive\([^)]*\bToSchema\b[^)]*\)\](?:\s*(?:#\[[^\n]*\]|///[^\n]*))*\s*(?:pub(?:\(\w+\))? )?(?:struct|enum) (\w+)",
    );
    let (schema, mut files, mut known) = (schema.unwrap(), Vec::new(), std::collections::HashMap::new());
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut files);
    for file in &files {
        for found in schema.captures_iter(&std::fs::read_to_string(file).unwrap()) {
            let before = known.insert(found[1].to_owned(), file);
            assert!(
                before.is_none(),
                "{} stands in {} and in {}",
                &found[1],
                file.display(),
                before.unwrap().display()
            );
        }
    }
    assert!(known.len() > 200, "{} schemas found", known.len());
}

journey! {
    async fn swagger_ui_works_from_the_binary_alone(running: Running) {
        let client = running.anonymous();
        for start in ["/", "/swagger-ui", "/swagger-ui/"] {
            let page = client.get(start).await;
            assert_eq!(page.status, 200, "{start}");
            assert!(page.header("content-type").starts_with("text/html"), "{start}");
            assert!(!page.text.contains("https://"), "nothing is fetched from elsewhere");
            // Every asset that the page names is there.
            let assets: Vec<&str> = page.text.split(['"', '\'']).filter(|part| part.starts_with("./")).collect();
            assert!(assets.len() >= 4, "{assets:?}");
            for asset in assets {
                let answer = client.get(&format!("/swagger-ui/{asset}")).await;
                assert_eq!(answer.status, 200, "{asset}");
                assert!(!answer.header("content-type").is_empty(), "{asset}");
            }
        }
        assert!(client.get("/swagger-ui/swagger-initializer.js").await.text.contains("/openapi.json"));
        assert_eq!(client.get("/swagger-ui/nothing.js").await.status, 404);
    }
}

journey! {
    async fn health_and_metrics_answer_everybody(running: Running) {
        let client = running.anonymous();
        for path in ["/health/live", "/health/ready"] {
            assert_eq!(client.get(path).await.expect(200), json!({ "status": "ok" }), "{path}");
        }
        huiyin::http::install_metrics();
        client.get("/api/v1/customers/01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11").await.problem(401);
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
        // By pattern, not by address: a customer's id is no label.
        assert!(answer.text.contains(r#"route="/api/v1/customers/{id}",status="401""#), "{}", answer.text);
        assert!(!answer.text.contains("0f5d3b1c9e11"));
    }
}

journey! {
    async fn every_kind_of_event_is_listed(running: Running) {
        let listed = running.admin().await.get("/api/v1/event-kinds").await.expect(200);
        assert_eq!(listed["items"], json!(Event::KINDS));
    }
}

/// Keeps the lines of the log that hold one of the needles.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<Vec<String>>>);

const PHONE: &str = "13955557777";
const MAIL: &str = "leak.check@example.com";
const REQUEST: &str = "leak-check-request";

impl Write for Found {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if [PHONE, MAIL, REQUEST].iter().any(|needle| line.contains(needle)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log of the whole process, of which only what these tests look for is kept.
fn log() -> Found {
    static LOG: std::sync::OnceLock<Found> = std::sync::OnceLock::new();
    let install = || {
        let found = Found::default();
        let writer = found.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        found
    };
    LOG.get_or_init(install).clone()
}

journey! {
    async fn neither_the_log_nor_a_problem_repeats_phone_and_mail(running: Running) {
        let found = log();
        let admin = running.admin().await.with_header("x-request-id", REQUEST);
        let customer = json!({ "name": "某人", "phone": PHONE, "email": MAIL, "external_ids": [{ "system": "crm", "id": MAIL }] });
        admin.post("/api/v1/customers", customer.clone()).await.expect(201);
        let taken = admin.post("/api/v1/customers", customer).await;
        let bad = json!({ "name": "某人", "phone": format!("{PHONE}x"), "email": format!("{MAIL}@"), "kind": PHONE, "owner_id": MAIL });
        let refused = admin.post("/api/v1/customers", bad).await;
        let cut = admin.post_raw("/api/v1/customers", "application/json", format!(r#"{{"phone":"{PHONE}","email":"{MAIL}"#)).await;
        admin.get(&format!("/api/v1/customers?phone={PHONE}&email={MAIL}")).await.expect(200);
        let unknown = admin.get(&format!("/api/v1/customers?phone={PHONE}&limit={MAIL}")).await;
        let path = admin.get(&format!("/api/v1/customers/{PHONE}")).await;
        let nowhere = admin.get(&format!("/{PHONE}?email={MAIL}")).await;
        admin.get(&format!("/api/v1/customers/by-external-id/crm/{MAIL}")).await.expect(200);
        let login = json!({ "username": MAIL, "password": PHONE });
        let login = running.anonymous().with_header("x-request-id", REQUEST).post("/api/v1/auth/login", login).await;
        let line = json!({ "order_no": "1", "amount": MAIL, "status": PHONE });
        let bulk = admin.post_lines("/api/v1/orders/bulk", [line]).await;
        for answer in [taken, refused, cut, unknown, path, nowhere, login, bulk] {
            assert!(![PHONE, MAIL].iter().any(|needle| answer.text.contains(needle)), "{}", answer.text);
        }
        let lines = found.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(lines.iter().filter(|line| line.contains(REQUEST)).count() >= 10, "the requests are logged");
        for line in lines {
            assert!(![PHONE, MAIL].iter().any(|needle| line.contains(needle)), "{line}");
        }
    }
}
