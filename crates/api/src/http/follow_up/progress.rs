use std::collections::BTreeMap;

use actix_web::{get, web};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::{CancelCause, TaskOutcome, TaskState};
use huiyin_persistence::follow_up::{plans, progress};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;
use crate::usecases::follow_up::alarms::tomorrow;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_progress);
}

/// Completed tasks by what came of them.
#[derive(Debug, Serialize, ToSchema)]
struct CompletedTasks {
    #[schema(minimum = 0, example = 830)]
    total: i64,
    #[schema(minimum = 0, example = 700)]
    reached: i64,
    #[schema(minimum = 0, example = 30)]
    refused: i64,
    #[schema(minimum = 0, example = 100)]
    unreachable: i64,
}

/// Cancelled tasks by why.
#[derive(Debug, Serialize, ToSchema)]
struct CancelledTasks {
    #[schema(minimum = 0, example = 24)]
    total: i64,
    #[schema(minimum = 0, example = 4)]
    person: i64,
    /// The customer no longer belonged to those whom the plan is about.
    #[schema(minimum = 0, example = 18)]
    left_audience: i64,
    /// The customer had been contacted often enough.
    #[schema(minimum = 0, example = 0)]
    contact_limit: i64,
    #[schema(minimum = 0, example = 0)]
    feedback_moved: i64,
    #[schema(minimum = 0, example = 2)]
    merged: i64,
}

/// How far a plan has come (计划进度).
#[derive(Debug, Serialize, ToSchema)]
struct PlanProgress {
    plan_id: Uuid,
    /// All tasks that there were.
    #[schema(minimum = 0, example = 1000)]
    tasks: i64,
    #[schema(minimum = 0, example = 120)]
    pending: i64,
    #[schema(minimum = 0, example = 26)]
    in_progress: i64,
    completed: CompletedTasks,
    cancelled: CancelledTasks,
    /// Open ones whose time has passed.
    #[schema(minimum = 0, example = 7)]
    overdue: i64,
    /// Open ones whose time passes today.
    #[schema(minimum = 0, example = 31)]
    due_today: i64,
}

/// Read how far a follow-up plan has come
///
/// All its tasks as they are now, whoever has them.
#[utoipa::path(tag = "follow-up plans", operation_id = "get_follow_up_plan_progress", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "The figures", body = PlanProgress)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found"]))))]
#[get("/follow-up-plans/{id}/progress")]
async fn get_progress(can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<PlanProgress>> {
    let plan = plans::find(&app.db, can.scope(), id.0).await?.ok_or(Code::PlanNotFound)?;
    let open = progress::open(&app.db, plan.id, can.now, tomorrow(&app, can.now)).await?;
    let closed = progress::closed(&app.db, plan.id).await?;
    let of = |state: TaskState| open.iter().filter(|open| open.state == state.as_str()).map(|open| open.tasks).sum();
    let (pending, in_progress): (i64, i64) = (of(TaskState::Pending), of(TaskState::InProgress));
    Ok(web::Json(PlanProgress {
        plan_id: plan.id,
        tasks: pending + in_progress + closed.values().sum::<i64>(),
        pending,
        in_progress,
        completed: completed(&closed),
        cancelled: cancelled(&closed),
        overdue: open.iter().map(|open| open.overdue).sum(),
        due_today: open.iter().map(|open| open.due_today).sum(),
    }))
}

fn completed(closed: &BTreeMap<String, i64>) -> CompletedTasks {
    let of = |outcome: TaskOutcome| closed.get(outcome.as_str()).copied().unwrap_or_default();
    CompletedTasks {
        total: TaskOutcome::ALL.iter().copied().map(of).sum(),
        reached: of(TaskOutcome::Reached),
        refused: of(TaskOutcome::Refused),
        unreachable: of(TaskOutcome::Unreachable),
    }
}

fn cancelled(closed: &BTreeMap<String, i64>) -> CancelledTasks {
    let of = |cause: CancelCause| closed.get(cause.as_str()).copied().unwrap_or_default();
    CancelledTasks {
        total: CancelCause::ALL.iter().copied().map(of).sum(),
        person: of(CancelCause::Person),
        left_audience: of(CancelCause::LeftAudience),
        contact_limit: of(CancelCause::ContactLimit),
        feedback_moved: of(CancelCause::FeedbackMoved),
        merged: of(CancelCause::Merged),
    }
}
