//! Who may do what: every operation of the contract, tried by everybody. The table below is the expectation, written
//! down once; an operation that is missing from it fails the test, as does a row without an operation.

mod example;
mod follow_up;

use std::collections::{BTreeMap, BTreeSet};

use huiyin_domain::identity::{Permission, Role};
use reqwest::Method;
use serde_json::{Value, json};

use example::example;

use crate::support::builders::{FORM, form, integration, order, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey};

/// The callers, as the columns of the table; the key has every scope there is.
const CALLERS: [&str; 6] = ["anonymous", "admin", "director", "manager", "agent", "key"];

/// `-` as permission: open to all. A cell is what the caller is told: let through, or the status of the refusal.
const TABLE: &str = "
operation                    permission          anonymous  admin  director  manager  agent  key

health_live                  -                   ok         ok     ok        ok       ok     ok
health_ready                 -                   ok         ok     ok        ok       ok     ok
metrics                      -                   ok         ok     ok        ok       ok     ok
openapi                      -                   ok         ok     ok        ok       ok     ok
login                        -                   ok         ok     ok        ok       ok     ok
refresh_tokens               -                   ok         ok     ok        ok       ok     ok
get_public_form              -                   ok         ok     ok        ok       ok     ok
leave_public_feedback        -                   ok         ok     ok        ok       ok     ok
get_public_receipt           -                   ok         ok     ok        ok       ok     ok

logout                       account             401        ok     ok        ok       ok     403
get_me                       account             401        ok     ok        ok       ok     403
change_password              account             401        ok     ok        ok       ok     403
list_notifications           account             401        ok     ok        ok       ok     403
count_unread_notifications   account             401        ok     ok        ok       ok     403
read_notification            account             401        ok     ok        ok       ok     403
read_notifications           account             401        ok     ok        ok       ok     403
get_notification_settings    account             401        ok     ok        ok       ok     403
put_notification_settings    account             401        ok     ok        ok       ok     403

list_absences                account             401        ok     ok        ok       ok     403
get_absence                  account             401        ok     ok        ok       ok     403
record_absence               account             401        ok     ok        ok       ok     403
update_absence               account             401        ok     ok        ok       ok     403
cancel_absence               account             401        ok     ok        ok       ok     403

list_users                   users:read          401        ok     ok        ok       403    403
get_user                     users:read          401        ok     ok        ok       403    403
create_user                  users:manage        401        ok     403       403      403    403
update_user                  users:manage        401        ok     403       403      403    403
list_departments             departments:read    401        ok     ok        ok       ok     ok
get_department               departments:read    401        ok     ok        ok       ok     ok
create_department            departments:manage  401        ok     403       403      403    403
update_department            departments:manage  401        ok     403       403      403    403
list_api_keys                api_keys:manage     401        ok     403       403      403    403
create_api_key               api_keys:manage     401        ok     403       403      403    403
revoke_api_key               api_keys:manage     401        ok     403       403      403    403

