//! Bad input of any kind, sent to every operation of the contract: always a problem document, every fault named, never
//! a 500, and nothing half-written.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::client::Answer;
use crate::support::{Client, Running, journey, rows};

const JSON: Option<&str> = Some("application/json");

/// An operation of the contract, with an address that it answers at.
struct Operation {
    method: Method,
    pattern: String,
    path: String,
    spec: &'static Value,
}

impl Operation {
    /// The schema of its JSON body.
    fn body(&self) -> Option<&'static Value> {
        let schema = &self.spec["requestBody"]["content"]["application/json"]["schema"];
        schema.is_object().then(|| resolved(schema))
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }
}

fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (pattern, item) in huiyin::http::contract()["paths"].as_object().unwrap() {
        let path = pattern
            .replace("{id}", "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11")
            .replace("{system}", "erp")
            .replace("{subtype}", "product_function")
            .replace("{part_id}", "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e12")
            .replace("{record_id}", "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e12")
            .replace("{number}", "1")
            .replace("{entry}", "counter")
            .replace("{token}", &"A".repeat(43));
        assert!(!path.contains('{'), "{path}: say here what stands for the parameter");
        for (method, spec) in item.as_object().unwrap() {
            // A rule of a category is put by the category's name.
            let path = match (method.as_str(), pattern.as_str()) {
                ("put", "/api/v1/routing-rules/{id}") => pattern.replace("{id}", "product_function"),
                _ => path.clone(),
            };
            let method = method.to_uppercase().parse().unwrap();
            operations.push(Operation { method, pattern: pattern.clone(), path, spec });
        }
    }
    operations
}

fn with_body() -> Vec<(Operation, &'static Value)> {
    let with_body: Vec<_> = operations().into_iter().filter_map(|o| o.body().map(|schema| (o, schema))).collect();
    assert!(with_body.len() > 20);
    with_body
}

/// What a reference stands for; of a choice with null, the other branch.
fn resolved(schema: &'static Value) -> &'static Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(huiyin::http::contract().pointer(&reference[1..]).unwrap());
    }
    let branches = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    match branches.and_then(|branches| branches.iter().find(|branch| branch["type"] != "null")) {
        Some(branch) => resolved(branch),
        None => schema,
    }
}

fn is(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind))
}

fn properties(schema: &'static Value) -> impl Iterator<Item = (&'static String, &'static Value)> {
    schema["properties"].as_object().unwrap().iter().map(|(name, property)| (name, resolved(property)))
}

/// What every refusal is like.
#[track_caller]
fn problem(answer: &Answer, status: u16, context: &str) -> Value {
    assert_eq!(answer.status, status, "{context}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{context}");
    let problem: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(problem["status"], status, "{context}");
    assert_eq!(problem["request_id"], answer.header("x-request-id"), "{context}");
    assert_eq!(problem["type"], format!("urn:huiyin:problem:{}", problem["code"].as_str().unwrap()), "{context}");
    problem
}

/// `pointer code` of each fault, sorted.
#[track_caller]
fn faults(answer: &Answer, context: &str) -> Vec<String> {
    let problem = problem(answer, 422, context);
    assert_eq!(problem["code"], "validation_failed", "{context}");
    let told = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    let mut faults: Vec<String> = problem["errors"].as_array().unwrap().iter().map(told).collect();
    faults.sort();
    faults
}

/// Somebody who may do everything, where there is an entry point for those who may do nothing.
async fn administrator(running: &Running) -> Client {
    let admin = running.admin().await;
    let entry = json!({ "key": "counter", "name": "柜台", "channel": "shop", "picture": true, "per_minute": 600 });
    admin.post("/api/v1/feedback/entries", entry).await.expect(201);
    admin
}

async fn send(client: &Client, operation: &Operation, body: &Value) -> Answer {
    client.send(operation.method.clone(), &operation.path, Some(body.clone())).await
}

