use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::sla::{Calendar, CalendarFault, CalendarFaultKind, CalendarSpec};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::sla::calendars::{self, StoredCalendar};
use huiyin_persistence::sla::clocks;
use huiyin_persistence::support::{from_json, new_id, to_json};
use serde_json::json;
use uuid::Uuid;

use super::clocks::recompute_one;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// A feedback that came in at the very moment of the change may have gone by the old calendar and been committed after
/// the first look at open clocks.
const SECOND_LOOK: TimeDelta = TimeDelta::seconds(30);

/// Open clocks of one transaction when a calendar has changed.
const BATCH: u64 = 200;

/// Reads a calendar, or names everything that is wrong with it; `prefix` stands before the pointers.
pub fn parse(spec: CalendarSpec, prefix: &str) -> Result<Calendar> {
    Calendar::try_from(spec)
        .map_err(|faults| Error::Faults(faults.into_iter().map(|fault| of(fault, prefix)).collect()))
}

fn of(fault: CalendarFault, prefix: &str) -> Fault {
    let code = match fault.kind {
        CalendarFaultKind::UnknownTimeZone => Code::UnknownTimeZone,
        CalendarFaultKind::DuplicateDate | CalendarFaultKind::NeverOpen | CalendarFaultKind::MissingHours => {
            Code::CalendarConflict
        }
        CalendarFaultKind::BadDate => Code::InvalidFormat,
        _ => Code::InvalidValue,
    };
    let reason = fault.to_string();
    Fault::new(code).at(format!("{prefix}{}", fault.pointer)).with("expected", "YYYY-MM-DD").with("reason", reason)
}

pub async fn create(app: &App, command: &Command, name: String, spec: CalendarSpec) -> Result<StoredCalendar> {
    parse(spec.clone(), "")?;
    let now = command.now;
    let calendar = StoredCalendar {
        id: new_id(now),
        name,
        built_in: false,
        spec: to_json(&spec)?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        let calendar = calendars::insert(tx, calendar).await.map_err(unique_as(Code::NameTaken))?;
        events::append(tx, command.actor.user_id(), now, &[Event::CalendarCreated { calendar_id: calendar.id }])
            .await?;
        Ok(calendar)
    })
    .await
}

/// Replaces name and hours of a calendar. Open deadlines follow, in the background and batch by batch; what is closed
/// keeps the deadline it had.
pub async fn replace(
    app: &App,
    command: &Command,
    id: Uuid,
    name: String,
    spec: CalendarSpec,
) -> Result<StoredCalendar> {
    parse(spec.clone(), "")?;
    let now = command.now;
    transact(app, command, async |tx| {
        let before = calendars::lock(tx, id).await?.ok_or(Code::CalendarNotFound)?;
        command.check_version(before.version)?;
        let after = StoredCalendar { name, spec: to_json(&spec)?, ..before.clone() };
        if after == before {
            return Ok(before);
        }
        let version = before.version + 1;
        let after = StoredCalendar { updated_at: now, version, ..after };
        let after = calendars::update(tx, after).await.map_err(unique_as(Code::NameTaken))?;
        events::append(tx, command.actor.user_id(), now, &[Event::CalendarUpdated { calendar_id: id }]).await?;
        let again = now + SECOND_LOOK;
        timers::set(tx, now, vec![recompute_timer(id, now, false, None), recompute_timer(id, again, true, None)])
            .await?;
        Ok(after)
    })
    .await
}

fn recompute_timer(calendar_id: Uuid, due_at: DateTime<Utc>, second: bool, after: Option<Uuid>) -> NewTimer {
    let look = if second { "second" } else { "first" };
    NewTimer {
        kind: TimerKind::CalendarRecompute,
        subject_id: calendar_id,
        unique_key: format!("calendar_recompute:{look}:{calendar_id}"),
        due_at,
        payload: json!({ "after": after, "second": second }),
    }
}

/// Moves the deadlines of one batch of open clocks; the timer for the next batch is set in the same transaction.
pub async fn recompute(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let after: Option<Uuid> = from_json(&timer.payload["after"])?;
    let second: bool = from_json(&timer.payload["second"])?;
    let batch = clocks::open_by_calendar(&app.db, timer.subject_id, after, BATCH).await?;
    let tx = app.db.begin().await?;
    for clock in &batch {
        recompute_one(app, &tx, clock, now).await?;
    }
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    if let Some(last) = batch.last().filter(|_| batch.len() as u64 == BATCH) {
        timers::set(&tx, now, vec![recompute_timer(timer.subject_id, now, second, Some(last.id))]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