list_customers               customers:read      401        ok     ok        ok       ok     ok
search_customers             customers:read      401        ok     ok        ok       ok     ok
list_condition_fields        customers:read      401        ok     ok        ok       ok     ok
get_customer                 customers:read      401        ok     ok        ok       ok     ok
get_customer_by_external_id  customers:read      401        ok     ok        ok       ok     ok
create_customer              customers:write     401        ok     403       ok       ok     ok
update_customer              customers:write     401        ok     403       ok       ok     ok
put_customer_by_external_id  customers:write     401        ok     403       ok       ok     ok
get_protected_fields         customers:read      401        ok     ok        ok       ok     ok
put_protected_fields         customers:configure 401        ok     403       403      403    403
list_change_requests         customers:read      401        ok     ok        ok       ok     ok
get_change_request           customers:read      401        ok     ok        ok       ok     ok
withdraw_change_request      customers:write     401        ok     403       ok       ok     ok
approve_change_request       change_requests:decide  401    ok     403       ok       403    403
reject_change_request        change_requests:decide  401    ok     403       ok       403    403
reveal_customer              personal_data:reveal    401    ok     ok        ok       ok     403
reveal_contact               personal_data:reveal    401    ok     ok        ok       ok     403
list_duplicate_customers     customers:read      401        ok     ok        ok       ok     ok
dismiss_duplicate_customers  customers:merge     401        ok     403       ok       403    403
merge_customers              customers:merge     401        ok     403       ok       403    403
change_customer_tags         customers:write     401        ok     403       ok       ok     ok
list_tags                    customers:read      401        ok     ok        ok       ok     ok
list_custom_fields           customers:read      401        ok     ok        ok       ok     ok
create_custom_field          customers:configure 401        ok     403       403      403    403
update_custom_field          customers:configure 401        ok     403       403      403    403
create_customer_import       customers:import    401        ok     403       ok       403    ok
list_customer_imports        customers:import    401        ok     403       ok       403    ok
get_customer_import          customers:import    401        ok     403       ok       403    ok
follow_customer_import       customers:import    401        ok     403       ok       403    ok
undo_customer_import         customers:import    401        ok     403       ok       403    ok
list_customer_import_errors  customers:import    401        ok     403       ok       403    ok
export_customers             customers:read      401        ok     ok        ok       ok     ok
record_activities            activities:write    401        ok     403       403      403    ok
get_order_by_external_id     orders:read         401        ok     ok        ok       ok     ok
put_order_by_external_id     orders:write        401        ok     403       403      403    ok
get_customer_timeline        customers:read      401        ok     ok        ok       ok     ok
get_customer_overview        customers:read      401        ok     ok        ok       ok     ok
list_contacts                customers:read      401        ok     ok        ok       ok     ok
get_contact                  customers:read      401        ok     ok        ok       ok     ok
create_contact               customers:write     401        ok     403       ok       ok     ok
update_contact               customers:write     401        ok     403       ok       ok     ok
delete_contact               customers:write     401        ok     403       ok       ok     ok
list_interactions            interactions:read   401        ok     ok        ok       ok     ok
get_interaction              interactions:read   401        ok     ok        ok       ok     ok
create_interaction           interactions:write  401        ok     403       ok       ok     ok
update_interaction           interactions:write  401        ok     403       ok       ok     ok
list_todos                   interactions:read   401        ok     ok        ok       ok     ok
get_todo                     interactions:read   401        ok     ok        ok       ok     ok
create_todo                  interactions:write  401        ok     403       ok       ok     ok
update_todo                  interactions:write  401        ok     403       ok       ok     ok
complete_todo                interactions:write  401        ok     403       ok       ok     ok
cancel_todo                  interactions:write  401        ok     403       ok       ok     ok
list_customer_attachments    attachments:read    401        ok     ok        ok       ok     ok
list_feedback_attachments    attachments:read    401        ok     ok        ok       ok     ok
create_feedback_attachment   attachments:write   401        ok     403       ok       ok     ok
get_attachment               attachments:read    401        ok     ok        ok       ok     ok
get_attachment_content       attachments:read    401        ok     ok        ok       ok     ok
create_attachment            attachments:write   401        ok     403       ok       ok     ok
delete_attachment            attachments:write   401        ok     403       ok       ok     ok
list_customer_orders         orders:read         401        ok     ok        ok       ok     ok
list_orders                  orders:read         401        ok     ok        ok       ok     ok
create_order                 orders:write        401        ok     403       403      403    ok
get_order                    orders:read         401        ok     ok        ok       ok     ok
update_order                 orders:write        401        ok     403       403      403    ok
bulk_orders                  orders:write        401        ok     403       403      403    ok

list_segments                segments:read       401        ok     ok        ok       ok     ok
get_segment                  segments:read       401        ok     ok        ok       ok     ok
list_segment_members         segments:read       401        ok     ok        ok       ok     ok
preview_segment              segments:read       401        ok     ok        ok       ok     ok
create_segment               segments:manage     401        ok     ok        ok       403    403
update_segment               segments:manage     401        ok     ok        ok       403    403
refresh_segment              segments:manage     401        ok     ok        ok       403    403

