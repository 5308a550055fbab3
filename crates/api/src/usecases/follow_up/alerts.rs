//! Alerts (预警): a customer gave a low score, and somebody calls soon.

use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::record::care_due;
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{AlertKind, AlertStatus, TaskOrigin, TaskPriority, in_hands_of};
use huiyin_domain::identity::stand_in;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::follow_up::alerts::{self, Alert};
use huiyin_persistence::follow_up::tasks::Task;
use huiyin_persistence::identity::{absences, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored};
use uuid::Uuid;

use super::recording::task_of;
use super::tasks::{NewTask, new_task};
use crate::usecases::App;
use crate::usecases::sla::policies;
use crate::usecases::support::{Command, Result, transact};

/// What a low score is about.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    pub record: Uuid,
    pub task: &'a Task,
    pub customer: Option<&'a Customer>,
    pub kind: AlertKind,
    pub score: i16,
}

/// In whose hands the customer is: whose he is, or else who has just spoken with him.
struct Responsible {
    owner: Option<Uuid>,
    department: Option<Uuid>,
}

async fn responsible(tx: &Tx, command: &Command, cause: Cause<'_>) -> Result<Responsible> {
    let owner = match cause.customer.and_then(|customer| customer.owner_id) {
        Some(owner) => users::active(tx, owner).await?.map(|user| user.id),
        None => None,
    };
    let owner = owner.or(command.actor.user_id());
    let mut department = cause.customer.and_then(|customer| customer.department_id).or(cause.task.department_id);
    if let (Some(owner), None) = (owner, department) {
        department = users::active(tx, owner).await?.and_then(|user| user.department_id);
    }
    Ok(Responsible { owner, department })
}

/// Makes the call to the customer, and an alert that is not stored yet; the caller appends the events.
pub async fn prepare(app: &App, tx: &Tx, command: &Command, cause: Cause<'_>) -> Result<(Alert, Vec<Event>)> {
    let now = command.now;
    let Responsible { owner, department } = responsible(tx, command, cause).await?;
    let calendar = policies::in_force(app, tx).await?.map(|effective| effective.calendar.clone());
    let away = absences::away(tx, now).await?;
    let present = owner.and_then(|owner| stand_in(owner, &away));
    let hands = Hands { assignee: present, department, instead_of: owner.filter(|_| present != owner) };
    let what = (title(cause.kind, cause.score), stored(&cause.task.method)?);
    let window = (now, care_due(calendar.as_deref(), now));
    let care = task_of(command, TaskOrigin::Care, cause.task.customer_id, what, hands, window);
    let source_record_id = Some(cause.record);
    let prompted_by = cause.task.prompted_by;
    let care = NewTask { source_record_id, priority: TaskPriority::High, prompted_by, ..care };
    let (care, mut happened) = new_task(app, tx, now, care).await?;
    let alert = Alert {
        id: new_id(now),
        kind: cause.kind.to_string(),
        customer_id: cause.task.customer_id,
        record_id: Some(cause.record),
        task_id: Some(care.id),
        score: Some(cause.score),
        status: AlertStatus::Open.to_string(),
        note: None,
        owner_id: owner,
        department_id: department,
        handled_by: None,
        handled_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    happened.push(Event::AlertRaised {
        alert_id: alert.id,
        kind: cause.kind,
        customer_id: alert.customer_id,
        record_id: alert.record_id,
        task_id: alert.task_id,
        score: cause.score,
        owner_id: owner,
        department_id: department,
    });
    Ok((alert, happened))
}

fn title(kind: AlertKind, score: i16) -> String {
    match kind {
        AlertKind::LowNps => format!("低分关怀：NPS {score} 分"),
        AlertKind::LowCsat => format!("低分关怀：满意度 {score} 分"),
    }
}

/// Somebody has seen to it.
pub async fn handle(app: &App, command: &Command, id: Uuid, note: String) -> Result<Alert> {
    transact(app, command, async |tx| {
        let row = alerts::lock(tx, command.scope(), id).await?.ok_or(Code::AlertNotFound)?;
        command.check_version(row.version)?;
        in_hands_of(&command.actor, &[row.owner_id], row.owner_id, row.department_id)?;
        stored::<AlertStatus>(&row.status)?.check_open()?;
        let handled = Alert {
            status: AlertStatus::Handled.to_string(),
            note: Some(note),
            handled_by: command.actor.user_id(),
            handled_at: Some(command.now),
            updated_at: command.now,
            version: row.version + 1,
            ..row
        };
        let row = alerts::update(tx, handled).await?;
        let event = Event::AlertHandled { alert_id: id, customer_id: row.customer_id, owner_id: row.owner_id };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}
