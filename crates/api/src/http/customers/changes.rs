use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::{ChangeStatus, Changes, Phone, mask_email, mask_phone};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Actor;
use huiyin_persistence::customers::changes::{self, Filter, Known};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::ChangeStatusSchema;
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::changes::{Asked, approve, reject, withdraw};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_change_requests)
        .service(get_change_request)
        .service(approve_change_request)
        .service(reject_change_request)
        .service(withdraw_change_request);
}

/// One field of a change request, with values as they stand in a customer or contact.
#[derive(Debug, Serialize, ToSchema)]
struct FieldChange {
    /// What it was at the time of the request.
    #[schema(value_type = Value, example = "13800138000")]
    from: Value,
    /// What it is to be; null clears it.
    #[schema(value_type = Value, example = "13900139000")]
    to: Value,
}

/// An edit of protected fields that waits for approval (变更申请).
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeRequest {
    id: Uuid,
    customer_id: Uuid,
    /// The contact whose fields these are; null: they are the customer's own.
    contact_id: Option<Uuid>,
    #[schema(value_type = ChangeStatusSchema)]
    status: String,
    /// What is asked for, by field; custom fields as `custom.<key>`. Phone and mail are masked, birthday and address null, for
    /// whoever does not see those of the customer.
    fields: BTreeMap<String, FieldChange>,
    /// Fields of the same edit that are not protected: they were changed at once.
    #[schema(example = json!(["note"]))]
    applied: Vec<String>,
    /// Whether values are masked in this answer.
    masked: bool,
    requested_by: Uuid,
    /// 24 hours after the request; then its department is reminded, once.
    due_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[schema(example = "号码与合同不符")]
    reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ChangeRequest {
    fn of(known: Known, reader: &Actor) -> ApiResult<Self> {
        let Known { request: row, owner_id, department_id } = known;
        let clear = reader.sees_personal_data(owner_id, department_id);
        let changes: Changes = from_json(&row.changes)?;
        let shown = |field: &str, value: Value| if clear { value } else { masked(field, value) };
        let fields = changes.into_iter().map(|(field, change)| {
            let change = FieldChange { from: shown(&field, change.from), to: shown(&field, change.to) };
            (field, change)
        });
        Ok(ChangeRequest {
            id: row.id,
            customer_id: row.customer_id,
            contact_id: row.contact_id,
            status: row.status,
            fields: fields.collect(),
            applied: from_json(&row.applied)?,
            masked: !clear,
            requested_by: row.requested_by,
            due_at: row.due_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// 202 with the request and where to follow it.
    pub fn accepted(asked: Asked, reader: &Actor) -> ApiResult<HttpResponse> {
        let location = format!("/api/v1/change-requests/{}", asked.request.id);
        let body = ChangeRequest::of(known(asked), reader)?;
        Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(body))
    }

    fn versioned(asked: Asked, reader: &Actor) -> ApiResult<Versioned<Self>> {
        let version = asked.request.version;
        Ok(Versioned::ok(ChangeRequest::of(known(asked), reader)?, version))
    }
}

fn known(Asked { request, customer }: Asked) -> Known {
    Known { request, owner_id: customer.owner_id, department_id: customer.department_id }
}

fn masked(field: &str, value: Value) -> Value {
    match (field, &value) {
        ("phone", Value::String(text)) => {
            let phone = Phone::parse(text).map_or_else(|| text.clone(), |phone| phone.to_string());
            Value::from(mask_phone(&phone))
        }
        ("email", Value::String(text)) => Value::from(mask_email(text)),
        ("birthday" | "address", _) => Value::Null,
        _ => value,
    }
}

page_of!(ChangeRequestPage, ChangeRequest);

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ChangeRequestParams {
    /// Only in this state.
    #[schema(value_type = Option<ChangeStatusSchema>)]
    #[param(value_type = Option<ChangeStatusSchema>)]
    status: Option<ChangeStatus>,
    /// For this customer.
    customer_id: Option<Uuid>,
    /// Made by this user.
    requested_by: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RejectChange {
    #[schema(min_length = 2, max_length = 500, pattern = "@prose", example = "号码与合同不符")]
    reason: String,
}

/// List change requests
///
/// One's own, and those of the customers within reach.
#[utoipa::path(tag = "customers", operation_id = "list_change_requests", params(ChangeRequestParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of change requests", body = ChangeRequestPage)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/change-requests")]
async fn list_change_requests(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    params: Params<ChangeRequestParams>,
) -> ApiResult<web::Json<ChangeRequestPage>> {
    let ChangeRequestParams { status, customer_id, requested_by, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let page = changes::list(&app.db, can.scope(), Filter { status, customer_id, requested_by }, page).await?;
    let next = page.next;
    let items = page.items.into_iter().map(|known| ChangeRequest::of(known, &can.actor)).collect::<ApiResult<_>>()?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next }.into()))
}

/// Read a change request
#[utoipa::path(tag = "customers", operation_id = "get_change_request", params(("id" = Uuid, Path, description = "The change request")), security(("bearer" = [])),
    responses((status = 200, description = "The change request", body = ChangeRequest, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["change_request_not_found"]))))]
