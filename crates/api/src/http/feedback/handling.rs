use actix_web::{post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::feedback::Method;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::body::Feedback;
use crate::http::support::enums::MethodSchema;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::handling::{
    Resolution, Told, accept, await_customer, confirm, reopen, resolve, resume, start,
};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(accept_feedback)
        .service(start_feedback)
        .service(await_feedback_customer)
        .service(resume_feedback)
        .service(resolve_feedback)
        .service(confirm_feedback)
        .service(reopen_feedback);
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Accept {
    /// When it will be resolved (预计解决时限): in the future, not later than the SLA's resolve deadline.
    #[schema(example = "2026-10-21T10:00:00Z")]
    promised_at: DateTime<Utc>,
}

/// How the customer was told of a resolution.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ResolutionWord {
    /// As the channel of the feedback suggests unless given: a caller is called back.
    #[schema(nullable = false, value_type = Option<MethodSchema>)]
    method: Option<Method>,
    /// What the customer was told; unless given, a text with both solution and improvement.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10000,
        pattern = "@prose",
        example = "已电话告知：登录服务已重置，今后有告警"
    )]
    content: Option<String>,
    /// Now unless given.
    #[schema(nullable = false)]
    communicated_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Resolve {
    /// What settles it.
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "已重置登录服务，客户可以正常登录")]
    solution: String,
    /// What will be done so that it does not happen again.
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "增加登录服务的健康检查和告警")]
    improvement: String,
    /// How the customer was told both; recorded as a communication.
    #[schema(nullable = false)]
    communication: Option<ResolutionWord>,
    /// `false`: the customer is told later, and cannot confirm before a communication says so. `true` unless given.
    #[schema(nullable = false)]
    notify: Option<bool>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Reopen {
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "今天又登录不上了")]
    reason: String,
}

/// Accept a feedback
///
/// Whoever accepts becomes the handler and promises a time. Stops the response clock. Of two who accept at once one has
/// it; the other is told `feedback_taken`, `not_yours` or `feedback_state`.
#[utoipa::path(tag = "feedback", operation_id = "accept_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Accept, security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `accepted`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")),
        ("x-errors" = json!(["feedback_not_found", "feedback_state", "promise_not_in_future", "promise_beyond_sla", "not_yours", "feedback_taken"]))))]
#[post("/feedback/{id}/accept")]
async fn accept_feedback(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<Accept>,
) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(accept(&app, &can.command()?, id.0, body.0.promised_at).await?, &can.actor)
}

/// Start work on a feedback
#[utoipa::path(tag = "feedback", operation_id = "start_feedback", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `in_progress`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/start")]
async fn start_feedback(can: Can<may::FeedbackHandle>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(start(&app, &can.command()?, id.0).await?, &can.actor)
}

/// Wait for the customer's answer
///
/// Pauses the resolve clock and those of the departments.
#[utoipa::path(tag = "feedback", operation_id = "await_feedback_customer", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `awaiting_customer`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/await-customer")]
async fn await_feedback_customer(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(await_customer(&app, &can.command()?, id.0).await?, &can.actor)
}

/// Go on after the customer's answer
///
/// The resolve clock runs on.
#[utoipa::path(tag = "feedback", operation_id = "resume_feedback", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `in_progress`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/resume")]
async fn resume_feedback(can: Can<may::FeedbackHandle>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(resume(&app, &can.command()?, id.0).await?, &can.actor)
}

/// Resolve a feedback
///
/// With the solution and the improvement measures, which are both shown to the customer in a communication that is
/// recorded with it; not while a collaborating department still has its part. Stops the resolve clock, starts the verify
/// clock, and leaves the word to the customer: `awaiting_customer` for `confirmation`. From the third to the fifth working
/// day somebody is to ask the customer whether it holds: a follow-up task of origin `verification`.
#[utoipa::path(tag = "feedback", operation_id = "resolve_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Resolve, security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `awaiting_customer`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "parts_open", "not_yours"]))))]
#[post("/feedback/{id}/resolve")]
async fn resolve_feedback(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<Resolve>,
) -> ApiResult<Versioned<Feedback>> {
    let Body(Resolve { solution, improvement, communication, notify }) = body;
    let ResolutionWord { method, content, communicated_at } = communication.unwrap_or_default();
    let told = notify.unwrap_or(true).then_some(Told { method, content, communicated_at });
    let resolution = Resolution { solution, improvement, told };
    Feedback::versioned(resolve(&app, &can.command()?, id.0, resolution).await?, &can.actor)
}

/// The customer confirms
///
/// The only way to `closed`, once the customer was told both solution and improvement. The feedback goes into the case
/// library.
#[utoipa::path(tag = "feedback", operation_id = "confirm_feedback", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `closed`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "solution_not_shown", "not_yours"]))))]
#[post("/feedback/{id}/confirm")]
async fn confirm_feedback(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(confirm(&app, &can.command()?, id.0).await?, &can.actor)
}

/// The customer does not agree
///
/// After the resolution, or later when it is closed. Handler and times of the round that has ended are kept
/// (`/feedback/{id}/rounds`); the resolve clock runs on, the time in between not counted. It leaves the case library.
#[utoipa::path(tag = "feedback", operation_id = "reopen_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Reopen, security(("bearer" = [])),
    responses((status = 200, description = "The feedback, `reopened`", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/reopen")]
async fn reopen_feedback(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<Reopen>,
) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(reopen(&app, &can.command()?, id.0, body.0.reason).await?, &can.actor)
}
