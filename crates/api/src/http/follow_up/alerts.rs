use std::collections::HashMap;

use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::{AlertKind, AlertStatus};
use huiyin_persistence::customers::todos;
use huiyin_persistence::follow_up::alerts::{self, Alert as Stored, Filter};
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::records::RecordCustomer;
use crate::http::support::enums::{AlertKindSchema, AlertStatusSchema};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::alerts::handle;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_alerts).service(handle_alert).service(get_alert);
}

/// A customer gave a low score: somebody should look now (预警).
#[derive(Debug, Serialize, ToSchema)]
pub struct Alert {
    id: Uuid,
    #[schema(value_type = AlertKindSchema)]
    kind: String,
    /// Null where the customer is not known.
    customer: Option<RecordCustomer>,
    /// The record in which the score stands.
    record_id: Option<Uuid>,
    /// The call that is to be made because of it.
    task_id: Option<Uuid>,
    /// The score: CSAT from 1 to 5, NPS from 0 to 10.
    #[schema(minimum = 0, maximum = 10, example = 2)]
    score: Option<i16>,
    #[schema(value_type = AlertStatusSchema)]
    status: String,
    /// What was done about it.
    #[schema(example = "已致电道歉并安排上门检修")]
    note: Option<String>,
    /// Whose it is: the customer's owner, or whoever recorded the score.
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    handled_by: Option<Uuid>,
    handled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

page_of!(AlertPage, Alert);

async fn shown(app: &App, rows: Vec<Stored>) -> ApiResult<Vec<Alert>> {
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|row| row.customer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers = todos::customers_of(&app.db, &ids).await?.into_iter();
    let customers: HashMap<Uuid, RecordCustomer> =
        customers.map(|(id, number, name)| (id, RecordCustomer { id, number, name })).collect();
    let one = |row: Stored| Alert {
        customer: row.customer_id.and_then(|id| customers.get(&id).cloned()),
        id: row.id,
        kind: row.kind,
        record_id: row.record_id,
        task_id: row.task_id,
        score: row.score,
        status: row.status,
        note: row.note,
        owner_id: row.owner_id,
        department_id: row.department_id,
        handled_by: row.handled_by,
        handled_at: row.handled_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(one).collect())
}

async fn versioned(app: &App, row: Stored) -> ApiResult<Versioned<Alert>> {
    let version = row.version;
    let shown = shown(app, vec![row]).await?.pop().ok_or(Code::AlertNotFound)?;
    Ok(Versioned::ok(shown, version))
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AlertParams {
    /// Only of this kind.
    #[schema(value_type = Option<AlertKindSchema>)]
    #[param(value_type = Option<AlertKindSchema>)]
    kind: Option<AlertKind>,
    /// Only in this state.
    #[schema(value_type = Option<AlertStatusSchema>)]
    #[param(value_type = Option<AlertStatusSchema>)]
    status: Option<AlertStatus>,
    /// Only of this customer.
    customer_id: Option<Uuid>,
    /// Only of this owner.
    owner_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct HandleAlert {
    /// What was done about it.
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "已致电道歉并安排上门检修")]
    note: String,
}

/// List alerts
///
/// Newest first: one's own, and those of the department.
#[utoipa::path(tag = "alerts", operation_id = "list_alerts", params(AlertParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of alerts", body = AlertPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/alerts")]
async fn list_alerts(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<AlertParams>,
) -> ApiResult<web::Json<AlertPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let filter =
        Filter { kind: params.kind, status: params.status, customer_id: params.customer_id, owner_id: params.owner_id };
    let page = alerts::list(&app.db, can.scope(), filter, page).await?;
    let next = page.next;
    let items = shown(&app, page.items).await?;
    Ok(web::Json(Page { items, next }.into()))
}

/// Read an alert
#[utoipa::path(tag = "alerts", operation_id = "get_alert", params(("id" = Uuid, Path, description = "The alert")), security(("bearer" = [])),
    responses((status = 200, description = "The alert", body = Alert, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["alert_not_found"]))))]
#[get("/alerts/{id}")]
async fn get_alert(can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Alert>> {
    let row = alerts::find(&app.db, can.scope(), id.0).await?.ok_or(Code::AlertNotFound)?;
    versioned(&app, row).await
}

/// An alert has been seen to
///
/// Once, by its owner, managers and administrators, and by the people of its department where it has no owner. The call that came
/// of it is a task of its own.
#[utoipa::path(tag = "alerts", operation_id = "handle_alert", params(("id" = Uuid, Path, description = "The alert")),
    request_body = HandleAlert, security(("bearer" = [])),
    responses((status = 200, description = "The alert, `handled`", body = Alert, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!(["alert_not_found", "alert_state", "not_author", "version_conflict"]))))]
#[post("/alerts/{id}/handle")]
async fn handle_alert(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<HandleAlert>,
) -> ApiResult<Versioned<Alert>> {
    let row = handle(&app, &can.command()?, id.0, body.0.note).await?;
    versioned(&app, row).await
}
