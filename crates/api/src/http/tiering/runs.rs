use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::tiering::runs::{self, Run as Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{RunStatusSchema, TierCauseSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::tiering::runs::order;

pub fn routes(config: &mut ServiceConfig) {
    config.service(order_run).service(list_runs).service(get_run);
}

/// How far a run has come.
#[derive(Debug, Serialize, ToSchema)]
struct Progress {
    /// Customers to score; null until they have been counted.
    #[schema(example = 4338)]
    customers_total: Option<i64>,
    /// Customers whose tier is stored.
    #[schema(example = 2000)]
    customers_done: i64,
}

/// One computation of all tiers.
#[derive(Debug, Serialize, ToSchema)]
struct TieringRun {
    id: Uuid,
    /// The day it was ordered for.
    as_of: NaiveDate,
    /// The reference date that the model makes of it: later orders do not count; null until it has begun.
    reference: Option<NaiveDate>,
    /// `run`, or `model` where another model was activated.
    #[schema(value_type = TierCauseSchema)]
    cause: String,
    /// The model, as it was when the run was ordered; null in runs of earlier versions.
    model_id: Option<Uuid>,
    #[schema(value_type = RunStatusSchema)]
    status: String,
    progress: Progress,
    /// Why it failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Stored> for TieringRun {
    fn from(run: Stored) -> Self {
        TieringRun {
            id: run.id,
            as_of: run.as_of,
            reference: run.reference,
            cause: run.cause,
            model_id: run.model_id,
            status: run.status,
            progress: Progress { customers_total: run.customers_total, customers_done: run.customers_done },
            error: run.error,
            created_at: run.created_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
        }
    }
}

page_of!(TieringRunPage, TieringRun);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct OrderRun {
    /// The local day as of which customers are seen.
    #[schema(example = "2026-11-01")]
    as_of: NaiveDate,
}

/// Compute all tiers
///
/// Places every customer with orders up to `as_of` by the active model. Answers at once; follow the run at its address.
#[utoipa::path(tag = "tiering", operation_id = "create_tiering_run", request_body = OrderRun, security(("bearer" = [])),
    responses((status = 202, description = "The run, still pending", body = TieringRun, headers(("Location" = String, description = "Address of the run")))),
    extensions(("x-permission" = json!("tiering:run"))))]
#[post("/tiering/runs")]
async fn order_run(can: Can<may::TieringRun>, app: web::Data<App>, body: Body<OrderRun>) -> ApiResult<HttpResponse> {
    let run = order(&app, &can.command()?, body.0.as_of).await?;
    let location = format!("/api/v1/tiering/runs/{}", run.id);
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(TieringRun::from(run)))
}

/// List runs
#[utoipa::path(tag = "tiering", operation_id = "list_tiering_runs", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of runs", body = TieringRunPage)),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/runs")]
async fn list_runs(
    _can: Can<may::TieringRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<TieringRunPage>> {
    let page = runs::list(&app.db, params.0.request()?).await?;
    Ok(web::Json(page.map(TieringRun::from).into()))
}

/// Follow a run
#[utoipa::path(tag = "tiering", operation_id = "get_tiering_run", params(("id" = Uuid, Path, description = "The run")), security(("bearer" = [])),
    responses((status = 200, description = "The run", body = TieringRun)),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["tiering_run_not_found"]))))]
#[get("/tiering/runs/{id}")]
async fn get_run(_can: Can<may::TieringRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<TieringRun>> {
    let run = runs::find(&app.db, id.0).await?.ok_or(Code::TieringRunNotFound)?;
    Ok(web::Json(run.into()))
}
