//! From "within the last 30 days" to two ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::predicate::{SOLAR_KEYS_END, birthday_key};
use super::{Check, Condition, Edge, Field, Kind, Leaf, Moment, Predicate, Span, SpanUnit, Subject, Test, Value};
use crate::customers::{Birthday, CalendarKind};

impl Condition {
    /// What it asks at a moment. Dates are compared with the local date; a moment so many days, weeks or months ago is
    /// when the clock on the wall showed the same time, on the month's last day where it has no such day.
    pub fn bind(&self, moment: Moment) -> Predicate {
        let each = |parts: &[Condition]| parts.iter().map(|part| part.bind(moment)).collect();
        match self {
            Condition::All(parts) => Predicate::All(each(parts)),
            Condition::Any(parts) => Predicate::Any(each(parts)),
            Condition::Not(part) => Predicate::Not(Box::new(part.bind(moment))),
            Condition::Test(subject, test) => {
                Predicate::Leaf(Leaf { subject: subject.clone(), check: moment.check(subject, test) })
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Back,
    Ahead,
}

impl Moment {
    /// The local date.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }

    fn check(&self, subject: &Subject, test: &Test) -> Check {
        let here = self.end(subject, None);
        let included = |end: Value| Some((end, Edge::Included));
        match test {
            Test::Fixed(check) => check.clone(),
            Test::WithinLast(span) => {
                Check::Range { from: included(self.end(subject, Some((*span, Direction::Back)))), to: included(here) }
            }
            Test::WithinNext(span) => {
                Check::Range { from: included(here), to: included(self.end(subject, Some((*span, Direction::Ahead)))) }
            }
            Test::OlderThan(span) => {
                let end = self.end(subject, Some((*span, Direction::Back)));
                Check::Range { from: None, to: Some((end, Edge::Excluded)) }
            }
            Test::AnniversaryWithin { days } => Check::DayOfYear(self.days_of_year(subject, *days)),
        }
    }

    /// Now, or a span away, in the form of the subject.
    fn end(&self, subject: &Subject, away: Option<(Span, Direction)>) -> Value {
        match subject {
            Subject::Field(field) if field.kind() == Kind::Time => {
                Value::Time(away.map_or(self.now, |(span, direction)| self.moment_away(span, direction)))
            }
            Subject::Field(_) => Value::Date(self.date_away(away)),
            Subject::Custom(_) => Value::Text(self.date_away(away).to_string()),
        }
    }

    fn date_away(&self, away: Option<(Span, Direction)>) -> NaiveDate {
        let today = self.today();
        away.and_then(|(span, direction)| {
            local_away(today.and_time(chrono::NaiveTime::MIN), span, direction).map(|local| local.date())
        })
        .unwrap_or(today)
    }

    fn moment_away(&self, span: Span, direction: Direction) -> DateTime<Utc> {
        if span.unit == SpanUnit::Hours {
            let hours = TimeDelta::hours(i64::from(span.count));
            return match direction {
                Direction::Back => self.now - hours,
                Direction::Ahead => self.now + hours,
            };
        }
        let local = self.now.with_timezone(&self.zone).naive_local();
        local_away(local, span, direction).and_then(|local| instant(self.zone, local)).unwrap_or(self.now)
    }

    /// The days of the year, as keys, on which something is celebrated from today until `days` later.
    fn days_of_year(&self, subject: &Subject, days: u32) -> BTreeSet<i32> {
        let both_calendars = *subject == Subject::Field(Field::Birthday);
        let near = waiting_times(self.today());
        let celebrated = near.iter().filter(|(_, wait)| *wait <= i64::from(days)).map(|(key, _)| *key);
        celebrated.filter(|key| both_calendars || *key < SOLAR_KEYS_END).collect()
    }
}

/// Each day of the year of both calendars, and how many days it is from `today` until it is celebrated. Reckoning the
/// lunar ones takes milliseconds, so those of the last day that was asked for are kept.
fn waiting_times(today: NaiveDate) -> Arc<[(i32, i64)]> {
    type Known = Option<(NaiveDate, Arc<[(i32, i64)]>)>;
    static KNOWN: Mutex<Known> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, times)) = known.as_ref().filter(|(of, _)| *of == today) {
        return times.clone();
    }
    let calendars = [(CalendarKind::Solar, false), (CalendarKind::Lunar, false), (CalendarKind::Lunar, true)];
    let days = calendars.into_iter().flat_map(|(calendar, leap_month)| {
        let of_month =
            move |month: u32| (1..=31u32).map(move |day| Birthday { calendar, year: None, month, day, leap_month });
        (1..=12u32).flat_map(of_month)
    });
    let times = days.filter(|day| day.fault().is_none()).filter_map(|day| {
        let wait = day.next_on(today)? - today;
        Some((birthday_key(&day), wait.num_days()))
    });
    let times: Arc<[(i32, i64)]> = times.collect();
    *known = Some((today, times.clone()));
    times
}

fn local_away(local: NaiveDateTime, span: Span, direction: Direction) -> Option<NaiveDateTime> {
    let (days, months) = match span.unit {
        SpanUnit::Hours => return Some(local),
        SpanUnit::Days => (span.count, 0),
        SpanUnit::Weeks => (span.count * 7, 0),
        SpanUnit::Months => (0, span.count),
    };
    let (days, months) = (Days::new(u64::from(days)), Months::new(months));
    match direction {
        Direction::Back => local.checked_sub_days(days)?.checked_sub_months(months),
        Direction::Ahead => local.checked_add_days(days)?.checked_add_months(months),
    }
}

/// The instant of a local time. Of one that the clocks show twice the earlier, after one that they skip the first
/// quarter of an hour that there is (a gap may be a whole day).
fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    (0..=200).find_map(|quarters| {
        let local = local.checked_add_signed(TimeDelta::minutes(15 * quarters))?;
        zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
    })
}
