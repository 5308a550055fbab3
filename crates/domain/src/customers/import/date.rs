//! Days as people write them, by the solar calendar and by the lunar one.

use chrono::{Datelike, NaiveDate};
use tyme4rs::tyme::lunar::LunarMonth;
use tyme4rs::tyme::solar::SolarDay;

use super::clean::fold;
use super::reason::{Finding, Reason};
use crate::customers::{Birthday, CalendarKind};

/// A full date: `2024/3/5`, `2024-03-05`, `2024.3.5`, `2024年3月5日`, `20240305`, each with a time of day behind it or not.
pub fn solar(cell: &str) -> Result<NaiveDate, Finding> {
    let parts = numbers(&fold(cell)).ok_or_else(|| Finding::new(Reason::DateUnknown))?;
    match parts[..] {
        [year, month, day] => checked(Some(year), month, day),
        _ => Err(Finding::new(Reason::DateUnknown)),
    }
    .and_then(|(year, month, day)| {
        NaiveDate::from_ymd_opt(year.unwrap_or_default(), month, day).ok_or_else(|| Finding::new(Reason::DateUnknown))
    })
}

/// A birthday: a full date, one without its year (`5月20日`), or one of the lunar calendar.
pub fn birthday(cell: &str, today: NaiveDate) -> Result<Birthday, Finding> {
    let text = fold(cell);
    if ["农历", "阴历", "旧历"].iter().any(|prefix| text.starts_with(prefix))
        || text.contains(['初', '廿', '正', '腊', '闰'])
    {
        return lunar(cell);
    }
    let parts = numbers(&text).ok_or_else(|| Finding::new(Reason::DateUnknown))?;
    let (year, month, day) = match parts[..] {
        [year, month, day] => checked(Some(year), month, day)?,
        [month, day] => checked(None, month, day)?,
        _ => return Err(Finding::new(Reason::DateUnknown)),
    };
    if year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).is_some_and(|date| date > today) {
        return Err(Finding::new(Reason::BirthdayInFuture));
    }
    Ok(Birthday { calendar: CalendarKind::Solar, year, month, day, leap_month: false })
}

/// The numbers of a date, year first; `None` where there is anything else.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let text = without_time(text);
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(vec![text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?]);
    }
    let text = text.strip_suffix(['日', '号']).unwrap_or(text);
    let mut marks = text.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace());
    let marks: (Option<char>, Option<char>, Option<char>) = (marks.next(), marks.next(), marks.next());
    let (full, known) = match marks {
        (Some('年'), Some('月'), None) => (true, true),
        (Some('月'), None, None) => (false, true),
        (Some(first @ ('-' | '/' | '.')), Some(second), None) => (true, first == second),
        (Some('-' | '/'), None, None) => (false, true),
        _ => (false, false),
    };
    if !known {
        return None;
    }
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    // The year comes first and has four digits: what 03/05/24 means, nobody knows.
    let lengths = |part: (usize, &&str)| part.1.len() <= if full && part.0 == 0 { 4 } else { 2 };
    if parts.len() != 2 + usize::from(full) || !parts.iter().enumerate().all(lengths) || (full && parts[0].len() != 4) {
        return None;
    }
    parts.iter().map(|part| part.parse().ok()).collect()
}

/// Spreadsheets add `00:00:00` to their dates.
fn without_time(text: &str) -> &str {
    match text.split_once([' ', 'T', 't']) {
        Some((date, time)) if time.contains(':') && date.len() >= 8 => date.trim_end(),
        _ => text,
    }
}

type Parts = (Option<i32>, u32, u32);

fn checked(year: Option<u32>, month: u32, day: u32) -> Result<Parts, Finding> {
    let year = year.map(|year| i32::try_from(year).unwrap_or(i32::MAX));
    if let Some(year) = year.filter(|year| !(1900..=2100).contains(year)) {
        return Err(Finding::new(Reason::DateYear).with("year", year));
    }
    if !(1..=12).contains(&month) {
        return Err(Finding::new(Reason::DateMonth).with("month", month));
    }
    // A birthday without its year may be the 29th of February.
    let of = year.unwrap_or(2000);
    let first = NaiveDate::from_ymd_opt(of, month, 1);
    let days =
        first.and_then(|first| first.checked_add_months(chrono::Months::new(1))?.pred_opt()).map_or(31, |d| d.day());
    if !(1..=days).contains(&day) {
        return Err(Finding::new(Reason::DateNoSuchDay).with("year", of).with("month", month).with("days", days));
    }
    Ok((year, month, day))
}

