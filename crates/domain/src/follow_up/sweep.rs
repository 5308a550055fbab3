//! What a sweep of a touchpoint has to see to: which occasions have come, for whom each is, and what becomes of those that
//! were missed. Pure: however the time is cut into sweeps, each occasion is seen to once.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::schedule::{self, Occasion, anniversaries_on, birthdays_on};
use super::{CatchUp, TouchEvent, Trigger};
use crate::sla::{Calendar, Span, local_date, start_of_day};

/// The field of conditions that has a day of the year in either calendar, and no year.
pub const BIRTHDAY: &str = "birthday";

/// For which of the plan's customers an occasion is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Everybody,
    /// Those with these [`schedule::spread_slot`]s.
    Slots(Range<u32>),
    /// Those whose date this is.
    Dated {
        field: String,
        date: NaiveDate,
    },
    /// Those whose date falls on one of these days of the year: see [`crate::tiering::condition::birthday_key`].
    Yearly {
        field: String,
        days: BTreeSet<i32>,
    },
}

/// One occasion and those for whom it is: one walk through the customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    pub occasion: Occasion,
    pub whom: Whom,
    /// Whoever has a task of one of these occasions is left out: a later one stands for this one.
    pub unless: Vec<String>,
}

/// The occasions of a touchpoint that goes by the calendar and that begin between `from` (excluded) and `to` (included),
/// in order of their days, those of events left out.
pub fn passes(
    trigger: &Trigger,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    calendar: Option<&Calendar>,
    zone: Tz,
) -> Vec<Pass> {
    let pass = |occasion: Occasion, whom: Whom| Pass { occasion, whom, unless: Vec::new() };
    match trigger {
        Trigger::Once { .. } | Trigger::Every { spread: false, .. } => {
            let all = schedule::occasions(trigger, from, to, zone).into_iter();
            all.map(|occasion| pass(occasion, Whom::Everybody)).collect()
        }
        Trigger::Every { .. } => {
            let all = schedule::spread_days(trigger, from, to, zone).into_iter();
            all.map(|day| pass(day.occasion, Whom::Slots(day.slots))).collect()
        }
        Trigger::Around { field, direction, delay, yearly } => {
            let all = schedule::dates_around(from, to, *direction, delay, calendar, zone).into_iter();
            let whom = |base: NaiveDate| {
                let field = field.clone();
                match (field == BIRTHDAY, yearly) {
                    (true, _) => Whom::Yearly { field, days: birthdays_on(base) },
                    (false, true) => Whom::Yearly { field, days: anniversaries_on(base) },
                    (false, false) => Whom::Dated { field, date: base },
                }
            };
            let mut all: Vec<Pass> = all.map(|around| pass(around.occasion, whom(around.base))).collect();
            all.sort_by(|a, b| (a.occasion.at, &a.occasion.key).cmp(&(b.occasion.at, &b.occasion.key)));
            all
        }
        Trigger::After { .. } => Vec::new(),
    }
}

/// What is left to do of `passes` at `now`. An occasion of a day that has ended is a missed one: made late; left out; or
/// merged, so that of several the last one stands for all, for everybody or, where customers have days of their own, for
/// each of them.
pub fn caught_up(mut passes: Vec<Pass>, catch_up: CatchUp, now: DateTime<Utc>, zone: Tz) -> Vec<Pass> {
    let today = local_date(zone, now);
    match catch_up {
        CatchUp::Late => passes,
        CatchUp::Skip => {
            passes.retain(|pass| pass.occasion.on >= today);
            passes
        }
        CatchUp::Merge => {
            if passes.iter().all(|pass| pass.whom == Whom::Everybody) {
                return passes.pop().into_iter().collect();
            }
            // The last ones first: they take the place of the earlier ones.
            passes.reverse();
            let mut later: Vec<String> = Vec::new();
            for pass in &mut passes {
                let spread = matches!(pass.whom, Whom::Slots(_));
                pass.unless = later.iter().filter(|key| spread && **key != pass.occasion.key).cloned().collect();
                if !later.contains(&pass.occasion.key) {
                    later.push(pass.occasion.key.clone());
                }
            }
            passes
        }
    }
}

/// The keys by which customers are grouped whose date it is: as `2026-12-31` or `12-31`, of a birthday its key as a text.
pub fn keys_of(whom: &Whom) -> Vec<String> {
    match whom {
        Whom::Everybody | Whom::Slots(_) => Vec::new(),
        Whom::Dated { date, .. } => vec![date.to_string()],
        Whom::Yearly { field, days } if field == BIRTHDAY => days.iter().map(i32::to_string).collect(),
        Whom::Yearly { days, .. } => days.iter().map(|day| format!("{:02}-{:02}", day / 100, day % 100)).collect(),
    }
}

