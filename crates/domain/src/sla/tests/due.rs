use super::*;

fn skipped(due: &Due) -> Vec<(NaiveDate, SkipReason)> {
    due.explanation.skipped.iter().map(|skip| (skip.date, skip.reason)).collect()
}

#[test]
fn units_have_stable_names() {
    for unit in Unit::ALL {
        assert_eq!(unit.as_str().parse(), Ok(unit));
        assert_eq!(serde_json::to_value(unit).unwrap(), json!(unit.as_str()));
    }
    assert!("weeks".parse::<Unit>().is_err());
    let target: Target = serde_json::from_value(json!({"value": 3, "unit": "working_days"})).unwrap();
    assert_eq!(target, working(3));
    assert_eq!(Target::new(2, Unit::Days).elapsed(), Some(chrono::TimeDelta::hours(48)));
    assert_eq!(target.elapsed(), None);
}

#[test]
fn elapsed_time_knows_no_night_and_no_clock_change() {
    let new_york = daily("America/New_York", &[("09:00", "17:00")]);
    let start = at("2026-03-07T15:00:00Z");
    assert_eq!(due_at(&new_york, start, Target::new(1, Unit::Days), &[]), at("2026-03-08T15:00:00Z"));
    assert_eq!(due_at(&new_york, start, Target::new(90, Unit::Minutes), &[]), at("2026-03-07T16:30:00Z"));
}

#[test]
fn elapsed_time_is_moved_by_its_pauses_only() {
    let read = china_calendar();
    let start = cn("2026-06-01 10:00");
    let target = Target::new(24, Unit::Hours);
    let pauses = [
        pause(cn("2026-06-01 20:00"), cn("2026-06-01 22:00")),
        pause(cn("2026-06-01 12:00"), cn("2026-06-01 13:00")),
        pause(cn("2026-06-01 21:00"), cn("2026-06-01 23:00")), // overlaps the first
        pause(cn("2026-06-01 18:00"), cn("2026-06-01 17:00")), // backwards
        pause(cn("2026-06-01 18:00"), cn("2026-06-01 18:00")), // empty
        pause(cn("2026-05-01 00:00"), cn("2026-06-01 11:00")), // one hour after the start
        pause(cn("2026-06-02 15:00"), cn("2026-06-03 15:00")), // begins at the deadline: too late
    ];
    let found = due(&read, start, target, &pauses).unwrap();
    assert_eq!(found.at, cn("2026-06-02 15:00"));
    assert_eq!(found.explanation.paused_seconds, 5 * 3_600);
    assert_eq!(found.explanation.counted.iter().map(|span| span.seconds).sum::<i64>(), 24 * 3_600);
    assert!(!found.provisional);
}

#[test]
fn lunch_is_not_working_time() {
    let read = china_calendar();
    assert_eq!(due_at(&read, cn("2026-06-01 09:00"), business(4), &[]), cn("2026-06-01 14:30"));
    assert_eq!(due_at(&read, cn("2026-06-01 12:15"), business(1), &[]), cn("2026-06-01 14:30"));
}

#[test]
fn a_target_met_at_closing_time_is_due_then() {
    let read = china_calendar();
    assert_eq!(due_at(&read, cn("2026-06-01 09:00"), business(3), &[]), cn("2026-06-01 12:00"));
    assert_eq!(due_at(&read, cn("2026-06-05 09:00"), business(15), &[]), cn("2026-06-08 18:00"));
    // Started at closing time: the first hour is that of the next opening.
    assert_eq!(due_at(&read, cn("2026-06-05 18:00"), business(1), &[]), cn("2026-06-08 10:00"));
}

#[test]
fn a_pause_over_night_takes_working_time_only() {
    let read = china_calendar();
    let pauses = [pause(cn("2026-06-01 17:30"), cn("2026-06-02 10:00"))];
    assert_eq!(due_at(&read, cn("2026-06-01 17:00"), business(2), &pauses), cn("2026-06-02 11:30"));
    let asleep = [pause(cn("2026-06-01 18:00"), cn("2026-06-02 09:00"))];
    assert_eq!(due_at(&read, cn("2026-06-01 17:00"), business(2), &asleep), cn("2026-06-02 10:00"));
}

