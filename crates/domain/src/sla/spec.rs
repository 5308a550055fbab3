//! A calendar as it is written: the body of the HTTP API and the JSON in the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::calendar::{Calendar, Exception, Interval};

/// Keeps the cost of one day small; nobody goes to lunch 24 times.
const MAX_INTERVALS: usize = 24;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// A calendar in plain strings. Checked by [`Calendar::try_from`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// IANA name, such as `Asia/Shanghai`.
    pub time_zone: String,
    /// Hours by weekday (`mon` to `sun`) as pairs of `HH:MM`, at most 24 pairs a day. A missing weekday is closed; an
    /// end that is not after its start lies on the next day; `24:00` is allowed as an end.
    pub weekly_hours: BTreeMap<String, Vec<[String; 2]>>,
    /// Dates (`YYYY-MM-DD`) on which nobody works.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Dates that are working days whatever their weekday, even if they are also listed as holidays.
    #[serde(default)]
    pub working_days: Vec<WorkingDaySpec>,
    /// Years whose holidays are known. Absent: the years in which the calendar lists exceptions, or every year if it
    /// lists none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_years: Option<Vec<i32>>,
}

/// A make-up working day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingDaySpec {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Its hours, at least one pair; absent: those of Monday, or else of the first weekday that has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<[String; 2]>>,
}

/// What is wrong at one place of a [`CalendarSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CalendarFaultKind {
    /// Not an IANA time zone.
    #[error("not an IANA time zone")]
    UnknownTimeZone,
    /// Not one of `mon` to `sun`.
    #[error("not one of mon, tue, wed, thu, fri, sat, sun")]
    UnknownWeekday,
    /// Not a time `HH:MM`; a start is at most 23:59, an end at most 24:00.
    #[error("not a time HH:MM")]
    BadTime,
    /// Not a date `YYYY-MM-DD`.
    #[error("not a date YYYY-MM-DD")]
    BadDate,
    /// Not a year from 1 to 9999.
    #[error("not a year from 1 to 9999")]
    BadYear,
    /// The same date is a working day twice.
    #[error("the date is listed twice")]
    DuplicateDate,
    /// More than 24 pairs on one day.
    #[error("more than 24 pairs of hours on one day")]
    TooManyHours,
    /// A working day without hours, written so or because the week has none to take.
    #[error("a working day needs hours")]
    MissingHours,
    /// Nobody ever works: neither a weekday nor a working day has hours.
    #[error("no day has working hours")]
    NeverOpen,
}

/// One fault of a [`CalendarSpec`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarFault {
    /// JSON pointer relative to the spec, such as `/weekly_hours/mon/0/1`.
    pub pointer: String,
    /// What is wrong there.
    pub kind: CalendarFaultKind,
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.kind)
    }
}

impl TryFrom<CalendarSpec> for Calendar {
    type Error = Vec<CalendarFault>;

    fn try_from(spec: CalendarSpec) -> Result<Self, Self::Error> {
        Self::try_from(&spec)
    }
}

impl TryFrom<&CalendarSpec> for Calendar {
    type Error = Vec<CalendarFault>;

    /// Reads a calendar.
    ///
    /// # Errors
    /// Every fault of the spec, not only the first.
    fn try_from(spec: &CalendarSpec) -> Result<Self, Self::Error> {
        let mut check = Check::default();
        let time_zone = spec.time_zone.parse::<Tz>().unwrap_or_else(|_| {
            check.fault("/time_zone", CalendarFaultKind::UnknownTimeZone);
            Tz::UTC
        });
        let weekly_hours = check.week(&spec.weekly_hours);
        let week_has_hours = spec.weekly_hours.values().any(|pairs| !pairs.is_empty());
        let exceptions = check.exceptions(spec, week_has_hours);
        if !week_has_hours && spec.working_days.is_empty() {
            check.fault("/weekly_hours", CalendarFaultKind::NeverOpen);
        }
        let published_years = spec.published_years.as_deref().map(|years| check.years(years));
        if check.faults.is_empty() {
            Ok(Self { time_zone, weekly_hours, exceptions, published_years })
        } else {
            Err(check.faults)
        }
    }
}

/// Collects faults; what cannot be read is left out, which is harmless because a faulty calendar is refused.
#[derive(Default)]
struct Check {
    faults: Vec<CalendarFault>,
}

impl Check {
    fn fault(&mut self, pointer: impl Into<String>, kind: CalendarFaultKind) {
        self.faults.push(CalendarFault { pointer: pointer.into(), kind });
    }

