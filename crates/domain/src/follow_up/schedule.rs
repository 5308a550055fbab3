//! When touchpoints are due. Nothing here knows the present time: an interval of time goes in, and what falls into it
//! comes out, whatever the points between which it is looked at.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::touchpoint::{Delay, DelayUnit, Direction, Interval, IntervalUnit, Trigger};
use crate::customers::{Birthday, CalendarKind};
use crate::sla::{Calendar, Span, local_date, start_of_day, working_days};
use crate::tiering::condition::{birthday_key, solar_key};

#[cfg(test)]
mod tests;

/// A time at which a touchpoint is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What it is for, as `2026-12-31`: with plan, touchpoint and customer it names one task.
    pub key: String,
    /// The local day on which the customer is to be contacted.
    pub on: NaiveDate,
    /// From when on.
    pub at: DateTime<Utc>,
}

/// An occasion of a date of the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The date itself, or a day on which it comes round again; the occasion's key as well.
    pub base: NaiveDate,
    pub occasion: Occasion,
}

/// One day of an interval over which customers are spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadDay {
    /// Its key is the first day of the interval: nobody has two days in one interval.
    pub occasion: Occasion,
    /// Whose day it is: those whose [`spread_slot`] is one of these.
    pub slots: Range<u32>,
}

/// Whether `at` lies after `from` and not after `to`.
fn within(at: DateTime<Utc>, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    from < at && at <= to
}