journey! {
    async fn a_body_that_is_no_json_is_refused_by_every_operation(running: Running) {
        let admin = administrator(&running).await;
        let before = rows::counts(&running).await;
        for (operation, _) in with_body() {
            let (method, path, name) = (&operation.method, &operation.path, operation.name());
            for body in ["", " ", "{", "{]", "nope", "{}{}", "{\"a\":1,}", "\u{FEFF}{}", "{\"a\":\"\\ud800\"}"] {
                let answer = admin.send_raw(method.clone(), path, JSON, body).await;
                assert_eq!(problem(&answer, 400, &name)["code"], "malformed_json", "{name} {body}");
            }
            for body in [b"\xff\xfe{}".to_vec(), b"{\"a\":\"\xff\"}".to_vec(), "[".repeat(100_000).into_bytes()] {
                let answer = admin.send_raw(method.clone(), path, JSON, body).await;
                assert_eq!(problem(&answer, 400, &name)["code"], "malformed_json", "{name}");
            }
            for body in ["[]", "[{}]", "\"text\"", "1", "null", "true"] {
                let answer = admin.send_raw(method.clone(), path, JSON, body).await;
                assert_eq!(faults(&answer, &name), [" wrong_type"], "{name} {body}");
            }
            let types = [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/xml"), Some("nonsense")];
            for content_type in types {
                let answer = admin.send_raw(method.clone(), path, content_type, "{}").await;
                assert_eq!(problem(&answer, 415, &name)["code"], "unsupported_media_type", "{name} {content_type:?}");
            }
            let long = json!({ "name": "x".repeat(1_100_000) });
            assert_eq!(problem(&send(&admin, &operation, &long).await, 413, &name)["code"], "body_too_large", "{name}");
        }
        let answer = admin.send_raw(Method::POST, "/api/v1/orders/bulk", JSON, "{}").await;
        assert_eq!(problem(&answer, 415, "bulk")["code"], "unsupported_media_type");
        assert_eq!(rows::counts(&running).await, before, "nothing was written");
    }
}

journey! {
    async fn every_field_of_a_wrong_type_is_named_at_once(running: Running) {
        let admin = administrator(&running).await;
        let before = rows::counts(&running).await;
        for (operation, schema) in with_body() {
            let name = operation.name();
            let wrong = |schema: &Value| if is(schema, "boolean") { json!("no") } else { json!(true) };
            let typed = || properties(schema).filter(|(_, property)| !property["type"].is_null() || property["enum"].is_array());
            let mut body: Map<String, Value> = typed().map(|(name, property)| (name.clone(), wrong(property))).collect();
            body.insert("no_such_field".to_owned(), json!(1));
            body.insert("a/b~c".to_owned(), json!(1));
            let told = faults(&send(&admin, &operation, &Value::Object(body)).await, &name);
            for (field, _) in typed() {
                assert!(told.contains(&format!("/{field} wrong_type")), "{name}: {field} is not among {told:?}");
            }
            for unknown in ["/no_such_field unknown_field", "/a~1b~0c unknown_field"] {
                assert!(told.iter().any(|fault| fault == unknown), "{name}: {told:?}");
            }
        }
        assert_eq!(rows::counts(&running).await, before, "nothing was written");
    }
}

journey! {
    async fn every_missing_field_is_named_at_once(running: Running) {
        let admin = administrator(&running).await;
        let before = rows::counts(&running).await;
        let mut checked = 0;
        for (operation, schema) in with_body() {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut expected: Vec<String> = required.map(|field| format!("/{field} required")).collect();
            if !expected.is_empty() {
                expected.sort();
                assert_eq!(faults(&send(&admin, &operation, &json!({})).await, &operation.name()), expected);
                checked += 1;
            }
        }
        assert!(checked > 12);
        assert_eq!(rows::counts(&running).await, before, "nothing was written");
    }
}

journey! {
    async fn texts_and_numbers_that_cannot_be_kept_are_named(running: Running) {
        let admin = administrator(&running).await;
        let before = rows::counts(&running).await;
        for (operation, schema) in with_body() {
            let name = operation.name();
            let all = |make: &dyn Fn(&Value) -> Option<Value>| -> Map<String, Value> {
                properties(schema).filter_map(|(field, property)| Some((field.clone(), make(property)?))).collect()
            };
            let bodies = [
                ("nul_character", all(&|property| is(property, "string").then(|| json!("a\0b")))),
                ("too_long", all(&|property| {
                    let limit = property["maxLength"].as_u64()?;
                    Some(json!("9".repeat(usize::try_from(limit).unwrap() + 1)))
                })),
                ("too_long", all(&|property| Some(json!(vec![Value::Null; property["maxItems"].as_u64()? as usize + 1])))),
                ("", all(&|property| (is(property, "integer") || is(property, "number")).then(|| json!(1e300)))),
                ("", all(&|property| (is(property, "integer") || is(property, "number")).then(|| json!(i64::MIN)))),
                ("", all(&|property| is(property, "integer").then(|| json!(1.5)))),
            ];
            for (code, body) in bodies.into_iter().filter(|(_, body)| !body.is_empty()) {
                let fields: Vec<String> = body.keys().map(|field| format!("/{field} {code}")).collect();
                let told = faults(&send(&admin, &operation, &Value::Object(body)).await, &name);
                for field in fields {
                    assert!(told.iter().any(|fault| fault.starts_with(&field)), "{name}: {field} is not among {told:?}");
                }
            }
        }
        assert_eq!(rows::counts(&running).await, before, "nothing was written");
    }
}

journey! {
    async fn every_bad_query_parameter_is_named_at_once(running: Running) {
        let admin = running.admin().await;
        let mut checked = 0;
        for operation in operations() {
            let parameters = operation.spec["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query");
            let mut query = vec![("nonsense".to_owned(), "1".to_owned())];
            let mut expected = vec!["#query/nonsense".to_owned()];
            for parameter in parameters {
                let (name, schema) = (parameter["name"].as_str().unwrap(), resolved(&parameter["schema"]));
                let free = schema["format"].is_null() && schema["enum"].is_null() && name != "cursor" && is(schema, "string");
                let bad = if free { "x".repeat(schema["maxLength"].as_u64().unwrap() as usize + 1) } else { "何".to_owned() };
                query.push((name.to_owned(), bad));
                expected.push(format!("#query/{name}"));
            }
            if query.len() == 1 {
                continue;
            }
            checked += 1;
            expected.sort();
            expected.dedup();
            let text = |query: &[(String, String)]| query.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
            let path = format!("{}?{}", operation.path, text(&query));
            let pointers = |answer: &Answer| {
                let mut told: Vec<String> =
                    faults(answer, &path).iter().map(|fault| fault.split(' ').next().unwrap().to_owned()).collect();
                told.dedup();
                told
            };
            assert_eq!(pointers(&admin.get(&path).await), expected, "{path}");

            if !expected.contains(&"#query/limit".to_owned()) {
                continue;
            }
            let twice = format!("{}?limit=1&limit=2&nonsense=1", operation.path);
            assert_eq!(faults(&admin.get(&twice).await, &twice), ["#query/limit not_unique", "#query/nonsense unknown_field"]);
            for bad in ["limit=0", "limit=201", "limit=-1", "limit=", "limit=1.0", "limit=99999999999999999999", "limit=%FF", "limit=%00"] {
                let path = format!("{}?{bad}", operation.path);
                let told = faults(&admin.get(&path).await, &path);
                assert!(!told.is_empty() && told.iter().all(|fault| fault.starts_with("#query/limit ")), "{path}: {told:?}");
            }
        }
        assert!(checked > 8);
    }
}

journey! {
    async fn what_is_no_id_names_nothing(running: Running) {
        let admin = running.admin().await;
        for operation in operations().into_iter().filter(|o| o.pattern.contains("{id}") && !o.pattern.contains("{system}")) {
            for bad in ["1", "x", "01998c5e6b7a7e528a5c0f5d3b1c9e11", "%00", "%FF", "0'--", "{01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11}"] {
                let path = operation.pattern.replace("{part_id}", "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e12");
                let path = path.replace("{record_id}", "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e12").replace("{number}", "1");
                let path = path.replace("{id}", bad);
                let body = operation.body().map(|_| json!({}));
                let answer = admin.send(operation.method.clone(), &path, body).await;
                assert_eq!(faults(&answer, &path), ["#path/id invalid_format"], "{path}");
            }
        }
    }
}

journey! {
    async fn a_wrong_method_is_told_the_right_ones(running: Running) {
        // Signed in: a fixed name may stand where others have an id, and there a stranger is asked who he is first.
        let client = running.admin().await;
        for (pattern, item) in huiyin::http::contract()["paths"].as_object().unwrap() {
            let path = pattern.replace("{id}", "1").replace("{system}", "erp").replace("{subtype}", "x");
            let known: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                if !known.iter().any(|known| known == method) {
                    let name = format!("{method} {path}");
                    let answer = client.send(method.parse().unwrap(), &path, None).await;
                    assert_eq!(problem(&answer, 405, &name)["code"], "method_not_allowed", "{name}");
                    let mut allowed: Vec<&str> = answer.header("allow").split(", ").collect();
                    allowed.sort_unstable();
                    let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
                    known.sort_unstable();
                    assert_eq!(allowed, known, "{name}");
                }
            }
        }
        let answer = client.call("/swagger-ui/index.html").await;
        assert_eq!(problem(&answer, 404, "swagger")["code"], "route_not_found", "beside the contract there is only GET");
    }
}

