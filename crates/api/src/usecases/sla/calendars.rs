use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::sla::{Calendar, CalendarFault, CalendarFaultKind, CalendarSpec};
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::calendars::{self, StoredCalendar};
use huiyin_persistence::support::{new_id, to_json};
use uuid::Uuid;

use super::recompute;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

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
        recompute::after_calendar(tx, command, id).await?;
        Ok(after)
    })
    .await
}
