//! Each rule by example, each defect that others shipped, and the properties that hold for all.

mod calendar;
mod clock;
mod due;
mod model;
mod policy;
mod properties;
mod spent;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::*;

/// An instant in RFC 3339.
fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A wall-clock time in Shanghai, `2026-10-01 09:00`.
fn cn(text: &str) -> DateTime<Utc> {
    local(chrono_tz::Asia::Shanghai, text)
}

/// An unambiguous wall-clock time.
fn local(zone: Tz, text: &str) -> DateTime<Utc> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    zone.from_local_datetime(&naive).unwrap().to_utc()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn china_calendar() -> Calendar {
    Calendar::try_from(china()).unwrap()
}

/// A calendar from its JSON.
fn calendar(spec: serde_json::Value) -> Calendar {
    serde_json::from_value(spec).unwrap()
}

/// The same hours every day of the week, without exceptions.
fn daily(zone: &str, hours: &[(&str, &str)]) -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let week: serde_json::Map<_, _> = days.into_iter().map(|day| (day.to_owned(), json!(hours))).collect();
    calendar(json!({"time_zone": zone, "weekly_hours": week}))
}

fn pause(from: DateTime<Utc>, to: DateTime<Utc>) -> Pause {
    Pause { from, to: Some(to) }
}

fn business(hours: u32) -> Target {
    Target::new(hours, Unit::BusinessHours)
}

fn working(days: u32) -> Target {
    Target::new(days, Unit::WorkingDays)
}

fn due_at(calendar: &Calendar, start: DateTime<Utc>, target: Target, pauses: &[Pause]) -> DateTime<Utc> {
    due(calendar, start, target, pauses).unwrap().at
}
