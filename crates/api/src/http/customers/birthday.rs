//! A birthday as it is sent and shown.

use std::borrow::Cow;

use chrono::NaiveDate;
use huiyin_domain::customers::{Birthday, CalendarKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::http::support::enums::CalendarKindSchema;

/// A birthday in either calendar; the year may be unknown.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BirthdayParts {
    /// `solar` unless given.
    #[schema(value_type = Option<CalendarKindSchema>)]
    calendar: Option<CalendarKind>,
    #[schema(minimum = 1900, maximum = 2100, example = 1987)]
    year: Option<i32>,
    #[schema(minimum = 1, maximum = 12, example = 6)]
    month: u32,
    #[schema(minimum = 1, maximum = 31, example = 6)]
    day: u32,
    /// Of a leap month (闰月) of the lunar calendar.
    #[schema(nullable = false)]
    leap_month: Option<bool>,
}

/// A birthday as it is sent: a solar date, or its parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum BirthdayInput {
    Date(NaiveDate),
    Parts(BirthdayParts),
}

impl PartialSchema for BirthdayInput {
    fn schema() -> RefOr<Schema> {
        let date =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        OneOfBuilder::new()
            .item(date)
            .item(BirthdayParts::schema())
            .description(Some("A solar date, or a day of either calendar, whose year may be unknown."))
            .examples([
                Value::from("1987-07-31"),
                serde_json::json!({"calendar": "lunar", "year": 1987, "month": 6, "day": 6, "leap_month": true}),
            ])
            .into()
    }
}

impl ToSchema for BirthdayInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("BirthdayInput")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        BirthdayParts::schemas(schemas);
    }
}

impl From<BirthdayInput> for Birthday {
    fn from(input: BirthdayInput) -> Self {
        match input {
            BirthdayInput::Date(date) => Birthday::solar(date),
            BirthdayInput::Parts(parts) => Birthday {
                calendar: parts.calendar.unwrap_or(CalendarKind::Solar),
                year: parts.year,
                month: parts.month,
                day: parts.day,
                leap_month: parts.leap_month.unwrap_or_default(),
            },
        }
    }
}

/// A birthday as it is shown; masked, it has no parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownBirthday {
    #[schema(value_type = CalendarKindSchema)]
    calendar: &'static str,
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    leap_month: Option<bool>,
    /// As it is read: `1987-07-31`, `--07-31` without a year, `农历1987年闰六月初六`; `****` where it is masked.
    #[schema(example = "农历八月十五")]
    text: String,
    /// The next solar day of it, today or later.
    next_on: Option<NaiveDate>,
}

impl ShownBirthday {
    /// `today` is the local date.
    pub fn of(birthday: Birthday, clear: bool, today: NaiveDate) -> Self {
        let calendar = birthday.calendar.as_str();
        if !clear {
            let text = "****".to_owned();
            return ShownBirthday {
                calendar,
                year: None,
                month: None,
                day: None,
                leap_month: None,
                text,
                next_on: None,
            };
        }
        ShownBirthday {
            calendar,
            year: birthday.year,
            month: Some(birthday.month),
            day: Some(birthday.day),
            leap_month: Some(birthday.leap_month),
            text: read(birthday),
            next_on: birthday.next_on(today),
        }
    }
}

fn read(birthday: Birthday) -> String {
    const MONTHS: [&str; 12] = ["正", "二", "三", "四", "五", "六", "七", "八", "九", "十", "冬", "腊"];
    const DIGITS: [&str; 11] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    let Birthday { calendar, year, month, day, leap_month } = birthday;
    if calendar == CalendarKind::Solar {
        let year = year.map_or_else(|| "-".to_owned(), |year| year.to_string());
        return format!("{year}-{month:02}-{day:02}");
    }
    let at = |list: &[&'static str], index: u32| list.get(index as usize).copied().unwrap_or_default();
    let day = match day {
        1..=10 => format!("初{}", at(&DIGITS, day)),
        11..=19 => format!("十{}", at(&DIGITS, day - 10)),
        20 => "二十".to_owned(),
        21..=29 => format!("廿{}", at(&DIGITS, day - 20)),
        _ => "三十".to_owned(),
    };
    let year = year.map(|year| format!("{year}年")).unwrap_or_default();
    format!("农历{year}{}{}月{day}", if leap_month { "闰" } else { "" }, at(&MONTHS, month.saturating_sub(1)))
}
