use std::collections::HashMap;

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::{ConfirmationStatus, CooperationStage};
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::stocktakes::{
    self, Confirmation as StoredConfirmation, Filter, Stocktake as Stored,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::PatchCustomer;
use crate::http::support::enums::{ConfirmationStatusSchema, CooperationStageSchema, StocktakeStatusSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::draft::Profile;
use crate::usecases::customers::stocktakes::{Answer, NewStocktake, answer, close, create};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_stocktake)
        .service(list_stocktakes)
        .service(get_stocktake)
        .service(close_stocktake)
        .service(list_confirmations)
        .service(answer_confirmation);
}

/// A campaign in which owners confirm what is known of their customers (清查行动).
#[derive(Debug, Serialize, ToSchema)]
struct Stocktake {
    id: Uuid,
    #[schema(example = "2026 年第四季度客户清查")]
    name: String,
    /// The last day on which a confirmation is in time.
    #[schema(example = "2026-12-31")]
    due_on: NaiveDate,
    #[schema(value_type = StocktakeStatusSchema)]
    status: String,
    /// Only customers of this department.
    department_id: Option<Uuid>,
    /// Only customers of this owner.
    owner_id: Option<Uuid>,
    /// Only customers of these stages; empty: all.
    #[schema(value_type = Vec<CooperationStageSchema>)]
    cooperation_stages: Value,
    created_by: Option<Uuid>,
    closed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for Stocktake {
    fn from(row: Stored) -> Self {
        Stocktake {
            id: row.id,
            name: row.name,
            due_on: row.due_on,
            status: row.status,
            department_id: row.department_id,
            owner_id: row.owner_id,
            cooperation_stages: row.cooperation_stages,
            created_by: row.created_by,
            closed_at: row.closed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(StocktakePage, Stocktake);

/// How far one owner has come.
#[derive(Debug, Serialize, ToSchema)]
struct OwnerProgress {
    /// `null`: customers without an owner.
    owner_id: Option<Uuid>,
    total: i64,
    answered: i64,
    /// Still open after the due date.
    overdue: i64,
}

/// A stocktake and how far it has come, among the customers within reach.
#[derive(Debug, Serialize, ToSchema)]
struct StocktakeProgress {
    stocktake: Stocktake,
    /// Customers to be confirmed.
    #[schema(example = 120)]
    total: i64,
    #[schema(example = 87)]
    answered: i64,
    #[schema(example = 0)]
    overdue: i64,
    owners: Vec<OwnerProgress>,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateStocktake {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "2026 年第四季度客户清查")]
    name: String,
    /// The end of the quarter unless given.
    #[schema(nullable = false, example = "2026-12-31")]
    due_on: Option<NaiveDate>,
    /// Only customers of this department; the own one for those who do not reach everybody.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
    /// Only customers of this owner.
    #[schema(nullable = false)]
    owner_id: Option<Uuid>,
    /// Only customers of these stages.
    #[schema(nullable = false, value_type = Option<Vec<CooperationStageSchema>>, max_items = 4)]
    cooperation_stages: Option<Vec<CooperationStage>>,
}

/// Begin a stocktake
///
/// Every customer that is meant gets one confirmation, for its present owner to answer; making them may take a while
/// (`status: filling`). Owners are reminded seven days before the due date, on it, and the day after.
#[utoipa::path(tag = "stocktakes", operation_id = "create_stocktake", request_body = CreateStocktake, security(("bearer" = [])),
    responses((status = 201, description = "The stocktake", body = Stocktake, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the stocktake")))),
    extensions(("x-permission" = json!("stocktakes:manage")), ("x-errors" = json!(["department_not_found", "user_not_found", "stocktake_due"]))))]
#[post("/stocktakes")]
async fn create_stocktake(
    can: Can<may::StocktakesManage>,
    app: web::Data<App>,
    body: Body<CreateStocktake>,
) -> ApiResult<Versioned<Stocktake>> {
    let CreateStocktake { name, due_on, department_id, owner_id, cooperation_stages } = body.0;
    let cooperation_stages = cooperation_stages.unwrap_or_default();
    let new = NewStocktake { name, due_on, department_id, owner_id, cooperation_stages };
    let row = create(&app, &can.command()?, new).await?;
    let (version, location) = (row.version, format!("/api/v1/stocktakes/{}", row.id));
    Ok(Versioned::created(row.into(), version, location))
}

/// List stocktakes
#[utoipa::path(tag = "stocktakes", operation_id = "list_stocktakes", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of stocktakes", body = StocktakePage)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/stocktakes")]
async fn list_stocktakes(
    _can: Can<may::CustomersRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<StocktakePage>> {
    let page = stocktakes::list(&app.db, params.0.request()?).await?;
    Ok(web::Json(page.map(Stocktake::from).into()))
}

/// Read a stocktake and its progress
///
/// Counted among the customers within reach: an agent sees the own part of it.
#[utoipa::path(tag = "stocktakes", operation_id = "get_stocktake", params(("id" = Uuid, Path, description = "The stocktake")), security(("bearer" = [])),
    responses((status = 200, description = "The stocktake", body = StocktakeProgress, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["stocktake_not_found"]))))]
#[get("/stocktakes/{id}")]
async fn get_stocktake(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<StocktakeProgress>> {
    let row = stocktakes::find(&app.db, id.0).await?.ok_or(Code::StocktakeNotFound)?;
    let late = app.local_date(can.now) > row.due_on;
    let one = |(owner_id, total, answered): (Option<Uuid>, i64, i64)| OwnerProgress {
        owner_id,
        total,
        answered,
        overdue: if late { total - answered } else { 0 },
    };
    let progress = stocktakes::progress(&app.db, can.scope(), row.id).await?;
    let owners: Vec<OwnerProgress> = progress.into_iter().map(one).collect();
    let sum = |figure: fn(&OwnerProgress) -> i64| owners.iter().map(figure).sum();
    let version = row.version;
    let progress = StocktakeProgress {
        stocktake: row.into(),
        total: sum(|owner| owner.total),
        answered: sum(|owner| owner.answered),
        overdue: sum(|owner| owner.overdue),
        owners,
    };
    Ok(Versioned::ok(progress, version))
}

/// Close a stocktake
///
/// Nothing can be answered any more; what is open stays so.
#[utoipa::path(tag = "stocktakes", operation_id = "close_stocktake", params(("id" = Uuid, Path, description = "The stocktake")), security(("bearer" = [])),
    responses((status = 200, description = "The stocktake", body = Stocktake, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("stocktakes:manage")), ("x-errors" = json!(["stocktake_not_found", "stocktake_closed"]))))]
