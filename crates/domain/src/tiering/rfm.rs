use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::text_enum;

text_enum! {
    /// The eight classic classes: recency, frequency and monetary value each high or low.
    RfmClass {
        /// 重要价值客户
        ImportantValue = "important_value",
        /// 重要发展客户
        ImportantDevelopment = "important_development",
        /// 重要保持客户
        ImportantRetention = "important_retention",
        /// 重要挽留客户
        ImportantWinback = "important_winback",
        /// 一般价值客户
        GeneralValue = "general_value",
        /// 一般发展客户
        GeneralDevelopment = "general_development",
        /// 一般保持客户
        GeneralRetention = "general_retention",
        /// 一般挽留客户
        GeneralWinback = "general_winback",
    }
}

impl RfmClass {
    /// The class of (recent?, frequent?, much money?).
    pub fn of(recent: bool, frequent: bool, monetary: bool) -> Self {
        match (monetary, recent, frequent) {
            (true, true, true) => RfmClass::ImportantValue,
            (true, true, false) => RfmClass::ImportantDevelopment,
            (true, false, true) => RfmClass::ImportantRetention,
            (true, false, false) => RfmClass::ImportantWinback,
            (false, true, true) => RfmClass::GeneralValue,
            (false, true, false) => RfmClass::GeneralDevelopment,
            (false, false, true) => RfmClass::GeneralRetention,
            (false, false, false) => RfmClass::GeneralWinback,
        }
    }
}

/// What the orders of one customer add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The local date of the last order that counts.
    pub last_on: NaiveDate,
    /// Orders that count.
    pub frequency: i64,
    /// Their sum in minor units, less what was refunded.
    pub monetary: i64,
}

impl Figures {
    /// Days between the local dates of the last order and the reference date.
    pub fn recency_days(&self, reference: NaiveDate) -> i32 {
        i32::try_from((reference - self.last_on).num_days()).unwrap_or(i32::MAX)
    }

    /// The last order as a number of which more is better.
    pub fn recency(&self) -> i64 {
        self.last_on.num_days_from_ce().into()
    }
}

/// Scores from 1 (worst) to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scores {
    pub r: u8,
    pub f: u8,
    pub m: u8,
}