    fn week(&mut self, hours: &BTreeMap<String, Vec<[String; 2]>>) -> [Vec<Interval>; 7] {
        for key in hours.keys().filter(|key| WEEKDAYS.iter().all(|(name, _)| name != key)) {
            let escaped = key.replace('~', "~0").replace('/', "~1");
            self.fault(format!("/weekly_hours/{escaped}"), CalendarFaultKind::UnknownWeekday);
        }
        WEEKDAYS.map(|(name, _)| match hours.get(name) {
            Some(pairs) => self.hours(&format!("/weekly_hours/{name}"), pairs),
            None => Vec::new(),
        })
    }

    fn hours(&mut self, pointer: &str, pairs: &[[String; 2]]) -> Vec<Interval> {
        if pairs.len() > MAX_INTERVALS {
            self.fault(pointer, CalendarFaultKind::TooManyHours);
            return Vec::new();
        }
        let mut hours = Vec::with_capacity(pairs.len());
        for (index, [from, to]) in pairs.iter().enumerate() {
            let start = minute(from).filter(|minute| *minute < 24 * 60);
            let end = minute(to);
            if start.is_none() {
                self.fault(format!("{pointer}/{index}/0"), CalendarFaultKind::BadTime);
            }
            if end.is_none() {
                self.fault(format!("{pointer}/{index}/1"), CalendarFaultKind::BadTime);
            }
            hours.extend(start.zip(end).and_then(|(start, end)| Interval::new(start, end)));
        }
        hours
    }

    fn exceptions(&mut self, spec: &CalendarSpec, week_has_hours: bool) -> BTreeMap<NaiveDate, Exception> {
        let mut exceptions = BTreeMap::new();
        for (index, text) in spec.holidays.iter().enumerate() {
            match date(text) {
                Some(date) => {
                    exceptions.insert(date, Exception::Holiday);
                }
                None => self.fault(format!("/holidays/{index}"), CalendarFaultKind::BadDate),
            }
        }
        for (index, day) in spec.working_days.iter().enumerate() {
            let pointer = format!("/working_days/{index}");
            let hours = day.hours.as_deref().map(|pairs| self.hours(&format!("{pointer}/hours"), pairs));
            if day.hours.as_deref().map_or(!week_has_hours, <[_]>::is_empty) {
                self.fault(format!("{pointer}/hours"), CalendarFaultKind::MissingHours);
            }
            let Some(date) = date(&day.date) else {
                self.fault(format!("{pointer}/date"), CalendarFaultKind::BadDate);
                continue;
            };
            let before = exceptions.insert(date, Exception::Working(hours));
            if matches!(before, Some(Exception::Working(_))) {
                self.fault(format!("{pointer}/date"), CalendarFaultKind::DuplicateDate);
            }
        }
        exceptions
    }

    fn years(&mut self, years: &[i32]) -> BTreeSet<i32> {
        for (index, _) in years.iter().enumerate().filter(|(_, year)| !(1..=9999).contains(*year)) {
            self.fault(format!("/published_years/{index}"), CalendarFaultKind::BadYear);
        }
        years.iter().copied().collect()
    }
}

/// Minutes since midnight of a strict `HH:MM`, up to 24:00.
fn minute(text: &str) -> Option<u16> {
    let &[h1, h0, b':', m1, m0] = text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let hour = digit(h1)? * 10 + digit(h0)?;
    let minute = digit(m1)? * 10 + digit(m0)?;
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

/// A strict `YYYY-MM-DD`; chrono alone would also take `2026-1-1` or `+2026-01-01`.
fn date(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    (text.len() == 10 && date.to_string() == text).then_some(date)
}

impl From<&Calendar> for CalendarSpec {
    fn from(calendar: &Calendar) -> Self {
        let weekly_hours = WEEKDAYS
            .iter()
            .map(|(name, weekday)| ((*name).to_owned(), pairs(calendar.weekly_hours(*weekday))))
            .filter(|(_, pairs)| !pairs.is_empty())
            .collect();
        let mut holidays = Vec::new();
        let mut working_days = Vec::new();
        for (date, exception) in calendar.exceptions() {
            let date = date.to_string();
            match exception {
                Exception::Holiday => holidays.push(date),
                Exception::Working(hours) => {
                    working_days.push(WorkingDaySpec { date, hours: hours.as_deref().map(pairs) });
                }
            }
        }
        Self {
            time_zone: calendar.time_zone().name().to_owned(),
            weekly_hours,
            holidays,
            working_days,
            published_years: calendar.published_years.as_ref().map(|years| years.iter().copied().collect()),
        }
    }
}

fn pairs(hours: &[Interval]) -> Vec<[String; 2]> {
    let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    hours
        .iter()
        .map(|interval| {
            let to = interval.to();
            [text(interval.from()), text(if to > 24 * 60 { to - 24 * 60 } else { to })]
        })
        .collect()
}

impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CalendarSpec::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spec = CalendarSpec::deserialize(deserializer)?;
        Self::try_from(spec).map_err(|faults| {
            let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
            serde::de::Error::custom(all.join("; "))
        })
    }
}