/// How many days the interval of a rhythm has that begins on `start`.
pub fn interval_days(trigger: &Trigger, start: NaiveDate) -> Option<i64> {
    let Trigger::Every { every, from, .. } = trigger else { return None };
    let ends = (0u32..).map_while(|k| schedule::interval_start(*every, *from, k)).find(|end| *end > start);
    ends.map(|end| (end - start).num_days())
}

/// From when until when a task is due that is made at `now` for what is due at `planned`. Of a day that has ended, the
/// window begins anew.
pub fn window(planned: Span, window_days: u32, now: DateTime<Utc>, zone: Tz) -> Span {
    if local_date(zone, planned.from) >= local_date(zone, now) {
        return planned;
    }
    let anew = schedule::window_of_day(local_date(zone, now), window_days, zone);
    Span { from: now, to: anew.map_or(planned.to, |anew| anew.to).max(now) }
}

/// The end of the local day of `now`: what is due until then is made this morning.
pub fn end_of_today(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    next_morning(now, zone) - TimeDelta::microseconds(1)
}

/// When the next local day begins.
pub fn next_morning(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let next = local_date(zone, now).succ_opt().and_then(|day| start_of_day(zone, day));
    next.filter(|next| *next > now).unwrap_or(now + TimeDelta::days(1))
}

/// When the local day of `now` has begun.
pub fn this_morning(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    start_of_day(zone, local_date(zone, now)).filter(|morning| *morning <= now).unwrap_or(now)
}

