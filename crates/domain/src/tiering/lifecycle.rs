use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::LifecycleStage;
use crate::fault::{Code, Fault};

/// After how many days a customer is in which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleRule {
    /// New for so many days after the first order.
    pub new_days: u32,
    /// Mature so many days after the first order.
    pub mature_days: u32,
    /// Before the renewal for so many days before the contract ends.
    pub renewal_days: u32,
    /// Lapsed so many days after the last order.
    pub lapsed_days: u32,
}

impl Default for LifecycleRule {
    fn default() -> Self {
        LifecycleRule { new_days: 90, mature_days: 365, renewal_days: 90, lapsed_days: 365 }
    }
}

/// What the stage of a customer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LifecycleFacts {
    /// Local dates of the first and last order that counts.
    pub first_order_on: Option<NaiveDate>,
    pub last_order_on: Option<NaiveDate>,
    /// The last day of the contract.
    pub contract_end: Option<NaiveDate>,
}

/// The rule as days of the calendar, seen from one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifecycleBounds {
    pub today: NaiveDate,
    /// A contract that ends up to and on this day is to be renewed.
    pub renewal_until: NaiveDate,
    /// Whose last order was on this day or before has lapsed.
    pub lapsed_until: NaiveDate,
    /// Whose first order was on this day or later is new.
    pub new_from: NaiveDate,
    /// Whose first order was on this day or before is mature.
    pub mature_until: NaiveDate,
}

impl LifecycleRule {
    pub fn bounds(&self, today: NaiveDate) -> LifecycleBounds {
        let ago = |days: u32| today.checked_sub_days(Days::new(days.into())).unwrap_or(today);
        let renewal_until = today.checked_add_days(Days::new(self.renewal_days.into())).unwrap_or(today);
        LifecycleBounds {
            today,
            renewal_until,
            lapsed_until: ago(self.lapsed_days),
            new_from: ago(self.new_days),
            mature_until: ago(self.mature_days),
        }
    }

    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.mature_days <= self.new_days {
            let reason = "mature_days must be greater than new_days";
            faults.push(Fault::new(Code::LifecycleConflict).at("/mature_days").with("reason", reason));
        }
        faults
    }
}

impl LifecycleBounds {
    /// The stage of a customer: the first of these that holds.
    ///
    /// 1. `pre_renewal`: the contract ends today or within the days before renewal.
    /// 2. `lapsed`: no contract runs, and the last order (of those who never ordered: the end of the contract) is long ago.
    /// 3. `new`: the first order is not long ago, or there was none yet.
    /// 4. `mature`: the first order is long ago.
    /// 5. `growing`: whoever is between new and mature.
    pub fn stage(&self, facts: &LifecycleFacts) -> LifecycleStage {
        let LifecycleFacts { first_order_on, last_order_on, contract_end } = *facts;
        let running = contract_end.is_some_and(|end| end >= self.today);
        if running && contract_end.is_some_and(|end| end <= self.renewal_until) {
            return LifecycleStage::PreRenewal;
        }
        if !running && last_order_on.or(contract_end).is_some_and(|last| last <= self.lapsed_until) {
            return LifecycleStage::Lapsed;
        }
        match first_order_on {
            Some(first) if first <= self.mature_until => LifecycleStage::Mature,
            Some(first) if first < self.new_from => LifecycleStage::Growing,
            _ => LifecycleStage::New,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: &str = "2026-11-22";

    fn today() -> NaiveDate {
        TODAY.parse().unwrap()
    }

    fn stage(first: Option<i64>, last: Option<i64>, contract_end: Option<i64>) -> LifecycleStage {
        let day = |ago: i64| today() - chrono::TimeDelta::days(ago);
        let facts = LifecycleFacts {
            first_order_on: first.map(day),
            last_order_on: last.map(day),
            contract_end: contract_end.map(|ahead| day(-ahead)),
        };
        LifecycleRule::default().bounds(today()).stage(&facts)
    }

    #[test]
    fn every_boundary_is_on_the_side_that_is_written() {
        use LifecycleStage::*;
        for (first, last, contract_end, expected) in [
            (None, None, None, New),
            (Some(0), Some(0), None, New),
            (Some(90), Some(90), None, New),
            (Some(91), Some(5), None, Growing),
            (Some(364), Some(364), None, Growing),
            (Some(365), Some(364), None, Mature),
            (Some(365), Some(365), None, Lapsed),
            (Some(900), Some(365), Some(200), Mature),
            (Some(900), Some(500), Some(90), PreRenewal),
            (Some(900), Some(5), Some(0), PreRenewal),
            (Some(900), Some(5), Some(91), Mature),
            (Some(900), Some(500), Some(-1), Lapsed),
            (None, None, Some(200), New),
            (None, None, Some(-1), New),
            (None, None, Some(-365), Lapsed),
        ] {
            assert_eq!(stage(first, last, contract_end), expected, "{first:?} {last:?} {contract_end:?}");
        }
    }

    #[test]
    fn mature_before_new_is_a_contradiction() {
        let rule = LifecycleRule { new_days: 90, mature_days: 90, ..LifecycleRule::default() };
        assert_eq!(rule.faults()[0].pointer.as_deref(), Some("/mature_days"));
        assert!(LifecycleRule::default().faults().is_empty());
    }

    proptest! {
        /// Who does nothing goes only forward: new, growing, mature, lapsed.
        #[test]
        fn idle_customers_only_get_older(first in 0..900i64, between in 0..400i64, days in 0..900i64, later in 0..400i64) {
            let last = (first - between).max(0);
            let order = |stage| [LifecycleStage::New, LifecycleStage::Growing, LifecycleStage::Mature, LifecycleStage::Lapsed]
                .iter().position(|known| *known == stage);
            let (before, after) = (stage(Some(first + days), Some(last + days), None), stage(Some(first + days + later), Some(last + days + later), None));
            prop_assert!(order(before).is_some() && order(before) <= order(after), "{before} {after}");
        }

        /// An order never makes a customer lapse, and a running contract keeps from it.
        #[test]
        fn an_order_or_a_contract_keeps_customers_alive(first in 0..900i64, last in 0..365i64, contract_end in 0..900i64) {
            let first = first.max(last);
            prop_assert_ne!(stage(Some(first), Some(last), None), LifecycleStage::Lapsed);
            prop_assert_ne!(stage(Some(first), Some(first), Some(contract_end)), LifecycleStage::Lapsed);
        }

        /// Dates ahead (an order entered for tomorrow) are no special case.
        #[test]
        fn dates_ahead_are_new(first in -400..0i64) {
            prop_assert_eq!(stage(Some(first), Some(first), None), LifecycleStage::New);
        }
    }
}
