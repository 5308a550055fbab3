use actix_web::{HttpRequest, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::summary;
use huiyin_domain::fault::Code;
use huiyin_persistence::follow_up::plans;
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::to_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::plan_body::FollowUpPlan;
use crate::http::support::problem::reader;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::plan_steps::{Ending, end, pause, resume, start};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(start_follow_up_plan)
        .service(pause_follow_up_plan)
        .service(resume_follow_up_plan)
        .service(end_follow_up_plan)
        .service(get_follow_up_plan_history);
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct EndFollowUpPlan {
    /// Its open tasks are cancelled; else they stay. False unless given.
    #[schema(nullable = false)]
    cancel_open_tasks: Option<bool>,
    /// Why they are cancelled.
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@prose", example = "活动提前结束")]
    reason: Option<String>,
}

/// Start a follow-up plan
///
/// It makes tasks from now on. Nothing of the past is made up for: a touchpoint that goes by days begins with today, one
/// that goes by events with what happens from now on. A plan with a day that is over is not started.
#[utoipa::path(tag = "follow-up plans", operation_id = "start_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "The plan, `active`", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["plan_not_found", "plan_state", "plan_not_yours", "plan_conflict", "date_field_unknown", "condition_mismatch", "custom_field_unknown", "user_not_found", "version_conflict"]))))]
#[post("/follow-up-plans/{id}/start")]
async fn start_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FollowUpPlan>> {
    FollowUpPlan::versioned(start(&app, &can.command()?, id.0).await?)
}

/// Pause a follow-up plan
///
/// It makes no tasks for now; those that there are stay.
#[utoipa::path(tag = "follow-up plans", operation_id = "pause_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "The plan, `paused`", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["plan_not_found", "plan_state", "plan_not_yours", "version_conflict"]))))]
#[post("/follow-up-plans/{id}/pause")]
async fn pause_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FollowUpPlan>> {
    FollowUpPlan::versioned(pause(&app, &can.command()?, id.0).await?)
}

/// Resume a follow-up plan
///
/// What was missed while it was paused goes by its `catch_up`.
#[utoipa::path(tag = "follow-up plans", operation_id = "resume_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "The plan, `active`", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["plan_not_found", "plan_state", "plan_not_yours", "version_conflict"]))))]
#[post("/follow-up-plans/{id}/resume")]
async fn resume_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FollowUpPlan>> {
    FollowUpPlan::versioned(resume(&app, &can.command()?, id.0).await?)
}

/// End a follow-up plan
///
/// For good. With `cancel_open_tasks` its open tasks are cancelled soon after, in the background.
#[utoipa::path(tag = "follow-up plans", operation_id = "end_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")),
    request_body = EndFollowUpPlan, security(("bearer" = [])),
    responses((status = 200, description = "The plan, `ended`", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["plan_not_found", "plan_state", "plan_not_yours", "version_conflict"]))))]
#[post("/follow-up-plans/{id}/end")]
async fn end_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
    body: Body<EndFollowUpPlan>,
) -> ApiResult<Versioned<FollowUpPlan>> {
    let EndFollowUpPlan { cancel_open_tasks, reason } = body.0;
    let ending = Ending { cancel_open_tasks: cancel_open_tasks.unwrap_or_default(), reason };
    FollowUpPlan::versioned(end(&app, &can.command()?, id.0, ending).await?)
}

/// Far more than is done with one plan.
const HISTORY: u64 = 1000;

/// Something that happened to a plan.
#[derive(Debug, Serialize, ToSchema)]
struct PlanHistoryEntry {
    id: Uuid,
    /// Who did it; null for the clock.
    actor_id: Option<Uuid>,
    #[schema(example = "李静")]
    actor_name: Option<String>,
    occurred_at: DateTime<Utc>,
    /// The event's name.
    #[schema(example = "follow_up_plan.paused")]
    kind: String,
    /// A sentence, in Chinese or English by `Accept-Language`.
    #[schema(example = "回访计划暂停")]
    summary: String,
    /// The event itself.
    #[schema(value_type = Object, example = json!({"type": "follow_up_plan.updated", "data": {"fields": ["touchpoints"]}}))]
    event: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct PlanHistory {
    /// Oldest first.
    items: Vec<PlanHistoryEntry>,
}

/// Read the history of a follow-up plan
#[utoipa::path(tag = "follow-up plans", operation_id = "get_follow_up_plan_history", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "What happened, oldest first", body = PlanHistory)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found"]))))]
#[get("/follow-up-plans/{id}/history")]
async fn get_follow_up_plan_history(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<PlanHistory>> {
    let plan = plans::find(&app.db, can.scope(), id.0).await?.ok_or(Code::PlanNotFound)?;
    let recorded = events::of_subject(&app.db, plan.id, 0, HISTORY).await?;
    let actors: Vec<Uuid> = recorded.iter().filter_map(|recorded| recorded.actor_id).collect();
    let names = users::names(&app.db, &actors).await?;
    let reader = reader(&request, &app);
    let entry = |recorded: events::Recorded| -> ApiResult<PlanHistoryEntry> {
        let event = to_json(&recorded.event)?;
        Ok(PlanHistoryEntry {
            id: recorded.id,
            actor_id: recorded.actor_id,
            actor_name: recorded.actor_id.and_then(|actor| names.get(&actor).cloned()),
            occurred_at: recorded.occurred_at,
            kind: recorded.event.kind().to_owned(),
            summary: summary(recorded.event.kind(), &event, true, reader),
            event,
        })
    };
    Ok(web::Json(PlanHistory { items: recorded.into_iter().map(entry).collect::<ApiResult<_>>()? }))
}
