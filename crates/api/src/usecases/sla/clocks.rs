//! Clocks of a feedback: every move is an entry of the ledger, and the timers follow the state.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::feedback::{ClockMove, work_key};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::{Calendar, Clock, ClockKind, ClockState, Entry, Target};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::feedback::work;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::{new_id, stored};

use super::ladder::next_step;
use super::policies::{self, Effective};
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// The key of the timer of this kind about a clock.
pub fn key(kind: TimerKind, clock: &StoredClock) -> String {
    format!("{kind}:{}", clock.id)
}

fn timer(kind: TimerKind, clock: &StoredClock, due_at: DateTime<Utc>) -> NewTimer {
    let payload = serde_json::json!({ "clock_id": clock.id });
    NewTimer { kind, subject_id: clock.feedback_id, unique_key: key(kind, clock), due_at, payload }
}

/// A new clock that runs from `at`, with its timers.
pub fn begin(
    effective: &Effective,
    feedback: &Feedback,
    kind: ClockKind,
    target: Target,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(StoredClock, Entry, Vec<NewTimer>)> {
    let (clock, entry) = Clock::start(at, target);
    let mut row = StoredClock {
        id: new_id(now),
        feedback_id: feedback.id,
        kind: kind.to_string(),
        calendar_id: effective.calendar_id,
        state: ClockState::Running.to_string(),
        target_value: i32::try_from(target.value).unwrap_or(i32::MAX),
        target_unit: target.unit.to_string(),
        started_at: at,
        due_at: None,
        provisional: false,
        stopped_at: None,
        breached_at: None,
        entries: 1,
    };
    show(&mut row, &clock, &effective.calendar, at);
    let due = timers_of(&row, &clock, &effective.calendar, effective.spec.warn_share, now);
    Ok((row, entry, due))
}

/// Clocks that begin, their first entries and their timers.
#[derive(Debug)]
pub struct Begun {
    rows: Vec<(StoredClock, Entry)>,
    timers: Vec<NewTimer>,
}

impl Begun {
    pub fn clocks(&self) -> Vec<StoredClock> {
        self.rows.iter().map(|(row, _)| row.clone()).collect()
    }

    /// One statement a table. The feedback is stored.
    pub async fn store(self, tx: &Tx, now: DateTime<Utc>) -> Result<()> {
        clocks::insert(tx, self.rows).await?;
        Ok(timers::set(tx, now, self.timers).await?)
    }
}

/// Starts the clocks of a new feedback.
pub fn begin_all(effective: &Effective, feedback: &Feedback, kinds: &[ClockKind], now: DateTime<Utc>) -> Result<Begun> {
    let mut begun = Begun { rows: Vec::new(), timers: Vec::new() };
    for kind in kinds {
        let Some(target) = effective.spec.target(&feedback.priority, *kind) else { continue };
        let (row, entry, timers) = begin(effective, feedback, *kind, target, feedback.received_at, now)?;
        begun.rows.push((row, entry));
        begun.timers.extend(timers);
    }
    Ok(begun)
}

/// Writes what the clock shows into its row. A deadline out of reach is no deadline.
fn show(row: &mut StoredClock, clock: &Clock, calendar: &Calendar, now: DateTime<Utc>) {
    row.state = clock.state().to_string();
    row.stopped_at = clock.stopped_at();
    let reading = clock.reading(calendar, now).ok();
    row.due_at = reading.as_ref().and_then(|reading| reading.due_at);
    row.provisional = reading.is_some_and(|reading| reading.provisional);
}

/// The warning, where it still lies ahead, and the breach, unless there has been one.
fn timers_of(
    row: &StoredClock,
    clock: &Clock,
    calendar: &Calendar,
    warn_share: f64,
    now: DateTime<Utc>,
) -> Vec<NewTimer> {
    let running = clock.state() == ClockState::Running && row.breached_at.is_none();
    let Some(due_at) = row.due_at.filter(|_| running) else { return Vec::new() };
    let warn_at = clock.warn_at(calendar, warn_share).ok().flatten().filter(|at| *at > now && *at < due_at);
    let warning = warn_at.map(|at| timer(TimerKind::SlaWarning, row, at));
    warning.into_iter().chain([timer(TimerKind::SlaBreach, row, due_at)]).collect()
}

/// Does to the clocks of a feedback what its transition asks for. The caller holds the lock of the feedback.
pub async fn apply(
    app: &App,
    tx: &Tx,
    feedback: &Feedback,
    moves: &[(ClockKind, ClockMove)],
    now: DateTime<Utc>,
) -> Result<Vec<StoredClock>> {
    let mut rows = clocks::of_feedback(tx, feedback.id).await?;
    let Some(policy_id) = feedback.policy_id else { return Ok(rows) };
    for (kind, change) in moves {
        let position = rows.iter().position(|row| row.kind == kind.as_str());
        match (position, change) {
            (Some(index), _) => {
                let row = move_one(app, tx, feedback, rows[index].clone(), *change, now).await?;
                rows[index] = row;
            }
            (None, ClockMove::Run) => {
                let Some(effective) = policies::by_id(app, tx, policy_id).await? else { continue };
                let Some(target) = effective.spec.target(&feedback.priority, *kind) else { continue };
                let (row, entry, due) = begin(&effective, feedback, *kind, target, now, now)?;
                clocks::insert(tx, vec![(row.clone(), entry)]).await?;
                timers::set(tx, now, due).await?;
                rows.push(row);
            }
            (None, _) => {}
        }
    }
    Ok(rows)
}

async fn move_one(
    app: &App,
    tx: &Tx,
    feedback: &Feedback,
    row: StoredClock,
    change: ClockMove,
    now: DateTime<Utc>,
) -> Result<StoredClock> {
    let mut clock = replay(tx, &row).await?;
    let ran = clock.state() == ClockState::Running;
    let entry = match (change, clock.state()) {
        (ClockMove::Run, ClockState::Stopped | ClockState::Paused) | (ClockMove::Resume, ClockState::Paused) => {
            clock.resume(now)
        }
        (ClockMove::Pause, ClockState::Running) => clock.pause(now),
        (ClockMove::Stop, ClockState::Running | ClockState::Paused) => clock.stop(now),
        _ => return Ok(row),
    };
    let entry = entry.map_err(|error| Error::broken("clock", error))?;
    let row = if ran { tell_if_late(tx, row, now).await? } else { row };
    let warn_share = warn_share(app, tx, feedback).await?;
    let calendar = policies::calendar(app, tx, row.calendar_id).await?;
    let row = store(tx, row, &clock, entry, &calendar, warn_share, now).await?;
    if !ran && clock.state() == ClockState::Running && row.breached_at.is_some() {
        // Late already when it stood still, and nobody has done anything since.
        escalate_later(app, tx, feedback, &row, now, now).await?;
    }
    Ok(row)
}

async fn warn_share(app: &App, tx: &Tx, feedback: &Feedback) -> Result<f64> {
    let Some(policy_id) = feedback.policy_id else { return Ok(1.0) };
    Ok(policies::by_id(app, tx, policy_id).await?.map_or(1.0, |effective| effective.spec.warn_share))
}

/// A missed deadline is told of even where somebody was faster than its timer: the jobs look once a second, and not
/// at all while the program is down.
async fn tell_if_late(tx: &Tx, row: StoredClock, now: DateTime<Utc>) -> Result<StoredClock> {
    let Some(due_at) = row.due_at.filter(|due_at| *due_at < now && row.breached_at.is_none()) else { return Ok(row) };
    let event = Event::FeedbackSlaBreached { feedback_id: row.feedback_id, clock: stored(&row.kind)?, due_at };
    events::append(tx, None, now, &[event]).await?;
    Ok(StoredClock { breached_at: Some(now), ..row })
}

/// The policy says how long after `from` the next one is told that nothing happens, or that nobody is.
async fn escalate_later(
    app: &App,
    tx: &Tx,
    feedback: &Feedback,
    clock: &StoredClock,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(policy_id) = feedback.policy_id else { return Ok(()) };
    let Some(effective) = policies::by_id(app, tx, policy_id).await? else { return Ok(()) };
    let first = next_step(&effective, clock, 0, from);
    Ok(timers::set(tx, now, first.into_iter().collect()).await?)
}

async fn replay(tx: &Tx, row: &StoredClock) -> Result<Clock> {
    Clock::replay(&clocks::ledger(tx, row.id).await?).map_err(|error| Error::broken("stored clock", error))
}

/// Appends an entry, shows the new state, and lets the timers follow it.
async fn store(
    tx: &Tx,
    mut row: StoredClock,
    clock: &Clock,
    entry: Entry,
    calendar: &Calendar,
    warn_share: f64,
    now: DateTime<Utc>,
) -> Result<StoredClock> {
    show(&mut row, clock, calendar, now);
    row.target_value = i32::try_from(clock.target().value).unwrap_or(i32::MAX);
    row.target_unit = clock.target().unit.to_string();
    let keys = [TimerKind::SlaWarning, TimerKind::SlaBreach].map(|kind| key(kind, &row));
    let over = (clock.state() != ClockState::Running).then(|| key(TimerKind::SlaEscalation, &row));
    timers::cancel(tx, keys.into_iter().chain(over).collect()).await?;
    timers::set(tx, now, timers_of(&row, clock, calendar, warn_share, now)).await?;
    Ok(clocks::append(tx, row, &entry).await?)
}

/// Gives the open clocks of a feedback the targets of its new priority.
pub async fn retarget(app: &App, tx: &Tx, feedback: &Feedback, now: DateTime<Utc>) -> Result<Vec<StoredClock>> {
    let mut rows = clocks::of_feedback(tx, feedback.id).await?;
    let Some(policy_id) = feedback.policy_id else { return Ok(rows) };
    let Some(effective) = policies::by_id(app, tx, policy_id).await? else { return Ok(rows) };
    for kind in [ClockKind::Assign, ClockKind::Respond, ClockKind::Resolve] {
        let Some(target) = effective.spec.target(&feedback.priority, kind) else { continue };
        match rows.iter_mut().find(|row| row.kind == kind.as_str()) {
            Some(row) => *row = recompute_to(app, tx, row, Some(target), effective.spec.warn_share, now).await?,
            // The old priority had no such target; the customer has waited since the feedback came in.
            None if kind == ClockKind::Resolve => {
                let (row, entry, due) = begin(&effective, feedback, kind, target, feedback.received_at, now)?;
                clocks::insert(tx, vec![(row.clone(), entry)]).await?;
                timers::set(tx, now, due).await?;
                rows.push(row);
            }
            None => {}
        }
    }
    Ok(rows)
}

/// Moves the deadline of one open clock after its calendar has changed.
pub async fn recompute_one(app: &App, tx: &Tx, clock: &StoredClock, now: DateTime<Utc>) -> Result<()> {
    let Some(feedback) = pool::lock(tx, Scope::All, clock.feedback_id).await? else { return Ok(()) };
    let Some(row) = clocks::find(tx, clock.id).await? else { return Ok(()) };
    let warn_share = warn_share(app, tx, &feedback).await?;
    recompute_to(app, tx, &row, None, warn_share, now).await?;
    if feedback.work_key.is_some() {
        let due_at = next_due(&clocks::of_feedback(tx, feedback.id).await?);
        work::place(tx, feedback.id, Some(work_key(stored(&feedback.priority)?, due_at))).await?;
    }
    Ok(())
}

/// What is due next of a feedback: the nearest deadline whose clock runs.
pub fn next_due(clocks: &[StoredClock]) -> Option<DateTime<Utc>> {
    let running = clocks.iter().filter(|clock| clock.state == ClockState::Running.as_str());
    running.filter_map(|clock| clock.due_at).min()
}

async fn recompute_to(
    app: &App,
    tx: &Tx,
    row: &StoredClock,
    target: Option<Target>,
    warn_share: f64,
    now: DateTime<Utc>,
) -> Result<StoredClock> {
    let mut clock = replay(tx, row).await?;
    let target = target.unwrap_or(clock.target());
    if clock.state() == ClockState::Stopped {
        return Ok(row.clone());
    }
    let calendar = policies::calendar(app, tx, row.calendar_id).await?;
    let reading = clock.reading(&calendar, now).ok();
    let same_due =
        reading.is_some_and(|reading| reading.due_at == row.due_at && reading.provisional == row.provisional);
    if same_due && target == clock.target() {
        return Ok(row.clone());
    }
    let entry = clock.recompute(now, target).map_err(|error| Error::broken("clock", error))?;
    let from = row.due_at;
    let row = store(tx, row.clone(), &clock, entry, &calendar, warn_share, now).await?;
    let clock = stored(&row.kind)?;
    let event = Event::FeedbackDeadlineMoved { feedback_id: row.feedback_id, clock, from, to: row.due_at };
    events::append(tx, None, now, &[event]).await?;
    Ok(row)
}