/// `八月十五`, `农历八月十五`, `1987年闰六月初六`, `腊月廿三`, `8-15`.
pub fn lunar(cell: &str) -> Result<Birthday, Finding> {
    let unknown = || Finding::new(Reason::LunarUnknown);
    let text = fold(cell);
    let mut rest = text.as_str();
    for prefix in ["农历", "阴历", "旧历"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
    }
    let (year, month, day, leap) = match numbers(rest).as_deref() {
        Some([year, month, day]) => (Some(*year), *month, *day, false),
        Some([month, day]) => (None, *month, *day, false),
        _ => spelled(rest).ok_or_else(unknown)?,
    };
    let year = year.map(|year| i32::try_from(year).unwrap_or(i32::MAX));
    if let Some(year) = year.filter(|year| !(1900..=2100).contains(year)) {
        return Err(Finding::new(Reason::DateYear).with("year", year));
    }
    if !(1..=12).contains(&month) {
        return Err(Finding::new(Reason::LunarMonth));
    }
    if !(1..=30).contains(&day) {
        return Err(Finding::new(Reason::LunarDay));
    }
    if let Some(year) = year {
        let number = isize::try_from(month).map_err(|_| unknown())?;
        let this = LunarMonth::new(year as isize, if leap { -number } else { number })
            .map_err(|_| Finding::new(Reason::LunarLeap).with("year", year).with("month", month))?;
        let days = this.get_day_count();
        if day as usize > days {
            return Err(Finding::new(Reason::LunarMonthLength).with("year", year).with("days", days));
        }
    }
    Ok(Birthday { calendar: CalendarKind::Lunar, year, month, day, leap_month: leap })
}

/// Year, month, day and leap in Chinese numerals.
fn spelled(text: &str) -> Option<(Option<u32>, u32, u32, bool)> {
    let (year, rest) = match text.split_once('年') {
        Some((year, rest)) => (Some(year_number(year.trim())?), rest.trim_start()),
        None => (None, text),
    };
    let (leap, rest) = rest.strip_prefix('闰').map_or((false, rest), |rest| (true, rest));
    let (month, day) = rest.split_once('月')?;
    let month = match month.trim() {
        "正" => 1,
        "冬" => 11,
        "腊" => 12,
        other => numeral(other)?,
    };
    let day = day.trim();
    let day = day.strip_suffix(['日', '号']).unwrap_or(day);
    let day = match day.strip_prefix('初') {
        Some(unit) => numeral(unit).filter(|unit| (1..=10).contains(unit))?,
        None => numeral(day)?,
    };
    Some((year, month, day, leap))
}

fn year_number(text: &str) -> Option<u32> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10).or_else(|| digit(c))).collect();
    digits.filter(|digits| digits.len() == 4).map(|digits| digits.iter().fold(0, |year, digit| year * 10 + digit))
}