#[get("/change-requests/{id}")]
async fn get_change_request(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<ChangeRequest>> {
    let known = changes::show(&app.db, can.scope(), id.0).await?.ok_or(Code::ChangeRequestNotFound)?;
    let version = known.request.version;
    Ok(Versioned::ok(ChangeRequest::of(known, &can.actor)?, version))
}

/// Approve a change request
///
/// Does what was asked for, once. Where one of the fields has changed since the request, nothing is done: 409
/// `change_request_stale`, and the request is `superseded`. A manager decides for the own department, an administrator for
/// all, nobody on the own request.
#[utoipa::path(tag = "customers", operation_id = "approve_change_request", params(("id" = Uuid, Path, description = "The change request")), security(("bearer" = [])),
    responses((status = 200, description = "The change request, `approved`", body = ChangeRequest, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("change_requests:decide")), ("x-errors" = json!([
        "change_request_not_found", "version_conflict", "change_request_decided", "change_request_stale", "own_change_request", "not_your_department",
        "user_not_found", "department_not_found", "custom_field_unknown", "custom_field_invalid"]))))]
#[post("/change-requests/{id}/approve")]
async fn approve_change_request(
    can: Can<may::ChangeRequestsDecide>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<ChangeRequest>> {
    ChangeRequest::versioned(approve(&app, &can.command()?, id.0).await?, &can.actor)
}

/// Reject a change request
#[utoipa::path(tag = "customers", operation_id = "reject_change_request", params(("id" = Uuid, Path, description = "The change request")),
    request_body = RejectChange, security(("bearer" = [])),
    responses((status = 200, description = "The change request, `rejected`", body = ChangeRequest, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("change_requests:decide")), ("x-errors" = json!([
        "change_request_not_found", "version_conflict", "change_request_decided", "own_change_request", "not_your_department"]))))]
#[post("/change-requests/{id}/reject")]
async fn reject_change_request(
    can: Can<may::ChangeRequestsDecide>,
    app: web::Data<App>,
    id: Id,
    body: Body<RejectChange>,
) -> ApiResult<Versioned<ChangeRequest>> {
    ChangeRequest::versioned(reject(&app, &can.command()?, id.0, body.0.reason).await?, &can.actor)
}

/// Take a change request back
///
/// Only its requester may.
#[utoipa::path(tag = "customers", operation_id = "withdraw_change_request", params(("id" = Uuid, Path, description = "The change request")), security(("bearer" = [])),
    responses((status = 200, description = "The change request, `withdrawn`", body = ChangeRequest, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!([
        "change_request_not_found", "version_conflict", "change_request_decided", "not_your_change_request"]))))]
#[post("/change-requests/{id}/withdraw")]
async fn withdraw_change_request(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<ChangeRequest>> {
    ChangeRequest::versioned(withdraw(&app, &can.command()?, id.0).await?, &can.actor)
}
