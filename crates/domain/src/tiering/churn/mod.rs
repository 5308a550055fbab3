//! Churn prediction (流失预测): who will order again, from nothing but the days of earlier orders.
//!
//! The model is BG/NBD (Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005):
//! while a customer is alive, orders come at a rate of the customer's own, and after each repeat order the customer is
//! lost with a chance of the customer's own. Rates are spread over customers as Gamma(r, α), chances as Beta(a, b).

mod fit;
mod holdout;
mod likelihood;
mod predict;
#[cfg(test)]
mod tests;

pub use fit::{Fit, fit};
pub use holdout::{Holdout, Outcome, judge};
pub use predict::Prediction;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::ChurnRisk;
use crate::text_enum;

text_enum! {
    /// The unit of time of a model.
    Period {
        Day = "day",
        Week = "week",
    }
}

impl Period {
    pub fn days(self) -> f64 {
        match self {
            Period::Day => 1.0,
            Period::Week => 7.0,
        }
    }
}

text_enum! {
    /// Which model describes the customers.
    ModelKind {
        /// Customers order at rates of their own and drop out after an order.
        BgNbd = "bg_nbd",
        /// Customers order at rates of their own and never drop out: what BG/NBD becomes as a → 0.
        Nbd = "nbd",
    }
}

text_enum! {
    /// Why the likelihood of BG/NBD has no maximum that can be relied on.
    Shortfall {
        /// It rises on as a → 0, or is as good without a and b: nothing in the orders speaks for dropout. The model is
        /// NBD, the limit as a → 0.
        DropoutVanishes = "dropout_vanishes",
        /// It rises on as r and α, or a and b, grow (or shrink) together: all customers are alike in that respect. The
        /// parameters are held at a bound, beyond which next to nothing is gained.
        ParametersRunOff = "parameters_run_off",
        /// It is flat: a parameter is not known within a factor of a hundred. The model is NBD, which has two parameters less.
        NotDetermined = "not_determined",
        /// Nobody has ordered twice. The model is NBD with Jeffreys' prior for a rate after the time observed.
        NoRepeatOrders = "no_repeat_orders",
    }
}

text_enum! {
    /// How far scoring all customers by a model has come.
    Scoring {
        Pending = "pending",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
        /// A later model was fitted before this one came to it.
        Superseded = "superseded",
    }
}

/// The days of a customer's orders, as far as the model asks for them. Orders of one day count once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct History {
    /// Days with an order after the first one: x.
    pub frequency: u32,
    /// Days from the first to the last of them: t_x. 0 if there was only one.
    pub recency_days: u32,
    /// Days from the first one to the reference date: T.
    pub age_days: u32,
}

impl History {
    /// From the days of the first and the last order and the number of days with an order, all up to `as_of`.
    pub fn new(days: u32, first: NaiveDate, last: NaiveDate, as_of: NaiveDate) -> Self {
        let between = |from: NaiveDate, to: NaiveDate| u32::try_from((to - from).num_days()).unwrap_or_default();
        History {
            frequency: days.saturating_sub(1),
            recency_days: between(first, last),
            age_days: between(first, as_of),
        }
    }
}

/// Customers with the same history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    pub history: History,
    pub customers: u64,
}

/// A model with its parameters; time is in periods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChurnModel {
    pub kind: ModelKind,
    pub period: Period,
    pub r: f64,
    pub alpha: f64,
    /// 0 for NBD, which is the limit a → 0.
    pub a: f64,
    /// Without meaning for NBD, then 1.
    pub b: f64,
}

/// From which chance of another order within the horizon a customer is at which risk. Never from P(alive) alone: that
/// is 1 for whoever ordered once, however long ago.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RiskCut {
    /// Below it the risk is high.
    pub high_below: f64,
    /// From it on the risk is low.
    pub low_from: f64,
}

impl Default for RiskCut {
    /// One in five and one in two.
    fn default() -> Self {
        RiskCut { high_below: 0.2, low_from: 0.5 }
    }
}

impl RiskCut {
    pub fn risk(self, probability_of_order: f64) -> ChurnRisk {
        if probability_of_order < self.high_below {
            ChurnRisk::High
        } else if probability_of_order < self.low_from {
            ChurnRisk::Medium
        } else {
            ChurnRisk::Low
        }
    }
}
