use chrono::TimeDelta;
use proptest::prelude::*;

use super::model::case;
use super::*;

fn unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(&Unit::ALL[..])
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

/// Anything chrono can hold, its ends more often than chance would have them.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let (min, max) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    prop_oneof![
        (0i64..200_000).prop_map(move |seconds| min + TimeDelta::seconds(seconds)),
        (0i64..200_000).prop_map(move |seconds| max - TimeDelta::seconds(seconds)),
        Just(max - HORIZON),
        Just(min),
        Just(max),
        (min.timestamp()..max.timestamp()).prop_map(|seconds| DateTime::from_timestamp(seconds, 999_999_999).unwrap()),
        (0i64..4_000_000_000).prop_map(|seconds| DateTime::from_timestamp(seconds, 1).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_is_monotone_in_the_start(case in case(), later in 0i64..3_000, value in 1u32..30, unit in unit()) {
        let target = Target::new(value, unit);
        if let (Ok(a), Ok(b)) = (
            due(&case.calendar, case.start, target, &case.pauses),
            due(&case.calendar, case.start + minutes(later), target, &case.pauses),
        ) {
            prop_assert!(a.at <= b.at);
        }
    }

    #[test]
    fn due_is_monotone_in_the_target(case in case(), value in 0u32..30, more in 0u32..10, unit in unit()) {
        let at = |value| due(&case.calendar, case.start, Target::new(value, unit), &case.pauses).map(|due| due.at);
        match (at(value), at(value + more)) {
            (Ok(less), Ok(more)) => prop_assert!(case.start <= less && less <= more),
            (Err(_), Ok(_)) => prop_assert!(false, "the smaller target is out of reach"),
            _ => {}
        }
    }

    #[test]
    fn a_pause_never_brings_it_forward(
        case in case(), value in 1u32..30, unit in unit(), from in -500i64..20_000, length in prop::option::of(-100i64..5_000),
    ) {
        let target = Target::new(value, unit);
        let from = case.start + minutes(from);
        let mut pauses = case.pauses.clone();
        pauses.push(Pause { from, to: length.map(|length| from + minutes(length)) });
        if let Ok(with) = due(&case.calendar, case.start, target, &pauses) {
            let without = due(&case.calendar, case.start, target, &case.pauses);
            prop_assert!(without.is_ok_and(|without| without.at <= with.at));
        }
    }

    #[test]
    fn what_is_due_is_what_was_used(case in case(), value in 1u32..100, unit in unit(), second in 0i64..60) {
        let start = case.start + TimeDelta::milliseconds(second * 1_001);
        if let Ok(found) = due(&case.calendar, start, Target::new(value, unit), &case.pauses) {
            let all = used(&case.calendar, start, found.at, unit, &case.pauses);
            let before = used(&case.calendar, start, found.at - TimeDelta::seconds(1), unit, &case.pauses);
            // Two days can close at one instant, when one lies inside the other's shift.
            prop_assert!((all - f64::from(value)).abs() < 1e-6 || (unit == Unit::WorkingDays && all > f64::from(value)));
            prop_assert!(before < f64::from(value));
            let seconds: i64 = found.explanation.counted.iter().map(|span| (span.to - span.from).num_seconds()).sum();
            if !found.explanation.truncated && unit == Unit::BusinessHours {
                let missing = i64::from(value) * 3_600 - seconds;
                prop_assert!((0..=found.explanation.counted.len() as i64).contains(&missing), "{}", missing);
            }
        }
    }

    #[test]
    fn due_lies_in_working_time_or_at_its_end(case in case(), value in 1u32..100, days in any::<bool>()) {
        let target = Target::new(value, if days { Unit::WorkingDays } else { Unit::BusinessHours });
        if let Ok(found) = due(&case.calendar, case.start, target, &case.pauses) {
            let date = case.calendar.local_date(found.at).unwrap();
            let spans: Vec<_> = [date.pred_opt().unwrap(), date].into_iter().flat_map(|date| case.calendar.opens_on(date)).collect();
            prop_assert!(spans.iter().any(|span| span.from < found.at && found.at <= span.to));
            if days {
                prop_assert!(spans.iter().any(|span| found.at == span.to));
            }
        }
    }

    #[test]
    fn a_warning_comes_before_the_deadline(case in case(), value in 1u32..60, unit in unit(), share in 0.0..1.0) {
        let (clock, _) = Clock::start(case.start, Target::new(value, unit));
        if let Some(due) = clock.reading(&case.calendar, case.start).ok().and_then(|reading| reading.due_at) {
            let warn = clock.warn_at(&case.calendar, share).unwrap().unwrap();
            prop_assert!(case.start <= warn && warn <= due);
        }
    }

    #[test]
    fn replay_is_the_state_reached_step_by_step(steps in prop::collection::vec((0u8..5, -5i64..500), 0..30), value in 1u32..90) {
        let start = cn("2026-09-28 10:00");
        let (mut clock, first) = Clock::start(start, business(value));
        let mut ledger = vec![first];
        let mut now = start;
        for (step, later) in steps {
            now += minutes(later);
            let entry = match step {
                0 => clock.pause(now),
                1 | 2 => clock.resume(now),
                3 => clock.stop(now),
                _ => clock.recompute(now, business(value + 1)),
            };
            ledger.extend(entry.ok());
            prop_assert_eq!(Clock::replay(&ledger), Ok(clock.clone()));
        }
        let stored: Vec<Entry> = serde_json::from_str(&serde_json::to_string(&ledger).unwrap()).unwrap();
        let replayed = Clock::replay(&stored).unwrap();
        let read = china_calendar();
        prop_assert_eq!(replayed.reading(&read, now), clock.reading(&read, now));
        // The running stretches of the ledger, added up by hand.
        let end = ledger.last().unwrap().at;
        let mut total = 0.0;
        let mut since = None;
        for entry in &ledger {
            match entry.kind {
                EntryKind::Started { .. } | EntryKind::Resumed => since = Some(entry.at),
                EntryKind::Paused | EntryKind::Stopped => {
                    total += since.take().map_or(0.0, |from| used(&read, from, entry.at, Unit::BusinessHours, &[]));
                }
                EntryKind::Recomputed { .. } => {}
            }
        }
        total += since.map_or(0.0, |from| used(&read, from, end, Unit::BusinessHours, &[]));
        prop_assert!((clock.reading(&read, end).unwrap().used - total).abs() < 1e-6);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_instant_and_no_target_panics(
        start in any_instant(), until in any_instant(), value in prop_oneof![Just(u32::MAX), any::<u32>(), 0u32..100],
        unit in unit(), share in any::<f64>(), pauses in prop::collection::vec((any_instant(), prop::option::of(any_instant())), 0..4),
    ) {
        let read = china_calendar();
        let target = Target::new(value, unit);
        let pauses: Vec<_> = pauses.into_iter().map(|(from, to)| Pause { from, to }).collect();
        if let Ok(found) = due(&read, start, target, &pauses) {
            prop_assert!(start <= found.at && found.at - start <= HORIZON);
            found.explanation.sentence(true);
        }
        prop_assert!(used(&read, start, until, unit, &pauses) >= 0.0);
        let (mut clock, _) = Clock::start(start, target);
        let _ = clock.warn_at(&read, share);
        let _ = clock.pause(until);
        prop_assert_ne!(clock.reading(&read, until).err(), Some(DueError::Paused));
    }
}