get_customer_tier            tiering:read        401        ok     ok        ok       ok     ok
list_stocktakes              customers:read      401        ok     ok        ok       ok     ok
get_stocktake                customers:read      401        ok     ok        ok       ok     ok
list_confirmations           customers:read      401        ok     ok        ok       ok     ok
answer_confirmation          customers:write     401        ok     403       ok       ok     ok
create_stocktake             stocktakes:manage   401        ok     ok        ok       403    403
close_stocktake              stocktakes:manage   401        ok     ok        ok       403    403

get_customer_churn           tiering:read        401        ok     ok        ok       ok     ok
list_churn_models            tiering:read        401        ok     ok        ok       ok     ok
get_churn_model              tiering:read        401        ok     ok        ok       ok     ok
create_churn_model           tiering:run         401        ok     ok        403      403    ok
get_tiering_model            tiering:read        401        ok     ok        ok       ok     ok
list_customer_tier_history   tiering:read        401        ok     ok        ok       ok     ok
get_tiering_pareto           tiering:read        401        ok     ok        ok       ok     ok
get_tiering_schedule         tiering:read        401        ok     ok        ok       ok     ok
get_lifecycle_rule           tiering:read        401        ok     ok        ok       ok     ok
list_tiering_models          tiering:read        401        ok     ok        ok       ok     ok
get_stored_tiering_model     tiering:read        401        ok     ok        ok       ok     ok
list_tiering_runs            tiering:read        401        ok     ok        ok       ok     ok
get_tiering_run              tiering:read        401        ok     ok        ok       ok     ok
create_tiering_run           tiering:run         401        ok     ok        403      403    ok
put_tiering_model            tiering:configure   401        ok     403       403      403    403
create_tiering_model         tiering:configure   401        ok     403       403      403    403
put_stored_tiering_model     tiering:configure   401        ok     403       403      403    403
delete_tiering_model         tiering:configure   401        ok     403       403      403    403
activate_tiering_model       tiering:configure   401        ok     403       403      403    403
preview_tiering_model        tiering:configure   401        ok     403       403      403    403
preview_stored_tiering_model tiering:configure   401        ok     403       403      403    403
put_tiering_schedule         tiering:configure   401        ok     403       403      403    403
put_lifecycle_rule           tiering:configure   401        ok     403       403      403    403

