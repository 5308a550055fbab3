//! The account of the time that was counted says the same as the sum.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::model::case;
use super::*;

#[test]
fn working_time_is_told_day_by_day() {
    let read = china_calendar();
    // Wednesday before National Day, 16:00, until Thursday after it.
    let pauses = [pause(cn("2026-10-08 09:30"), cn("2026-10-08 10:00"))];
    let told = spent(&read, cn("2026-09-30 16:00"), cn("2026-10-08 11:00"), Unit::BusinessHours, &pauses);
    let counted: Vec<_> = told.counted.iter().map(|span| (span.date, span.from, span.to, span.seconds)).collect();
    assert_eq!(
        counted,
        [
            (date("2026-09-30"), cn("2026-09-30 16:00"), cn("2026-09-30 18:00"), 7_200),
            (date("2026-10-08"), cn("2026-10-08 09:00"), cn("2026-10-08 09:30"), 1_800),
            (date("2026-10-08"), cn("2026-10-08 10:00"), cn("2026-10-08 11:00"), 3_600),
        ]
    );
    assert_eq!(told.skipped_days, [(SkipReason::Holiday, 7)].into());
    assert_eq!((told.counted_seconds, told.paused_seconds, told.truncated), (12_600, 1_800, false));
    assert_eq!(
        told.sentence(true),
        "自 2026-09-30 16:00 至 2026-10-08 11:00 计工作时间 3 小时 30 分钟；不计入：节假日 7 天、暂停 30 分钟。"
    );
    assert_eq!(
        told.sentence(false),
        "3 hours 30 minutes of working time from 2026-09-30 16:00 to 2026-10-08 11:00; not counted: 7 holidays, 30 minutes paused."
    );
}

#[test]
fn elapsed_time_is_cut_at_local_midnight() {
    let read = china_calendar();
    let told = spent(&read, cn("2026-06-01 22:00"), cn("2026-06-03 01:00"), Unit::Hours, &[]);
    let counted: Vec<_> = told.counted.iter().map(|span| (span.date, span.seconds)).collect();
    assert_eq!(counted, [(date("2026-06-01"), 7_200), (date("2026-06-02"), 86_400), (date("2026-06-03"), 3_600)]);
    assert_eq!(told.sentence(false), "1 day 3 hours from 2026-06-01 22:00 to 2026-06-03 01:00.");
}

#[test]
fn before_anything_was_counted_there_is_nothing_to_tell() {
    let read = china_calendar();
    let at = cn("2026-06-01 10:00");
    for unit in Unit::ALL {
        let told = spent(&read, at, at - TimeDelta::hours(1), unit, &[]);
        assert_eq!((told.counted.len(), told.counted_seconds, told.until), (0, 0, at), "{unit}");
    }
    assert_eq!(
        spent(&read, at, at, Unit::Hours, &[]).sentence(true),
        "自 2026-06-01 10:00 至 2026-06-01 10:00 计 0 秒。"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_account_adds_up_to_what_is_used(
        case in case(), minutes in 0i64..20_000, unit in prop::sample::select(&Unit::ALL[..]),
    ) {
        let until = case.start + TimeDelta::minutes(minutes);
        let told = spent(&case.calendar, case.start, until, unit, &case.pauses);
        let sum = used(&case.calendar, case.start, until, unit, &case.pauses);
        match unit.seconds() {
            None => prop_assert_eq!(f64::from(told.counted_days), sum),
            Some(seconds) => prop_assert!((told.counted_seconds as f64 / f64::from(seconds) - sum).abs() < 1e-6),
        }
        if !told.truncated {
            prop_assert_eq!(told.counted.iter().map(|span| span.seconds).sum::<i64>(), told.counted_seconds);
            prop_assert!(told.counted.windows(2).all(|pair| pair[0].date <= pair[1].date));
            if unit != Unit::WorkingDays {
                prop_assert!(told.counted.windows(2).all(|pair| pair[0].to <= pair[1].from));
                prop_assert!(told.counted.iter().all(|span| case.start <= span.from && span.to <= until));
            }
        }
    }
}
