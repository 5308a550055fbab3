//! Follow-up tasks and records as rows, for stories that need many of them.

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::{CancelCause, TaskOutcome, TaskState};
use huiyin_persistence::entity::{follow_up_plans, follow_up_records, follow_up_tasks};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Running;

/// A plan that is there, with or without a goal.
pub async fn plan(running: &Running, name: &str, department: Option<&str>, goal: Option<Value>) -> Uuid {
    let (id, now) = (Uuid::now_v7(), super::app::beginning());
    let row = follow_up_plans::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        status: Set("active".to_owned()),
        personal: Set(false),
        purpose: Set("service".to_owned()),
        method: Set("phone".to_owned()),
        priority: Set("normal".to_owned()),
        assignment: Set(json!({ "to": "owner" })),
        department_id: Set(department.map(|id| id.parse().unwrap())),
        catch_up: Set("late".to_owned()),
        goal: Set(goal),
        created_at: Set(now),
        updated_at: Set(now),
        version: Set(1),
        ..Default::default()
    };
    follow_up_plans::Entity::insert(row).exec_without_returning(&running.app.db).await.unwrap();
    id
}

/// One task as a row, and perhaps its record.
#[derive(Debug, Clone)]
pub struct Row {
    pub plan: Option<Uuid>,
    pub customer: Option<Uuid>,
    pub department: Option<Uuid>,
    pub assignee: Option<Uuid>,
    pub due_by: DateTime<Utc>,
    pub first_due_by: DateTime<Utc>,
    pub state: TaskState,
    pub outcome: Option<TaskOutcome>,
    pub cancel_cause: Option<CancelCause>,
    pub closed_at: Option<DateTime<Utc>>,
    /// Of its record.
    pub csat: Option<i16>,
    pub nps: Option<i16>,
}

impl Row {
    /// One that is still to be done.
    pub fn due(due_by: DateTime<Utc>) -> Row {
        Row {
            plan: None,
            customer: None,
            department: None,
            assignee: None,
            due_by,
            first_due_by: due_by,
            state: TaskState::Pending,
            outcome: None,
            cancel_cause: None,
            closed_at: None,
            csat: None,
            nps: None,
        }
    }

    /// The customer was spoken with at this time.
    pub fn reached(self, at: DateTime<Utc>) -> Row {
        Row { state: TaskState::Completed, outcome: Some(TaskOutcome::Reached), closed_at: Some(at), ..self }
    }
}

/// Stores tasks, with a record for each that was reached or refused. Answers the ids of the records in order.
pub async fn store(running: &Running, rows: &[Row]) -> Vec<Uuid> {
    let mut records = Vec::new();
    for part in rows.chunks(200) {
        let (mut tasks, mut of_part) = (Vec::new(), Vec::new());
        for row in part {
            let id = Uuid::now_v7();
            tasks.push(task(id, row));
            if matches!(row.outcome, Some(TaskOutcome::Reached | TaskOutcome::Refused)) {
                let record = Uuid::now_v7();
                of_part.push(record_of(record, id, row));
                records.push(record);
            }
        }
        let db = &running.app.db;
        follow_up_tasks::Entity::insert_many(tasks).exec_without_returning(db).await.unwrap();
        if !of_part.is_empty() {
            follow_up_records::Entity::insert_many(of_part).exec_without_returning(db).await.unwrap();
        }
    }
    records
}

fn task(id: Uuid, row: &Row) -> follow_up_tasks::ActiveModel {
    let now = super::app::beginning();
    follow_up_tasks::ActiveModel {
        id: Set(id),
        origin: Set("manual".to_owned()),
        plan_id: Set(row.plan),
        customer_id: Set(row.customer),
        title: Set("回访".to_owned()),
        method: Set("phone".to_owned()),
        priority: Set("normal".to_owned()),
        assignee_id: Set(row.assignee),
        department_id: Set(row.department),
        due_from: Set(row.first_due_by),
        due_by: Set(row.due_by),
        first_due_by: Set(row.first_due_by),
        state: Set(row.state.to_string()),
        attempts: Set(0),
        postponements: Set(0),
        escalation: Set(0),
        closed_at: Set(row.closed_at),
        outcome: Set(row.outcome.map(|outcome| outcome.to_string())),
        cancel_cause: Set(row.cancel_cause.map(|cause| cause.to_string())),
        created_at: Set(now),
        updated_at: Set(now),
        version: Set(1),
        ..Default::default()
    }
}

fn record_of(id: Uuid, task: Uuid, row: &Row) -> follow_up_records::ActiveModel {
    let at = row.closed_at.unwrap_or(row.due_by);
    follow_up_records::ActiveModel {
        id: Set(id),
        task_id: Set(task),
        customer_id: Set(row.customer),
        plan_id: Set(row.plan),
        method: Set("phone".to_owned()),
        happened_at: Set(at),
        outcome: Set(row.outcome.map(|outcome| outcome.to_string()).unwrap_or_default()),
        identity_confirmed: Set(true),
        answers: Set(json!([])),
        csat: Set(row.csat),
        nps: Set(row.nps),
        read_back: Set(false),
        consequences: Set(json!({})),
        author_id: Set(row.assignee),
        department_id: Set(row.department),
        created_at: Set(at),
        updated_at: Set(at),
        version: Set(1),
        ..Default::default()
    }
}
