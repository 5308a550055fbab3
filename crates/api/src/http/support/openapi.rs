//! The contract: what the handlers say of themselves, plus what is true of all of them.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_domain::fault::{Code, Fault, Lang};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder,
};

use super::problem::{FieldProblem, Problem, status_of};
use super::text;

const DESCRIPTION: &str = "Headless customer care and follow-up (客户关怀与回访): customers, orders and value tiers; a feedback pool with \
classification, SLA clocks, dispatch and a loop that closes only when the customer says so.\n\n\
**Sign in** with `POST /api/v1/auth/login`, then press *Authorize* and paste the `access_token`; API keys are used the same way. \
**Errors** are problem documents (RFC 9457) with a stable `code`, in Chinese or English by `Accept-Language`. \
**Lists** are paged by an opaque cursor. **Updates** take `If-Match`. **POSTs** take an `Idempotency-Key`: the same request sent again \
answers what it answered before and does nothing twice. Times are RFC 3339 in UTC, dates local, money a decimal string.";

const TAGS: &[(&str, &str)] = &[
    ("auth", "Signing in, refreshing, signing out (登录)"),
    ("account", "The signed-in user: profile, password, notifications"),
    ("users", "Users, departments and API keys (用户、部门、密钥)"),
    ("customers", "Customers and what other systems call them (客户)"),
    ("imports", "Customers from files and as files (导入导出)"),
    ("orders", "Orders, singly and in bulk (购买记录)"),
    ("contacts", "People at customers (联系人)"),
    ("interactions", "Interactions with customers and the to-dos that come of them (互动记录、待办)"),
    ("stocktakes", "Campaigns in which owners confirm what is known of their customers (清查行动)"),
    ("attachments", "Files of customers, interactions and feedback (附件)"),
    ("tiering", "Value tiers by RFM (客户分层)"),
    ("segments", "Customers that satisfy a stored condition (客户群)"),
    ("feedback", "The feedback pool and its closed loop (反馈池)"),
    ("public", "What anybody may call without signing in: leaving a feedback, asking after it (公开反馈)"),
    ("follow-up records", "What was said in follow-ups, with everything that came of it (回访记录)"),
    ("leads", "Purchase intents found in follow-ups (线索)"),
    ("alerts", "Low scores that somebody should look at (预警)"),
    ("cases", "Closed feedback, found by what it was about (案例库)"),
    ("demands", "What suggestions ask for, and how far it has come (需求池)"),
    ("follow-up plans", "Which customers are contacted, when, how and by whom (回访计划)"),
    ("scripts", "What is said in follow-ups, with typed questions and versions (话术)"),
    ("follow-up tasks", "Contacts to make: work list, preparation, attempts, postponing (回访任务)"),
    ("follow-up figures", "Coverage, goals and samples of follow-ups (回访覆盖率、抽查)"),
    ("sla", "Calendars, policies and deadlines (时限)"),
    ("system", "Health, metrics, the event log"),
];

/// The frame into which the handlers' operations are put.
pub fn frame() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token from `POST /api/v1/auth/login`, or an API key."))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .schema(Problem::name(), <Problem as utoipa::PartialSchema>::schema())
        .schema(FieldProblem::name(), <FieldProblem as utoipa::PartialSchema>::schema());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Huiyin 回音")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .contact(Some(
                    ContactBuilder::new()
                        .name(Some("Huiyin"))
                        .url(Some("https://github.com/huiyin-care/huiyin"))
                        .build(),
                ))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .servers(Some([ServerBuilder::new().url("/").description(Some("This server")).build()]))
        .tags(Some(
            TAGS.iter()
                .map(|(name, description)| TagBuilder::new().name(*name).description(Some(*description)).build()),
        ))
        .components(Some(components.build()))
        .build()
}

/// The finished document: each operation gets its permission, headers and errors spelled out.
pub fn finish(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    // A keyword that the builder does not know: what each line of the text is.
    document["components"]["schemas"]["OrderLines"]["contentSchema"] =
        json!({"$ref": "#/components/schemas/OrderLine"});
    tighten_inputs(&mut document);
    let mut used = BTreeSet::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(path, method, operation, &mut used);
            }
        }
    }
    add_components(&mut document, &used);
    add_links(&mut document);
    document
}