list_feedback                feedback:read       401        ok     ok        ok       ok     ok
get_feedback                 feedback:read       401        ok     ok        ok       ok     ok
get_feedback_history         feedback:read       401        ok     ok        ok       ok     ok
get_feedback_clocks          feedback:read       401        ok     ok        ok       ok     ok
list_feedback_parts          feedback:read       401        ok     ok        ok       ok     ok
get_feedback_parts           feedback:read       401        ok     ok        ok       ok     ok
add_feedback_part            feedback:handle     401        ok     403       ok       ok     403
accept_feedback_part         feedback:handle     401        ok     403       ok       ok     403
finish_feedback_part         feedback:handle     401        ok     403       ok       ok     403
reject_feedback_part         feedback:handle     401        ok     403       ok       ok     403
cancel_feedback_part         feedback:handle     401        ok     403       ok       ok     403
list_communications          feedback:read       401        ok     ok        ok       ok     ok
list_promises                feedback:read       401        ok     ok        ok       ok     ok
list_escalations             feedback:read       401        ok     ok        ok       ok     ok
list_delay_explanations      feedback:read       401        ok     ok        ok       ok     ok
list_feedback_delay_explanations  feedback:read  401        ok     ok        ok       ok     ok
list_routing_rules           feedback:read       401        ok     ok        ok       ok     ok
get_routing_rule             feedback:read       401        ok     ok        ok       ok     ok
get_work_list                feedback:read       401        ok     ok        ok       ok     ok
classify_feedback            feedback:classify   401        ok     ok        ok       ok     ok
get_classifier               feedback:read       401        ok     ok        ok       ok     ok
list_classifier_versions     feedback:read       401        ok     ok        ok       ok     ok
create_classifier_version    feedback:configure  401        ok     403       403      403    403
activate_classifier_version  feedback:configure  401        ok     403       403      403    403
list_classification_corrections  feedback:configure  401    ok     403       403      403    403
create_feedback              feedback:create     401        ok     403       ok       ok     ok
assign_feedback              feedback:dispatch   401        ok     ok        ok       403    403
bulk_assign_feedback         feedback:dispatch   401        ok     ok        ok       403    403
triage_feedback              feedback:dispatch   401        ok     ok        ok       403    403
accept_feedback              feedback:handle     401        ok     403       ok       ok     403
start_feedback               feedback:handle     401        ok     403       ok       ok     403
await_feedback_customer      feedback:handle     401        ok     403       ok       ok     403
resume_feedback              feedback:handle     401        ok     403       ok       ok     403
reject_feedback              feedback:handle     401        ok     403       ok       ok     403
resolve_feedback             feedback:handle     401        ok     403       ok       ok     403
confirm_feedback             feedback:handle     401        ok     403       ok       ok     403
reopen_feedback              feedback:handle     401        ok     403       ok       ok     403
revise_promise               feedback:handle     401        ok     403       ok       ok     403
explain_delay                feedback:handle     401        ok     403       ok       ok     403
approve_delay_explanation    feedback:approve    401        ok     403       ok       403    403
reject_delay_explanation     feedback:approve    401        ok     403       ok       403    403
record_communication         feedback:handle     401        ok     403       ok       ok     403
list_feedback_entries        feedback:read       401        ok     ok        ok       ok     ok
get_feedback_entry           feedback:read       401        ok     ok        ok       ok     ok
create_feedback_entry        feedback:configure  401        ok     403       403      403    403
update_feedback_entry        feedback:configure  401        ok     403       403      403    403
delete_feedback_entry        feedback:configure  401        ok     403       403      403    403
get_root_cause               feedback:read       401        ok     ok        ok       ok     ok
put_root_cause               feedback:handle     401        ok     403       ok       ok     403
list_feedback_rounds         feedback:read       401        ok     ok        ok       ok     ok
list_cases                   cases:read          401        ok     ok        ok       ok     403
get_case                     cases:read          401        ok     ok        ok       ok     403
find_similar_cases           cases:read          401        ok     ok        ok       ok     403
list_similar_cases           cases:read          401        ok     ok        ok       ok     403
list_demands                 demands:read        401        ok     ok        ok       ok     ok
get_demand                   demands:read        401        ok     ok        ok       ok     ok
list_demand_feedback         demands:read        401        ok     ok        ok       ok     ok
list_similar_demands         demands:read        401        ok     ok        ok       ok     ok
create_demand                demands:write       401        ok     403       ok       ok     403
attach_demand_feedback       demands:write       401        ok     403       ok       ok     403
detach_demand_feedback       demands:write       401        ok     403       ok       ok     403
update_demand                demands:manage      401        ok     ok        ok       403    403
move_demand                  demands:manage      401        ok     ok        ok       403    403
put_routing_rule             feedback:configure  401        ok     403       403      403    403
create_routing_rule          feedback:configure  401        ok     403       403      403    403
update_routing_rule          feedback:configure  401        ok     403       403      403    403
delete_routing_rule          feedback:configure  401        ok     403       403      403    403
reorder_routing_rules        feedback:configure  401        ok     403       403      403    403
preview_routing              feedback:configure  401        ok     403       403      403    403

list_calendars               sla:read            401        ok     ok        ok       ok     ok
get_calendar                 sla:read            401        ok     ok        ok       ok     ok
list_policies                sla:read            401        ok     ok        ok       ok     ok
get_policy                   sla:read            401        ok     ok        ok       ok     ok
preview_sla                  sla:read            401        ok     ok        ok       ok     ok
create_calendar              sla:configure       401        ok     403       403      403    403
put_calendar                 sla:configure       401        ok     403       403      403    403
create_policy                sla:configure       401        ok     403       403      403    403
update_policy                sla:configure       401        ok     403       403      403    403
activate_policy              sla:configure       401        ok     403       403      403    403

list_event_kinds             events:read         401        ok     403       403      403    ok
list_audit_log               audit:read          401        ok     403       403      403    403
";

