//! When people work: hours of the week, holidays, make-up working days (调休).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::zone::{self, Edge};

/// Minutes from one local midnight to the next on an ordinary day.
const DAY: u16 = 1_440;

/// A stretch of real time, from inclusive, to exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub from: DateTime<Utc>,
    /// First instant after it.
    pub to: DateTime<Utc>,
}

/// Working hours in minutes since local midnight of the day they begin on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    from: u16,
    to: u16,
}

impl Interval {
    /// Hours between two times of day, in minutes since midnight. An end that is not after its start lies on the next
    /// day; equal ends are 24 hours. `None` if the start is not below 1440 or the end is above 1440.
    pub fn new(from: u16, to: u16) -> Option<Self> {
        if from >= DAY || to > DAY {
            return None;
        }
        let to = if to <= from { to + DAY } else { to };
        Some(Self { from, to })
    }

    /// Start, in minutes since local midnight: 0 to 1439.
    pub const fn from(&self) -> u16 {
        self.from
    }

    /// End, in minutes since local midnight of the day of the start: above 1440 when it lies on the next day.
    pub const fn to(&self) -> u16 {
        self.to
    }
}

/// What makes a date differ from its weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// Nobody works.
    Holiday,
    /// A working day with these hours; `None` means the hours of an ordinary working day.
    Working(Option<Vec<Interval>>),
}

/// Working time of one enterprise in one time zone. Made from a [`super::CalendarSpec`], which is also its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub(super) time_zone: Tz,
    /// Monday first.
    pub(super) weekly_hours: [Vec<Interval>; 7],
    pub(super) exceptions: BTreeMap<NaiveDate, Exception>,
    pub(super) published_years: Option<BTreeSet<i32>>,
}

/// The working time that belongs to one local date.
pub(super) struct Day {
    /// When its first hours begin.
    pub opening: DateTime<Utc>,
    /// When its last hours end; never before the shift of the day before has ended.
    pub closing: DateTime<Utc>,
    /// Disjoint, in order. Empty if the shift of the day before covers all of it.
    pub spans: Vec<Span>,
}

impl Calendar {
    /// The zone of all its dates and hours.
    pub const fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// The hours of a weekday as they were written; empty means closed.
    pub fn weekly_hours(&self, weekday: Weekday) -> &[Interval] {
        let [mon, tue, wed, thu, fri, sat, sun] = &self.weekly_hours;
        match weekday {
            Weekday::Mon => mon,
            Weekday::Tue => tue,
            Weekday::Wed => wed,
            Weekday::Thu => thu,
            Weekday::Fri => fri,
            Weekday::Sat => sat,
            Weekday::Sun => sun,
        }
    }

    /// Holidays and make-up working days by local date.
    pub const fn exceptions(&self) -> &BTreeMap<NaiveDate, Exception> {
        &self.exceptions
    }

    /// Whether the holidays of a year are known, so that deadlines in it are final.
    ///
    /// Without an explicit list the years in which the calendar has exceptions count; a calendar without any
    /// exception makes no claim about holidays and is final in every year.
    pub fn is_published(&self, year: i32) -> bool {
        match &self.published_years {
            Some(years) => years.contains(&year),
            None if self.exceptions.is_empty() => true,
            None => match (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year, 12, 31)) {
                (Some(first), Some(last)) => self.exceptions.range(first..=last).next().is_some(),
                _ => false,
            },
        }
    }

    /// The local date of an instant; `None` when chrono cannot hold it.
    pub fn local_date(&self, at: DateTime<Utc>) -> Option<NaiveDate> {
        zone::local_time(self.time_zone, at).map(|local| local.date())
    }

    /// The working time that begins on a local date, as instants: disjoint and in order, empty on a closed day.
    ///
    /// Hours that overlap count once; what overlaps a shift of the day before belongs to the day before. Around a
    /// clock change the length is that of real time: a start or end that does not exist is the first instant after
    /// the gap, an ambiguous start is the earlier instant, an ambiguous end the later.
    pub fn opens_on(&self, date: NaiveDate) -> Vec<Span> {
        self.day(date).map(|day| day.spans).unwrap_or_default()
    }

    /// Closing time of a local date; `None` on a closed day. A day whose hours lie wholly inside a shift of the day
    /// before closes with that shift, so closing times never go backwards.
    pub fn closes_on(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        self.day(date).map(|day| day.closing)
    }

    /// The working time of a local date; `None` on a closed day.
    pub(super) fn day(&self, date: NaiveDate) -> Option<Day> {
        let mut spans = self.own_spans(date);
        let opening = spans.first()?.from;
        let mut closing = spans.last()?.to;
        // One day back is enough: hours last at most 24 hours.
        if let Some(spill) = date.pred_opt().and_then(|before| self.own_spans(before).last().map(|span| span.to)) {
            closing = closing.max(spill);
            for span in &mut spans {
                span.from = span.from.max(spill);
            }
            spans.retain(|span| span.from < span.to);
        }
        Some(Day { opening, closing, spans })
    }

    /// The hours that a date has, whatever the day before does; merged as instants, because two hours that do not
    /// overlap on the wall clock can do so in the hour that is shown twice.
    fn own_spans(&self, date: NaiveDate) -> Vec<Span> {
        let midnight = date.and_time(NaiveTime::MIN);
        let at = |minute: u16, edge| {
            let local = midnight.checked_add_signed(TimeDelta::minutes(i64::from(minute)))?;
            zone::instant(self.time_zone, local, edge)
        };
        let mut spans: Vec<Span> = self
            .hours_of(date)
            .iter()
            .filter_map(|hours| Some(Span { from: at(hours.from, Edge::Start)?, to: at(hours.to, Edge::End)? }))
            .filter(|span| span.from < span.to)
            .collect();
        spans.sort_by_key(|span| span.from);
        merge(spans)
    }

    /// A make-up working day beats a holiday (only one of them is kept per date), both beat the week.
    fn hours_of(&self, date: NaiveDate) -> &[Interval] {
        match self.exceptions.get(&date) {
            Some(Exception::Holiday) => &[],
            Some(Exception::Working(Some(hours))) => hours,
            Some(Exception::Working(None)) => self.ordinary_hours(),
            None => self.weekly_hours(date.weekday()),
        }
    }

    /// Monday's hours, or else those of the first weekday that has any.
    fn ordinary_hours(&self) -> &[Interval] {
        self.weekly_hours.iter().find(|hours| !hours.is_empty()).map_or(&[], Vec::as_slice)
    }
}

/// Joins spans that overlap or touch; they come sorted by their start.
pub(super) fn merge(sorted: Vec<Span>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}
