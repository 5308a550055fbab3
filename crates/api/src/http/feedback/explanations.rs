use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::ExplanationStatus;
use huiyin_persistence::feedback::explanations::{self, Explanation as Stored};
use huiyin_persistence::feedback::pool;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::ExplanationStatusSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::feedback::promises::{approve, explain, reject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(explain_delay)
        .service(list_feedback_delay_explanations)
        .service(list_delay_explanations)
        .service(approve_delay_explanation)
        .service(reject_delay_explanation);
}

/// Why a promise was missed by more than three days (延迟说明), and what the department head says to it.
#[derive(Debug, Serialize, ToSchema)]
struct DelayExplanation {
    id: Uuid,
    feedback_id: Uuid,
    #[schema(value_type = ExplanationStatusSchema)]
    status: String,
    /// The promise that was missed.
    missed: DateTime<Utc>,
    /// The new one, promised with the approval; null where the feedback was resolved already.
    promised_at: Option<DateTime<Utc>>,
    #[schema(example = "等待第三方支付渠道排查，对方周四才能给出结论")]
    reason: String,
    given_by: Option<Uuid>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[schema(example = "请写明与第三方沟通的时间和结果")]
    decision_reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for DelayExplanation {
    fn from(row: Stored) -> Self {
        DelayExplanation {
            id: row.id,
            feedback_id: row.feedback_id,
            status: row.status,
            missed: row.promised_from,
            promised_at: row.promised_to,
            reason: row.reason,
            given_by: row.given_by,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            decision_reason: row.decision_reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(DelayExplanationPage, DelayExplanation);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ExplainDelay {
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = "@prose",
        example = "等待第三方支付渠道排查，对方周四才能给出结论"
    )]
    reason: String,
    /// When it will be resolved instead: in the future. Needed unless it is resolved already, and without effect then.
    #[schema(example = "2026-10-30T10:00:00Z")]
    promised_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RejectExplanation {
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "请写明与第三方沟通的时间和结果")]
    reason: String,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DelayExplanationParams {
    /// Only in this state: `pending` is what waits for a decision.
    #[schema(value_type = Option<ExplanationStatusSchema>)]
    #[param(value_type = Option<ExplanationStatusSchema>)]
    status: Option<ExplanationStatus>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Explain a delay
///
/// Where one is owed (`explanation_owed_since`): the reason and the new time wait for the department head. It stays owed
/// until approved.
#[utoipa::path(tag = "feedback", operation_id = "explain_delay", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = ExplainDelay, security(("bearer" = [])),
    responses((status = 201, description = "The explanation, `pending`", body = DelayExplanation)),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!([
        "feedback_not_found", "version_conflict", "not_yours", "explanation_not_owed", "explanation_pending", "promise_required", "promise_not_in_future"]))))]
#[post("/feedback/{id}/delay-explanations")]
async fn explain_delay(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<ExplainDelay>,
) -> ApiResult<HttpResponse> {
    let Body(ExplainDelay { reason, promised_at }) = body;
    let explanation = explain(&app, &can.command()?, id.0, reason, promised_at).await?;
    Ok(HttpResponse::Created().json(DelayExplanation::from(explanation)))
}

/// List the delay explanations of a feedback
#[utoipa::path(tag = "feedback", operation_id = "list_feedback_delay_explanations", params(("id" = Uuid, Path, description = "The feedback"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of explanations", body = DelayExplanationPage)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/delay-explanations")]
async fn list_feedback_delay_explanations(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<DelayExplanationPage>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let page = explanations::of_feedback(&app.db, feedback.id, params.0.request()?).await?;
    Ok(web::Json(page.map(DelayExplanation::from).into()))
}

/// List delay explanations
///
/// Those of the feedback within reach; `pending` ones wait for the head of its department.
#[utoipa::path(tag = "feedback", operation_id = "list_delay_explanations", params(DelayExplanationParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of explanations", body = DelayExplanationPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/delay-explanations")]
async fn list_delay_explanations(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<DelayExplanationParams>,
) -> ApiResult<web::Json<DelayExplanationPage>> {
    let DelayExplanationParams { status, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let page = explanations::list(&app.db, can.scope(), status, page).await?;
    Ok(web::Json(page.map(DelayExplanation::from).into()))
}

/// Approve a delay explanation
///
/// A manager of the department or an administrator; nobody the own one. Its new time is promised, unless the feedback is
/// resolved meanwhile, and must still lie ahead. Nothing is owed any more.
#[utoipa::path(tag = "feedback", operation_id = "approve_delay_explanation", params(("id" = Uuid, Path, description = "The explanation")), security(("bearer" = [])),
    responses((status = 200, description = "The explanation, `approved`", body = DelayExplanation)),
    extensions(("x-permission" = json!("feedback:approve")), ("x-errors" = json!([
        "explanation_not_found", "explanation_decided", "own_explanation", "not_yours", "feedback_state", "promise_not_in_future"]))))]
#[post("/delay-explanations/{id}/approve")]
async fn approve_delay_explanation(
    can: Can<may::FeedbackApprove>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<DelayExplanation>> {
    Ok(web::Json(approve(&app, &can.command()?, id.0).await?.into()))
}

/// Reject a delay explanation
///
/// With the reason: another one is owed.
#[utoipa::path(tag = "feedback", operation_id = "reject_delay_explanation", params(("id" = Uuid, Path, description = "The explanation")),
    request_body = RejectExplanation, security(("bearer" = [])),
    responses((status = 200, description = "The explanation, `rejected`", body = DelayExplanation)),
    extensions(("x-permission" = json!("feedback:approve")), ("x-errors" = json!([
        "explanation_not_found", "explanation_decided", "own_explanation", "not_yours"]))))]
#[post("/delay-explanations/{id}/reject")]
async fn reject_delay_explanation(
    can: Can<may::FeedbackApprove>,
    app: web::Data<App>,
    id: Id,
    body: Body<RejectExplanation>,
) -> ApiResult<web::Json<DelayExplanation>> {
    Ok(web::Json(reject(&app, &can.command()?, id.0, body.0.reason).await?.into()))
}
