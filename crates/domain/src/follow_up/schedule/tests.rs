use chrono_tz::America::{Havana, New_York};
use chrono_tz::Asia::Shanghai;
use chrono_tz::Pacific::Apia;
use proptest::prelude::*;

use super::super::TouchEvent;
use super::*;
use crate::sla::china;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn every(amount: u32, unit: IntervalUnit, from: &str) -> Trigger {
    Trigger::Every { every: Interval { amount, unit }, from: date(from), until: None, spread: false }
}

fn days(trigger: &Trigger, from: &str, to: &str, zone: Tz) -> Vec<String> {
    occasions(trigger, at(from), at(to), zone).into_iter().map(|occasion| occasion.key).collect()
}

fn chinese() -> Calendar {
    Calendar::try_from(china()).unwrap()
}

#[test]
fn the_31st_is_the_last_day_of_a_shorter_month_and_comes_back() {
    let monthly = every(1, IntervalUnit::Months, "2027-10-31");
    let due = days(&monthly, "2027-10-01T00:00:00Z", "2028-05-31T00:00:00Z", Shanghai);
    assert_eq!(
        due,
        [
            "2027-10-31",
            "2027-11-30",
            "2027-12-31",
            "2028-01-31",
            "2028-02-29",
            "2028-03-31",
            "2028-04-30",
            "2028-05-31"
        ]
    );
    let leap = every(12, IntervalUnit::Months, "2024-02-29");
    let due = days(&leap, "2024-01-01T00:00:00Z", "2028-03-01T00:00:00Z", Shanghai);
    assert_eq!(due, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
}

#[test]
fn a_day_begins_at_local_midnight_and_belongs_to_the_sweep_that_passes_it() {
    let once = Trigger::Once { on: date("2026-10-21") };
    let begin = "2026-10-20T16:00:00Z";
    assert_eq!(days(&once, "2026-10-20T15:59:59.999999Z", begin, Shanghai), ["2026-10-21"]);
    assert!(days(&once, begin, "2026-10-30T00:00:00Z", Shanghai).is_empty(), "it was the one before");
    let until = Trigger::Every {
        every: Interval { amount: 2, unit: IntervalUnit::Weeks },
        from: date("2026-10-01"),
        until: Some(date("2026-10-29")),
        spread: false,
    };
    let due = days(&until, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", Shanghai);
    assert_eq!(due, ["2026-10-01", "2026-10-15", "2026-10-29"], "its last day is included");
}

#[test]
fn clocks_that_jump_neither_lose_a_day_nor_double_one() {
    // Havana's clocks jump at midnight, Apia had no 30 December 2011 at all.
    for (zone, from, to) in [
        (Havana, "2026-03-06T00:00:00Z", "2026-03-12T00:00:00Z"),
        (Havana, "2026-10-30T00:00:00Z", "2026-11-04T00:00:00Z"),
        (New_York, "2026-10-30T00:00:00Z", "2026-11-04T00:00:00Z"),
        (Apia, "2011-12-27T00:00:00Z", "2012-01-02T00:00:00Z"),
    ] {
        let daily = every(1, IntervalUnit::Days, "2011-01-01");
        let whole = days(&daily, from, to, zone);
        let mut hourly = Vec::new();
        let mut now = at(from);
        while now < at(to) {
            let next = now + TimeDelta::hours(1);
            hourly.extend(occasions(&daily, now, next, zone).into_iter().map(|occasion| occasion.key));
            now = next;
        }
        assert_eq!(hourly, whole, "{zone}");
        assert!(whole.windows(2).all(|pair| date(&pair[0]).succ_opt() == Some(date(&pair[1]))), "{zone}: {whole:?}");
    }
}

#[test]
fn after_an_event_days_begin_at_midnight_and_working_days_at_the_opening() {
    let calendar = chinese();
    let delay = |amount, unit| Delay { amount, unit };
    let told = |event: &str, wait: Delay, window_days| {
        let span = window(at(event), &wait, window_days, Some(&calendar), Shanghai);
        (span.from.to_rfc3339(), span.to.to_rfc3339())
    };
    // Tuesday, 20 October 2026, 10:00 in Shanghai.
    let event = "2026-10-20T02:00:00Z";
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        told(event, delay(7, DelayUnit::Days), 2),
        pair("2026-10-26T16:00:00+00:00", "2026-10-29T15:59:59.999999+00:00")
    );
    assert_eq!(
        told(event, delay(3, DelayUnit::WorkingDays), 2),
        pair("2026-10-23T01:00:00+00:00", "2026-10-27T10:00:00+00:00"),
        "from the opening of the third to the closing of the fifth"
    );
    assert_eq!(
        told("2026-09-30T02:00:00Z", delay(1, DelayUnit::WorkingDays), 0).0,
        "2026-10-08T01:00:00+00:00",
        "after the holidays"
    );
    assert_eq!(
        told(event, delay(5, DelayUnit::Hours), 0),
        pair("2026-10-20T07:00:00+00:00", "2026-10-20T15:59:59.999999+00:00")
    );
    for unit in DelayUnit::ALL {
        assert_eq!(due(at(event), &delay(0, *unit), Some(&calendar), Shanghai), at(event), "at once");
    }
    let plain = due(at(event), &delay(3, DelayUnit::WorkingDays), None, Shanghai);
    assert_eq!(plain, at("2026-10-22T16:00:00Z"), "without a calendar days do");
}

#[test]
fn dates_of_customers_have_their_occasions_before_and_after() {
    let calendar = chinese();
    let on = |base: &str, direction, amount, unit| {
        around(date(base), direction, &Delay { amount, unit }, Some(&calendar), Shanghai).unwrap().on.to_string()
    };
    assert_eq!(on("2027-01-31", Direction::Before, 90, DelayUnit::Days), "2026-11-02");
    // The holidays from 1 to 7 October 2026; 10 October is a make-up working day.
    assert_eq!(on("2026-09-28", Direction::After, 7, DelayUnit::WorkingDays), "2026-10-13");
    assert_eq!(on("2026-10-13", Direction::Before, 7, DelayUnit::WorkingDays), "2026-09-28");
    assert_eq!(on("2026-10-20", Direction::Before, 1, DelayUnit::Hours), "2026-10-19");
}

#[test]
fn a_day_comes_round_again_also_where_the_year_has_none() {
    let leap = date("2024-02-29");
    assert_eq!(anniversary(leap, 2026), Some(date("2026-02-28")));
    assert_eq!(anniversary(leap, 2028), Some(leap.with_year(2028).unwrap()));
    assert_eq!(anniversaries_on(date("2026-02-28")), BTreeSet::from([228, 229]));
    assert_eq!(anniversaries_on(date("2028-02-28")), BTreeSet::from([228]));
    assert_eq!(anniversaries_on(date("2028-02-29")), BTreeSet::from([229]));
    // Mid-autumn, the fifteenth of the eighth lunar month.
    let mid_autumn = birthdays_on(date("2026-09-25"));
    assert!(mid_autumn.contains(&925) && mid_autumn.contains(&10_815), "{mid_autumn:?}");
}

#[test]
fn what_goes_by_events_has_no_occasions_of_its_own() {
    let delay = Delay { amount: 1, unit: DelayUnit::Days };
    let after = Trigger::After { event: TouchEvent::OrderPaid, delay };
    assert!(days(&after, "2000-01-01T00:00:00Z", "2030-01-01T00:00:00Z", Shanghai).is_empty());
    let extreme = (DateTime::<Utc>::MAX_UTC - TimeDelta::days(3), DateTime::<Utc>::MAX_UTC);
    occasions(&every(1, IntervalUnit::Days, "2026-01-01"), extreme.0, extreme.1, Shanghai);
}

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![Shanghai, New_York, Havana])
}

