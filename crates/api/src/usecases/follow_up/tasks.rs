//! Follow-up tasks (回访任务): how they are made, and how they end. What is done with them between is in `task_steps`.
//!
//! A task has no timers of its own: when the clock has something to say of it stands in its row, and `alarms` sweeps them
//! by the thousand.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::alarm::Hours;
use huiyin_domain::follow_up::task::{Errand, Hands, work_key};
use huiyin_domain::follow_up::{CancelCause, FollowUpMethod, TaskOrigin, TaskOutcome, TaskPriority, TaskState};
use huiyin_persistence::follow_up::progress;
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::tiering::tiers;
use huiyin_persistence::{ConnectionTrait, DbErr, Tx};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::sla::policies::{self, Effective};
use crate::usecases::support::{Command, Result};

/// A task to make.
#[derive(Debug, Clone)]
pub struct NewTask {
    pub origin: TaskOrigin,
    pub plan_id: Option<Uuid>,
    pub touchpoint_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    /// What of a touchpoint it is for.
    pub occasion: Option<String>,
    pub feedback_id: Option<Uuid>,
    /// The record that led to it.
    pub source_record_id: Option<Uuid>,
    pub title: String,
    pub note: Option<String>,
    pub method: FollowUpMethod,
    pub script_id: Option<Uuid>,
    pub priority: TaskPriority,
    /// The customer's; looked up by [`new_task`] where it is not given.
    pub tier: Option<String>,
    pub hands: Hands,
    pub due_from: DateTime<Utc>,
    pub due_by: DateTime<Utc>,
    pub created_by: Option<Uuid>,
    /// See [`Errand::prompted_by`].
    pub prompted_by: Option<Uuid>,
}

/// By which working hours tasks are reminded of: those of the policy in force.
#[derive(Debug, Clone)]
pub struct Timing {
    effective: Option<Arc<Effective>>,
    zone: Tz,
}

impl Timing {
    pub async fn load(app: &App, db: &impl ConnectionTrait) -> Result<Timing> {
        Ok(Timing { effective: policies::in_force(app, db).await?, zone: app.config.time_zone })
    }

    pub fn hours(&self) -> Hours<'_> {
        let calendar = self.effective.as_ref().map(|effective| effective.calendar.as_ref());
        Hours { calendar, zone: self.zone }
    }

    /// When the clock looks first at a task that is made or planned anew at `now`.
    fn alarm_at(&self, errand: &Errand, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let begins = errand.next_attempt_at.unwrap_or(errand.due_from);
        errand.state.is_open().then(|| self.hours().first(begins, errand.due_by, now))
    }
}

