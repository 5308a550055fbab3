//! A follow-up task as it is shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::customers::todos;
use huiyin_persistence::follow_up::tasks::Task as Stored;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::support::enums::{
    CancelCauseSchema, FollowUpMethodSchema, TaskOriginSchema, TaskOutcomeSchema, TaskPrioritySchema, TaskStateSchema,
    TierSchema,
};
use crate::http::support::{ApiResult, Versioned};
use crate::usecases::App;

/// Who is contacted.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct TaskCustomer {
    id: Uuid,
    #[schema(example = "C000001")]
    number: String,
    #[schema(example = "上海晨光贸易有限公司")]
    name: String,
}

/// One contact to make (回访任务).
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpTask {
    id: Uuid,
    #[schema(value_type = TaskOriginSchema)]
    origin: String,
    /// Null for a feedback of nobody who is known.
    customer: Option<TaskCustomer>,
    plan_id: Option<Uuid>,
    touchpoint_id: Option<Uuid>,
    /// What of the touchpoint it is for: a date, or an event.
    #[schema(example = "2026-10-20")]
    occasion: Option<String>,
    /// The feedback that is to be verified.
    feedback_id: Option<Uuid>,
    /// The follow-up record that led to it.
    source_record_id: Option<Uuid>,
    #[schema(example = "购买后第 7 天回访")]
    title: String,
    note: Option<String>,
    #[schema(value_type = FollowUpMethodSchema)]
    method: String,
    script_id: Option<Uuid>,
    #[schema(value_type = TaskPrioritySchema)]
    priority: String,
    /// The customer's, as long as the task is open.
    #[schema(value_type = Option<TierSchema>)]
    tier: Option<String>,
    /// Who is to make the contact; null: whoever of the department begins with it.
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
    /// For whom it was meant, who is away.
    instead_of: Option<Uuid>,
    due_from: DateTime<Utc>,
    /// The last moment at which it is in time.
    due_by: DateTime<Utc>,
    /// As it was promised, before it was postponed.
    first_due_by: DateTime<Utc>,
    #[schema(value_type = TaskStateSchema)]
    state: String,
    /// Still open, and its time has passed.
    overdue: bool,
    /// How often nobody was reached.
    #[schema(example = 1)]
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    #[schema(example = 0)]
    postponements: i32,
    started_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    /// Null where the clock did.
    closed_by: Option<Uuid>,
    #[schema(value_type = Option<TaskOutcomeSchema>)]
    outcome: Option<String>,
    #[schema(value_type = Option<CancelCauseSchema>)]
    cancel_cause: Option<String>,
    #[schema(example = "客户已到店面谈")]
    cancel_reason: Option<String>,
    /// How far up it was told that it is overdue: 1 the head of the department, 2 the director.
    #[schema(minimum = 0, maximum = 2, example = 0)]
    escalation: i32,
    /// Null where a plan or the clock made it.
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Rows with what they say of their customers: whoever is to call may know whom.
pub async fn shown(app: &App, rows: Vec<Stored>, now: DateTime<Utc>) -> ApiResult<Vec<FollowUpTask>> {
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|row| row.customer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers = todos::customers_of(&app.db, &ids).await?.into_iter();
    let customers: HashMap<Uuid, TaskCustomer> =
        customers.map(|(id, number, name)| (id, TaskCustomer { id, number, name })).collect();
    let one = |row: Stored| FollowUpTask {
        customer: row.customer_id.and_then(|id| customers.get(&id).cloned()),
        overdue: row.closed_at.is_none() && row.due_by < now,
        id: row.id,
        origin: row.origin,
        plan_id: row.plan_id,
        touchpoint_id: row.touchpoint_id,
        occasion: row.occasion,
        feedback_id: row.feedback_id,
        source_record_id: row.source_record_id,
        title: row.title,
        note: row.note,
        method: row.method,
        script_id: row.script_id,
        priority: row.priority,
        tier: row.tier,
        assignee_id: row.assignee_id,
        department_id: row.department_id,
        instead_of: row.instead_of,
        due_from: row.due_from,
        due_by: row.due_by,
        first_due_by: row.first_due_by,
        state: row.state,
        attempts: row.attempts,
        next_attempt_at: row.next_attempt_at,
        postponements: row.postponements,
        started_at: row.started_at,
        closed_at: row.closed_at,
        closed_by: row.closed_by,
        outcome: row.outcome,
        cancel_cause: row.cancel_cause,
        cancel_reason: row.cancel_reason,
        escalation: row.escalation,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// One task.
pub async fn one(app: &App, row: Stored, now: DateTime<Utc>) -> ApiResult<FollowUpTask> {
    Ok(shown(app, vec![row], now).await?.pop().ok_or(Code::TaskNotFound)?)
}

/// One task with its version.
pub async fn versioned(app: &App, row: Stored, now: DateTime<Utc>) -> ApiResult<Versioned<FollowUpTask>> {
    let version = row.version;
    Ok(Versioned::ok(one(app, row, now).await?, version))
}
