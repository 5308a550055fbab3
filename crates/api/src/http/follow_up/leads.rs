use std::collections::HashMap;

use actix_web::{get, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::LeadStatus;
use huiyin_domain::money::Money;
use huiyin_persistence::customers::todos;
use huiyin_persistence::follow_up::leads::{self, Filter, Lead as Stored};
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::records::RecordCustomer;
use crate::http::support::enums::{LeadProgressSchema, LeadResultSchema, LeadStatusSchema};
use crate::http::support::money::Price;
use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::leads::{Change, close, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_leads).service(close_lead).service(get_lead).service(update_lead);
}

/// A purchase intent found in a follow-up (线索).
#[derive(Debug, Serialize, ToSchema)]
pub struct PurchaseLead {
    id: Uuid,
    customer: RecordCustomer,
    /// The record of the follow-up in which it was found.
    record_id: Option<Uuid>,
    #[schema(example = "计划增购 20 台打印机")]
    title: String,
    note: Option<String>,
    #[schema(example = "办公设备")]
    product_line: Option<String>,
    /// A decimal string with two places.
    #[schema(value_type = Option<String>, example = "36000.00")]
    expected_amount: Option<Money>,
    expected_on: Option<NaiveDate>,
    #[schema(value_type = LeadStatusSchema)]
    status: String,
    /// Why it was won or lost.
    #[schema(example = "价格谈妥，已下单")]
    close_reason: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    /// Who works on it; null: whoever of the department takes it.
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    /// Who found it.
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

page_of!(PurchaseLeadPage, PurchaseLead);

/// Rows with what they say of their customers: whoever works on a lead may know for whom.
pub async fn shown(app: &App, rows: Vec<Stored>) -> ApiResult<Vec<PurchaseLead>> {
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers = todos::customers_of(&app.db, &ids).await?.into_iter();
    let customers: HashMap<Uuid, RecordCustomer> =
        customers.map(|(id, number, name)| (id, RecordCustomer { id, number, name })).collect();
    let customer = |id: Uuid| {
        let unknown = || RecordCustomer { id, number: String::new(), name: String::new() };
        customers.get(&id).cloned().unwrap_or_else(unknown)
    };
    let one = |row: Stored| PurchaseLead {
        customer: customer(row.customer_id),
        id: row.id,
        record_id: row.record_id,
        title: row.title,
        note: row.note,
        product_line: row.product_line,
        expected_amount: row.expected_amount.map(Money::from_minor),
        expected_on: row.expected_on,
        status: row.status,
        close_reason: row.close_reason,
        closed_at: row.closed_at,
        owner_id: row.owner_id,
        department_id: row.department_id,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(one).collect())
}

async fn versioned(app: &App, row: Stored) -> ApiResult<Versioned<PurchaseLead>> {
    let version = row.version;
    let shown = shown(app, vec![row]).await?.pop().ok_or(Code::LeadNotFound)?;
    Ok(Versioned::ok(shown, version))
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct LeadParams {
    /// Only of this customer.
    customer_id: Option<Uuid>,
    /// Only of this owner.
    owner_id: Option<Uuid>,
    /// Only of this department.
    department_id: Option<Uuid>,
    /// Only in this state.
    #[schema(value_type = Option<LeadStatusSchema>)]
    #[param(value_type = Option<LeadStatusSchema>)]
    status: Option<LeadStatus>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Fields that are absent stay; null clears.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchLead {
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@line", example = "计划增购 20 台打印机")]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    note: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = "@line", example = "办公设备")]
    product_line: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Price>)]
    expected_amount: Option<Option<Price>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<NaiveDate>, example = "2026-12-31")]
    expected_on: Option<Option<NaiveDate>>,
    /// Another owner, whose department it goes to.
    #[schema(nullable = false)]
    owner_id: Option<Uuid>,
    #[schema(nullable = false, value_type = Option<LeadProgressSchema>)]
    status: Option<LeadStatus>,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CloseLead {
    #[schema(value_type = LeadResultSchema)]
    status: LeadStatus,
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "价格谈妥，已下单")]
    reason: String,
}

/// List leads
///
/// Newest first: one's own, those one has found, and those of the department.
#[utoipa::path(tag = "leads", operation_id = "list_leads", params(LeadParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of leads", body = PurchaseLeadPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/leads")]
async fn list_leads(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<LeadParams>,
) -> ApiResult<web::Json<PurchaseLeadPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let filter = Filter {
        customer_id: params.customer_id,
        owner_id: params.owner_id,
        department_id: params.department_id,
        status: params.status,
    };
    let page = leads::list(&app.db, can.scope(), filter, page).await?;
    let next = page.next;
    let items = shown(&app, page.items).await?;
    Ok(web::Json(Page { items, next }.into()))
}

/// Read a lead
#[utoipa::path(tag = "leads", operation_id = "get_lead", params(("id" = Uuid, Path, description = "The lead")), security(("bearer" = [])),
    responses((status = 200, description = "The lead", body = PurchaseLead, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["lead_not_found"]))))]
#[get("/leads/{id}")]
async fn get_lead(can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<PurchaseLead>> {
    let row = leads::find(&app.db, can.scope(), id.0).await?.ok_or(Code::LeadNotFound)?;
    versioned(&app, row).await
}

/// Change a lead
///
/// As long as it is neither won nor lost; by its owner, who found it, managers and administrators, and by the people of its
/// department where it has no owner.
#[utoipa::path(tag = "leads", operation_id = "update_lead", params(("id" = Uuid, Path, description = "The lead")),
    request_body = PatchLead, security(("bearer" = [])),
    responses((status = 200, description = "The lead", body = PurchaseLead, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!(["lead_not_found", "user_not_found", "lead_state", "not_author"]))))]
#[patch("/leads/{id}")]
async fn update_lead(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchLead>,
) -> ApiResult<Versioned<PurchaseLead>> {
    let body = body.0;
    let amount = body.expected_amount.map(|amount| amount.map(|amount| amount.money()).transpose()).transpose();
    let change = Change {
        title: body.title,
        note: body.note,
        product_line: body.product_line,
        expected_amount: amount.map_err(|fault| fault.at("/expected_amount"))?,
        expected_on: body.expected_on,
        owner_id: body.owner_id,
        status: body.status,
    };
    let row = update(&app, &can.command()?, id.0, change).await?;
    versioned(&app, row).await
}

/// A lead is won or lost
#[utoipa::path(tag = "leads", operation_id = "close_lead", params(("id" = Uuid, Path, description = "The lead")),
    request_body = CloseLead, security(("bearer" = [])),
    responses((status = 200, description = "The lead, `won` or `lost`", body = PurchaseLead, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!(["lead_not_found", "lead_state", "not_author", "version_conflict"]))))]
#[post("/leads/{id}/close")]
async fn close_lead(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<CloseLead>,
) -> ApiResult<Versioned<PurchaseLead>> {
    let CloseLead { status, reason } = body.0;
    let row = close(&app, &can.command()?, id.0, status, reason).await?;
    versioned(&app, row).await
}
