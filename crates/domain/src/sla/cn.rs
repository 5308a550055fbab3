//! The built-in calendar of mainland China.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{CalendarSpec, WorkingDaySpec};

/// `date,is_workday,name,kind`: statutory holidays and make-up working days as the State Council announced them.
const EXCEPTIONS: &str = include_str!("../../data/cn_calendar_exceptions.csv");

/// Mainland China: Monday to Friday 09:00 to 12:00 and 13:30 to 18:00 in Asia/Shanghai, with the statutory holidays
/// and make-up working days (调休) of the years that are published so far. Deadlines in later years are provisional.
pub fn china() -> CalendarSpec {
    let hours = [["09:00", "12:00"], ["13:30", "18:00"]].map(|pair| pair.map(str::to_owned)).to_vec();
    let weekly_hours: BTreeMap<_, _> =
        ["mon", "tue", "wed", "thu", "fri"].into_iter().map(|day| (day.to_owned(), hours.clone())).collect();
    let mut holidays = Vec::new();
    let mut working_days = Vec::new();
    let mut years = BTreeSet::new();
    // A line that cannot be read would be left out; a test makes sure that there is none.
    for line in EXCEPTIONS.lines().skip(1) {
        let mut fields = line.split(',');
        let (Some(date), Some(is_workday)) = (fields.next(), fields.next()) else { continue };
        years.extend(date.get(..4).and_then(|year| year.parse::<i32>().ok()));
        match is_workday {
            "1" => working_days.push(WorkingDaySpec { date: date.to_owned(), hours: None }),
            _ => holidays.push(date.to_owned()),
        }
    }
    CalendarSpec {
        time_zone: "Asia/Shanghai".to_owned(),
        weekly_hours,
        holidays,
        working_days,
        published_years: Some(years.into_iter().collect()),
    }
}
