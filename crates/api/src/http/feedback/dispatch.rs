use actix_web::{post, web};
use huiyin_domain::feedback::{Mood, Priority, Strategy, Subtype};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::Feedback;
use super::routing::distinct;
use crate::http::support::enums::{AssignStrategySchema, MoodSchema, PrioritySchema, SubtypeSchema};
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::dispatch::{Assignment, assign, reject, triage};

pub fn routes(config: &mut ServiceConfig) {
    config.service(triage_feedback).service(assign_feedback).service(reject_feedback);
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Triage {
    #[schema(value_type = SubtypeSchema)]
    subtype: Subtype,
    #[schema(value_type = PrioritySchema)]
    priority: Priority,
    /// Stays as it is unless given.
    #[schema(nullable = false, value_type = Option<MoodSchema>)]
    mood: Option<Mood>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Assign {
    department_id: Uuid,
    /// One person of that department; whoever is away is stood in for.
    handler_id: Option<Uuid>,
    /// How somebody is found where nobody is named; `pool` unless given: whoever there accepts it first.
    #[schema(nullable = false, value_type = Option<AssignStrategySchema>)]
    strategy: Option<Strategy>,
    /// Collaborating departments of a cross-department feedback.
    #[schema(max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
    #[schema(max_length = 500, example = "涉及合同条款，请销售部牵头")]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Reject {
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "不属于本部门职责")]
    reason: String,
}

/// Say what a feedback is
///
/// A person's word on category, priority and mood; the deadlines follow, and the classifier learns from what was changed. One
/// that waited for triage, or was sent back, goes where the routing rules say, but not to a department that has sent it back.
#[utoipa::path(tag = "feedback", operation_id = "triage_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Triage, security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:dispatch")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/triage")]
async fn triage_feedback(
    can: Can<may::FeedbackDispatch>,
    app: web::Data<App>,
    id: Id,
    body: Body<Triage>,
) -> ApiResult<Versioned<Feedback>> {
    let view = triage(&app, &can.command()?, id.0, body.0.subtype, body.0.priority, body.0.mood).await?;
    Feedback::versioned(view, &can.actor)
}

/// Assign a feedback
///
/// To a department, and perhaps to one person there: by name, or by turn. In place of somebody who is away it is given to
/// the deputy, else to whoever is next.
#[utoipa::path(tag = "feedback", operation_id = "assign_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Assign, security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:dispatch")),
        ("x-errors" = json!(["feedback_not_found", "department_not_found", "user_not_found", "feedback_state", "not_yours", "handler_outside_department"]))))]
#[post("/feedback/{id}/assign")]
async fn assign_feedback(
    can: Can<may::FeedbackDispatch>,
    app: web::Data<App>,
    id: Id,
    body: Body<Assign>,
) -> ApiResult<Versioned<Feedback>> {
    let Body(Assign { department_id, handler_id, strategy, collaborators, reason }) = body;
    let to = Assignment { department_id, handler_id, strategy, collaborators: distinct(collaborators), reason };
    Feedback::versioned(assign(&app, &can.command()?, id.0, to).await?, &can.actor)
}

/// Reject a feedback
///
/// The department says that it is not its own: back to dispatch, with the reason. No rule sends it there again.
#[utoipa::path(tag = "feedback", operation_id = "reject_feedback", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = Reject, security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "not_yours"]))))]
#[post("/feedback/{id}/reject")]
async fn reject_feedback(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<Reject>,
) -> ApiResult<Versioned<Feedback>> {
    Feedback::versioned(reject(&app, &can.command()?, id.0, body.0.reason).await?, &can.actor)
}