/// What was created leads to everything that can be done with it.
fn add_links(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let operations = |item: &Value| item.as_object().cloned().unwrap_or_default();
    let targets: Vec<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| operations(item).into_values().map(|operation| (path.clone(), operation)))
        .filter_map(|(path, operation)| Some((path, operation["operationId"].as_str()?.to_owned())))
        .collect();
    for (path, item) in paths {
        let below = format!("{path}/{{id}}");
        let of_this = targets.iter().filter(|(target, _)| *target == below || target.starts_with(&format!("{below}/")));
        // The answer to a new key holds its secret beside it.
        let id = if path.ends_with("/api-keys") { "$response.body#/api_key/id" } else { "$response.body#/id" };
        let links: Map<String, Value> = of_this
            .map(|(_, operation)| (operation.clone(), json!({"operationId": operation, "parameters": {"id": id}})))
            .collect();
        for status in ["201", "202"] {
            let response = item.pointer_mut(&format!("/post/responses/{status}")).and_then(Value::as_object_mut);
            if let Some(response) = response.filter(|_| !links.is_empty()) {
                response.insert("links".to_owned(), Value::Object(links.clone()));
            }
        }
    }
}

/// Everything that comes in is tightened; what goes out is as it is.
fn tighten_inputs(document: &mut Value) {
    let mut inputs = Vec::new();
    for operation in document["paths"]
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values())
        .filter_map(Value::as_object)
        .flat_map(|item| item.values())
    {
        references(&operation["requestBody"], &mut inputs);
    }
    inputs.push("OrderLine".to_owned());
    for name in with_referred(inputs, &document["components"]["schemas"]) {
        if let Some(schema) = document["components"]["schemas"].get_mut(&name) {
            tighten(schema);
        }
    }
    for operation in document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut())
    {
        if let Some(parameters) = operation.get_mut("parameters") {
            tighten(parameters);
        }
        if let Some(body) = operation.get_mut("requestBody") {
            tighten(body);
        }
    }
}

/// These schemas and those that they refer to, each once.
fn with_referred(mut names: Vec<String>, schemas: &Value) -> Vec<String> {
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        references(&schemas[&name], &mut names);
        next += 1;
    }
    names
}

/// The schemas of a contract that this one needs to be understood.
pub fn needed(schema: &Value, schemas: &Value) -> Map<String, Value> {
    let mut names = Vec::new();
    references(schema, &mut names);
    with_referred(names, schemas)
        .into_iter()
        .filter_map(|name| Some((name.clone(), schemas.get(&name)?.clone())))
        .collect()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            if let Some(name) = name.filter(|name| !found.iter().any(|known| known == name)) {
                found.push(name.to_owned());
            }
            fields.values().for_each(|field| references(field, found));
        }
        _ => {}
    }
}

/// What holds for every text that comes in: no U+0000, and named patterns spelled out.
pub fn tighten(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tighten),
        Value::Object(fields) => {
            let is_text = match fields.get("type") {
                Some(Value::String(kind)) => kind == "string",
                Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
                _ => false,
            };
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_str).and_then(text::named) {
                fields.insert("pattern".to_owned(), Value::from(pattern));
            }
            if is_text && !fields.contains_key("pattern") && !fields.contains_key("enum") {
                let pattern = match fields.get("format").and_then(Value::as_str) {
                    Some("date-time" | "date" | "uuid" | "binary") => None,
                    _ => Some(text::ANY),
                };
                fields.extend(pattern.map(|pattern| ("pattern".to_owned(), Value::from(pattern))));
            }
            fields
                .iter_mut()
                .filter(|(name, _)| *name != "example" && *name != "examples")
                .for_each(|(_, field)| tighten(field));
        }
        _ => {}
    }
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>, used: &mut BTreeSet<&'static str>) {
    // `security(())` says that none is needed: a list of one empty requirement.
    let secured = operation
        .get("security")
        .and_then(Value::as_array)
        .is_some_and(|ways| ways.iter().any(|way| way.as_object().is_some_and(|way| !way.is_empty())));
    let permission = operation.get("x-permission").and_then(Value::as_str).map(str::to_owned);
    if let Some(permission) = &permission {
        mention(operation, &format!("Permission: `{permission}`."));
    }
    let has_body = operation.contains_key("requestBody");
    let json_body = operation.get("requestBody").is_some_and(|body| body["content"].get("application/json").is_some());
    let has_parameters = operation.get("parameters").and_then(Value::as_array).is_some_and(|all| !all.is_empty());

    let mut codes = vec![Code::RateLimited, Code::Internal, Code::Unavailable];
    if secured {
        codes.push(Code::Unauthenticated);
        if permission.is_some() {
            codes.push(Code::Forbidden);
        }
    }
    if has_body {
        codes.extend([Code::UnsupportedMediaType, Code::BodyTooLarge]);
    }
    if json_body {
        codes.extend([Code::MalformedJson, Code::ValidationFailed]);
    } else if has_parameters {
        codes.push(Code::ValidationFailed);
    }
    // Below the id of a customer: what was merged into another is there (see `moved`).
    let of_customer = path.strip_prefix("/api/v1/customers/{id}").is_some();
    if of_customer && method != "get" {
        codes.push(Code::CustomerMerged);
    }
    if of_customer && method == "get" {
        let responses = operation.entry("responses").or_insert_with(|| json!({}));
        responses["308"] = json!({
            "description": "The customer was merged into another, which has it at this address",
            "headers": {"Location": {"description": "The same address of the customer that stays", "schema": {"type": "string"}}},
        });
    }
    let writes = secured && method != "get";
    if writes {
        codes.push(Code::MalformedHeader);
        codes.push(Code::ConcurrentChange);
    }
    // A stream is repeatable as it is, and has been stored in part when it breaks off.
    let idempotent = operation.remove("x-idempotent").is_some();
    if secured && method == "post" && (json_body || !has_body || idempotent) {
        codes.push(Code::IdempotencyKeyReused);
        mention(
            operation,
            "Takes the header `Idempotency-Key` (1 to 255 visible characters): sent again with the same request, the answer is the same and nothing is done twice.",
        );
    }
    if method == "patch" || method == "put" {
        codes.push(Code::VersionConflict);
        mention(
            operation,
            "Takes the header `If-Match` with the `ETag` that you have read: refused with 412 where it has changed meanwhile.",
        );
    }
    let named = operation.remove("x-errors").unwrap_or_default();
    for name in named.as_array().into_iter().flatten().filter_map(Value::as_str) {
        codes.extend(Code::ALL.iter().copied().find(|code| code.as_str() == name));
    }
    add_errors(path, operation, &codes, used);
}