/// What names the occasion of an event: repeated or corrected, it is the same one.
pub fn key_of_event(event: TouchEvent, subject: Uuid) -> String {
    format!("{event}:{subject}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow_up::{Delay, DelayUnit, Direction, Interval, IntervalUnit};
    use chrono::Datelike;
    use chrono_tz::Asia::Shanghai;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00+08:00").parse().unwrap()
    }

    fn every(amount: u32, unit: IntervalUnit, from: &str, spread: bool) -> Trigger {
        Trigger::Every { every: Interval { amount, unit }, from: day(from), until: None, spread }
    }

    fn days(passes: &[Pass]) -> Vec<String> {
        passes.iter().map(|pass| pass.occasion.on.to_string()).collect()
    }

    #[test]
    fn of_three_missed_days_all_none_or_one_is_made() {
        let daily = every(1, IntervalUnit::Days, "2026-10-01", false);
        let now = at("2026-10-24T09:30");
        let missed = passes(&daily, at("2026-10-20T09:30"), now, None, Shanghai);
        assert_eq!(days(&missed), ["2026-10-21", "2026-10-22", "2026-10-23", "2026-10-24"]);
        let left = |catch_up| days(&caught_up(missed.clone(), catch_up, now, Shanghai));
        assert_eq!(left(CatchUp::Late).len(), 4);
        assert_eq!(left(CatchUp::Skip), ["2026-10-24"]);
        assert_eq!(left(CatchUp::Merge), ["2026-10-24"]);
        let before = passes(&daily, at("2026-10-20T09:30"), at("2026-10-23T23:59"), None, Shanghai);
        let merged = caught_up(before, CatchUp::Merge, at("2026-10-23T23:59"), Shanghai);
        assert_eq!(days(&merged), ["2026-10-23"]);
    }

    #[test]
    fn a_month_from_the_31st_ends_with_its_last_day_and_comes_back() {
        let monthly = every(1, IntervalUnit::Months, "2027-01-31", false);
        let all = passes(&monthly, at("2027-01-30T00:00"), at("2027-05-31T00:00"), None, Shanghai);
        assert_eq!(days(&all), ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    }

    #[test]
    fn a_merged_rhythm_asks_each_customer_for_the_last_of_his_days() {
        let weekly = every(1, IntervalUnit::Weeks, "2026-10-05", true);
        let now = at("2026-10-21T00:00");
        let all =
            caught_up(passes(&weekly, at("2026-10-08T12:00"), now, None, Shanghai), CatchUp::Merge, now, Shanghai);
        assert_eq!(all.first().unwrap().occasion.on, day("2026-10-21"));
        assert!(all.first().unwrap().unless.is_empty());
        assert_eq!(all.last().unwrap().unless, ["2026-10-19", "2026-10-12"]);
    }

    #[test]
    fn a_date_is_met_so_long_before_and_the_29th_of_february_in_common_years_too() {
        let around = |field: &str, amount, yearly| Trigger::Around {
            field: field.to_owned(),
            direction: Direction::Before,
            delay: Delay { amount, unit: DelayUnit::Days },
            yearly,
        };
        let ends =
            passes(&around("contract_end", 90, false), at("2026-10-02T00:00"), at("2026-10-03T00:00"), None, Shanghai);
        let whom = Whom::Dated { field: "contract_end".to_owned(), date: day("2027-01-01") };
        assert_eq!((days(&ends), &ends[0].whom), (vec!["2026-10-03".to_owned()], &whom));
        let born = passes(
            &around("cooperation_start", 0, true),
            at("2027-02-27T00:00"),
            at("2027-02-28T00:00"),
            None,
            Shanghai,
        );
        let Whom::Yearly { days, .. } = &born[0].whom else { panic!("{born:?}") };
        assert_eq!(days.iter().copied().collect::<Vec<_>>(), [228, 229]);
    }

    #[test]
    fn what_was_missed_is_due_now_and_what_is_of_today_stays() {
        let planned = schedule::window_of_day(day("2026-10-20"), 2, Shanghai).unwrap();
        assert_eq!(window(planned, 2, at("2026-10-20T15:00"), Shanghai), planned);
        let late = window(planned, 2, at("2026-10-25T15:00"), Shanghai);
        assert_eq!((late.from, local_date(Shanghai, late.to)), (at("2026-10-25T15:00"), day("2026-10-27")));
    }

    fn trigger() -> impl Strategy<Value = Trigger> {
        let unit = prop::sample::select(vec![IntervalUnit::Days, IntervalUnit::Weeks, IntervalUnit::Months]);
        let rhythm = (1u32..5, unit, 0u64..400, any::<bool>()).prop_map(|(amount, unit, begins, spread)| {
            let from = day("2026-01-31") + chrono::Days::new(begins);
            Trigger::Every { every: Interval { amount, unit }, from, until: None, spread }
        });
        let unit = prop::sample::select(vec![DelayUnit::Days, DelayUnit::Hours]);
        let around = (0u32..100, unit, any::<bool>(), any::<bool>()).prop_map(|(amount, unit, before, yearly)| {
            let direction = if before { Direction::Before } else { Direction::After };
            Trigger::Around { field: "contract_end".to_owned(), direction, delay: Delay { amount, unit }, yearly }
        });
        prop_oneof![rhythm, around]
    }

    proptest! {
        /// Whoever swept when: nothing is left out and nothing comes twice.
        #[test]
        fn any_sequence_of_sweeps_sees_to_each_occasion_once(trigger in trigger(), steps in prop::collection::vec(1i64..900, 1..40)) {
            let begin = at("2026-06-01T10:00");
            let mut met: BTreeMap<(String, NaiveDate), u32> = BTreeMap::new();
            let mut swept_until = begin;
            for hours in steps {
                let now = swept_until + TimeDelta::hours(hours);
                for pass in caught_up(passes(&trigger, swept_until, now, None, Shanghai), CatchUp::Late, now, Shanghai) {
                    *met.entry((pass.occasion.key, pass.occasion.on)).or_default() += 1;
                }
                swept_until = now;
            }
            let all = passes(&trigger, begin, swept_until, None, Shanghai);
            prop_assert_eq!(met.len(), all.len());
            prop_assert!(met.values().all(|times| *times == 1));
        }

        /// A customer has one day in each interval, whatever the points between which it is looked at.
        #[test]
        fn a_spread_customer_has_one_task_an_interval(slot in 0u32..65_536, steps in prop::collection::vec(1i64..200, 1..60)) {
            let monthly = every(1, IntervalUnit::Months, "2026-01-31", true);
            let mut swept_until = at("2026-01-30T00:00");
            let mut met = Vec::new();
            for hours in steps {
                let now = swept_until + TimeDelta::hours(hours);
                let all = passes(&monthly, swept_until, now, None, Shanghai);
                met.extend(all.into_iter().filter(|pass| matches!(&pass.whom, Whom::Slots(slots) if slots.contains(&slot))));
                swept_until = now;
            }
            let keys: BTreeSet<String> = met.iter().map(|pass| pass.occasion.key.clone()).collect();
            prop_assert_eq!(keys.len(), met.len());
            prop_assert!(met.iter().all(|pass| pass.occasion.on.month() > 0));
        }
    }
}