/// The row of a new task. Many are made by rows, inserted at once; [`created`] tells of each.
pub fn row(timing: &Timing, now: DateTime<Utc>, new: NewTask) -> Task {
    let (due_from, due_by) = (new.due_from.trunc_subsecs(6), new.due_by.trunc_subsecs(6));
    Task {
        id: new_id(now),
        origin: new.origin.to_string(),
        plan_id: new.plan_id,
        touchpoint_id: new.touchpoint_id,
        customer_id: new.customer_id,
        occasion: new.occasion,
        feedback_id: new.feedback_id,
        source_record_id: new.source_record_id,
        title: new.title,
        note: new.note,
        method: new.method.to_string(),
        script_id: new.script_id,
        priority: new.priority.to_string(),
        tier: new.tier,
        assignee_id: new.hands.assignee,
        department_id: new.hands.department,
        instead_of: new.hands.instead_of,
        due_from,
        due_by,
        first_due_by: due_by,
        state: TaskState::Pending.to_string(),
        attempts: 0,
        next_attempt_at: None,
        postponements: 0,
        started_at: None,
        closed_at: None,
        closed_by: None,
        outcome: None,
        cancel_cause: None,
        cancel_reason: None,
        escalation: 0,
        alarm_at: Some(timing.hours().first(due_from, due_by, now)),
        alarm_retry_at: None,
        work_key: Some(work_key(new.priority, due_by)),
        prompted_by: new.prompted_by,
        created_by: new.created_by,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

/// That a task was made.
pub fn created(task: &Task) -> Result<Event, DbErr> {
    Ok(Event::FollowUpTaskCreated {
        task_id: task.id,
        origin: stored(&task.origin)?,
        plan_id: task.plan_id,
        customer_id: task.customer_id,
        feedback_id: task.feedback_id,
        assignee_id: task.assignee_id,
        department_id: task.department_id,
        instead_of: task.instead_of,
        due_from: task.due_from,
        due_by: task.due_by,
    })
}

/// Makes one task; the caller appends the events.
pub async fn new_task(app: &App, tx: &Tx, now: DateTime<Utc>, mut new: NewTask) -> Result<(Task, Vec<Event>)> {
    let timing = Timing::load(app, tx).await?;
    if let Some(customer) = new.customer_id.filter(|_| new.tier.is_none()) {
        new.tier = tiers::find(tx, customer).await?.map(|tier| tier.tier);
    }
    let task = row(&timing, now, new);
    tasks::insert(tx, vec![task.clone()]).await?;
    let event = created(&task)?;
    Ok((task, vec![event]))
}

/// The part of a stored task that the rules look at.
pub fn errand(task: &Task) -> Result<Errand, DbErr> {
    Ok(Errand {
        id: task.id,
        origin: stored(&task.origin)?,
        plan: task.plan_id,
        customer: task.customer_id,
        feedback: task.feedback_id,
        state: stored(&task.state)?,
        priority: stored(&task.priority)?,
        assignee: task.assignee_id,
        department: task.department_id,
        instead_of: task.instead_of,
        due_from: task.due_from,
        due_by: task.due_by,
        first_due_by: task.first_due_by,
        attempts: task.attempts,
        next_attempt_at: task.next_attempt_at,
        postponements: task.postponements,
        outcome: task.outcome.as_deref().map(stored).transpose()?,
        cancel_cause: task.cancel_cause.as_deref().map(stored).transpose()?,
        created_by: task.created_by,
        prompted_by: task.prompted_by,
    })
}

/// Lays what the rules decided over the stored task; `by` is who closes it, where it is closed by that.
pub fn lay_over(task: Task, errand: &Errand, by: Option<Uuid>, now: DateTime<Utc>) -> Task {
    let open = errand.state.is_open();
    Task {
        state: errand.state.to_string(),
        priority: errand.priority.to_string(),
        assignee_id: errand.assignee,
        department_id: errand.department,
        instead_of: errand.instead_of,
        due_from: errand.due_from,
        due_by: errand.due_by,
        first_due_by: errand.first_due_by,
        attempts: errand.attempts,
        next_attempt_at: errand.next_attempt_at,
        postponements: errand.postponements,
        started_at: match errand.state {
            TaskState::Pending => None,
            TaskState::InProgress => task.started_at.or(Some(now)),
            TaskState::Completed | TaskState::Cancelled => task.started_at,
        },
        closed_at: (!open).then_some(now),
        closed_by: by.filter(|_| !open),
        outcome: errand.outcome.map(|outcome| outcome.to_string()),
        cancel_cause: errand.cancel_cause.map(|cause| cause.to_string()),
        alarm_at: task.alarm_at.filter(|_| open),
        work_key: errand.work_key(),
        updated_at: now,
        version: task.version + 1,
        ..task
    }
}

/// Lets the clock look anew at a task whose time has changed; what was told of the old one is void.
pub fn alarm_anew(timing: &Timing, task: Task, now: DateTime<Utc>) -> Result<Task, DbErr> {
    let alarm_at = timing.alarm_at(&errand(&task)?, now);
    Ok(Task { alarm_at, escalation: 0, ..task })
}

/// Ends a task with an outcome.
pub async fn close(
    tx: &Tx,
    command: &Command,
    task: Task,
    outcome: TaskOutcome,
    now: DateTime<Utc>,
) -> Result<(Task, Event)> {
    let by = command.actor.user_id();
    let step = errand(&task)?.complete(outcome, now)?;
    let task = store_closed(tx, lay_over(task, &step.errand, by, now)).await?;
    Ok((task, step.event))
}

/// Ends a task that is not to be done any more; `reason` is what a person says of it.
pub async fn cancel(
    tx: &Tx,
    by: Option<Uuid>,
    task: Task,
    cause: CancelCause,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<(Task, Event)> {
    let step = errand(&task)?.cancel(cause)?;
    let task = Task { cancel_reason: reason, ..lay_over(task, &step.errand, by, now) };
    Ok((store_closed(tx, task).await?, step.event))
}

/// Ends many tasks that are open and locked; the caller appends the events.
pub async fn cancel_all(
    tx: &Tx,
    by: Option<Uuid>,
    open: Vec<Task>,
    cause: CancelCause,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<Event>> {
    let (mut rows, mut happened) = (Vec::with_capacity(open.len()), Vec::with_capacity(open.len()));
    for task in open {
        let step = errand(&task)?.cancel(cause)?;
        rows.push(Task { cancel_reason: reason.map(str::to_owned), ..lay_over(task, &step.errand, by, now) });
        happened.push(step.event);
    }
    let counted = counts(&rows);
    tasks::save(tx, rows).await?;
    progress::count_closed(tx, counted).await?;
    Ok(happened)
}

/// Stores a task that is closed by now, and counts it for its plan.
pub async fn store_closed(tx: &Tx, task: Task) -> Result<Task> {
    let counted = counts(std::slice::from_ref(&task));
    let task = tasks::update(tx, task).await?;
    progress::count_closed(tx, counted).await?;
    Ok(task)
}

/// What the closing of these tasks adds to the figures of their plans.
fn counts(closed: &[Task]) -> BTreeMap<(Uuid, Uuid, String), i64> {
    let mut counted = BTreeMap::new();
    for task in closed {
        let closed_as = task.outcome.as_ref().or(task.cancel_cause.as_ref());
        if let (Some(plan), Some(closed_as)) = (task.plan_id, closed_as) {
            let by = task.closed_by.unwrap_or(Uuid::nil());
            *counted.entry((plan, by, closed_as.clone())).or_default() += 1;
        }
    }
    counted
}
