//! When a plan contacts its customers, and who does it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text_enum;

text_enum! {
    IntervalUnit {
        Days = "days",
        Weeks = "weeks",
        /// Of the calendar: the 31st is the last day of a shorter month.
        Months = "months",
    }
}

/// Every so many days, weeks or months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    pub amount: u32,
    pub unit: IntervalUnit,
}

text_enum! {
    DelayUnit {
        Hours = "hours",
        Days = "days",
        WorkingDays = "working_days",
    }
}

/// So many hours, days or working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    pub amount: u32,
    pub unit: DelayUnit,
}

text_enum! {
    /// What a touchpoint comes after.
    TouchEvent {
        CustomerCreated = "customer_created",
        OrderPaid = "order_paid",
        OrderDelivered = "order_delivered",
        OrderSigned = "order_signed",
        /// As `feedback_resolved`, but of complaints only.
        ComplaintResolved = "complaint_resolved",
        FeedbackResolved = "feedback_resolved",
        FeedbackClosed = "feedback_closed",
    }
}

text_enum! {
    Direction {
        Before = "before",
        After = "after",
    }
}

/// When a touchpoint is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Everybody on one day.
    Once { on: NaiveDate },
    /// Everybody again and again, counted from a day; `spread` gives each customer a day of his own within each interval,
    /// so that not all are due at once.
    Every {
        every: Interval,
        from: NaiveDate,
        until: Option<NaiveDate>,
        #[serde(default)]
        spread: bool,
    },
    /// So long after something happened to the customer.
    After { event: TouchEvent, delay: Delay },
    /// So long before or after a date of the customer: a date field of conditions, as in `contract_end`, `birthday` or
    /// `custom.go_live_on`. `yearly`: every year on that day.
    Around {
        field: String,
        direction: Direction,
        delay: Delay,
        #[serde(default)]
        yearly: bool,
    },
}

impl Trigger {
    /// The name of its kind, as in the JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Trigger::Once { .. } => "once",
            Trigger::Every { .. } => "every",
            Trigger::After { .. } => "after",
            Trigger::Around { .. } => "around",
        }
    }

    /// The event that it waits for.
    pub fn event(&self) -> Option<TouchEvent> {
        match self {
            Trigger::After { event, .. } => Some(*event),
            _ => None,
        }
    }
}

text_enum! {
    /// What becomes of occasions that were missed while the program stood still or the plan was paused.
    CatchUp {
        /// Their tasks are made late.
        Late = "late",
        /// They are left out.
        Skip = "skip",
        /// The last of them stands for all.
        Merge = "merge",
    }
}

/// Who makes the contact (P3). Whoever is away has a deputy; where there is none it lies in the department's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Assignment {
    /// The customer's owner; the pool of the customer's department where there is none.
    Owner,
    /// The department's people in turn.
    RoundRobin {
        department_id: Uuid,
    },
    /// Whoever of the department has the fewest open tasks.
    LeastLoaded {
        department_id: Uuid,
    },
    User {
        user_id: Uuid,
    },
    /// Nobody yet: the department's people take it from their pool.
    Pool {
        department_id: Uuid,
    },
}