journey! {
    async fn an_address_where_nothing_is_says_so_in_the_readers_language(running: Running) {
        for path in ["/nothing", "/api", "/api/v1", "/api/v1/", "/api/v1/customer", "/api/v2/customers", "/api/v1/customers/", "//", "/%00", "/%FF"] {
            let answer = running.anonymous().get(path).await;
            assert_eq!(problem(&answer, 404, path)["code"], "route_not_found", "{path}");
        }
        let chinese = "没有这个地址";
        let english = "There is nothing at this address";
        for (language, expected) in [
            ("", chinese), ("zh-CN", chinese), ("en", english), ("en-GB,zh;q=0.5", english), ("fr;q=0.9, en;q=0.1", english),
            ("zh;q=0.1,en;q=0.2", english), ("de", chinese), ("*", chinese), (";;;", chinese), ("en;q=nonsense", chinese),
        ] {
            let client = running.anonymous().without_header("accept-language");
            let client = if language.is_empty() { client } else { client.with_header("accept-language", language) };
            assert_eq!(problem(&client.get("/nothing").await, 404, language)["detail"], expected, "{language}");
        }
        // Also where faults in fields are told.
        let admin = running.admin().await;
        let detail = |answer: Answer| problem(&answer, 422, "")["errors"][0]["detail"].clone();
        assert_eq!(detail(admin.post("/api/v1/customers", json!({})).await), "The field name is required");
        let admin = admin.without_header("accept-language");
        assert_eq!(detail(admin.post("/api/v1/customers", json!({})).await), "缺少必填字段 name");
    }
}

