//! Which time counts, in words and day by day.

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::sla::{Counted, Explanation as Explained, Skipped, Spent};
use huiyin_persistence::support::to_json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::support::ApiResult;

/// Time that counted.
#[derive(Debug, Serialize, ToSchema)]
struct CountedTime {
    /// The local date.
    date: NaiveDate,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    #[schema(example = 16200)]
    seconds: i64,
}

/// A day that did not count.
#[derive(Debug, Serialize, ToSchema)]
struct SkippedDay {
    date: NaiveDate,
    /// `holiday`, `closed`, `paused` or `start_day`.
    #[schema(example = "holiday")]
    reason: String,
}

/// How a deadline, or a time used, comes about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// In one sentence.
    text: String,
    /// The time zone of the calendar.
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
    /// How long the clock stood still.
    #[schema(example = 0)]
    paused_seconds: i64,
    counted: Vec<CountedTime>,
    skipped: Vec<SkippedDay>,
    /// Whether the two lists are cut short.
    truncated: bool,
}

impl Explanation {
    /// Of a deadline.
    pub fn of(explained: Explained, chinese: bool) -> ApiResult<Self> {
        Ok(Explanation {
            text: explained.sentence(chinese),
            time_zone: explained.time_zone.name().to_owned(),
            paused_seconds: explained.paused_seconds,
            counted: counted(explained.counted),
            skipped: skipped(explained.skipped)?,
            truncated: explained.truncated,
        })
    }

    /// Of the time used so far.
    pub fn of_spent(spent: Spent, chinese: bool) -> ApiResult<Self> {
        Ok(Explanation {
            text: spent.sentence(chinese),
            time_zone: spent.time_zone.name().to_owned(),
            paused_seconds: spent.paused_seconds,
            counted: counted(spent.counted),
            skipped: skipped(spent.skipped)?,
            truncated: spent.truncated,
        })
    }
}

fn counted(spans: Vec<Counted>) -> Vec<CountedTime> {
    let one = |Counted { date, from, to, seconds }| CountedTime { date, from, to, seconds };
    spans.into_iter().map(one).collect()
}

fn skipped(days: Vec<Skipped>) -> ApiResult<Vec<SkippedDay>> {
    let one = |day: Skipped| {
        let reason = to_json(&day.reason)?;
        Ok(SkippedDay { date: day.date, reason: reason.as_str().unwrap_or_default().to_owned() })
    };
    days.into_iter().map(one).collect()
}
