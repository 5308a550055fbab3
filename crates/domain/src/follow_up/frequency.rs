//! How often customers are contacted at most (频次上限): plans that know nothing of each other must not add up to a
//! nuisance.

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::text_enum;
use crate::tiering::Tier;

text_enum! {
    /// What customers are contacted for.
    Purpose {
        /// For what the customer has begun: a purchase, a complaint, a contract that ends. Not limited.
        Service = "service",
        /// For what the firm wants. Limited.
        Marketing = "marketing",
    }
}

/// So many contacts by one method at most, in any stretch of so many months. None at all: 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContactLimit {
    pub contacts: u32,
    pub months: u32,
}

impl ContactLimit {
    /// The first local day on which a contact counts against another on `day`: its stretch has not ended before that day.
    /// A month ends on the last day where there is no such day, so a rhythm of as many months is never against its limit.
    pub fn counts_from(self, day: NaiveDate) -> NaiveDate {
        let months = Months::new(self.months);
        let Some(mut last) = day.checked_sub_months(months) else { return NaiveDate::MIN };
        // The 28th of February ends the stretches of four days of August.
        while let Some(next) = last.checked_add_days(Days::new(1))
            && next.checked_add_months(months).is_some_and(|end| end <= day)
        {
            last = next;
        }
        last.checked_add_days(Days::new(1)).unwrap_or(last)
    }

    /// Whether there may be one more beside so many.
    pub fn allows_beside(self, contacts: u64) -> bool {
        contacts < u64::from(self.contacts)
    }
}

/// The limit of each tier; `None`: there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactLimits {
    pub vip: Option<ContactLimit>,
    pub potential: Option<ContactLimit>,
    pub regular: Option<ContactLimit>,
    pub at_risk: Option<ContactLimit>,
    pub dormant: Option<ContactLimit>,
}

impl Default for ContactLimits {
    /// The best twice a month, those who have gone quiet once in half a year, everybody else twice a quarter.
    fn default() -> Self {
        let limit = |contacts, months| Some(ContactLimit { contacts, months });
        ContactLimits {
            vip: limit(2, 1),
            potential: limit(2, 3),
            regular: limit(2, 3),
            at_risk: limit(2, 3),
            dormant: limit(1, 6),
        }
    }
}

impl ContactLimits {
    /// That of a customer of this tier; whoever has none yet is a regular one.
    pub fn of(&self, tier: Option<Tier>) -> Option<ContactLimit> {
        match tier {
            Some(Tier::Vip) => self.vip,
            Some(Tier::Potential) => self.potential,
            Some(Tier::Regular) | None => self.regular,
            Some(Tier::AtRisk) => self.at_risk,
            Some(Tier::Dormant) => self.dormant,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_stretch_ends_on_the_same_day_of_a_later_month_or_on_its_last() {
        let half_a_year = ContactLimit { contacts: 1, months: 6 };
        for (on, first) in [
            ("2026-07-15", "2026-01-16"),
            ("2026-02-28", "2025-09-01"),
            ("2026-02-27", "2025-08-28"),
            ("2024-02-29", "2023-09-01"),
            ("2026-08-31", "2026-03-01"),
        ] {
            assert_eq!(half_a_year.counts_from(day(on)), day(first), "{on}");
        }
    }

    #[test]
    fn none_at_all_is_none_and_no_limit_is_no_limit() {
        let never = ContactLimit { contacts: 0, months: 1 };
        assert!(!never.allows_beside(0));
        assert!(ContactLimit { contacts: 2, months: 1 }.allows_beside(1));
        assert!(!ContactLimit { contacts: 2, months: 1 }.allows_beside(2));
        let limits = ContactLimits { vip: None, dormant: Some(never), ..ContactLimits::default() };
        assert_eq!((limits.of(Some(Tier::Vip)), limits.of(Some(Tier::Dormant))), (None, Some(never)));
        assert_eq!(limits.of(None), limits.regular);
    }

    proptest! {
        #[test]
        fn what_counts_is_what_has_not_ended(on in 0u64..20_000, before in 0u64..900, months in 1u32..25) {
            let on = day("2000-01-01").checked_add_days(Days::new(on)).unwrap();
            let earlier = on.checked_sub_days(Days::new(before)).unwrap();
            let end = earlier.checked_add_months(Months::new(months)).unwrap();
            let limit = ContactLimit { contacts: 1, months };
            prop_assert_eq!(earlier >= limit.counts_from(on), end > on);
        }

        #[test]
        fn a_rhythm_is_not_against_a_limit_of_as_many_months(start in 0u64..20_000, times in 1u32..20, months in 1u32..13) {
            let start = day("2000-01-01").checked_add_days(Days::new(start)).unwrap();
            let at = |n: u32| start.checked_add_months(Months::new(n * months)).unwrap();
            let limit = ContactLimit { contacts: 1, months };
            prop_assert!(at(times - 1) < limit.counts_from(at(times)), "{} {}", at(times - 1), at(times));
        }
    }
}