#[test]
fn a_pause_over_lunch_takes_working_time_only() {
    let read = china_calendar();
    let pauses = [pause(cn("2026-06-01 11:30"), cn("2026-06-01 14:00"))];
    assert_eq!(due_at(&read, cn("2026-06-01 11:00"), business(3), &pauses), cn("2026-06-01 16:30"));
}

#[test]
fn a_pause_over_a_holiday_takes_working_time_only() {
    let read = china_calendar();
    let pauses = [pause(cn("2026-09-30 17:00"), cn("2026-10-08 10:00"))];
    assert_eq!(due_at(&read, cn("2026-09-30 16:00"), business(3), &pauses), cn("2026-10-08 12:00"));
    assert_eq!(used(&read, cn("2026-09-30 16:00"), cn("2026-10-08 11:00"), Unit::BusinessHours, &pauses), 2.0);
}

#[test]
fn working_days_walk_over_national_day_and_count_the_make_up_saturday() {
    let found = due(&china_calendar(), cn("2026-09-30 10:00"), working(3), &[]).unwrap();
    assert_eq!(found.at, cn("2026-10-10 18:00"));
    assert!(!found.provisional);
    let counted: Vec<_> = found.explanation.counted.iter().map(|day| (day.date, day.seconds)).collect();
    assert_eq!(counted, ["2026-10-08", "2026-10-09", "2026-10-10"].map(|day| (date(day), 27_000)));
    let mut expected = vec![(date("2026-09-30"), SkipReason::StartDay)];
    expected.extend((1..=7).map(|day| (date(&format!("2026-10-0{day}")), SkipReason::Holiday)));
    assert_eq!(skipped(&found), expected);
}

#[test]
fn business_hours_count_the_make_up_saturday() {
    let read = china_calendar();
    assert_eq!(due_at(&read, cn("2026-10-09 17:00"), business(3), &[]), cn("2026-10-10 11:00"));
    // 4 January 2026 is a Sunday and worked, 1 to 3 January are not.
    assert_eq!(due_at(&read, cn("2025-12-31 17:30"), business(1), &[]), cn("2026-01-04 09:30"));
}

#[test]
fn the_start_day_is_not_counted_whenever_it_starts() {
    let read = china_calendar();
    for start in ["2026-06-01 00:00", "2026-06-01 09:00", "2026-06-01 23:59"] {
        assert_eq!(due_at(&read, cn(start), working(1), &[]), cn("2026-06-02 18:00"), "{start}");
    }
    // A start on a Saturday: Monday is the first day.
    assert_eq!(due_at(&read, cn("2026-06-06 10:00"), working(1), &[]), cn("2026-06-08 18:00"));
    // The local day counts, not that of UTC.
    assert_eq!(due_at(&read, at("2026-06-01T16:30:00Z"), working(1), &[]), cn("2026-06-03 18:00"));
}

#[test]
fn a_working_day_counts_if_the_clock_runs_at_its_closing() {
    let read = china_calendar();
    let start = cn("2026-06-01 10:00");
    let one_day = |from, to| due(&read, start, working(1), &[pause(cn(from), cn(to))]).unwrap();
    assert_eq!(one_day("2026-06-02 09:00", "2026-06-02 17:59").at, cn("2026-06-02 18:00"));
    let paused = one_day("2026-06-02 17:59", "2026-06-03 09:00");
    assert_eq!(paused.at, cn("2026-06-03 18:00"));
    assert_eq!(
        skipped(&paused),
        [(date("2026-06-01"), SkipReason::StartDay), (date("2026-06-02"), SkipReason::Paused)]
    );
    // Exactly at closing: what lies before decides.
    assert_eq!(one_day("2026-06-02 18:00", "2026-06-03 09:00").at, cn("2026-06-02 18:00"));
    assert_eq!(one_day("2026-06-02 10:00", "2026-06-02 18:00").at, cn("2026-06-03 18:00"));
}

