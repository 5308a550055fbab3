//! Calendars and targets as they are written in JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use huiyin_domain::sla::{CalendarSpec, Target, Unit, WorkingDaySpec};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

use crate::http::support::enums::UnitSchema;

/// An IANA time zone.
#[derive(Debug)]
pub struct TimeZoneSchema;

impl PartialSchema for TimeZoneSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An IANA time zone."))
            .enum_values(Some(chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())))
            .examples([serde_json::json!("Asia/Shanghai")])
            .into()
    }
}

impl ToSchema for TimeZoneSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TimeZone")
    }
}

/// A pair `["09:00", "12:00"]`.
#[derive(Debug)]
pub struct HoursSchema;

impl PartialSchema for HoursSchema {
    fn schema() -> RefOr<Schema> {
        let time = |pattern: &str, description: &str| -> Schema {
            ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).description(Some(description)).into()
        };
        let from = time("^([01][0-9]|2[0-3]):[0-5][0-9]$", "From, local time.");
        let to =
            time("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", "To; where it is not after the start, on the next day.");
        ArrayBuilder::new()
            .prefix_items([from, to])
            .items(ObjectBuilder::new().schema_type(Type::String))
            .min_items(Some(2))
            .max_items(Some(2))
            .description(Some("From and to, local time."))
            .examples([serde_json::json!(["09:00", "12:00"])])
            .into()
    }
}

impl ToSchema for HoursSchema {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Hours")
    }
}

type Hours = Vec<[String; 2]>;

/// Working hours by weekday; a day that is missing or empty is closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct WeeklyHours {
    #[schema(value_type = Vec<HoursSchema>, max_items = 24, example = json!([["09:00", "12:00"], ["13:30", "18:00"]]))]
    mon: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    tue: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    wed: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    thu: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    fri: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    sat: Hours,
    #[schema(value_type = Vec<HoursSchema>, max_items = 24)]
    sun: Hours,
}

/// A make-up working day (调休上班日); it beats a holiday and the week.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WorkingDay {
    #[schema(value_type = String, format = Date, example = "2026-10-10")]
    date: String,
    /// Those of Monday unless given.
    #[schema(value_type = Option<Vec<HoursSchema>>, min_items = 1, max_items = 24)]
    hours: Option<Hours>,
}

/// Working hours, holidays and make-up working days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CalendarBody {
    #[schema(value_type = TimeZoneSchema)]
    time_zone: String,
    weekly_hours: WeeklyHours,
    /// Dates on which nobody works.
    #[serde(default)]
    #[schema(inline, max_items = 2000, example = json!(["2026-10-01"]))]
    holidays: Vec<DateText>,
    #[serde(default)]
    #[schema(max_items = 2000)]
    working_days: Vec<WorkingDay>,
    /// Years whose holidays are known; deadlines in others are provisional. Unless given: the years of the dates above,
    /// or every year where there are none.
    #[schema(max_items = 200)]
    published_years: Option<Vec<Year>>,
}

/// A local date.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, format = Date, example = "2026-10-01")]
pub struct DateText(String);

/// A calendar year.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(value_type = i32, minimum = 1900, maximum = 2099, example = 2026)]
pub struct Year(i32);

impl From<CalendarBody> for CalendarSpec {
    fn from(body: CalendarBody) -> Self {
        let WeeklyHours { mon, tue, wed, thu, fri, sat, sun } = body.weekly_hours;
        let week = [("mon", mon), ("tue", tue), ("wed", wed), ("thu", thu), ("fri", fri), ("sat", sat), ("sun", sun)];
        let working_day = |day: WorkingDay| WorkingDaySpec { date: day.date, hours: day.hours };
        CalendarSpec {
            time_zone: body.time_zone,
            weekly_hours: week
                .into_iter()
                .filter(|(_, hours)| !hours.is_empty())
                .map(|(day, hours)| (day.to_owned(), hours))
                .collect(),
            holidays: body.holidays.into_iter().map(|date| date.0).collect(),
            working_days: body.working_days.into_iter().map(working_day).collect(),
            published_years: body.published_years.map(|years| years.into_iter().map(|year| year.0).collect()),
        }
    }
}

impl From<CalendarSpec> for CalendarBody {
    fn from(spec: CalendarSpec) -> Self {
        let mut week: BTreeMap<String, Hours> = spec.weekly_hours;
        let mut day = |name: &str| week.remove(name).unwrap_or_default();
        CalendarBody {
            weekly_hours: WeeklyHours {
                mon: day("mon"),
                tue: day("tue"),
                wed: day("wed"),
                thu: day("thu"),
                fri: day("fri"),
                sat: day("sat"),
                sun: day("sun"),
            },
            time_zone: spec.time_zone,
            holidays: spec.holidays.into_iter().map(DateText).collect(),
            working_days: spec
                .working_days
                .into_iter()
                .map(|day| WorkingDay { date: day.date, hours: day.hours })
                .collect(),
            published_years: spec.published_years.map(|years| years.into_iter().map(Year).collect()),
        }
    }
}

/// How long something may take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TargetBody {
    #[schema(minimum = 1, maximum = 1000000, example = 3)]
    pub value: u32,
    #[schema(value_type = UnitSchema)]
    pub unit: Unit,
}

impl From<TargetBody> for Target {
    fn from(TargetBody { value, unit }: TargetBody) -> Self {
        Target { value, unit }
    }
}

impl From<Target> for TargetBody {
    fn from(Target { value, unit }: Target) -> Self {
        TargetBody { value, unit }
    }
}
