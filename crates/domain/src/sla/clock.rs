//! The ledger of one deadline: started, paused, resumed, stopped, recomputed.
//!
//! The entries are the truth and are only ever appended; the [`Clock`] is what they add up to. A stopped clock that
//! is resumed (a reopened feedback) runs on: the time between counts as a pause.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::due::{DueError, Goal, due, meet, used};
use super::explain::Log;
use super::pause::{Pause, Pauses};
use super::target::{Target, Unit};
use crate::text_enum;

/// One line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened; never before the entry above it.
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EntryKind,
}

/// What happened to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryKind {
    /// The clock began to run. Always the first entry, and only the first.
    Started {
        /// What has to be met; `None` for a clock that only measures.
        target: Option<Target>,
    },
    /// The clock stands still, for instance while the customer is awaited.
    Paused,
    /// A paused or stopped clock runs on.
    Resumed,
    /// The work is done.
    Stopped,
    /// The calendar or the policy changed; from here on the deadline is worked out anew from the start.
    Recomputed {
        /// What has to be met from now on; unchanged if only the calendar differs.
        target: Option<Target>,
    },
}

text_enum! {
    /// What a clock is doing.
    ClockState {
        /// Time counts.
        Running = "running",
        /// Time does not count until the clock is resumed.
        Paused = "paused",
        /// The work is done.
        Stopped = "stopped",
    }
}

/// An entry that cannot be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The ledger is empty or does not begin with a start.
    #[error("the clock was never started")]
    NotStarted,
    /// A second start.
    #[error("the clock was already started")]
    AlreadyStarted,
    /// The clock's state does not allow it, such as pausing a stopped clock.
    #[error("the clock is {0}")]
    WrongState(ClockState),
    /// A stored ledger in which time goes backwards.
    #[error("the entries of the clock are out of order")]
    OutOfOrder,
}

/// The state that a ledger adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    started_at: DateTime<Utc>,
    target: Option<Target>,
    state: ClockState,
    /// Time of the last entry.
    last_at: DateTime<Utc>,
    /// In order; the last one is open exactly while paused.
    pauses: Vec<Pause>,
    stopped_at: Option<DateTime<Utc>>,
}

/// What a clock shows at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it is doing.
    pub state: ClockState,
    /// The deadline; `None` without a target, and while paused, unless it had passed before the pause. A stopped clock
    /// keeps the deadline it had (stopped during a pause: the one it would have had if resumed then).
    pub due_at: Option<DateTime<Utc>>,
    /// Whether `due_at` depends on holidays that are not published yet.
    pub provisional: bool,
    /// The unit of the figures below: the target's, or business hours where there is none.
    pub unit: Unit,
    /// Time used; of a stopped clock, up to the stop.
    pub used: f64,
    /// Time left, never below zero; `None` without a target.
    pub left: Option<f64>,
    /// `used` by target: 1 when it is met, more when it is missed; `None` without a target.
    pub share: Option<f64>,
    /// Running or paused: the deadline has come. Stopped: it was stopped after its deadline; to stop at that very
    /// instant is in time.
    pub overdue: bool,
    /// Every time it stood still, in order.
    pub pauses: Vec<Pause>,
}

/// The transitions change the clock and return the entry to append. `at` earlier than the last entry is moved up to it:
/// the clocks of several machines differ by a little, and that must not fail a request. A failed transition changes
/// nothing.
impl Clock {
    /// A new clock that runs from `at`, with its first entry.
    pub fn start(at: DateTime<Utc>, target: impl Into<Option<Target>>) -> (Self, Entry) {
        let target = target.into();
        let clock = Self {
            started_at: at,
            target,
            state: ClockState::Running,
            last_at: at,
            pauses: Vec::new(),
            stopped_at: None,
        };
        (clock, Entry { at, kind: EntryKind::Started { target } })
    }

    /// Adds up a stored ledger, in the order in which it was written.
    ///
    /// # Errors
    /// Any [`ClockError`]; a ledger made of returned entries has none.
    pub fn replay(entries: &[Entry]) -> Result<Self, ClockError> {
        let Some((Entry { at, kind: EntryKind::Started { target } }, rest)) = entries.split_first() else {
            return Err(ClockError::NotStarted);
        };
        let (mut clock, _) = Self::start(*at, *target);
        for entry in rest {
            clock.apply(*entry)?;
        }
        Ok(clock)
    }

    /// Lets the clock stand still.
    ///
    /// # Errors
    /// [`ClockError::WrongState`] unless it is running.
    pub fn pause(&mut self, at: DateTime<Utc>) -> Result<Entry, ClockError> {
        self.append(at, EntryKind::Paused)
    }

    /// Lets a paused or stopped clock run on.
    ///
    /// # Errors
    /// [`ClockError::WrongState`] if it is running.
    pub fn resume(&mut self, at: DateTime<Utc>) -> Result<Entry, ClockError> {
        self.append(at, EntryKind::Resumed)
    }

    /// Ends a running or paused clock.
    ///
    /// # Errors
    /// [`ClockError::WrongState`] if it is stopped.
    pub fn stop(&mut self, at: DateTime<Utc>) -> Result<Entry, ClockError> {
        self.append(at, EntryKind::Stopped)
    }

    /// Records that calendar or policy changed. Start and pauses stay, the target becomes `target`.
    ///
    /// # Errors
    /// [`ClockError::WrongState`] if it is stopped: what is closed is not judged by new rules.
    pub fn recompute(&mut self, at: DateTime<Utc>, target: impl Into<Option<Target>>) -> Result<Entry, ClockError> {
        self.append(at, EntryKind::Recomputed { target: target.into() })
    }

    fn append(&mut self, at: DateTime<Utc>, kind: EntryKind) -> Result<Entry, ClockError> {
        let entry = Entry { at: at.max(self.last_at), kind };
        self.apply(entry)?;
        Ok(entry)
    }