#[post("/stocktakes/{id}/close")]
async fn close_stocktake(
    can: Can<may::StocktakesManage>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<Stocktake>> {
    let row = close(&app, &can.command()?, id.0).await?;
    let version = row.version;
    Ok(Versioned::ok(row.into(), version))
}

/// Whose data is to be confirmed.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ConfirmedCustomer {
    id: Uuid,
    #[schema(example = "C000001")]
    number: String,
    #[schema(example = "上海晨光贸易有限公司")]
    name: String,
}

/// What an owner is to confirm of one customer, and what was answered.
#[derive(Debug, Serialize, ToSchema)]
struct Confirmation {
    id: Uuid,
    stocktake_id: Uuid,
    customer: ConfirmedCustomer,
    /// Who owned the customer when the confirmation was made.
    owner_id: Option<Uuid>,
    #[schema(value_type = ConfirmationStatusSchema)]
    status: ConfirmationStatus,
    due_on: NaiveDate,
    answered_at: Option<DateTime<Utc>>,
    /// `null` also where another system answered.
    answered_by: Option<Uuid>,
    /// Whether the contract was renewed; `null`: not said.
    renewed: Option<bool>,
    /// Whether the customer is lost.
    lost: Option<bool>,
    /// The stage after the answer.
    #[schema(value_type = Option<CooperationStageSchema>)]
    cooperation_stage: Option<String>,
    /// Names of the fields that were changed by the answer.
    #[schema(value_type = Vec<String>, example = json!(["contract_end"]))]
    corrected: Value,
    note: Option<String>,
}

page_of!(ConfirmationPage, Confirmation);

async fn shown(
    app: &App,
    stocktake: &Stored,
    rows: Vec<StoredConfirmation>,
    late: bool,
) -> ApiResult<Vec<Confirmation>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let names = stocktakes::names(&app.db, &ids).await?.into_iter();
    let names: HashMap<Uuid, (String, String)> = names.map(|(id, number, name)| (id, (number, name))).collect();
    let one = |row: StoredConfirmation| {
        let (number, name) = names.get(&row.customer_id).cloned().unwrap_or_default();
        Confirmation {
            id: row.id,
            stocktake_id: row.stocktake_id,
            customer: ConfirmedCustomer { id: row.customer_id, number, name },
            owner_id: row.owner_id,
            status: match (row.answered_at, late) {
                (Some(_), _) => ConfirmationStatus::Answered,
                (None, true) => ConfirmationStatus::Overdue,
                (None, false) => ConfirmationStatus::Open,
            },
            due_on: stocktake.due_on,
            answered_at: row.answered_at,
            answered_by: row.answered_by,
            renewed: row.renewed,
            lost: row.lost,
            cooperation_stage: row.cooperation_stage,
            corrected: row.corrected,
            note: row.note,
        }
    };
    Ok(rows.into_iter().map(one).collect())
}

