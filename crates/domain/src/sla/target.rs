//! How long something may take: a number and its unit.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What a [`Target`] is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Elapsed minutes, day and night.
    Minutes,
    /// Elapsed hours, day and night.
    Hours,
    /// Elapsed days of 24 hours, whatever the clocks on the wall do.
    Days,
    /// Hours inside the calendar's working hours.
    BusinessHours,
    /// Working days of the calendar; the start day is not counted, the last one ends at closing time.
    WorkingDays,
}

impl Unit {
    /// Every unit, in order of declaration.
    pub const ALL: [Self; 5] = [Self::Minutes, Self::Hours, Self::Days, Self::BusinessHours, Self::WorkingDays];

    /// The name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::BusinessHours => "business_hours",
            Self::WorkingDays => "working_days",
        }
    }

    /// Whether time simply elapses, so that no calendar is needed.
    pub const fn is_elapsed(self) -> bool {
        matches!(self, Self::Minutes | Self::Hours | Self::Days)
    }

    /// Length of one unit in seconds; `None` for working days, which have no fixed length.
    pub(super) const fn seconds(self) -> Option<u32> {
        match self {
            Self::Minutes => Some(60),
            Self::Hours | Self::BusinessHours => Some(3_600),
            Self::Days => Some(86_400),
            Self::WorkingDays => None,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no [`Unit`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit: {0}")]
pub struct UnknownUnit(pub String);

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == text).ok_or_else(|| UnknownUnit(text.to_owned()))
    }
}

/// How long something may take. A value of zero is due at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// How many units.
    pub value: u32,
    /// Which unit.
    pub unit: Unit,
}

impl Target {
    /// `value` of `unit`.
    pub const fn new(value: u32, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// Whether the target simply elapses, so that no calendar is needed.
    pub const fn is_elapsed(&self) -> bool {
        self.unit.is_elapsed()
    }

    /// The length of an elapsed target (a day is 24 hours); `None` when a calendar decides.
    pub fn elapsed(&self) -> Option<TimeDelta> {
        if self.is_elapsed() { self.length() } else { None }
    }

    /// The amount of running time, elapsed or worked, that meets the target; `None` for working days.
    pub(super) fn length(&self) -> Option<TimeDelta> {
        let seconds = i64::from(self.unit.seconds()?) * i64::from(self.value);
        TimeDelta::try_seconds(seconds)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit)
    }
}