    fn apply(&mut self, Entry { at, kind }: Entry) -> Result<(), ClockError> {
        if at < self.last_at {
            return Err(ClockError::OutOfOrder);
        }
        match (kind, self.state) {
            (EntryKind::Started { .. }, _) => return Err(ClockError::AlreadyStarted),
            (EntryKind::Paused, ClockState::Running) => {
                self.pauses.push(Pause { from: at, to: None });
                self.state = ClockState::Paused;
            }
            (EntryKind::Resumed, ClockState::Paused) => {
                self.close_pause(at);
                self.state = ClockState::Running;
            }
            (EntryKind::Resumed, ClockState::Stopped) => {
                // Nothing follows a stop but this, so the last entry is the stop.
                self.pauses.push(Pause { from: self.last_at, to: Some(at) });
                self.stopped_at = None;
                self.state = ClockState::Running;
            }
            (EntryKind::Stopped, ClockState::Running | ClockState::Paused) => {
                self.close_pause(at);
                self.stopped_at = Some(at);
                self.state = ClockState::Stopped;
            }
            (EntryKind::Recomputed { target }, ClockState::Running | ClockState::Paused) => self.target = target,
            (_, state) => return Err(ClockError::WrongState(state)),
        }
        self.last_at = at;
        Ok(())
    }

    fn close_pause(&mut self, at: DateTime<Utc>) {
        if let Some(open) = self.pauses.last_mut().filter(|pause| pause.to.is_none()) {
            open.to = Some(at);
        }
    }
}

impl Clock {
    /// When it was started.
    pub const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// When it was stopped, if it is.
    pub const fn stopped_at(&self) -> Option<DateTime<Utc>> {
        self.stopped_at
    }

    /// What has to be met, if anything has.
    pub const fn target(&self) -> Option<Target> {
        self.target
    }

    /// What its time is counted in: the target's unit, or business hours where there is none.
    pub fn unit(&self) -> Unit {
        self.target.map_or(Unit::BusinessHours, |target| target.unit)
    }

    /// What it is doing.
    pub const fn state(&self) -> ClockState {
        self.state
    }

    /// Every time it stood still, in order; the last one is open while it is paused.
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// What the clock shows at `now`; earlier than the last entry, `now` is taken to be that entry's time.
    ///
    /// A stopped clock has to be read by the calendar that it was stopped under, or be read once and kept: the ledger
    /// holds no calendar.
    ///
    /// # Errors
    /// [`DueError::OutOfReach`] if the deadline is more than 50 years away. Never [`DueError::Paused`].
    pub fn reading(&self, calendar: &Calendar, now: DateTime<Utc>) -> Result<Reading, DueError> {
        let (now, until) = (now.max(self.last_at), self.until(now));
        let deadline = match self.target {
            Some(target) => unless_paused(due(calendar, self.started_at, target, &self.pauses))?,
            None => None,
        };
        let used = used(calendar, self.started_at, until, self.unit(), &self.pauses);
        let target = self.target.map(|target| f64::from(target.value));
        let due_at = deadline.as_ref().map(|due| due.at);
        Ok(Reading {
            state: self.state,
            due_at,
            provisional: deadline.is_some_and(|due| due.provisional),
            unit: self.unit(),
            used,
            left: target.map(|target| (target - used).max(0.0)),
            share: target.map(|target| if target == 0.0 { 1.0 } else { used / target }),
            overdue: due_at.is_some_and(|due| match self.stopped_at {
                Some(stopped) => stopped > due,
                None => now >= due,
            }),
            pauses: self.pauses.clone(),
        })
    }

    /// The end of what is read at `now`: the stop, or `now`, which is never before the last entry.
    pub fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.stopped_at.unwrap_or(now.max(self.last_at))
    }

    /// When to warn that the deadline comes near: the instant at which `share` (0 to 1; what lies outside is moved to
    /// the nearer end) of an elapsed or business-hours target is used, or the opening of the last working day. `None`
    /// for a stopped clock, for one without a target, and for one that is paused before that.
    ///
    /// # Errors
    /// [`DueError::OutOfReach`] if that is more than 50 years away. Never [`DueError::Paused`].
    pub fn warn_at(&self, calendar: &Calendar, share: f64) -> Result<Option<DateTime<Utc>>, DueError> {
        let Some(target) = self.target.filter(|_| self.state != ClockState::Stopped) else { return Ok(None) };
        let part = |length| part_of(length, share).ok_or(DueError::OutOfReach);
        let goal = match Goal::from(target) {
            Goal::Elapsed(length) => Goal::Elapsed(part(length)?),
            Goal::Worked(length) => Goal::Worked(part(length)?),
            Goal::Closings(days) => Goal::Closings(days),
        };
        let by_days = matches!(goal, Goal::Closings(_));
        let pauses = Pauses::new(self.started_at, &self.pauses);
        let met = unless_paused(meet(calendar, self.started_at, goal, &pauses, &mut Log::default()))?;
        Ok(met.map(|met| if by_days { met.opening.max(self.started_at) } else { met.at }))
    }
}

/// A share of a length, to the millisecond. Not a number counts as all of it.
fn part_of(length: TimeDelta, share: f64) -> Option<TimeDelta> {
    let share = if share.is_nan() { 1.0 } else { share.clamp(0.0, 1.0) };
    // The cast saturates, and a length beyond the horizon is refused later anyway.
    TimeDelta::try_milliseconds((length.num_milliseconds() as f64 * share).round() as i64)
}

fn unless_paused<T>(result: Result<T, DueError>) -> Result<Option<T>, DueError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(DueError::Paused) => Ok(None),
        Err(error) => Err(error),
    }
}