/// Headers that any operation of its kind takes stand in the text: as parameters they would be filled with values that
/// can only be refused, by everything that tries the contract out.
fn mention(operation: &mut Map<String, Value>, text: &str) {
    let described = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    let described = format!("{described}\n\n{text}");
    operation.insert("description".to_owned(), Value::String(described.trim().to_owned()));
}

/// One response a status; each code's example stands once in the document.
fn add_errors(path: &str, operation: &mut Map<String, Value>, codes: &[Code], used: &mut BTreeSet<&'static str>) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let of_status = by_status.entry(status_of(code.kind()).as_u16()).or_default();
        if !of_status.contains(code) {
            of_status.push(*code);
        }
    }
    let Some(responses) = operation.entry("responses").or_insert_with(|| json!({})).as_object_mut() else { return };
    for (status, codes) in by_status {
        used.extend(codes.iter().map(|code| code.as_str()));
        let response = match codes.as_slice() {
            [only] => json!({"$ref": format!("#/components/responses/{}", only.as_str())}),
            several => problem_response(several),
        };
        debug_assert!(!responses.contains_key(&status.to_string()), "{path} describes {status} itself");
        responses.insert(status.to_string(), response);
    }
}

fn problem_response(codes: &[Code]) -> Value {
    let list: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.template(Lang::En))).collect();
    let reference = |code: &Code| json!({"$ref": format!("#/components/examples/{}", code.as_str())});
    let examples: Map<String, Value> = codes.iter().map(|code| (code.as_str().to_owned(), reference(code))).collect();
    json!({
        "description": list.join("  \n"),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    })
}

/// The responses and examples that operations refer to.
fn add_components(document: &mut Value, used: &BTreeSet<&'static str>) {
    let alone = document["paths"].to_string();
    let codes = || Code::ALL.iter().copied().filter(|code| used.contains(code.as_str()));
    let referred = |code: &Code| alone.contains(&format!("#/components/responses/{}\"", code.as_str()));
    let responses: Map<String, Value> =
        codes().filter(referred).map(|code| (code.as_str().to_owned(), problem_response(&[code]))).collect();
    let examples: Map<String, Value> = codes().map(|code| (code.as_str().to_owned(), example(code))).collect();
    document["components"]["responses"] = Value::Object(responses);
    document["components"]["examples"] = Value::Object(examples);
}

fn example(code: Code) -> Value {
    let errors = match code {
        Code::ValidationFailed => {
            let fault = Fault::new(Code::Required).with("name", "name");
            json!([{"pointer": "/name", "code": fault.code.as_str(), "detail": fault.message(Lang::En)}])
        }
        _ => json!([]),
    };
    let status = status_of(code.kind()).as_u16();
    json!({"summary": code.template(Lang::En), "value": {
        "type": format!("urn:huiyin:problem:{}", code.as_str()), "title": code.as_str().replace('_', " "), "status": status,
        "detail": code.template(Lang::En), "code": code.as_str(), "request_id": "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11",
        "errors": errors,
    }})
}