journey! {
    async fn a_request_id_is_kept_where_it_is_plain(running: Running) {
        let client = running.anonymous();
        let given = client.clone().with_header("x-request-id", "erp-42_a.b").get("/nothing").await;
        assert_eq!(problem(&given, 404, "")["request_id"], "erp-42_a.b");
        for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
            let answer = client.clone().with_header("x-request-id", bad).get("/nothing").await;
            assert_eq!(problem(&answer, 404, bad)["request_id"].as_str().unwrap().len(), 36, "{bad}");
        }
        assert_eq!(client.with_header("x-request-id", "ok").get("/health/live").await.header("x-request-id"), "ok");
    }
}

journey! {
    async fn malformed_headers_are_faults_of_the_caller(running: Running) {
        let admin = running.admin().await;
        let customer = json!({ "name": "x" });
        for key in ["", &"k".repeat(256)] {
            let answer = admin.clone().with_header("idempotency-key", key).post("/api/v1/customers", customer.clone()).await;
            assert_eq!(problem(&answer, 400, "key")["code"], "malformed_header");
        }
        for token in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer \u{7f}", "bearer hy_nothing"] {
            let Ok(value) = reqwest::header::HeaderValue::from_str(token) else { continue };
            let client = running.anonymous().with_header("authorization", value.to_str().unwrap());
            let answer = client.get("/api/v1/customers").await;
            assert_eq!(problem(&answer, 401, token)["code"], "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        assert_eq!(rows::counts(&running).await["customers"], 0);
    }
}
