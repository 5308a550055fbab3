//! Which time was counted so far, day by day: the account behind [`used`](super::used).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, Span};
use super::due::{HORIZON, clip, closed, dates, length, night_before};
use super::explain::{Counted, Log, SkipReason, Skipped, amount, duration, local, notes};
use super::pause::{Pause, Pauses};
use super::target::Unit;
use super::zone::{self, Edge};

/// The way from a start to the present, and what of it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// What was counted.
    pub unit: Unit,
    /// The time zone of the dates below.
    pub time_zone: Tz,
    /// When the clock started.
    pub start: DateTime<Utc>,
    /// The end of what is accounted for.
    pub until: DateTime<Utc>,
    /// Whole seconds counted in sum; for working days the working time of the days that were.
    pub counted_seconds: i64,
    /// How many spans of time were counted; for working days how many days.
    pub counted_days: u32,
    /// Seconds between start and end during which the clock stood still.
    pub paused_seconds: i64,
    /// What was counted, in order, each span within one local date, or one entry per working day. At most 60 entries.
    pub counted: Vec<Counted>,
    /// The dates that were walked over without counting (never for elapsed units), in order. At most 60 entries.
    pub skipped: Vec<Skipped>,
    /// How many dates were skipped for which reason, also those that `skipped` has no room for.
    pub skipped_days: BTreeMap<SkipReason, u32>,
    /// Whether `counted` or `skipped` lost entries for want of room.
    pub truncated: bool,
}

impl Spent {
    /// One sentence for people, in Chinese or English, in local time.
    pub fn sentence(&self, lang_zh: bool) -> String {
        let (start, until) = (local(self.time_zone, self.start), local(self.time_zone, self.until));
        let counted = match self.unit {
            Unit::WorkingDays => amount(self.counted_days, self.unit, lang_zh),
            _ if self.counted_seconds == 0 && lang_zh => " 0 秒".to_owned(),
            _ if self.counted_seconds == 0 => "0 seconds".to_owned(),
            _ => duration(self.counted_seconds, lang_zh),
        };
        let of = match (self.unit, lang_zh) {
            (Unit::BusinessHours, true) => "工作时间",
            (Unit::BusinessHours, false) => " of working time",
            _ => "",
        };
        let notes = notes(&self.skipped_days, self.paused_seconds, lang_zh);
        match (lang_zh, notes.is_empty()) {
            (true, true) => format!("自 {start} 至 {until} 计{of}{counted}。"),
            (true, false) => format!("自 {start} 至 {until} 计{of}{counted}；不计入：{}。", notes.join("、")),
            (false, true) => format!("{counted}{of} from {start} to {until}."),
            (false, false) => format!("{counted}{of} from {start} to {until}; not counted: {}.", notes.join(", ")),
        }
    }
}

/// The account of what [`used`](super::used) adds up, by the same rules.
pub fn spent(calendar: &Calendar, start: DateTime<Utc>, until: DateTime<Utc>, unit: Unit, pauses: &[Pause]) -> Spent {
    let pauses = Pauses::new(start, pauses);
    let until = until.max(start);
    let until = match start.checked_add_signed(HORIZON) {
        Some(limit) if !unit.is_elapsed() => until.min(limit),
        _ => until,
    };
    let way = Span { from: start, to: until };
    let mut log = Log::default();
    if let Some(first) = calendar.local_date(start).filter(|_| start < until) {
        match unit {
            Unit::WorkingDays => closings(calendar, first, until, &pauses, &mut log),
            Unit::BusinessHours => worked(calendar, first, way, &pauses, &mut log),
            _ => elapsed(calendar, first, way, &pauses, &mut log),
        }
    }
    let paused = (until - start) - length(&pauses.running(way));
    log.spent(unit, calendar.time_zone(), way, paused)
}

/// All running time, cut at every local midnight. What lies between two dates has one boundary for both, so that nothing
/// is lost or counted twice where clocks change at midnight.
fn elapsed(calendar: &Calendar, first: NaiveDate, way: Span, pauses: &Pauses, log: &mut Log) {
    let midnight = |date: NaiveDate| zone::instant(calendar.time_zone(), date.and_time(NaiveTime::MIN), Edge::Start);
    let mut from = way.from;
    for date in dates(calendar, first, way.to) {
        let next = date.succ_opt().filter(|next| calendar.local_date(way.to).is_some_and(|last| *next <= last));
        let to = next.and_then(midnight).unwrap_or(way.to).clamp(from, way.to);
        for piece in pauses.running(Span { from, to }) {
            log.count(date, piece, piece.to - piece.from);
        }
        from = to;
    }
}

fn worked(calendar: &Calendar, first: NaiveDate, way: Span, pauses: &Pauses, log: &mut Log) {
    let mut from = way.from;
    for date in dates(calendar, night_before(first), way.to) {
        let Some(day) = calendar.day(date) else {
            if date >= first {
                log.skip(date, closed(calendar, date));
            }
            continue;
        };
        let (mut open, mut ran) = (false, false);
        for span in day.spans.into_iter().filter(|span| span.to > way.from && span.from < way.to) {
            open = true;
            let span = Span { to: span.to.min(way.to), ..span };
            for piece in pauses.running(clip(span, &mut from)) {
                ran = true;
                log.count(date, piece, piece.to - piece.from);
            }
        }
        if date == first && day.closing <= way.from {
            log.skip(date, SkipReason::StartDay);
        } else if open && !ran {
            log.skip(date, SkipReason::Paused);
        }
    }
}

fn closings(calendar: &Calendar, first: NaiveDate, until: DateTime<Utc>, pauses: &Pauses, log: &mut Log) {
    log.skip(first, SkipReason::StartDay);
    for date in dates(calendar, first, until).skip(1) {
        match calendar.day(date) {
            None => log.skip(date, closed(calendar, date)),
            // Not over yet.
            Some(day) if day.closing > until => {}
            Some(day) if pauses.cover(day.closing) => log.skip(date, SkipReason::Paused),
            Some(day) => log.count(date, Span { from: day.opening, to: day.closing }, length(&day.spans)),
        }
    }
}