/// The occasions of a day or of a rhythm that fall between `from` (excluded) and `to` (included), in order. Each is due
/// when its local day begins. What goes by events or by dates of the customer has none of its own.
pub fn occasions(trigger: &Trigger, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<Occasion> {
    let of_day = |on: NaiveDate| Some(Occasion { key: on.to_string(), on, at: start_of_day(zone, on)? });
    match trigger {
        Trigger::Once { on } => of_day(*on).into_iter().filter(|occasion| within(occasion.at, from, to)).collect(),
        Trigger::Every { every, from: first, until, .. } => {
            let begun = intervals(*every, *first, *until, local_date(zone, from));
            let due = begun.map_while(|(start, _)| of_day(start)).take_while(|occasion| occasion.at <= to);
            due.filter(|occasion| occasion.at > from).collect()
        }
        Trigger::After { .. } | Trigger::Around { .. } => Vec::new(),
    }
}

/// The days of a rhythm with `spread` that begin between `from` (excluded) and `to` (included), with those whose days
/// they are. The interval that has begun by `until` is carried out to its end.
pub fn spread_days(trigger: &Trigger, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Vec<SpreadDay> {
    let Trigger::Every { every, from: first, until, spread: true } = trigger else { return Vec::new() };
    let mut due = Vec::new();
    for (start, end) in intervals(*every, *first, *until, local_date(zone, from)) {
        let earliest = start.max(local_date(zone, from));
        for on in earliest.iter_days().take_while(|day| *day < end) {
            let Some(at) = start_of_day(zone, on).filter(|at| *at <= to) else { return due };
            let slots = spread_slots(start, end, on);
            if at > from && !slots.is_empty() {
                due.push(SpreadDay { occasion: Occasion { key: start.to_string(), on, at }, slots });
            }
        }
    }
    due
}

/// The intervals `[start, end)` of a rhythm, from the one on that holds `day`, or else from the first one on.
fn intervals(
    every: Interval,
    first: NaiveDate,
    until: Option<NaiveDate>,
    day: NaiveDate,
) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    let until = until.unwrap_or(NaiveDate::MAX);
    let ends = (interval_of(every, first, day)..)
        .map_while(move |k| Some((interval_start(every, first, k)?, interval_start(every, first, k.checked_add(1)?)?)));
    ends.take_while(move |(start, _)| *start <= until)
}

/// The first day of the interval number `k`, counted from 0; `None` beyond what chrono can hold. It is always counted from the
/// first day, so that after a shorter month the 31st comes back.
pub fn interval_start(every: Interval, first: NaiveDate, k: u32) -> Option<NaiveDate> {
    let amount = every.amount.max(1).checked_mul(k)?;
    match every.unit {
        IntervalUnit::Days => first.checked_add_days(Days::new(u64::from(amount))),
        IntervalUnit::Weeks => first.checked_add_days(Days::new(u64::from(amount) * 7)),
        IntervalUnit::Months => first.checked_add_months(Months::new(amount)),
    }
}

/// The number of the interval that holds `day`; 0 before the first.
fn interval_of(every: Interval, first: NaiveDate, day: NaiveDate) -> u32 {
    let amount = i64::from(every.amount.max(1));
    let k = match every.unit {
        IntervalUnit::Days => (day - first).num_days() / amount,
        IntervalUnit::Weeks => (day - first).num_days() / (amount * 7),
        IntervalUnit::Months => {
            let months = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
            (months(day) - months(first)) / amount
        }
    };
    let k = u32::try_from(k).unwrap_or_default();
    // Of months only the days tell whether that one has begun.
    let begun = interval_start(every, first, k).is_some_and(|start| start <= day);
    if begun { k } else { k.saturating_sub(1) }
}

/// How many slots there are over which customers are spread.
pub const SPREAD_SLOTS: u32 = 1 << 16;

/// The slot of a customer: the last two bytes of the id as a number, 0 to 65535, so that a range of slots is a range of
/// bytes. On PostgreSQL `get_byte(uuid_send(id), 14) * 256 + get_byte(uuid_send(id), 15)`, on SQLite, where ids are blobs,
/// `substr(id, 15, 2)` compared with the two bytes.
pub fn spread_slot(customer: Uuid) -> u32 {
    let bytes = customer.as_bytes();
    u32::from(u16::from_be_bytes([bytes[14], bytes[15]]))
}

/// The day of a slot in the interval `[start, end)`: the one after ⌊slot · days / 65536⌋ days.
pub fn spread_day(start: NaiveDate, end: NaiveDate, slot: u32) -> NaiveDate {
    let days = days_of(start, end);
    let after = u64::from(slot % SPREAD_SLOTS) * days / u64::from(SPREAD_SLOTS);
    start.checked_add_days(Days::new(after)).unwrap_or(start)
}

/// The slots whose [`spread_day`] is `day`; none outside the interval.
pub fn spread_slots(start: NaiveDate, end: NaiveDate, day: NaiveDate) -> Range<u32> {
    let (days, all) = (days_of(start, end), u64::from(SPREAD_SLOTS));
    let Some(nth) = u64::try_from((day - start).num_days()).ok().filter(|nth| *nth < days) else { return 0..0 };
    let edge = |nth: u64| u32::try_from((nth * all).div_ceil(days)).unwrap_or(SPREAD_SLOTS);
    edge(nth)..edge(nth + 1)
}

fn days_of(start: NaiveDate, end: NaiveDate) -> u64 {
    u64::try_from((end - start).num_days()).unwrap_or_default().max(1)
}

/// When a customer is to be contacted to whom something happened: see [`window`].
pub fn due(event_at: DateTime<Utc>, delay: &Delay, calendar: Option<&Calendar>, zone: Tz) -> DateTime<Utc> {
    window(event_at, delay, 0, calendar, zone).from
}

/// From when until when a customer is to be contacted to whom something happened at `event_at`.
///
/// Hours elapse. Days and working days begin after the local day of the event, which is not counted: days at midnight,
/// working days when the calendar opens. The window is open until the end of the local day `window_days` later; after
/// working days until the calendar closes so many working days later. Without a calendar, or by one that does not open
/// that often in fifty years, days stand for working days. A delay of nothing is due at once.
pub fn window(event_at: DateTime<Utc>, delay: &Delay, window_days: u32, calendar: Option<&Calendar>, zone: Tz) -> Span {
    let day = local_date(zone, event_at);
    let from = match delay.unit {
        DelayUnit::Hours => event_at.checked_add_signed(TimeDelta::hours(i64::from(delay.amount))),
        DelayUnit::WorkingDays if delay.amount > 0 && calendar.is_some() => {
            let reached = calendar.map(|hours| working_days(hours, event_at, delay.amount, delay.amount + window_days));
            match reached {
                Some(Ok(span)) => return span,
                _ => days_later(day, delay.amount).and_then(|on| start_of_day(zone, on)),
            }
        }
        DelayUnit::Days | DelayUnit::WorkingDays if delay.amount > 0 => {
            days_later(day, delay.amount).and_then(|on| start_of_day(zone, on))
        }
        DelayUnit::Days | DelayUnit::WorkingDays => Some(event_at),
    };
    let from = from.unwrap_or(event_at).max(event_at);
    Span { from, to: end_of_day(days_later(local_date(zone, from), window_days), zone).unwrap_or(from) }
}

/// From the beginning of a local day until the end of the one `window_days` later; `None` beyond what chrono can hold.
pub fn window_of_day(on: NaiveDate, window_days: u32, zone: Tz) -> Option<Span> {
    Some(Span { from: start_of_day(zone, on)?, to: end_of_day(days_later(on, window_days), zone)? })
}

/// The last microsecond of a local day, which is the last moment that a database tells from the next day.
fn end_of_day(on: Option<NaiveDate>, zone: Tz) -> Option<DateTime<Utc>> {
    start_of_day(zone, days_later(on?, 1)?)?.checked_sub_signed(TimeDelta::microseconds(1))
}

fn days_later(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(u64::from(days)))
}

fn shifted(day: NaiveDate, direction: Direction, days: u32) -> Option<NaiveDate> {
    match direction {
        Direction::Before => day.checked_sub_days(Days::new(u64::from(days))),
        Direction::After => day.checked_add_days(Days::new(u64::from(days))),
    }
}

