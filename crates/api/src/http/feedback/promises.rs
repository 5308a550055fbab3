use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::feedback::promises::{self, Promise as Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::Feedback;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::promises::revise;

pub fn routes(config: &mut ServiceConfig) {
    config.service(revise_promise).service(list_promises);
}

/// What a handler promised (预计解决时限).
#[derive(Debug, Serialize, ToSchema)]
struct Promise {
    id: Uuid,
    feedback_id: Uuid,
    /// The promise before; null for the first one of a round.
    from: Option<DateTime<Utc>>,
    to: DateTime<Utc>,
    /// The SLA's resolve deadline at that time; null while it was paused or where there is none.
    bound: Option<DateTime<Utc>>,
    /// Whether it lay beyond that.
    beyond_sla: bool,
    /// Null where it was given by accepting.
    #[schema(example = "供应商的补丁要到周五才发布")]
    reason: Option<String>,
    /// The delay explanation by whose approval it came about.
    explanation_id: Option<Uuid>,
    made_by: Option<Uuid>,
    made_at: DateTime<Utc>,
}

impl From<Stored> for Promise {
    fn from(row: Stored) -> Self {
        Promise {
            id: row.id,
            feedback_id: row.feedback_id,
            from: row.promised_from,
            to: row.promised_to,
            bound: row.bound,
            beyond_sla: row.bound.is_some_and(|bound| row.promised_to > bound),
            reason: row.reason,
            explanation_id: row.explanation_id,
            made_by: row.made_by,
            made_at: row.made_at,
        }
    }
}

page_of!(PromisePage, Promise);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RevisePromise {
    /// When it will be resolved instead: in the future. It may lie beyond the SLA's resolve deadline, and is shown as such.
    #[schema(example = "2026-10-23T10:00:00Z")]
    promised_at: DateTime<Utc>,
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "供应商的补丁要到周五才发布")]
    reason: String,
}

/// Promise another time
///
/// With the reason; every promise is kept. Reminders follow it. While a delay explanation is owed, another time is promised
/// by that explanation alone.
#[utoipa::path(tag = "feedback", operation_id = "revise_promise", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = RevisePromise, security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")),
        ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours", "promise_not_in_future", "explanation_owed"]))))]
#[post("/feedback/{id}/promise")]
async fn revise_promise(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<RevisePromise>,
) -> ApiResult<Versioned<Feedback>> {
    let Body(RevisePromise { promised_at, reason }) = body;
    Feedback::versioned(revise(&app, &can.command()?, id.0, promised_at, reason).await?, &can.actor)
}

/// List the promises of a feedback
///
/// Newest first, from its acceptance on.
#[utoipa::path(tag = "feedback", operation_id = "list_promises", params(("id" = Uuid, Path, description = "The feedback"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of promises", body = PromisePage)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/promises")]
async fn list_promises(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<PromisePage>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let page = promises::list(&app.db, feedback.id, params.0.request()?).await?;
    Ok(web::Json(page.map(Promise::from).into()))
}
