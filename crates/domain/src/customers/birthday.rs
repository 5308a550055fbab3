//! Birthdays, in the solar or the lunar calendar (农历).

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use tyme4rs::tyme::lunar::{LunarDay, LunarMonth};

use crate::text_enum;

text_enum! {
    /// By which calendar a birthday is kept.
    CalendarKind {
        Solar = "solar",
        Lunar = "lunar",
    }
}

/// A birthday as it was told; the year may be unknown. A lunar one stays lunar: its solar day moves every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birthday {
    pub calendar: CalendarKind,
    pub year: Option<i32>,
    pub month: u32,
    pub day: u32,
    /// Of a leap month (闰月).
    pub leap_month: bool,
}

/// Why a birthday is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BirthdayFault {
    /// A solar day has no leap month.
    LeapMonthOfSolar,
    /// The year is before 1900 or after 2100: the lunar calendar is not reckoned for it.
    Year,
    Month,
    /// That year has no such leap month.
    NoSuchLeapMonth,
    /// The month has only so many days.
    Day {
        last: u32,
    },
}

impl Birthday {
    pub fn solar(date: NaiveDate) -> Self {
        Birthday {
            calendar: CalendarKind::Solar,
            year: Some(date.year()),
            month: date.month(),
            day: date.day(),
            leap_month: false,
        }
    }

    /// What is wrong with it, if anything. Without a year, the month's longest form counts.
    pub fn fault(&self) -> Option<BirthdayFault> {
        if self.year.is_some_and(|year| !(1900..=2100).contains(&year)) {
            return Some(BirthdayFault::Year);
        }
        if !(1..=12).contains(&self.month) {
            return Some(BirthdayFault::Month);
        }
        let last = match self.calendar {
            CalendarKind::Solar if self.leap_month => return Some(BirthdayFault::LeapMonthOfSolar),
            CalendarKind::Solar => last_of_solar(self.year.unwrap_or(2000), self.month),
            CalendarKind::Lunar => match self.year {
                None => 30,
                Some(year) => match lunar_month(year, self.month, self.leap_month) {
                    None => return Some(BirthdayFault::NoSuchLeapMonth),
                    Some(month) => u32::try_from(month.get_day_count()).unwrap_or(30),
                },
            },
        };
        (!(1..=last).contains(&self.day)).then_some(BirthdayFault::Day { last })
    }

    /// The solar day of birth, where the year is known.
    pub fn born_on(&self) -> Option<NaiveDate> {
        let year = self.year?;
        match self.calendar {
            CalendarKind::Solar => NaiveDate::from_ymd_opt(year, self.month, self.day),
            CalendarKind::Lunar => solar_of(year, self.month, self.leap_month, self.day),
        }
    }

    /// The next solar day on and after `from` on which it is celebrated. 29 February is the 28th in common years; the
    /// 30th of a lunar month that has 29 days is its 29th; a leap month's birthday falls into the month itself where
    /// the year has no such leap month.
    pub fn next_on(&self, from: NaiveDate) -> Option<NaiveDate> {
        // A lunar year begins up to two months after the solar one.
        (from.year() - 1..=from.year() + 1).filter_map(|year| self.celebrated_in(year)).find(|day| *day >= from)
    }

    /// The solar day on which it is celebrated in a year of its own calendar.
    pub fn celebrated_in(&self, year: i32) -> Option<NaiveDate> {
        match self.calendar {
            CalendarKind::Solar => {
                NaiveDate::from_ymd_opt(year, self.month, self.day.min(last_of_solar(year, self.month)))
            }
            CalendarKind::Lunar => {
                let leap = self.leap_month && lunar_month(year, self.month, true).is_some();
                let last = u32::try_from(lunar_month(year, self.month, leap)?.get_day_count()).ok()?;
                solar_of(year, self.month, leap, self.day.min(last))
            }
        }
    }
}

fn last_of_solar(year: i32, month: u32) -> u32 {
    (28..=31).rev().find(|day| NaiveDate::from_ymd_opt(year, month, *day).is_some()).unwrap_or(28)
}