/// The occasion of a date of a customer, `None` where there is none that can be computed. Hours elapse from or to the
/// beginning of its day; working days are those of the calendar, the date itself not counted, and plain days without one.
pub fn around(
    base: NaiveDate,
    direction: Direction,
    delay: &Delay,
    calendar: Option<&Calendar>,
    zone: Tz,
) -> Option<Occasion> {
    let (on, at) = match (delay.unit, calendar) {
        (DelayUnit::Hours, _) => {
            let hours = TimeDelta::hours(i64::from(delay.amount));
            let start = start_of_day(zone, base)?;
            let at = match direction {
                Direction::Before => start.checked_sub_signed(hours)?,
                Direction::After => start.checked_add_signed(hours)?,
            };
            (local_date(zone, at), at)
        }
        (DelayUnit::WorkingDays, Some(calendar)) => {
            let on = working_day(calendar, base, direction, delay.amount)?;
            (on, start_of_day(zone, on)?)
        }
        _ => {
            let on = shifted(base, direction, delay.amount)?;
            (on, start_of_day(zone, on)?)
        }
    };
    Some(Occasion { key: base.to_string(), on, at })
}

/// The `count`th working day before or after a date, which is not counted.
fn working_day(calendar: &Calendar, base: NaiveDate, direction: Direction, count: u32) -> Option<NaiveDate> {
    let mut left = count;
    let mut day = base;
    // Enough for one working day a week and long holidays; a calendar that opens less is none.
    for _ in 0..u64::from(count) * 10 + 60 {
        if left == 0 {
            return Some(day);
        }
        day = shifted(day, direction, 1)?;
        left -= u32::from(calendar.closes_on(day).is_some());
    }
    None
}

/// The dates of customers whose occasions fall between `from` (excluded) and `to` (included), in order of date: the
/// opposite of [`around`], so that a sweep asks for customers by an index over the field.
pub fn dates_around(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    direction: Direction,
    delay: &Delay,
    calendar: Option<&Calendar>,
    zone: Tz,
) -> Vec<Around> {
    let Some((first, last)) = bases(local_date(zone, from), local_date(zone, to), direction, delay, calendar) else {
        return Vec::new();
    };
    let occasion = |base| Some(Around { base, occasion: around(base, direction, delay, calendar, zone)? });
    let all = first.iter_days().take_while(|base| *base <= last).filter_map(occasion);
    all.filter(|found| within(found.occasion.at, from, to)).collect()
}

/// Days of room on either side for hours of a day and clocks that jump.
const ROOM: u32 = 2;

/// The first and the last date whose occasion can be on one of these days.
fn bases(
    first: NaiveDate,
    last: NaiveDate,
    direction: Direction,
    delay: &Delay,
    calendar: Option<&Calendar>,
) -> Option<(NaiveDate, NaiveDate)> {
    let opposite = match direction {
        Direction::Before => Direction::After,
        Direction::After => Direction::Before,
    };
    if let (DelayUnit::WorkingDays, Some(calendar), Some(less)) = (delay.unit, calendar, delay.amount.checked_sub(1)) {
        let reach = |day, count| working_day(calendar, day, opposite, count);
        // Dates between two working days have their occasion on the same day.
        return match direction {
            Direction::After => Some((reach(first, delay.amount)?, reach(last, less)?)),
            Direction::Before => Some((reach(first, less)?, reach(last, delay.amount)?)),
        };
    }
    let days = if delay.unit == DelayUnit::Hours { delay.amount / 24 } else { delay.amount };
    let (first, last) = (shifted(first, opposite, days)?, shifted(last, opposite, days)?);
    Some((shifted(first, Direction::Before, ROOM)?, shifted(last, Direction::After, ROOM)?))
}

/// The day on which a date comes round again in a year: 29 February is the 28th in common years.
pub fn anniversary(date: NaiveDate, year: i32) -> Option<NaiveDate> {
    date.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, date.month(), 28))
}

/// The dates, as keys of days of the solar year, that come round again on a day: the opposite of [`anniversary`].
pub fn anniversaries_on(day: NaiveDate) -> BTreeSet<i32> {
    let leap = day.leap_year() || (day.month(), day.day()) != (2, 28);
    let own = solar_key(day.month(), day.day());
    [Some(own), (!leap).then_some(own + 1)].into_iter().flatten().collect()
}

/// The birthdays, as keys of both calendars, that are celebrated on a day.
pub fn birthdays_on(day: NaiveDate) -> BTreeSet<i32> {
    let kinds = [(CalendarKind::Solar, false), (CalendarKind::Lunar, false), (CalendarKind::Lunar, true)];
    let all = kinds.into_iter().flat_map(|(calendar, leap_month)| {
        let of_month =
            move |month: u32| (1..=31).map(move |day| Birthday { calendar, year: None, month, day, leap_month });
        (1..=12).flat_map(of_month)
    });
    let celebrated = all.filter(|birthday| birthday.fault().is_none() && birthday.next_on(day) == Some(day));
    celebrated.map(|birthday| birthday_key(&birthday)).collect()
}
