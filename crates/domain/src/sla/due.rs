//! From a start and a target to a deadline, and from a start and a present to the time used.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, Exception, Span};
use super::explain::{Explanation, Log, SkipReason};
use super::pause::{Pause, Pauses};
use super::target::{Target, Unit};

/// How far after its start a deadline may lie (50 years). It bounds the cost of a calendar that is nearly always closed.
pub const HORIZON: TimeDelta = TimeDelta::days(18_263);

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The last instant that is in time.
    pub at: DateTime<Utc>,
    /// Whether it depends on a year whose holidays are not published yet; never for elapsed units.
    pub provisional: bool,
    /// How it came about.
    pub explanation: Explanation,
}

/// There is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DueError {
    /// The clock stands still before the target is met, so the deadline moves away as time passes.
    #[error("the clock is paused")]
    Paused,
    /// The target is not met within [`HORIZON`] of the start, or within the dates that can be computed.
    #[error("the deadline is more than 50 years away")]
    OutOfReach,
}

/// When a target is met that starts at `start`.
///
/// Elapsed units count all time outside pauses, `business_hours` only working time outside pauses: met exactly at
/// closing time, they are due then and not at the next opening. `working_days` do not count the local day of the start
/// and end at closing time of the last day; a day counts if the clock runs up to its closing time (a pause that begins
/// at closing time is too late to take the day away, one that ends there does not give it back). Pauses come in any order and may overlap; one that ends before it begins is ignored, as is what lies before the start. A target of
/// zero is due at its start.
///
/// # Errors
/// [`DueError::Paused`] if a pause without an end comes before the target is met, [`DueError::OutOfReach`] if it is not
/// met within 50 years.
pub fn due(calendar: &Calendar, start: DateTime<Utc>, target: Target, pauses: &[Pause]) -> Result<Due, DueError> {
    let pauses = Pauses::new(start, pauses);
    let mut log = Log::default();
    let at = meet(calendar, start, Goal::from(target), &pauses, &mut log)?.at;
    let way = Span { from: start, to: at };
    let paused = (at - start) - length(&pauses.running(way));
    Ok(Due {
        at,
        provisional: !target.is_elapsed() && !is_published(calendar, start, at),
        explanation: log.explain(target, calendar.time_zone(), way, paused),
    })
}

/// How much of a target counted in `unit` is used at `until`, in that unit: elapsed or working time outside pauses,
/// or, for `working_days`, the closing times passed while running. Zero before the start; calendar units stop counting
/// [`HORIZON`] after it.
pub fn used(calendar: &Calendar, start: DateTime<Utc>, until: DateTime<Utc>, unit: Unit, pauses: &[Pause]) -> f64 {
    if until <= start {
        return 0.0;
    }
    let pauses = Pauses::new(start, pauses);
    let until = match start.checked_add_signed(HORIZON) {
        Some(limit) if !unit.is_elapsed() => until.min(limit),
        _ => until,
    };
    let Some(seconds) = unit.seconds() else {
        return f64::from(closings_passed(calendar, start, until, &pauses));
    };
    let running = if unit.is_elapsed() {
        length(&pauses.running(Span { from: start, to: until }))
    } else {
        worked(calendar, start, until, &pauses)
    };
    as_seconds(running) / f64::from(seconds)
}

/// What has to be counted until a target is met.
pub(super) enum Goal {
    Elapsed(TimeDelta),
    Worked(TimeDelta),
    Closings(u32),
}

impl From<Target> for Goal {
    fn from(target: Target) -> Self {
        match target.length() {
            None => Self::Closings(target.value),
            Some(length) if target.is_elapsed() => Self::Elapsed(length),
            Some(length) => Self::Worked(length),
        }
    }
}

impl Goal {
    fn is_zero(&self) -> bool {
        match self {
            Self::Elapsed(length) | Self::Worked(length) => *length <= TimeDelta::zero(),
            Self::Closings(days) => *days == 0,
        }
    }
}

/// A goal that was met.
pub(super) struct Met {
    pub at: DateTime<Utc>,
    /// Opening of the day that met it; only working days have one that matters.
    pub opening: DateTime<Utc>,
}

/// Walks from the start until the goal is met.
pub(super) fn meet(
    calendar: &Calendar,
    start: DateTime<Utc>,
    goal: Goal,
    pauses: &Pauses,
    log: &mut Log,
) -> Result<Met, DueError> {
    if goal.is_zero() {
        return Ok(Met { at: start, opening: start });
    }
    let limit = start.checked_add_signed(HORIZON).ok_or(DueError::OutOfReach)?;
    let first = calendar.local_date(start).ok_or(DueError::OutOfReach)?;
    let walk = Walk { calendar, start, first, limit, pauses };
    let met = match goal {
        Goal::Elapsed(length) => {
            let mut meter = Meter { left: length, pauses, log };
            meter.run(first, Span { from: start, to: limit })?.map(|at| Met { at, opening: start })
        }
        Goal::Worked(length) => walk.worked(length, log)?,
        Goal::Closings(days) => walk.closings(days, log)?,
    };
    match met {
        Some(met) if met.at <= limit => Ok(met),
        _ if pauses.open_before(limit) => Err(DueError::Paused),
        _ => Err(DueError::OutOfReach),
    }
}

struct Walk<'a> {
    calendar: &'a Calendar,
    start: DateTime<Utc>,
    /// Local date of the start.
    first: NaiveDate,
    limit: DateTime<Utc>,
    pauses: &'a Pauses,
}