struct Row {
    operation: &'static str,
    permission: Option<Permission>,
    expected: Vec<&'static str>,
}

fn table() -> Vec<Row> {
    let lines = TABLE.lines().chain(follow_up::TABLE.lines()).filter(|line| !line.is_empty());
    let mut lines = lines.map(|line| line.split_whitespace().collect());
    let heads: Vec<&str> = lines.next().unwrap();
    assert_eq!(heads[2..], CALLERS);
    let row = |cells: Vec<&'static str>| {
        assert_eq!(cells.len(), heads.len(), "{cells:?}");
        let permission = (cells[1] != "-").then(|| cells[1].parse().unwrap());
        Row { operation: cells[0], permission, expected: cells[2..].to_vec() }
    };
    lines.map(row).collect()
}

/// An operation as the contract has it.
struct Operation {
    path: &'static str,
    method: Method,
    described: &'static Value,
}

fn operations() -> BTreeMap<&'static str, Operation> {
    let mut found = BTreeMap::new();
    for (path, item) in huiyin::http::contract()["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            let name = described["operationId"].as_str().unwrap();
            let twice = found.insert(name, Operation { path, method, described });
            assert!(twice.is_none(), "{name} twice");
        }
    }
    found
}

#[test]
fn the_table_has_every_operation_of_the_contract_and_no_other() {
    let rows: Vec<&str> = table().iter().map(|row| row.operation).collect();
    let written: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!(written.len(), rows.len(), "an operation stands in the table twice");
    assert_eq!(written, operations().into_keys().collect());
}

#[test]
fn table_contract_and_roles_agree() {
    let operations = operations();
    for Row { operation, permission, expected } in table() {
        let described = operations[operation].described;
        let written = permission.map_or(Value::Null, |permission| json!(permission));
        assert_eq!(described["x-permission"], written, "x-permission of {operation}");
        let security = if permission.is_some() { json!([{ "bearer": [] }]) } else { json!([{}]) };
        assert_eq!(described["security"], security, "security of {operation}");
        let text = described["description"].as_str().unwrap();
        // A stream is repeatable as it is.
        let keyed = permission.is_some() && operations[operation].method == Method::POST && operation != "bulk_orders";
        assert_eq!(text.contains("Idempotency-Key"), keyed, "{operation}: only what knows its caller takes a key");
        let refused = described["responses"]["401"].to_string().contains("unauthenticated");
        assert_eq!(refused, permission.is_some(), "401 of {operation}");
        let granted = |role: Role| if permission.is_none_or(|p| role.grants(p)) { "ok" } else { "403" };
        let stranger = if permission.is_some() { "401" } else { "ok" };
        let roles = [Role::Admin, Role::Director, Role::Manager, Role::Agent, Role::Integration].map(granted);
        assert_eq!(expected, [&[stranger], &roles[..]].concat(), "{operation}");
    }
}

