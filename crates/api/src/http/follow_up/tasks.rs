use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::{FollowUpMethod, TaskOrigin, TaskPriority, TaskState};
use huiyin_persistence::follow_up::tasks::{self, Filter, Place};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::task_body::{FollowUpTask, one, shown, versioned};
use crate::http::support::enums::{FollowUpMethodSchema, TaskOriginSchema, TaskPrioritySchema, TaskStateSchema};
use crate::http::support::page::{decode_place, encode_place, invalid_cursor};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::task_steps::{Change, Given, give, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_tasks).service(create_task).service(get_task).service(update_task);
}

/// One page of follow-up tasks, what is due last first.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpTaskPage {
    items: Vec<FollowUpTask>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateFollowUpTask {
    customer_id: Uuid,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "了解新设备的使用情况")]
    title: String,
    #[schema(max_length = 10000)]
    note: Option<String>,
    #[schema(value_type = FollowUpMethodSchema)]
    method: FollowUpMethod,
    /// What is said.
    script_id: Option<Uuid>,
    /// `normal` unless given.
    #[schema(nullable = false, value_type = Option<TaskPrioritySchema>)]
    priority: Option<TaskPriority>,
    /// When it may begin; now unless given.
    #[schema(nullable = false, example = "2030-10-21T01:00:00Z")]
    due_from: Option<DateTime<Utc>>,
    /// The last moment at which it is in time; within five years.
    #[schema(example = "2030-10-23T10:00:00Z")]
    due_by: DateTime<Utc>,
    /// Who is to make the contact: yourself where neither this nor `department_id` is given. Somebody else only with
    /// `follow_up:assign`; whoever is away is stood in for.
    #[schema(nullable = false)]
    assignee_id: Option<Uuid>,
    /// Without `assignee_id`: the pool of this department.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchFollowUpTask {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "了解新设备的使用情况")]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    note: Option<Option<String>>,
    #[schema(nullable = false, value_type = Option<TaskPrioritySchema>)]
    priority: Option<TaskPriority>,
    #[schema(nullable = false, example = "2030-10-21T01:00:00Z")]
    due_from: Option<DateTime<Utc>>,
    #[schema(nullable = false, example = "2030-10-23T10:00:00Z")]
    due_by: Option<DateTime<Utc>>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FollowUpTaskParams {
    customer_id: Option<Uuid>,
    plan_id: Option<Uuid>,
    feedback_id: Option<Uuid>,
    #[schema(value_type = Option<TaskOriginSchema>)]
    #[param(value_type = Option<TaskOriginSchema>)]
    origin: Option<TaskOrigin>,
    #[schema(value_type = Option<TaskStateSchema>)]
    #[param(value_type = Option<TaskStateSchema>)]
    state: Option<TaskState>,
    /// In the hands of this user.
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
    /// Due at this moment or later.
    due_since: Option<DateTime<Utc>>,
    /// Due before this moment.
    due_before: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "^0[0-9a-f]{47}$")]
    #[param(pattern = "^0[0-9a-f]{47}$")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// By microseconds.
fn encode((due_by, id): Place) -> String {
    encode_place((due_by.timestamp_micros().max(0), id))
}

fn decode(cursor: &str) -> Result<Place, Fault> {
    let (due_by, id) = decode_place(cursor)?;
    Ok((DateTime::from_timestamp_micros(due_by).ok_or_else(invalid_cursor)?, id))
}

/// List follow-up tasks
///
/// Your own, those of your department as far as your reach goes, and what lies in its pool; open and closed ones, what is due
/// last first. What is to be done, in the order of work, is in `GET /follow-up-tasks/work-list`.
#[utoipa::path(tag = "follow-up tasks", operation_id = "list_follow_up_tasks", params(FollowUpTaskParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of tasks", body = FollowUpTaskPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-tasks")]
async fn list_tasks(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<FollowUpTaskParams>,
) -> ApiResult<web::Json<FollowUpTaskPage>> {
    let params = params.0;
    let limit = PageParams { cursor: None, limit: params.limit }.request()?.limit;
    let after = params.cursor.as_deref().map(decode).transpose()?;
    let filter = Filter {
        customer_id: params.customer_id,
        plan_id: params.plan_id,
        feedback_id: params.feedback_id,
        origin: params.origin,
        state: params.state,
        assignee_id: params.assignee_id,
        department_id: params.department_id,
        due_since: params.due_since,
        due_before: params.due_before,
    };
    let (rows, next) = tasks::list(&app.db, can.scope(), filter, after, limit).await?;
    let items = shown(&app, rows, can.now).await?;
    Ok(web::Json(FollowUpTaskPage { items, next_cursor: next.map(encode) }))
}