impl Walk<'_> {
    fn worked(&self, length: TimeDelta, log: &mut Log) -> Result<Option<Met>, DueError> {
        let mut meter = Meter { left: length, pauses: self.pauses, log };
        let mut from = self.start;
        for date in dates(self.calendar, night_before(self.first), self.limit) {
            let Some(day) = self.calendar.day(date) else {
                if date >= self.first {
                    meter.log.skip(date, closed(self.calendar, date));
                }
                continue;
            };
            let (mut open, before) = (false, meter.left);
            for span in day.spans.into_iter().filter(|span| span.to > self.start) {
                open = true;
                if let Some(at) = meter.run(date, clip(span, &mut from))? {
                    return Ok(Some(Met { at, opening: day.opening }));
                }
            }
            if date == self.first && day.closing <= self.start {
                meter.log.skip(date, SkipReason::StartDay);
            } else if open && meter.left == before {
                meter.log.skip(date, SkipReason::Paused);
            }
        }
        Ok(None)
    }

    fn closings(&self, days: u32, log: &mut Log) -> Result<Option<Met>, DueError> {
        let mut left = days;
        log.skip(self.first, SkipReason::StartDay);
        for date in dates(self.calendar, self.first, self.limit).skip(1) {
            let Some(day) = self.calendar.day(date) else {
                log.skip(date, closed(self.calendar, date));
                continue;
            };
            if self.pauses.open_before(day.closing) {
                return Err(DueError::Paused);
            }
            if self.pauses.cover(day.closing) {
                log.skip(date, SkipReason::Paused);
                continue;
            }
            log.count(date, Span { from: day.opening, to: day.closing }, length(&day.spans));
            left -= 1;
            if left == 0 {
                return Ok(Some(Met { at: day.closing, opening: day.opening }));
            }
        }
        Ok(None)
    }
}

/// Why nobody works on a date without working time.
pub(super) fn closed(calendar: &Calendar, date: NaiveDate) -> SkipReason {
    match calendar.exceptions().get(&date) {
        Some(Exception::Holiday) => SkipReason::Holiday,
        _ => SkipReason::Closed,
    }
}

/// Counts running time down.
struct Meter<'a> {
    left: TimeDelta,
    pauses: &'a Pauses,
    log: &'a mut Log,
}

impl Meter<'_> {
    /// Spends a span of working time; the instant at which nothing is left, if it comes.
    fn run(&mut self, date: NaiveDate, span: Span) -> Result<Option<DateTime<Utc>>, DueError> {
        for piece in self.pauses.running(span) {
            let time = (piece.to - piece.from).min(self.left);
            self.left -= time;
            let to = piece.from + time;
            self.log.count(date, Span { from: piece.from, to }, time);
            if self.left.is_zero() {
                return Ok(Some(to));
            }
        }
        if self.pauses.open_before(span.to) { Err(DueError::Paused) } else { Ok(None) }
    }
}

fn worked(calendar: &Calendar, start: DateTime<Utc>, until: DateTime<Utc>, pauses: &Pauses) -> TimeDelta {
    let Some(first) = calendar.local_date(start) else { return TimeDelta::zero() };
    let mut from = start;
    let mut total = TimeDelta::zero();
    for span in dates(calendar, night_before(first), until).flat_map(|date| calendar.opens_on(date)) {
        let span = Span { to: span.to.min(until), ..span };
        total += length(&pauses.running(clip(span, &mut from)));
    }
    total
}

fn closings_passed(calendar: &Calendar, start: DateTime<Utc>, until: DateTime<Utc>, pauses: &Pauses) -> u32 {
    let Some(first) = calendar.local_date(start) else { return 0 };
    let passed = dates(calendar, first, until)
        .skip(1)
        .filter_map(|date| calendar.closes_on(date))
        .filter(|closing| *closing <= until && !pauses.cover(*closing))
        .count();
    u32::try_from(passed).unwrap_or(u32::MAX)
}

/// The local dates from `first` to that of `until`.
pub(super) fn dates(calendar: &Calendar, first: NaiveDate, until: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
    let last = calendar.local_date(until).unwrap_or(NaiveDate::MAX);
    first.iter_days().take_while(move |date| *date <= last)
}

/// A shift that began before the start may still be running; two days back, as clocks can fall back over midnight.
pub(super) fn night_before(first: NaiveDate) -> NaiveDate {
    first.checked_sub_days(Days::new(2)).unwrap_or(first)
}

/// What of a span lies after `from`, which moves to its end: no instant counts twice, whatever the clocks did.
pub(super) fn clip(span: Span, from: &mut DateTime<Utc>) -> Span {
    let clipped = Span { from: span.from.max(*from), to: span.to };
    *from = (*from).max(span.to);
    clipped
}

pub(super) fn length(spans: &[Span]) -> TimeDelta {
    spans.iter().map(|span| span.to - span.from).sum()
}

fn as_seconds(time: TimeDelta) -> f64 {
    time.num_seconds() as f64 + f64::from(time.subsec_nanos()) * 1e-9
}

/// Whether every year from the start to the deadline is published.
fn is_published(calendar: &Calendar, start: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    match (calendar.local_date(start), calendar.local_date(at)) {
        (Some(first), Some(last)) => (first.year()..=last.year()).all(|year| calendar.is_published(year)),
        _ => false,
    }
}