fn digit(c: char) -> Option<u32> {
    Some(match c {
        '〇' | '零' => 0,
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// 1 to 99: `八`, `十五`, `二十`, `廿三`, `卅`, `三十一`, `15`.
fn numeral(text: &str) -> Option<u32> {
    if let Ok(number) = text.parse::<u32>() {
        return Some(number);
    }
    let text = text.replace('廿', "二十").replace('卅', "三十").replace("十十", "十");
    let one = |part: &str| {
        let mut chars = part.chars();
        chars.next().and_then(digit).filter(|digit| *digit > 0 && chars.next().is_none())
    };
    match text.split_once('十') {
        None => one(&text),
        Some((tens, units)) => {
            let tens = if tens.is_empty() { 1 } else { one(tens)? };
            let units = if units.is_empty() { 0 } else { one(units)? };
            Some(tens * 10 + units)
        }
    }
}

/// Whether a lunar birthday is the day of a solar one: in the year of the solar date, one is the other.
pub fn same_day(solar: Birthday, lunar: Birthday) -> bool {
    let (Some(year), Ok(month), Ok(day)) = (solar.year, usize::try_from(solar.month), usize::try_from(solar.day))
    else {
        return false;
    };
    let Ok(date) = SolarDay::new(year as isize, month, day) else { return false };
    let found = date.get_lunar_day();
    let of_month = found.get_lunar_month();
    (of_month.get_month() as u32, found.get_day() as u32, of_month.is_leap())
        == (lunar.month, lunar.day, lunar.leap_month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    #[test]
    fn one_day_in_many_spellings() {
        for text in [
            "2024/3/5",
            "2024-03-05",
            "2024.3.5",
            "2024年3月5日",
            "2024年03月05号",
            "20240305",
            "２０２４－０３－０５",
            " 2024-03-05 ",
            "2024-03-05 00:00:00",
            "2024-03-05T00:00:00",
        ] {
            assert_eq!(solar(text), Ok(NaiveDate::from_ymd_opt(2024, 3, 5).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_told_why_and_not_rolled_over() {
        for (text, reason, said) in [
            ("2024-02-30", Reason::DateNoSuchDay, "2024-2 has 29 days"),
            ("20230229", Reason::DateNoSuchDay, "2023-2 has 28 days"),
            ("2023/13/05", Reason::DateMonth, "month 13"),
            ("去年三月", Reason::DateUnknown, ""),
            ("2024-03", Reason::DateUnknown, ""),
            ("03/05/2024", Reason::DateUnknown, ""),
            ("2024-3/5", Reason::DateUnknown, ""),
            ("45356", Reason::DateUnknown, ""),
            ("1024-03-05", Reason::DateYear, "1024"),
        ] {
            let finding = solar(text).unwrap_err();
            assert_eq!(finding.reason, reason, "{text}");
            assert!(finding.message(crate::fault::Lang::En).contains(said), "{finding:?}");
        }
    }

    #[test]
    fn birthdays_by_the_lunar_calendar() {
        let day =
            |year, month, day, leap| Ok(Birthday { calendar: CalendarKind::Lunar, year, month, day, leap_month: leap });
        assert_eq!(lunar("八月十五"), day(None, 8, 15, false));
        assert_eq!(lunar("农历八月十五"), day(None, 8, 15, false));
        assert_eq!(lunar("1987年闰六月初六"), day(Some(1987), 6, 6, true));
        assert_eq!(lunar("一九八七年腊月廿三"), day(Some(1987), 12, 23, false));
        assert_eq!(lunar("冬月三十"), day(None, 11, 30, false));
        assert_eq!(lunar("正月初十"), day(None, 1, 10, false));
        assert_eq!(lunar("八月二十"), day(None, 8, 20, false));
        assert_eq!(lunar("8-15"), day(None, 8, 15, false));
        assert_eq!(birthday("农历八月十五", today()), day(None, 8, 15, false));
        let why = |text| lunar(text).unwrap_err().reason;
        assert_eq!(why("八月三十一"), Reason::LunarDay);
        assert_eq!(why("十三月初一"), Reason::LunarMonth);
        assert_eq!(why("1988年闰六月初六"), Reason::LunarLeap);
        assert_eq!(why("中秋"), Reason::LunarUnknown);
        assert_eq!(why("八月初十五"), Reason::LunarUnknown);
    }

    #[test]
    fn birthdays_may_lack_the_year_but_not_lie_ahead() {
        let told = birthday("5月20日", today()).unwrap();
        assert_eq!((told.calendar, told.year, told.month, told.day), (CalendarKind::Solar, None, 5, 20));
        assert_eq!(birthday("02-29", today()).map(|day| day.day), Ok(29));
        assert_eq!(birthday("2030-01-01", today()).map_err(|finding| finding.reason), Err(Reason::BirthdayInFuture));
    }

    #[test]
    fn both_birthdays_may_be_one_day() {
        let solar = birthday("1987-07-31", today()).unwrap();
        assert!(same_day(solar, lunar("1987年闰六月初六").unwrap()));
        assert!(!same_day(solar, lunar("1987年六月初六").unwrap()));
    }

    proptest! {
        #[test]
        fn every_date_is_read_back(days in 0i64..73_000) {
            let date = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::TimeDelta::days(days);
            for pattern in ["%Y-%m-%d", "%Y/%-m/%-d", "%Y年%-m月%-d日", "%Y%m%d", "%Y.%m.%d"] {
                prop_assert_eq!(solar(&date.format(pattern).to_string()), Ok(date));
            }
        }

        #[test]
        fn no_text_breaks_it(text in "[0-9年月日闰初廿十三农历/. -]{0,14}|\\PC{0,12}") {
            drop((solar(&text), lunar(&text), birthday(&text, today())));
        }
    }
}
