//! A second opinion: the same rules by trying every five minutes, compared with [`due`] and [`used`].

use std::collections::BTreeMap;

use chrono::{Days, TimeDelta, Timelike};
use proptest::prelude::*;

use super::*;

/// Minutes; everything that the strategies make lies on this grid.
const STEP: i64 = 5;
const DAYS: i64 = 25;

const ZONES: [&str; 3] = ["Asia/Shanghai", "America/New_York", "Europe/London"];
/// Thursdays before a clock change, in summer, and before National Day.
const WEEKS: [&str; 5] = ["2026-03-05", "2026-03-26", "2026-10-22", "2026-10-29", "2026-06-04"];

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub calendar: Calendar,
    pub start: DateTime<Utc>,
    pub pauses: Vec<Pause>,
}

/// A quarter hour; never between 01:00 and 02:00, where a clock that falls back makes the model's "is this minute
/// worked" differ on purpose from "from the earlier to the later".
fn time_of_day() -> impl Strategy<Value = String> {
    (0u32..23, 0u32..4).prop_map(|(hour, quarter)| {
        let hour = if hour > 0 { hour + 1 } else { 0 };
        format!("{hour:02}:{:02}", quarter * 15)
    })
}

fn hours() -> impl Strategy<Value = Vec<[String; 2]>> {
    prop::collection::vec([time_of_day(), time_of_day()], 0..3)
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let exceptions = prop::collection::btree_map(0u64..20, prop::option::of(hours()), 0..6);
    let pauses = prop::collection::vec((-300i64..3_000, 0i64..600), 0..4);
    let week = prop::collection::vec(hours(), 7);
    (prop::sample::select(&ZONES[..]), prop::sample::select(&WEEKS[..]), week, exceptions, 0i64..1_440, pauses)
        .prop_filter_map("nobody works", |(zone, base, week, exceptions, start, pauses)| {
            let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let on = |offset| date(base).checked_add_days(Days::new(offset)).unwrap().to_string();
            let (working, holidays): (Vec<_>, Vec<_>) =
                exceptions.into_iter().partition(|(_, hours)| hours.as_ref().is_some_and(|hours| !hours.is_empty()));
            let spec = CalendarSpec {
                time_zone: zone.to_owned(),
                weekly_hours: days.map(str::to_owned).into_iter().zip(week).collect(),
                holidays: holidays.into_iter().map(|(offset, _)| on(offset)).collect(),
                working_days: working
                    .into_iter()
                    .map(|(offset, hours)| WorkingDaySpec { date: on(offset), hours })
                    .collect(),
                published_years: None,
            };
            let start = at(&format!("{base}T00:00:00Z")) + TimeDelta::minutes(start * STEP);
            let step = |steps: i64| start + TimeDelta::minutes(steps * STEP);
            let pauses = pauses.into_iter().map(|(from, length)| pause(step(from), step(from + length))).collect();
            Some(Case { calendar: Calendar::try_from(spec).ok()?, start, pauses })
        })
}

/// The calendar as a table of five minutes.
struct Table<'a> {
    case: &'a Case,
    /// Slots from the start that are worked by somebody.
    worked: Vec<bool>,
    /// End of the last slot worked by a date's own hours.
    ends: BTreeMap<NaiveDate, DateTime<Utc>>,
}

impl<'a> Table<'a> {
    fn new(case: &'a Case) -> Self {
        let mut table = Self { case, worked: Vec::new(), ends: BTreeMap::new() };
        let lead = 3 * 1_440 / STEP;
        for slot in -lead..DAYS * 1_440 / STEP {
            let from = table.slot(slot);
            let local = from.with_timezone(&case.calendar.time_zone()).naive_local();
            let minute = u16::try_from(local.num_seconds_from_midnight() / 60).unwrap();
            let mut worked = false;
            for (date, minute) in [(local.date(), minute), (local.date().pred_opt().unwrap(), minute + 1_440)] {
                if own_hours(&case.calendar, date).iter().any(|hours| (hours.from()..hours.to()).contains(&minute)) {
                    worked = true;
                    table.ends.insert(date, from + TimeDelta::minutes(STEP));
                }
            }
            if slot >= 0 {
                table.worked.push(worked);
            }
        }
        table
    }

    fn slot(&self, slot: i64) -> DateTime<Utc> {
        self.case.start + TimeDelta::minutes(slot * STEP)
    }

    fn runs(&self, from: DateTime<Utc>) -> bool {
        self.case.pauses.iter().all(|pause| from < pause.from || pause.to.is_some_and(|to| to <= from))
    }

    fn business(&self, minutes: i64) -> Option<DateTime<Utc>> {
        let mut left = minutes;
        for (slot, worked) in (0..).zip(&self.worked) {
            if *worked && self.runs(self.slot(slot)) {
                left -= STEP;
            }
            if left == 0 {
                return Some(self.slot(slot + 1));
            }
        }
        None
    }

    fn working_days(&self, days: u32) -> Option<DateTime<Utc>> {
        let first = self.case.start.with_timezone(&self.case.calendar.time_zone()).date_naive();
        let mut left = days;
        for (date, end) in self.ends.range(first.succ_opt().unwrap()..) {
            let before = self.ends.get(&date.pred_opt().unwrap());
            let closing = *before.map_or(end, |before| before.max(end));
            if self.runs(closing - TimeDelta::minutes(STEP)) {
                left -= 1;
            }
            if left == 0 {
                return Some(closing);
            }
        }
        None
    }

    /// Beyond this the table is not complete.
    fn end(&self) -> DateTime<Utc> {
        self.slot(DAYS * 1_440 / STEP) - TimeDelta::days(3)
    }
}

fn own_hours(calendar: &Calendar, date: NaiveDate) -> Vec<Interval> {
    match calendar.exceptions().get(&date) {
        Some(Exception::Holiday) => Vec::new(),
        Some(Exception::Working(hours)) => hours.clone().unwrap(),
        None => calendar.weekly_hours(chrono::Datelike::weekday(&date)).to_vec(),
    }
}

/// Both agree, or both say that it is later than the table can see.
fn agree(table: &Table, target: Target, expected: Option<DateTime<Utc>>) -> Result<(), TestCaseError> {
    let Case { calendar, start, pauses } = table.case;
    let found = due(calendar, *start, target, pauses).ok().map(|due| due.at).filter(|at| *at <= table.end());
    prop_assert_eq!(found, expected.filter(|at| *at <= table.end()), "{}", target);
    if let Some(at) = found {
        let share = used(calendar, *start, at, target.unit, pauses) / f64::from(target.value);
        // Two days can close at one instant, when one lies inside the other's shift.
        let closed_twice = target.unit == Unit::WorkingDays && share > 1.0;
        prop_assert!((share - 1.0).abs() < 1e-9 || closed_twice, "{} used {}", target, share);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_agrees_with_trying_every_five_minutes(case in case(), hours in 1u32..50, days in 1u32..8) {
        let table = Table::new(&case);
        agree(&table, business(hours), table.business(i64::from(hours) * 60))?;
        agree(&table, working(days), table.working_days(days))?;
    }

    #[test]
    fn opening_hours_are_disjoint_and_in_order(case in case(), zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..])) {
        let spec = CalendarSpec { time_zone: zone.name().to_owned(), ..CalendarSpec::from(&case.calendar) };
        let calendar = Calendar::try_from(spec).unwrap();
        let spans: Vec<_> = date("2026-03-01").iter_days().take(270).flat_map(|date| calendar.opens_on(date)).collect();
        prop_assert!(spans.iter().all(|span| span.from < span.to));
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from));
    }
}
