//! What a clock shows in its row, and the timers that follow from it.

use chrono::{DateTime, Utc};
use huiyin_domain::sla::{Calendar, Clock, ClockKind, ClockState, Unit};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::NewTimer;
use huiyin_persistence::sla::clocks::StoredClock;
use uuid::Uuid;

use super::policies::Dated;

/// The key of the timer of this kind about a clock.
pub fn key(kind: TimerKind, clock: &StoredClock) -> String {
    format!("{kind}:{}", clock.id)
}

fn timer(kind: TimerKind, clock: &StoredClock, due_at: DateTime<Utc>) -> NewTimer {
    let payload = serde_json::json!({ "clock_id": clock.id });
    NewTimer { kind, subject_id: clock.feedback_id, unique_key: key(kind, clock), due_at, payload }
}

/// The row of a clock that has just been started; [`show`] says the rest.
pub(super) fn row_of(
    id: Uuid,
    feedback_id: Uuid,
    kind: ClockKind,
    part_id: Option<Uuid>,
    calendar_id: Uuid,
    clock: &Clock,
) -> StoredClock {
    StoredClock {
        id,
        feedback_id,
        kind: kind.to_string(),
        calendar_id,
        state: ClockState::Running.to_string(),
        target_value: 0,
        target_unit: Unit::BusinessHours.to_string(),
        started_at: clock.started_at(),
        due_at: None,
        provisional: false,
        stopped_at: None,
        breached_at: None,
        entries: 0,
        part_id,
        calendar_version: None,
    }
}

/// Writes what the clock shows into its row. A deadline out of reach is no deadline.
pub fn show(row: &mut StoredClock, clock: &Clock, calendar: &Dated, now: DateTime<Utc>) {
    let target = clock.target();
    row.target_value = target.map_or(0, |target| i32::try_from(target.value).unwrap_or(i32::MAX));
    row.target_unit = clock.unit().to_string();
    row.state = clock.state().to_string();
    row.stopped_at = clock.stopped_at();
    row.calendar_id = calendar.id;
    row.calendar_version = Some(calendar.version);
    let reading = clock.reading(&calendar.rules, now).ok();
    row.due_at = reading.as_ref().and_then(|reading| reading.due_at);
    row.provisional = reading.is_some_and(|reading| reading.provisional);
}

/// The clock of a part has timers of its own: it concerns the department whose part it is, not the whole feedback.
fn kinds(row: &StoredClock) -> (TimerKind, TimerKind) {
    match row.part_id {
        Some(_) => (TimerKind::PartReminder, TimerKind::PartOverdue),
        None => (TimerKind::SlaWarning, TimerKind::SlaBreach),
    }
}

/// The timers that a change of the clock ends, or sets anew.
pub(super) fn keys_of(row: &StoredClock) -> Vec<String> {
    let (warning, breach) = kinds(row);
    let over = row.state != ClockState::Running.as_str() && row.part_id.is_none();
    let over = over.then(|| key(TimerKind::SlaEscalation, row));
    [key(warning, row), key(breach, row)].into_iter().chain(over).collect()
}

/// The warning, where it still lies ahead, and the breach, unless there has been one.
pub(super) fn timers_of(
    row: &StoredClock,
    clock: &Clock,
    calendar: &Calendar,
    warn_share: f64,
    now: DateTime<Utc>,
) -> Vec<NewTimer> {
    let running = clock.state() == ClockState::Running && row.breached_at.is_none();
    let Some(due_at) = row.due_at.filter(|_| running) else { return Vec::new() };
    let (warning, breach) = kinds(row);
    let warn_at = clock.warn_at(calendar, warn_share).ok().flatten().filter(|at| *at > now && *at < due_at);
    let warning = warn_at.map(|at| timer(warning, row, at));
    warning.into_iter().chain([timer(breach, row, due_at)]).collect()
}

/// What is due next of a feedback: the nearest deadline whose clock runs.
pub fn next_due(clocks: &[StoredClock]) -> Option<DateTime<Utc>> {
    let running = clocks.iter().filter(|clock| clock.state == ClockState::Running.as_str());
    running.filter_map(|clock| clock.due_at).min()
}