#[test]
fn an_open_pause_has_no_deadline_unless_it_comes_too_late() {
    let read = china_calendar();
    let start = cn("2026-06-01 09:00");
    let open = |from| [Pause { from: cn(from), to: None }];
    for target in [business(3), Target::new(3, Unit::Hours)] {
        assert_eq!(due(&read, start, target, &open("2026-06-01 11:00")), Err(DueError::Paused));
        assert_eq!(due_at(&read, start, target, &open("2026-06-01 12:00")), cn("2026-06-01 12:00"));
    }
    assert_eq!(due(&read, start, working(1), &open("2026-06-02 17:00")), Err(DueError::Paused));
    assert_eq!(due_at(&read, start, working(1), &open("2026-06-02 18:00")), cn("2026-06-02 18:00"));
    // Closed pauses that run into an open one do not end it.
    let mixed = [pause(cn("2026-06-01 10:00"), cn("2026-06-01 12:30")), open("2026-06-01 11:00")[0]];
    assert_eq!(due(&read, start, business(2), &mixed), Err(DueError::Paused));
    assert_eq!(used(&read, start, cn("2026-06-09 00:00"), Unit::BusinessHours, &mixed), 1.0);
}

#[test]
fn a_year_without_published_holidays_is_provisional() {
    let read = china_calendar();
    let found = due(&read, cn("2026-12-30 10:00"), working(3), &[]).unwrap();
    assert_eq!((found.at, found.provisional), (cn("2027-01-04 18:00"), true));
    assert!(!due(&read, cn("2026-12-30 10:00"), working(1), &[]).unwrap().provisional);
    assert!(due(&read, cn("2026-12-31 17:30"), business(1), &[]).unwrap().provisional);
    assert!(!due(&read, cn("2026-12-31 17:30"), Target::new(9, Unit::Days), &[]).unwrap().provisional);
    // Walked over: due in a published year, on the way through one that is not.
    let gap = calendar(json!({
        "time_zone": "UTC", "weekly_hours": {"mon": [["09:00", "10:00"]]}, "published_years": [2024, 2026],
    }));
    assert!(due(&gap, at("2024-12-01T00:00:00Z"), business(60), &[]).unwrap().provisional);
}

#[test]
fn split_and_night_shifts_count_as_they_are_worked() {
    let split = daily("Asia/Shanghai", &[("06:00", "10:00"), ("18:00", "22:00")]);
    assert_eq!(due_at(&split, cn("2026-06-01 09:00"), business(3), &[]), cn("2026-06-01 20:00"));
    let night = daily("Asia/Shanghai", &[("22:00", "06:00")]);
    // In the middle of a shift that began the evening before.
    assert_eq!(due_at(&night, cn("2026-06-02 03:00"), business(4), &[]), cn("2026-06-02 23:00"));
    assert_eq!(due_at(&night, cn("2026-06-01 23:00"), business(7), &[]), cn("2026-06-02 06:00"));
    assert_eq!(due_at(&night, cn("2026-06-01 23:00"), working(1), &[]), cn("2026-06-03 06:00"));
}

#[test]
fn a_clock_change_is_real_time() {
    // The night of the change is an hour shorter or longer than its hours say.
    let new_york = daily("America/New_York", &[("00:00", "08:00")]);
    assert_eq!(due_at(&new_york, at("2026-03-08T05:00:00Z"), business(4), &[]), at("2026-03-08T09:00:00Z"));
    assert_eq!(due_at(&new_york, at("2026-03-08T05:00:00Z"), business(7), &[]), at("2026-03-08T12:00:00Z"));
    assert_eq!(due_at(&new_york, at("2026-11-01T04:00:00Z"), business(9), &[]), at("2026-11-01T13:00:00Z"));
    let london = daily("Europe/London", &[("09:00", "17:00")]);
    // Closing time is 17:00 on the wall before and after: 17:00 GMT, then 17:00 BST, and back.
    assert_eq!(due_at(&london, at("2026-03-27T12:00:00Z"), working(1), &[]), at("2026-03-28T17:00:00Z"));
    assert_eq!(due_at(&london, at("2026-03-27T12:00:00Z"), working(2), &[]), at("2026-03-29T16:00:00Z"));
    assert_eq!(due_at(&london, at("2026-10-23T12:00:00Z"), working(1), &[]), at("2026-10-24T16:00:00Z"));
    assert_eq!(due_at(&london, at("2026-10-23T12:00:00Z"), working(2), &[]), at("2026-10-25T17:00:00Z"));
}

