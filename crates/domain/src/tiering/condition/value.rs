//! Reading one value as the type of the field that it is compared with.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Form, Kind, NUMBER_LIMIT, TEXT_LIMIT, Value};
use crate::customers::{Email, Phone, normalise_name};
use crate::fault::{Code, Fault};
use crate::money::Money;

/// A type, and whether of a custom field, whose dates are kept as texts.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    pub kind: Kind,
    pub custom: bool,
}

pub(super) fn text(json: &Json) -> Result<&str, Fault> {
    let text = json.as_str().ok_or_else(|| Fault::new(Code::WrongType).with("expected", "string"))?;
    match text.chars().count() {
        0 => Err(Fault::new(Code::TooShort).with("limit", 1)),
        length if length > TEXT_LIMIT => Err(Fault::new(Code::TooLong).with("limit", TEXT_LIMIT)),
        _ => Ok(text),
    }
}

/// `3.0` is a whole number too.
pub(super) fn whole(json: &Json) -> Option<i64> {
    let float = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    json.as_i64().or_else(|| json.as_f64().and_then(float))
}

impl Typed {
    pub fn read(self, json: &Json) -> Result<Value, Fault> {
        let wrong_type = |expected: &str| Fault::new(Code::WrongType).with("expected", expected);
        let format = |expected: &str| Fault::new(Code::InvalidFormat).with("expected", expected);
        match self.kind {
            Kind::Number | Kind::Money if json.is_number() => {
                let number = whole(json).ok_or_else(|| wrong_type("integer"))?;
                let limit = if self.kind == Kind::Money { Money::MAX.minor() / 100 } else { NUMBER_LIMIT };
                if number.unsigned_abs() > limit.unsigned_abs() {
                    return Err(Fault::new(Code::OutOfRange).with("limit", format!("-{limit} … {limit}")));
                }
                Ok(Value::Number(if self.kind == Kind::Money { number * 100 } else { number }))
            }
            Kind::Number => Err(wrong_type("integer")),
            Kind::Real => json.as_f64().map(Value::Real).ok_or_else(|| wrong_type("number")),
            Kind::Boolean => json.as_bool().map(Value::Boolean).ok_or_else(|| wrong_type("boolean")),
            Kind::Money => {
                let text = json.as_str().ok_or_else(|| wrong_type("string / integer"))?;
                money(text).map(|money| Value::Number(money.minor())).ok_or_else(|| format("100000.00"))
            }
            Kind::Date => {
                let date = date(text(json)?).ok_or_else(|| format("date"))?;
                Ok(if self.custom { Value::Text(date.to_string()) } else { Value::Date(date) })
            }
            Kind::Time => {
                let time = DateTime::parse_from_rfc3339(text(json)?).map_err(|_| format("date-time"))?;
                Ok(Value::Time(within_reach(time.to_utc())))
            }
            Kind::Id => {
                let id = Uuid::try_parse(text(json)?).map_err(|_| format("uuid"))?;
                Ok(Value::Id(id))
            }
            Kind::Choice(choices) => {
                let given = text(json)?;
                let choices = choices.texts();
                if choices.contains(&given) {
                    return Ok(Value::Text(given.to_owned()));
                }
                Err(Fault::new(Code::NotAllowed).with("allowed", choices.join(", ")))
            }
            Kind::Text(form) => {
                let given = text(json)?;
                Ok(Value::Text(match form {
                    Form::Plain => given.to_owned(),
                    Form::Name => normalise_name(given),
                    // What is no phone or mail is nobody's.
                    Form::Phone => Phone::parse(given).map_or_else(|| given.to_owned(), |phone| phone.to_string()),
                    Form::Email => Email::parse(given).map_or_else(|| given.to_owned(), |email| email.to_string()),
                }))
            }
            Kind::Set | Kind::Birthday => Err(wrong_type("array")),
        }
    }
}

/// `-12.50`: what the contract's pattern lets through and nothing else.
fn money(text: &str) -> Option<Money> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (units, cents) = digits.split_once('.').unwrap_or((digits, "0"));
    let figures =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if figures(units, 13) && figures(cents, 2) { text.parse().ok() } else { None }
}

/// `2026-10-20`, with all its digits.
fn date(text: &str) -> Option<NaiveDate> {
    if text.len() == 10 { text.parse().ok() } else { None }
}

/// Databases keep microseconds of the years 1 to 9999; everything that is stored lies in between.
fn within_reach(time: DateTime<Utc>) -> DateTime<Utc> {
    let year = |year: i32, month: u32, day: u32| {
        NaiveDate::from_ymd_opt(year, month, day).map(|d| d.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    let time = time.trunc_subsecs(6);
    let time = year(1, 1, 1).map_or(time, |first| time.max(first));
    year(9999, 12, 31).map_or(time, |last| time.min(last))
}
