//! When people are away, and who stands in for them. What that does to their work is for others to say, who are called by
//! a timer at both ends.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, Principal, Role, Scope};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::identity::absences::{self, Absence};
use huiyin_persistence::identity::users::{self, User};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::support::new_id;
use serde_json::Value;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// An absence to record.
#[derive(Debug, Clone)]
pub struct NewAbsence {
    /// Oneself unless given.
    pub user_id: Option<Uuid>,
    pub deputy_id: Option<Uuid>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// What may be changed about an absence; absent stays.
#[derive(Debug, Clone, Default)]
pub struct AbsenceChange {
    pub deputy_id: Option<Option<Uuid>>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub reason: Option<Option<String>>,
}

/// Lets the work of somebody follow at `due_at`.
pub fn follow(user: Uuid, unique_key: String, due_at: DateTime<Utc>) -> NewTimer {
    NewTimer { kind: TimerKind::AbsenceFollow, subject_id: user, unique_key, due_at, payload: Value::Null }
}

fn keys(absence: Uuid) -> [String; 2] {
    ["begin", "end"].map(|what| format!("absence_{what}:{absence}"))
}

/// Whether somebody may say when `user` is away: for oneself, for the people of one's department as its manager, and as
/// an administrator for all.
pub fn may_record(actor: &Actor, user: Uuid, department: Option<Uuid>) -> bool {
    let leads = actor.role == Role::Manager && actor.department.is_some() && actor.department == department;
    actor.user_id() == Some(user) || leads || actor.role == Role::Admin || actor.principal == Principal::System
}

/// The person, locked: one absence after the other.
async fn person(tx: &Tx, command: &Command, id: Uuid) -> Result<User> {
    let user = users::lock(tx, Scope::All, id).await?.filter(|user| user.active);
    let user = user.ok_or_else(|| Fault::new(Code::UserNotFound).at("/user_id"))?;
    match may_record(&command.actor, id, user.department_id) {
        true => Ok(user),
        false => Err(Fault::new(Code::NotYourAbsence).into()),
    }
}

async fn check(tx: &Tx, row: &Absence, now: DateTime<Utc>) -> Result<()> {
    if row.ends_at <= row.starts_at || row.ends_at <= now {
        return Err(Fault::new(Code::AbsencePeriod).at("/ends_at").into());
    }
    if row.deputy_id == Some(row.user_id) {
        return Err(Fault::new(Code::OwnDeputy).at("/deputy_id").into());
    }
    if let Some(deputy) = row.deputy_id
        && users::active(tx, deputy).await?.is_none()
    {
        return Err(Fault::new(Code::UserNotFound).at("/deputy_id").into());
    }
    match absences::overlaps(tx, row.user_id, row.starts_at, row.ends_at, row.id).await? {
        true => Err(Fault::new(Code::AbsenceOverlaps).at("/starts_at").into()),
        false => Ok(()),
    }
}

/// At both ends, and at once where it has begun.
async fn set_timers(tx: &Tx, row: &Absence, now: DateTime<Utc>) -> Result<()> {
    let [begin, end] = keys(row.id);
    let due = [follow(row.user_id, begin, row.starts_at.max(now)), follow(row.user_id, end, row.ends_at)];
    Ok(timers::set(tx, now, due.into()).await?)
}

/// Says that somebody will be away.
pub async fn record(app: &App, command: &Command, new: NewAbsence) -> Result<Absence> {
    let now = command.now;
    transact(app, command, async |tx| {
        let user = person(tx, command, new.user_id.unwrap_or(command.actor.id)).await?;
        let row = Absence {
            id: new_id(now),
            user_id: user.id,
            deputy_id: new.deputy_id,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            reason: new.reason,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        check(tx, &row, now).await?;
        let row = absences::insert(tx, row).await?;
        set_timers(tx, &row, now).await?;
        let Absence { id: absence_id, user_id, deputy_id, starts_at, ends_at, .. } = row;
        let event = Event::AbsenceRecorded { absence_id, user_id, deputy_id, starts_at, ends_at };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// An absence that the actor may change, and its person, locked.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<Absence> {
    let known = absences::find(tx, command.scope(), id).await?.ok_or(Code::AbsenceNotFound)?;
    person(tx, command, known.user_id).await?;
    let row = absences::lock(tx, command.scope(), id).await?.ok_or(Code::AbsenceNotFound)?;
    command.check_version(row.version)?;
    Ok(row)
}

/// Changes an absence; work follows at once.
pub async fn update(app: &App, command: &Command, id: Uuid, change: AbsenceChange) -> Result<Absence> {
    let now = command.now;
    transact(app, command, async |tx| {
        let before = take(tx, command, id).await?;
        let after = Absence {
            deputy_id: change.deputy_id.unwrap_or(before.deputy_id),
            starts_at: change.starts_at.unwrap_or(before.starts_at),
            ends_at: change.ends_at.unwrap_or(before.ends_at),
            reason: change.reason.unwrap_or_else(|| before.reason.clone()),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        check(tx, &after, now).await?;
        let version = before.version + 1;
        let row = absences::update(tx, Absence { updated_at: now, version, ..after }).await?;
        set_timers(tx, &row, now).await?;
        // One that had begun may lie ahead now.
        timers::set(tx, now, vec![follow(row.user_id, format!("absence_changed:{id}"), now)]).await?;
        let Absence { id: absence_id, user_id, deputy_id, starts_at, ends_at, .. } = row;
        let event = Event::AbsenceChanged { absence_id, user_id, deputy_id, starts_at, ends_at };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// Somebody will not be away after all, or is back already.
pub async fn cancel(app: &App, command: &Command, id: Uuid) -> Result<()> {
    let now = command.now;
    transact(app, command, async |tx| {
        let row = take(tx, command, id).await?;
        absences::delete(tx, id).await?;
        timers::cancel(tx, keys(id).into()).await?;
        timers::set(tx, now, vec![follow(row.user_id, format!("absence_changed:{id}"), now)]).await?;
        let event = Event::AbsenceCancelled { absence_id: id, user_id: row.user_id, deputy_id: row.deputy_id };
        Ok(events::append(tx, command.actor.user_id(), now, &[event]).await?)
    })
    .await
}