#[test]
fn clocks_that_fall_back_over_midnight_count_no_hour_twice() {
    // St. John's went from Sunday 00:01 back to Saturday 23:01 on 29 October 2006, so that Friday's shift ends after
    // Sunday's has begun.
    let read = calendar(json!({"time_zone": "America/St_Johns", "weekly_hours": {
        "fri": [["23:30", "23:30"]], "sun": [["00:00", "09:00"]],
    }}));
    let (start, due) = (at("2006-10-28T02:00:00Z"), at("2006-10-29T11:00:00Z"));
    assert_eq!(used(&read, start, due, Unit::BusinessHours, &[]), 33.0);
    assert_eq!(due_at(&read, start, business(33), &[]), due);
}

#[test]
fn nothing_is_due_after_fifty_years() {
    let rare = calendar(json!({
        "time_zone": "UTC", "weekly_hours": {},
        "working_days": [{"date": "2026-10-10", "hours": [["09:00", "18:00"]]}],
    }));
    let start = at("2026-01-01T00:00:00Z");
    assert_eq!(due_at(&rare, start, working(1), &[]), at("2026-10-10T18:00:00Z"));
    assert_eq!(due(&rare, start, working(2), &[]), Err(DueError::OutOfReach));
    assert_eq!(due(&rare, start, business(10), &[]), Err(DueError::OutOfReach));
    assert_eq!(due(&rare, start, Target::new(60 * 365, Unit::Days), &[]), Err(DueError::OutOfReach));
    let long = [pause(start, at("2080-01-01T00:00:00Z"))];
    assert_eq!(due(&rare, start, Target::new(1, Unit::Hours), &long), Err(DueError::OutOfReach));
}

#[test]
fn zero_is_due_at_once() {
    let start = cn("2026-06-06 03:00");
    for unit in Unit::ALL {
        let open = [Pause { from: start, to: None }];
        assert_eq!(due_at(&china_calendar(), start, Target::new(0, unit), &open), start);
    }
}

#[test]
fn a_long_explanation_is_cut_and_says_so() {
    let found = due(&china_calendar(), cn("2024-01-01 10:00"), working(300), &[]).unwrap();
    let told = found.explanation;
    assert!(told.truncated);
    assert_eq!((told.counted.len(), told.skipped.len()), (60, 60));
    assert!(told.skipped_days[&SkipReason::Closed] > 60);
    assert_eq!(serde_json::from_value::<Explanation>(serde_json::to_value(&told).unwrap()).unwrap(), told);
}

#[test]
fn the_way_to_a_deadline_can_be_read() {
    let read = china_calendar();
    let told = due(&read, cn("2026-09-30 10:00"), working(3), &[]).unwrap().explanation;
    assert_eq!(
        told.sentence(true),
        "自 2026-09-30 10:00 起计 3 个工作日，2026-10-10 18:00 到期；不计入：节假日 7 天、起始日。"
    );
    assert_eq!(
        told.sentence(false),
        "3 working days from 2026-09-30 10:00: due 2026-10-10 18:00; not counted: 7 holidays, the start day."
    );
    let told = due(&read, cn("2026-06-01 10:00"), Target::new(1, Unit::Hours), &[]).unwrap().explanation;
    assert_eq!(told.sentence(true), "自 2026-06-01 10:00 起计 1 小时，2026-06-01 11:00 到期。");
    let pauses =
        [pause(cn("2026-06-05 10:30"), cn("2026-06-05 17:00")), pause(cn("2026-06-08 08:00"), cn("2026-06-08 20:00"))];
    let told = due(&read, cn("2026-06-05 10:00"), business(2), &pauses).unwrap().explanation;
    assert_eq!(
        told.sentence(false),
        "2 business hours from 2026-06-05 10:00: due 2026-06-09 09:30; \
         not counted: 2 closed days, 1 paused day, 18 hours 30 minutes paused."
    );
}