#[derive(Debug, Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ConfirmationParams {
    /// Confirmations of this owner.
    owner_id: Option<Uuid>,
    /// `open` are also those that are overdue.
    #[schema(value_type = Option<ConfirmationStatusSchema>)]
    #[param(value_type = Option<ConfirmationStatusSchema>)]
    status: Option<ConfirmationStatus>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List the confirmations of a stocktake
///
/// Of the customers within reach.
#[utoipa::path(tag = "stocktakes", operation_id = "list_confirmations", params(("id" = Uuid, Path, description = "The stocktake"), ConfirmationParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of confirmations", body = ConfirmationPage)),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["stocktake_not_found"]))))]
#[get("/stocktakes/{id}/confirmations")]
async fn list_confirmations(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ConfirmationParams>,
) -> ApiResult<web::Json<ConfirmationPage>> {
    let ConfirmationParams { owner_id, status, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let stocktake = stocktakes::find(&app.db, id.0).await?.ok_or(Code::StocktakeNotFound)?;
    let late = app.local_date(can.now) > stocktake.due_on;
    let filter = Filter { owner_id, status, overdue: late };
    let page = stocktakes::confirmations(&app.db, can.scope(), stocktake.id, filter, page).await?;
    let next_cursor = page.next.map(crate::http::support::page::encode);
    let items = shown(&app, &stocktake, page.items, late).await?;
    Ok(web::Json(ConfirmationPage { items, next_cursor }))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct AnswerConfirmation {
    /// Whether the contract was renewed.
    #[schema(nullable = false)]
    renewed: Option<bool>,
    /// Whether the customer is lost; its stage becomes `lost`.
    #[schema(nullable = false)]
    lost: Option<bool>,
    /// The stage as it is; the known one unless given.
    #[schema(nullable = false, value_type = Option<CooperationStageSchema>)]
    cooperation_stage: Option<CooperationStage>,
    /// What is known wrongly, as in `PATCH /customers/{id}`. Without it everything is confirmed as it is known.
    #[schema(nullable = false)]
    corrections: Option<PatchCustomer>,
    #[schema(nullable = false, min_length = 1, max_length = 10000)]
    note: Option<String>,
}

/// Answer a confirmation
///
/// Confirms the customer and corrects what is known wrongly, both or nothing. A customer is confirmed once a stocktake.
/// Corrections of protected fields become a change request, as in `PATCH /customers/{id}`.
#[utoipa::path(tag = "stocktakes", operation_id = "answer_confirmation", params(("id" = Uuid, Path, description = "The confirmation")),
    request_body = AnswerConfirmation, security(("bearer" = [])),
    responses((status = 200, description = "The confirmation", body = Confirmation)),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["confirmation_not_found", "confirmation_answered", "stocktake_closed", "stocktake_contradiction", "change_request_pending", "user_not_found", "department_not_found", "phone_invalid", "birthday_invalid", "custom_field_unknown", "custom_field_required", "custom_field_invalid"]))))]
#[post("/stocktake-confirmations/{id}/answer")]
async fn answer_confirmation(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<AnswerConfirmation>,
) -> ApiResult<HttpResponse> {
    let AnswerConfirmation { renewed, lost, cooperation_stage, corrections, note } = body.0;
    let inside = |fault: Fault| match fault.pointer.clone() {
        Some(pointer) => fault.at(format!("/corrections{pointer}")),
        None => fault,
    };
    let corrections = corrections.map(Profile::try_from).transpose().map_err(inside)?.unwrap_or_default();
    let said = Answer { renewed, lost: lost.unwrap_or_default(), cooperation_stage, corrections, note };
    let row = answer(&app, &can.command()?, id.0, said).await?;
    let stocktake = stocktakes::find(&app.db, row.stocktake_id).await?.ok_or(Code::StocktakeNotFound)?;
    let late = app.local_date(can.now) > stocktake.due_on;
    let shown = shown(&app, &stocktake, vec![row], late).await?.pop().ok_or(Code::ConfirmationNotFound)?;
    Ok(HttpResponse::Ok().json(shown))
}
