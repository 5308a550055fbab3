use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::task::NotReached;
use huiyin_persistence::follow_up::attempts::{self, Attempt as StoredAttempt};
use huiyin_persistence::follow_up::tasks;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::task_body::{FollowUpTask, versioned};
use crate::http::support::enums::NotReachedSchema;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::task_steps::{Later, Miss, cancel, could_not_reach, postpone, reassign, start};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(start_task)
        .service(could_not_reach_customer)
        .service(postpone_task)
        .service(reassign_task)
        .service(cancel_task)
        .service(list_attempts);
}

/// Begin with a follow-up task
///
/// What lay in the department's pool is yours by that; of two who begin at once the other is told `task_taken`.
#[utoipa::path(tag = "follow-up tasks", operation_id = "start_follow_up_task", params(("id" = Uuid, Path, description = "The task")), security(("bearer" = [])),
    responses((status = 200, description = "The task, `in_progress`", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["task_not_found", "task_state", "task_not_yours", "task_taken", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/start")]
async fn start_task(can: Can<may::FollowUpHandle>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<FollowUpTask>> {
    versioned(&app, start(&app, &can.command()?, id.0).await?, can.now).await
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CouldNotReach {
    #[schema(value_type = NotReachedSchema)]
    reason: NotReached,
    #[schema(max_length = 500, example = "响铃无人接听")]
    note: Option<String>,
    /// When it is tried again; the opening of the next working day unless given.
    #[schema(nullable = false, example = "2030-10-21T01:00:00Z")]
    next_attempt_at: Option<DateTime<Utc>>,
}

/// Say that nobody was reached
///
/// It is tried again at `next_attempt_at`; the due time moves along where that lies before. The last attempt, the third
/// unless the limits say otherwise, completes the task as `unreachable`.
#[utoipa::path(tag = "follow-up tasks", operation_id = "could_not_reach_customer", params(("id" = Uuid, Path, description = "The task")),
    request_body = CouldNotReach, security(("bearer" = [])),
    responses((status = 200, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["task_not_found", "task_state", "task_not_yours", "due_in_past", "postpone_limit", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/could-not-reach")]
async fn could_not_reach_customer(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<CouldNotReach>,
) -> ApiResult<Versioned<FollowUpTask>> {
    let CouldNotReach { reason, note, next_attempt_at } = body.0;
    let row = could_not_reach(&app, &can.command()?, id.0, Miss { reason, note, next_attempt_at }).await?;
    versioned(&app, row, can.now).await
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PostponeFollowUpTask {
    /// As long before the end as it was, unless given.
    #[schema(nullable = false, example = "2030-10-24T01:00:00Z")]
    due_from: Option<DateTime<Utc>>,
    /// Later than now, and than it was due.
    #[schema(example = "2030-10-26T10:00:00Z")]
    due_by: DateTime<Utc>,
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "客户出差，下周回来")]
    reason: String,
}

/// Postpone a follow-up task
///
/// Three times at most and by thirty days in all, unless the limits say otherwise. Whether it is done in time is told by
/// `first_due_by`, as it was before.
#[utoipa::path(tag = "follow-up tasks", operation_id = "postpone_follow_up_task", params(("id" = Uuid, Path, description = "The task")),
    request_body = PostponeFollowUpTask, security(("bearer" = [])),
    responses((status = 200, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["task_not_found", "task_state", "task_not_yours", "due_in_past", "due_window", "due_too_far", "not_later", "postpone_limit", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/postpone")]
async fn postpone_task(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<PostponeFollowUpTask>,
) -> ApiResult<Versioned<FollowUpTask>> {
    let PostponeFollowUpTask { due_from, due_by, reason } = body.0;
    let row = postpone(&app, &can.command()?, id.0, Later { due_from, due_by, reason }).await?;
    versioned(&app, row, can.now).await
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ReassignFollowUpTask {
    /// Whoever is away is stood in for.
    #[schema(nullable = false)]
    assignee_id: Option<Uuid>,
    /// Without `assignee_id`: the pool of this department. The assignee's own unless given.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
}

/// Put a follow-up task into other hands
///
/// Those of a person, or of a department's pool; it is `pending` again.
#[utoipa::path(tag = "follow-up tasks", operation_id = "reassign_follow_up_task", params(("id" = Uuid, Path, description = "The task")),
    request_body = ReassignFollowUpTask, security(("bearer" = [])),
    responses((status = 200, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:assign")),
        ("x-errors" = json!(["task_not_found", "user_not_found", "department_not_found", "reference_missing", "handler_outside_department", "assignee_cannot_follow_up", "task_state", "task_not_yours", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/reassign")]
async fn reassign_task(
    can: Can<may::FollowUpAssign>,
    app: web::Data<App>,
    id: Id,
    body: Body<ReassignFollowUpTask>,
) -> ApiResult<Versioned<FollowUpTask>> {
    let ReassignFollowUpTask { assignee_id, department_id } = body.0;
    let row = reassign(&app, &can.command()?, id.0, assignee_id, department_id).await?;
    versioned(&app, row, can.now).await
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CancelFollowUpTask {
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "客户已到店面谈")]
    reason: String,
}

/// Call a follow-up task off
#[utoipa::path(tag = "follow-up tasks", operation_id = "cancel_follow_up_task", params(("id" = Uuid, Path, description = "The task")),
    request_body = CancelFollowUpTask, security(("bearer" = [])),
    responses((status = 200, description = "The task, `cancelled`", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["task_not_found", "task_state", "task_not_yours", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/cancel")]
async fn cancel_task(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<CancelFollowUpTask>,
) -> ApiResult<Versioned<FollowUpTask>> {
    versioned(&app, cancel(&app, &can.command()?, id.0, body.0.reason).await?, can.now).await
}

/// An attempt that reached nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskAttempt {
    id: Uuid,
    /// 1 is the first.
    #[schema(example = 1)]
    number: i32,
    tried_at: DateTime<Utc>,
    tried_by: Option<Uuid>,
    #[schema(value_type = NotReachedSchema)]
    reason: String,
    #[schema(example = "响铃无人接听")]
    note: Option<String>,
    /// Null: it was the last.
    next_attempt_at: Option<DateTime<Utc>>,
}

impl From<StoredAttempt> for TaskAttempt {
    fn from(row: StoredAttempt) -> Self {
        let StoredAttempt { id, number, tried_at, tried_by, reason, note, next_attempt_at, .. } = row;
        TaskAttempt { id, number, tried_at, tried_by, reason, note, next_attempt_at }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct TaskAttempts {
    /// Oldest first.
    items: Vec<TaskAttempt>,
}

/// List the attempts of a follow-up task
///
/// Those that reached nobody.
#[utoipa::path(tag = "follow-up tasks", operation_id = "list_follow_up_attempts", params(("id" = Uuid, Path, description = "The task")), security(("bearer" = [])),
    responses((status = 200, description = "The attempts", body = TaskAttempts)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["task_not_found"]))))]
#[get("/follow-up-tasks/{id}/attempts")]
async fn list_attempts(can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<TaskAttempts>> {
    let task = tasks::find(&app.db, can.scope(), id.0).await?.ok_or(Code::TaskNotFound)?;
    let items = attempts::of_task(&app.db, task.id).await?;
    Ok(web::Json(TaskAttempts { items: items.into_iter().map(TaskAttempt::from).collect() }))
}