/// Give a follow-up task
///
/// By hand, for a customer within reach. Plans, verifications and records make theirs themselves.
#[utoipa::path(tag = "follow-up tasks", operation_id = "create_follow_up_task", request_body = CreateFollowUpTask, security(("bearer" = [])),
    responses((status = 201, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the task")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["customer_not_found", "customer_merged", "script_not_found", "user_not_found", "department_not_found", "reference_missing", "handler_outside_department", "assignee_cannot_follow_up", "due_in_past", "due_window", "due_too_far"]))))]
#[post("/follow-up-tasks")]
async fn create_task(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    body: Body<CreateFollowUpTask>,
) -> ApiResult<Versioned<FollowUpTask>> {
    let body = body.0;
    let given = Given {
        customer_id: body.customer_id,
        title: body.title,
        note: body.note,
        method: body.method,
        script_id: body.script_id,
        priority: body.priority.unwrap_or(TaskPriority::Normal),
        due_from: body.due_from,
        due_by: body.due_by,
        assignee_id: body.assignee_id,
        department_id: body.department_id,
    };
    let row = give(&app, &can.command()?, given).await?;
    let (version, location) = (row.version, format!("/api/v1/follow-up-tasks/{}", row.id));
    Ok(Versioned::created(one(&app, row, can.now).await?, version, location))
}

/// Read a follow-up task
#[utoipa::path(tag = "follow-up tasks", operation_id = "get_follow_up_task", params(("id" = Uuid, Path, description = "The task")), security(("bearer" = [])),
    responses((status = 200, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["task_not_found"]))))]
#[get("/follow-up-tasks/{id}")]
async fn get_task(can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<FollowUpTask>> {
    let row = tasks::find(&app.db, can.scope(), id.0).await?.ok_or(Code::TaskNotFound)?;
    versioned(&app, row, can.now).await
}

/// Change a follow-up task
///
/// As long as it is open. Title and note by whoever may work on it; when it is due and how pressing it is by the manager of
/// its department, an administrator, and who gave it by hand: that is what is promised from then on, and no postponing.
#[utoipa::path(tag = "follow-up tasks", operation_id = "update_follow_up_task", params(("id" = Uuid, Path, description = "The task")),
    request_body = PatchFollowUpTask, security(("bearer" = [])),
    responses((status = 200, description = "The task", body = FollowUpTask, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")),
        ("x-errors" = json!(["task_not_found", "task_state", "task_not_yours", "due_in_past", "due_window", "due_too_far"]))))]
#[patch("/follow-up-tasks/{id}")]
async fn update_task(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchFollowUpTask>,
) -> ApiResult<Versioned<FollowUpTask>> {
    let Body(PatchFollowUpTask { title, note, priority, due_from, due_by }) = body;
    let change = Change { title, note, priority, due_from, due_by };
    versioned(&app, update(&app, &can.command()?, id.0, change).await?, can.now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_finds_its_place_again() {
        for due_by in ["1970-01-01T00:00:00Z", "2026-10-20T02:00:00.000001Z", "9999-12-31T23:59:59.999999Z"] {
            let place = (due_by.parse().unwrap(), Uuid::from_u128(42));
            assert_eq!(decode(&encode(place)).unwrap(), place, "{due_by}");
        }
        assert!(decode(&format!("0{}", "f".repeat(47))).is_ok(), "whatever fits the pattern is read");
        assert!(decode("zz").is_err());
    }
}