/// The library counts leap months as negative ones.
fn signed(month: u32, leap: bool) -> Option<isize> {
    let month = isize::try_from(month).ok()?;
    Some(if leap { -month } else { month })
}

fn lunar_month(year: i32, month: u32, leap: bool) -> Option<LunarMonth> {
    LunarMonth::new(isize::try_from(year).ok()?, signed(month, leap)?).ok()
}

fn solar_of(year: i32, month: u32, leap: bool, day: u32) -> Option<NaiveDate> {
    let lunar = LunarDay::new(isize::try_from(year).ok()?, signed(month, leap)?, usize::try_from(day).ok()?).ok()?;
    let solar = lunar.get_solar_day();
    NaiveDate::from_ymd_opt(
        i32::try_from(solar.get_year()).ok()?,
        u32::try_from(solar.get_month()).ok()?,
        u32::try_from(solar.get_day()).ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn lunar(year: Option<i32>, month: u32, day: u32, leap_month: bool) -> Birthday {
        Birthday { calendar: CalendarKind::Lunar, year, month, day, leap_month }
    }

    #[test]
    fn lunar_days_move_and_leap_months_fall_back() {
        // Mid-autumn: 2025-10-06, 2026-09-25.
        let mid_autumn = lunar(None, 8, 15, false);
        assert_eq!(mid_autumn.next_on(date("2025-10-07")), Some(date("2026-09-25")));
        assert_eq!(mid_autumn.next_on(date("2026-09-25")), Some(date("2026-09-25")));
        // 2025 has a leap sixth month, 1987 too; 2026 has none.
        let leap = lunar(Some(1987), 6, 6, true);
        assert_eq!(leap.fault(), None);
        assert_eq!(leap.born_on(), Some(date("1987-07-31")));
        assert_eq!(leap.next_on(date("2025-01-01")), Some(date("2025-07-30")));
        assert_eq!(leap.next_on(date("2026-01-01")), Some(date("2026-07-19")));
        // Lunar new year's eve 1990 is of the solar year 1991.
        assert_eq!(lunar(None, 12, 30, false).next_on(date("2027-01-01")), Some(date("2027-02-05")));
    }

    #[test]
    fn the_29th_of_february_is_the_28th_in_common_years() {
        let birthday = Birthday::solar(date("2000-02-29"));
        assert_eq!(birthday.next_on(date("2026-01-01")), Some(date("2026-02-28")));
        assert_eq!(birthday.next_on(date("2026-03-01")), Some(date("2027-02-28")));
        assert_eq!(birthday.next_on(date("2028-01-01")), Some(date("2028-02-29")));
    }

    #[test]
    fn what_is_no_day_is_told_why() {
        let solar = |year, month, day| Birthday { calendar: CalendarKind::Solar, year, month, day, leap_month: false };
        assert_eq!(solar(Some(2023), 2, 29).fault(), Some(BirthdayFault::Day { last: 28 }));
        assert_eq!(solar(None, 2, 29).fault(), None);
        assert_eq!(solar(None, 13, 1).fault(), Some(BirthdayFault::Month));
        assert_eq!(solar(Some(1800), 1, 1).fault(), Some(BirthdayFault::Year));
        assert_eq!(lunar(None, 8, 31, false).fault(), Some(BirthdayFault::Day { last: 30 }));
        assert_eq!(lunar(Some(2026), 6, 6, true).fault(), Some(BirthdayFault::NoSuchLeapMonth));
    }

    proptest! {
        #[test]
        fn every_birthday_comes_once_within_thirteen_months(
            solar in any::<bool>(), month in 1u32..=12, day in 1u32..=30, leap in any::<bool>(), offset in 0i64..40_000,
        ) {
            let calendar = if solar { CalendarKind::Solar } else { CalendarKind::Lunar };
            let birthday = Birthday { calendar, year: None, month, day, leap_month: leap && !solar };
            prop_assume!(birthday.fault().is_none());
            let from = date("1950-01-01") + chrono::TimeDelta::days(offset);
            let next = birthday.next_on(from).unwrap();
            prop_assert!(next >= from && (next - from).num_days() <= 420, "{birthday:?} {from} {next}");
            prop_assert!(birthday.next_on(next) == Some(next));
        }
    }
}