journey! {
    async fn everybody_may_what_the_table_says(running: Running) {
        let callers = callers(&running).await;
        let operations = operations();
        let mut wrong = Vec::new();
        for row in table() {
            for (caller, expected) in callers.iter().zip(&row.expected) {
                let answer = caller.call(&running, row.operation, &operations[row.operation]).await;
                let told = verdict(&answer);
                if told != *expected {
                    wrong.push(format!("{} as {}: {told}, not {expected}", row.operation, caller.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

journey! {
    /// That an operation asks for the very permission that it names, and for no other, shows where just this one is
    /// missing, and where there is just this one.
    async fn a_key_needs_the_one_scope_that_the_operation_names(running: Running) {
        let admin = running.admin().await;
        let operations = operations();
        let mut wrong = Vec::new();
        for scope in Permission::ALL.iter().filter(|scope| Role::Integration.grants(**scope)) {
            let others: Vec<&str> = Permission::ALL.iter().filter(|other| *other != scope).map(|p| p.as_str()).collect();
            let without = Caller::key("without it", integration(&running, &admin, &others).await);
            let only = Caller::key("with nothing else", integration(&running, &admin, &[scope.as_str()]).await);
            for row in table().iter().filter(|row| row.permission == Some(*scope)) {
                for (key, expected) in [(&without, "403"), (&only, "ok")] {
                    let told = verdict(&key.call(&running, row.operation, &operations[row.operation]).await);
                    if told != expected {
                        wrong.push(format!("{} with a key {}: {told}, not {expected}", row.operation, key.name));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// What an answer says of the permission: what is missing, wrong or in conflict has been let through.
fn verdict(answer: &Answer) -> String {
    let code = serde_json::from_str::<Value>(&answer.text).map(|body| body["code"].clone()).unwrap_or_default();
    match (answer.status, code.as_str()) {
        (401, Some("unauthenticated")) => "401".to_owned(),
        (403, Some("forbidden")) => "403".to_owned(),
        (200..=299 | 404 | 409 | 422, _) if code != "route_not_found" => "ok".to_owned(),
        _ => format!("{} {}", answer.status, answer.text),
    }
}

struct Caller {
    name: &'static str,
    client: Client,
    /// User name and password of those who sign in.
    account: Option<(&'static str, String)>,
}

async fn callers(running: &Running) -> Vec<Caller> {
    let admin = running.admin().await;
    let mut callers = vec![Caller { name: "anonymous", client: running.anonymous(), account: None }];
    // Not the first administrator, so that nothing tried here ends the test's own session.
    let people =
        [("admin", "try.admin"), ("director", "try.director"), ("manager", "try.manager"), ("agent", "try.agent")];
    for (role, username) in people {
        let (client, _) = user(running, &admin, username, role, Some("customer_service")).await;
        callers.push(Caller { name: role, client, account: Some((username, format!("{username} has a password"))) });
    }
    let scopes: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    callers.push(Caller::key("key", integration(running, &admin, &scopes).await));
    assert_eq!(callers.iter().map(|caller| caller.name).collect::<Vec<_>>(), CALLERS);
    callers
}

impl Caller {
    fn key(name: &'static str, client: Client) -> Self {
        Caller { name, client, account: None }
    }

    async fn call(&self, running: &Running, name: &str, operation: &Operation) -> Answer {
        let nobody = uuid::Uuid::now_v7().to_string();
        let path = operation.path.replace("{system}", "erp").replace("{subtype}", "product_function");
        let path = path.replace("{id}", &nobody).replace("{entry}", "nowhere").replace("{token}", "nothing");
        let admin = || json!({ "username": "admin", "password": crate::support::app::ADMIN_PASSWORD });
        match name {
            "create_customer_import" => self.client.upload(&path, "list.csv", b"name\n", &[]).await,
            "bulk_orders" => self.client.post_lines(&path, [order("1", "1", "2026-10-01T02:00:00Z", "1.00")]).await,
            "create_attachment" => {
                let fields = [("subject_kind", "customer"), ("subject_id", nobody.as_str())];
                self.client.post_raw(&path, FORM, form(&fields, Some(("a.txt", "text/plain", b"text")))).await
            }
            "create_feedback_attachment" => {
                self.client.post_raw(&path, FORM, form(&[], Some(("a.txt", "text/plain", b"text")))).await
            }
            "login" => self.client.post(&path, admin()).await,
            "refresh_tokens" => {
                let session = running.anonymous().post("/api/v1/auth/login", admin()).await.expect(200);
                self.client.post(&path, json!({ "refresh_token": session["refresh_token"] })).await
            }
            // In a session that nobody needs afterwards.
            "logout" => match &self.account {
                Some((username, password)) => running.sign_in(username, password).await.call(&path).await,
                None => self.client.call(&path).await,
            },
            // The true password, so that the right to change it is used, and stays what it was.
            "change_password" => {
                let password = self.account.as_ref().map_or("not mine, but long", |(_, password)| password);
                let body = json!({ "current_password": password, "new_password": password });
                self.client.post(&path, body).await
            }
            _ => {
                let schema = &operation.described["requestBody"]["content"]["application/json"]["schema"];
                let body = (!schema.is_null()).then(|| example(schema));
                self.client.send(operation.method.clone(), &path, body).await
            }
        }
    }
}