fn rhythm() -> impl Strategy<Value = (Interval, NaiveDate)> {
    let start = (0i64..1_500).prop_map(|day| date("2024-01-01") + TimeDelta::days(day));
    let amount = prop::sample::select(vec![1u32, 2, 3, 6, 7, 12]);
    (amount, prop::sample::select(IntervalUnit::ALL), start)
        .prop_map(|(amount, unit, start)| (Interval { amount, unit }, start))
}

/// Sweeps in order over two years, of any length from a second to months.
fn sweeps() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
    prop::collection::vec(0i64..80_000_000, 2..30).prop_map(|mut seconds| {
        seconds.sort_unstable();
        seconds.dedup();
        seconds.into_iter().map(|second| at("2025-06-01T00:00:00Z") + TimeDelta::seconds(second)).collect()
    })
}

proptest! {
    #[test]
    fn each_occasion_falls_into_exactly_one_sweep(
        (interval, from) in rhythm(), until in prop::option::of(0i64..900), spread in any::<bool>(), zone in zone(), sweeps in sweeps(),
    ) {
        let until = until.map(|days| from + TimeDelta::days(days));
        let trigger = Trigger::Every { every: interval, from, until, spread };
        let (first, last) = (sweeps[0], sweeps[sweeps.len() - 1]);
        let whole = occasions(&trigger, first, last, zone);
        let parts: Vec<_> = sweeps.windows(2).flat_map(|pair| occasions(&trigger, pair[0], pair[1], zone)).collect();
        prop_assert_eq!(&parts, &whole);
        for occasion in &whole {
            prop_assert!(occasion.on >= from && until.is_none_or(|until| occasion.on <= until));
        }
        let whole = spread_days(&trigger, first, last, zone);
        let parts: Vec<_> = sweeps.windows(2).flat_map(|pair| spread_days(&trigger, pair[0], pair[1], zone)).collect();
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn months_never_drift((interval, from) in rhythm(), k in 0u32..200) {
        let start = interval_start(interval, from, k).unwrap();
        prop_assert_eq!(interval_of(interval, from, start), k);
        let end = interval_start(interval, from, k + 1).unwrap();
        prop_assert_eq!(interval_of(interval, from, end.pred_opt().unwrap()), k);
        if interval.unit == IntervalUnit::Months {
            let last = start.with_day(1).unwrap().checked_add_months(Months::new(1)).unwrap().pred_opt().unwrap();
            prop_assert_eq!(start.day(), from.day().min(last.day()));
        }
    }

    #[test]
    fn each_customer_has_one_day_in_each_interval(bytes in any::<[u8; 16]>(), (interval, from) in rhythm(), k in 0u32..20) {
        let (start, end) = (interval_start(interval, from, k).unwrap(), interval_start(interval, from, k + 1).unwrap());
        let slot = spread_slot(Uuid::from_bytes(bytes));
        let day = spread_day(start, end, slot);
        prop_assert!(start <= day && day < end);
        let whose: Vec<NaiveDate> =
            start.iter_days().take_while(|day| *day < end).filter(|day| spread_slots(start, end, *day).contains(&slot)).collect();
        prop_assert_eq!(whose, vec![day]);
        let trigger = Trigger::Every { every: interval, from, until: None, spread: true };
        let begin = start_of_day(Shanghai, start).unwrap() - TimeDelta::microseconds(1);
        let last = start_of_day(Shanghai, end).unwrap() - TimeDelta::microseconds(1);
        let days = spread_days(&trigger, begin, last, Shanghai);
        let mine: Vec<_> = days.iter().filter(|day| day.slots.contains(&slot)).collect();
        prop_assert_eq!(mine.len(), 1);
        prop_assert_eq!(mine[0].occasion.on, day);
        prop_assert_eq!(&mine[0].occasion.key, &start.to_string());
    }
}

proptest! {
    // Each walks through five years of calendar.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn dates_are_found_from_either_end(
        amount in 0u32..60, unit in prop::sample::select(DelayUnit::ALL), direction in prop::sample::select(Direction::ALL),
        by_calendar in any::<bool>(), zone in zone(), sweeps in sweeps(),
    ) {
        let (calendar, delay) = (chinese(), Delay { amount, unit });
        let calendar = by_calendar.then_some(&calendar);
        let (first, last) = (sweeps[0], sweeps[sweeps.len() - 1]);
        let mut found: Vec<Around> =
            sweeps.windows(2).flat_map(|pair| dates_around(pair[0], pair[1], direction, &delay, calendar, zone)).collect();
        found.sort_by_key(|one| one.base);
        let all = date("2024-06-01").iter_days().take(1_800);
        let expected: Vec<Around> = all
            .filter_map(|base| Some(Around { base, occasion: around(base, direction, &delay, calendar, zone)? }))
            .filter(|one| within(one.occasion.at, first, last))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
