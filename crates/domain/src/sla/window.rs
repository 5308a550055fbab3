//! Stretches of working days that lie ahead.

use chrono::{DateTime, Utc};

use super::calendar::{Calendar, Span};
use super::due::{DueError, Goal, meet};
use super::explain::Log;
use super::pause::Pauses;

/// From the opening of the `first` to the closing of the `last` working day after `start`; the day of `start` is not
/// counted (L3).
pub fn working_days(calendar: &Calendar, start: DateTime<Utc>, first: u32, last: u32) -> Result<Span, DueError> {
    let pauses = Pauses::new(start, &[]);
    let reach = |days: u32| meet(calendar, start, Goal::Closings(days), &pauses, &mut Log::default());
    Ok(Span { from: reach(first)?.opening, to: reach(last)?.at })
}
