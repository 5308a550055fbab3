//! Why a deadline is when it is.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::calendar::Span;
use super::spent::Spent;
use super::target::{Target, Unit};
use super::zone;

/// Entries kept of either list; a deadline a year away would otherwise be explained by a book.
const CAP: usize = 60;

/// Time that was counted towards a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The local date that it belongs to; a night shift belongs to the date on which it begins.
    pub date: NaiveDate,
    /// Its start; for working days the opening of the day.
    pub from: DateTime<Utc>,
    /// Its end; for working days the closing time of the day.
    pub to: DateTime<Utc>,
    /// Whole seconds counted; for working days the working time of the day.
    pub seconds: i64,
}

/// Why a local date did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// A holiday of the calendar.
    Holiday,
    /// The weekday has no hours.
    Closed,
    /// The clock stood still: at closing time (working days) or during all working hours of the day.
    Paused,
    /// The day of the start, which working days never count, and business hours do not if it had closed by then.
    StartDay,
}

/// A local date that did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The date.
    pub date: NaiveDate,
    /// Why not.
    pub reason: SkipReason,
}

/// The way from a start to its deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// How many units the target has.
    pub value: u32,
    /// The unit of the target.
    pub unit: Unit,
    /// The zone of the dates below.
    pub time_zone: Tz,
    /// When the clock started.
    pub start: DateTime<Utc>,
    /// The deadline.
    pub due: DateTime<Utc>,
    /// Seconds between start and deadline during which the clock stood still.
    pub paused_seconds: i64,
    /// What was counted, in order: spans of running time, or one entry per working day. At most 60 entries.
    pub counted: Vec<Counted>,
    /// The dates that were walked over without counting (never for elapsed units), in order. At most 60 entries.
    pub skipped: Vec<Skipped>,
    /// How many dates were skipped for which reason, also those that `skipped` has no room for.
    pub skipped_days: BTreeMap<SkipReason, u32>,
    /// Whether `counted` or `skipped` lost entries for want of room.
    pub truncated: bool,
}

impl Explanation {
    /// One sentence for people, in Chinese or English, in local time.
    pub fn sentence(&self, lang_zh: bool) -> String {
        let at = |instant| local(self.time_zone, instant);
        let (start, due, amount) = (at(self.start), at(self.due), amount(self.value, self.unit, lang_zh));
        let notes = notes(&self.skipped_days, self.paused_seconds, lang_zh);
        match (lang_zh, notes.is_empty()) {
            (true, true) => format!("自 {start} 起计{amount}，{due} 到期。"),
            (true, false) => format!("自 {start} 起计{amount}，{due} 到期；不计入：{}。", notes.join("、")),
            (false, true) => format!("{amount} from {start}: due {due}."),
            (false, false) => format!("{amount} from {start}: due {due}; not counted: {}.", notes.join(", ")),
        }
    }
}

/// So many units, in words.
pub(super) fn amount(value: u32, unit: Unit, lang_zh: bool) -> String {
    let (zh, en) = match unit {
        Unit::Minutes => ("分钟", "minute"),
        Unit::Hours => ("小时", "hour"),
        Unit::Days => ("天", "day"),
        Unit::BusinessHours => ("个工作小时", "business hour"),
        Unit::WorkingDays => ("个工作日", "working day"),
    };
    if lang_zh { format!(" {value} {zh}") } else { plural(i64::from(value), en) }
}

/// What was not counted, in words.
pub(super) fn notes(skipped: &BTreeMap<SkipReason, u32>, paused_seconds: i64, lang_zh: bool) -> Vec<String> {
    let note = |(reason, days): (&SkipReason, &u32)| match (reason, lang_zh) {
        (SkipReason::StartDay, true) => "起始日".to_owned(),
        (SkipReason::StartDay, false) => "the start day".to_owned(),
        (SkipReason::Holiday, true) => format!("节假日 {days} 天"),
        (SkipReason::Holiday, false) => plural(i64::from(*days), "holiday"),
        (SkipReason::Closed, true) => format!("休息日 {days} 天"),
        (SkipReason::Closed, false) => plural(i64::from(*days), "closed day"),
        (SkipReason::Paused, true) => format!("暂停日 {days} 天"),
        (SkipReason::Paused, false) => plural(i64::from(*days), "paused day"),
    };
    let mut notes: Vec<String> = skipped.iter().map(note).collect();
    if paused_seconds > 0 {
        let pause = duration(paused_seconds, lang_zh);
        notes.push(if lang_zh { format!("暂停{pause}") } else { format!("{pause} paused") });
    }
    notes
}

/// An instant on the wall clock of a zone.
pub(super) fn local(time_zone: Tz, instant: DateTime<Utc>) -> String {
    match zone::local_time(time_zone, instant) {
        Some(local) => local.format("%Y-%m-%d %H:%M").to_string(),
        None => instant.to_string(),
    }
}

fn plural(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The two largest units that say it: days and hours, hours and minutes, or seconds below a minute.
pub(super) fn duration(seconds: i64, lang_zh: bool) -> String {
    let parts = [(86_400, "天", "day"), (3_600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second")];
    let mut rest = seconds;
    let mut text = Vec::new();
    for (length, zh, en) in parts {
        let count = rest / length;
        rest %= length;
        if count > 0 && text.len() < 2 {
            text.push(if lang_zh { format!(" {count} {zh}") } else { plural(count, en) });
        }
    }
    if lang_zh { text.concat() } else { text.join(" ") }
}

/// Collects what [`Explanation`] tells while a deadline is worked out.
#[derive(Default)]
pub(super) struct Log {
    counted: Vec<Counted>,
    skipped: Vec<Skipped>,
    skipped_days: BTreeMap<SkipReason, u32>,
    truncated: bool,
    /// All that was counted, also what there was no room to list.
    total: TimeDelta,
    /// How often something was counted.
    times: u32,
}

impl Log {
    pub fn count(&mut self, date: NaiveDate, span: Span, time: TimeDelta) {
        self.total += time;
        self.times += 1;
        let entry = Counted { date, from: span.from, to: span.to, seconds: time.num_seconds() };
        self.truncated |= self.counted.len() >= CAP;
        if self.counted.len() < CAP {
            self.counted.push(entry);
        }
    }

    pub fn skip(&mut self, date: NaiveDate, reason: SkipReason) {
        *self.skipped_days.entry(reason).or_default() += 1;
        self.truncated |= self.skipped.len() >= CAP;
        if self.skipped.len() < CAP {
            self.skipped.push(Skipped { date, reason });
        }
    }

    pub fn explain(self, target: Target, time_zone: Tz, way: Span, paused: TimeDelta) -> Explanation {
        Explanation {
            value: target.value,
            unit: target.unit,
            time_zone,
            start: way.from,
            due: way.to,
            paused_seconds: paused.num_seconds(),
            counted: self.counted,
            skipped: self.skipped,
            skipped_days: self.skipped_days,
            truncated: self.truncated,
        }
    }

    pub fn spent(self, unit: Unit, time_zone: Tz, way: Span, paused: TimeDelta) -> Spent {
        Spent {
            unit,
            time_zone,
            start: way.from,
            until: way.to,
            counted_seconds: self.total.num_seconds(),
            counted_days: self.times,
            paused_seconds: paused.num_seconds(),
            counted: self.counted,
            skipped: self.skipped,
            skipped_days: self.skipped_days,
            truncated: self.truncated,
        }
    }
}
