use super::*;

fn hours(value: u32) -> Target {
    Target::new(value, Unit::Hours)
}

#[test]
fn a_running_clock_counts() {
    let (clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    let reading = clock.reading(&china_calendar(), cn("2026-06-01 11:00")).unwrap();
    assert_eq!(reading.state, ClockState::Running);
    assert_eq!(reading.due_at, Some(cn("2026-06-01 14:30")));
    assert_eq!((reading.used, reading.left, reading.share), (2.0, Some(2.0), Some(0.5)));
    assert!(!reading.overdue && !reading.provisional);
}

#[test]
fn a_paused_clock_has_no_deadline_and_keeps_its_time() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    clock.pause(cn("2026-06-01 11:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-06-04 11:00")).unwrap();
    assert_eq!((reading.state, reading.due_at, reading.used), (ClockState::Paused, None, 2.0));
    assert!(!reading.overdue);
    clock.resume(cn("2026-06-04 10:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-06-04 11:00")).unwrap();
    assert_eq!((reading.due_at, reading.used), (Some(cn("2026-06-04 12:00")), 3.0));
    assert_eq!(reading.pauses, [pause(cn("2026-06-01 11:00"), cn("2026-06-04 10:00"))]);
}

#[test]
fn a_pause_does_not_undo_a_missed_deadline() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), hours(2));
    clock.pause(cn("2026-06-01 12:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-06-02 12:00")).unwrap();
    assert_eq!((reading.due_at, reading.overdue), (Some(cn("2026-06-01 11:00")), true));
    assert_eq!((reading.used, reading.left, reading.share), (3.0, Some(0.0), Some(1.5)));
}

#[test]
fn a_clock_is_overdue_from_its_deadline_and_stopping_then_is_in_time() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), hours(2));
    assert!(!clock.reading(&read, cn("2026-06-01 10:59")).unwrap().overdue);
    assert!(clock.reading(&read, cn("2026-06-01 11:00")).unwrap().overdue);
    let mut late = clock.clone();
    clock.stop(cn("2026-06-01 11:00")).unwrap();
    assert!(!clock.reading(&read, cn("2026-06-09 11:00")).unwrap().overdue);
    late.stop(cn("2026-06-01 11:01")).unwrap();
    assert!(late.reading(&read, cn("2026-06-09 11:00")).unwrap().overdue);
}

#[test]
fn a_stopped_clock_stays_as_it_was() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    clock.stop(cn("2026-06-01 10:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-07-01 10:00")).unwrap();
    assert_eq!((reading.state, reading.used, reading.overdue), (ClockState::Stopped, 1.0, false));
    assert_eq!(reading.due_at, Some(cn("2026-06-01 14:30")));
    assert_eq!(clock.warn_at(&read, 0.5), Ok(None));
    // A closed deadline is not rewritten by a new policy.
    let stopped = Err(ClockError::WrongState(ClockState::Stopped));
    assert_eq!(clock.recompute(cn("2026-07-01 10:00"), business(8)), stopped);
}

#[test]
fn stopped_during_a_pause_it_keeps_the_deadline_of_that_moment() {
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    clock.pause(cn("2026-06-01 10:00")).unwrap();
    clock.stop(cn("2026-06-02 09:00")).unwrap();
    let reading = clock.reading(&china_calendar(), cn("2026-07-01 10:00")).unwrap();
    assert_eq!((reading.used, reading.due_at), (1.0, Some(cn("2026-06-02 12:00"))));
    assert!(!reading.overdue);
}

#[test]
fn a_reopened_clock_runs_on() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    clock.stop(cn("2026-06-01 10:00")).unwrap();
    clock.resume(cn("2026-06-03 09:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-06-03 10:00")).unwrap();
    assert_eq!((reading.state, reading.used), (ClockState::Running, 2.0));
    assert_eq!(reading.due_at, Some(cn("2026-06-03 12:00")));
    assert_eq!(clock.stopped_at(), None);
}

#[test]
fn recomputing_changes_the_target_and_nothing_else() {
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), business(4));
    clock.pause(cn("2026-06-01 10:00")).unwrap();
    clock.resume(cn("2026-06-01 11:00")).unwrap();
    clock.recompute(cn("2026-06-01 11:30"), business(2)).unwrap();
    let reading = clock.reading(&china_calendar(), cn("2026-06-01 11:30")).unwrap();
    assert_eq!((reading.due_at, reading.used, reading.pauses.len()), (Some(cn("2026-06-01 12:00")), 1.5, 1));
}

#[test]
fn wrong_transitions_are_refused_and_change_nothing() {
    let now = cn("2026-06-01 10:00");
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), hours(4));
    assert_eq!(clock.resume(now), Err(ClockError::WrongState(ClockState::Running)));
    clock.pause(now).unwrap();
    let before = clock.clone();
    assert_eq!(clock.pause(now), Err(ClockError::WrongState(ClockState::Paused)));
    assert_eq!(clock, before);
    clock.stop(now).unwrap();
    assert_eq!(clock.pause(now), Err(ClockError::WrongState(ClockState::Stopped)));
    assert_eq!(clock.stop(now), Err(ClockError::WrongState(ClockState::Stopped)));
}

#[test]
fn time_never_goes_backwards() {
    let (mut clock, first) = Clock::start(cn("2026-06-01 09:00"), hours(4));
    // Another machine's clock is a little slow: moved up.
    let second = clock.pause(cn("2026-06-01 08:59")).unwrap();
    assert_eq!(second.at, first.at);
    // A stored ledger like that is damaged.
    let damaged = [first, Entry { at: cn("2026-06-01 08:59"), kind: EntryKind::Paused }];
    assert_eq!(Clock::replay(&damaged), Err(ClockError::OutOfOrder));
    // A reading in the past is that of the last entry.
    assert_eq!(clock.reading(&china_calendar(), cn("2026-05-01 00:00")).unwrap().used, 0.0);
}

#[test]
fn a_ledger_begins_with_its_only_start() {
    let (_, started) = Clock::start(cn("2026-06-01 09:00"), hours(4));
    assert_eq!(Clock::replay(&[]), Err(ClockError::NotStarted));
    assert_eq!(Clock::replay(&[Entry { at: started.at, kind: EntryKind::Paused }]), Err(ClockError::NotStarted));
    assert_eq!(Clock::replay(&[started, started]), Err(ClockError::AlreadyStarted));
}

#[test]
fn entries_have_a_stable_shape() {
    let (mut clock, started) = Clock::start(at("2026-06-01T01:00:00Z"), working(3));
    let wire = json!([
        {"at": "2026-06-01T01:00:00Z", "kind": "started", "target": {"value": 3, "unit": "working_days"}},
        {"at": "2026-06-01T02:00:00Z", "kind": "paused"},
    ]);
    let entries = vec![started, clock.pause(at("2026-06-01T02:00:00Z")).unwrap()];
    assert_eq!(serde_json::to_value(&entries).unwrap(), wire);
    assert_eq!(serde_json::from_value::<Vec<Entry>>(wire).unwrap(), entries);
}

#[test]
fn a_warning_comes_when_the_share_is_used() {
    let read = china_calendar();
    let start = cn("2026-06-01 09:00");
    let warn = |target, share| Clock::start(start, target).0.warn_at(&read, share).unwrap().unwrap();
    assert_eq!(warn(hours(10), 0.8), cn("2026-06-01 17:00"));
    assert_eq!(warn(business(5), 0.8), cn("2026-06-01 14:30"));
    assert_eq!(warn(business(5), 7.0), warn(business(5), 1.0));
    assert_eq!(warn(business(5), f64::NAN), warn(business(5), 1.0));
    assert_eq!(warn(business(5), -1.0), start);
    assert_eq!(warn(working(3), 0.8), cn("2026-06-04 09:00"));
    assert_eq!(warn(working(0), 0.8), start);
}

#[test]
fn a_warning_waits_for_a_pause_unless_it_came_before() {
    let read = china_calendar();
    let (mut clock, _) = Clock::start(cn("2026-06-01 09:00"), hours(10));
    clock.pause(cn("2026-06-01 16:00")).unwrap();
    assert_eq!(clock.warn_at(&read, 0.8), Ok(None));
    assert_eq!(clock.warn_at(&read, 0.5), Ok(Some(cn("2026-06-01 14:00"))));
    clock.resume(cn("2026-06-01 18:00")).unwrap();
    assert_eq!(clock.warn_at(&read, 0.8), Ok(Some(cn("2026-06-01 19:00"))));
}

#[test]
fn a_clock_without_a_target_measures_working_time_and_is_never_late() {
    let read = china_calendar();
    let (mut clock, started) = Clock::start(cn("2026-06-01 09:00"), None);
    clock.pause(cn("2026-06-01 11:00")).unwrap();
    clock.resume(cn("2026-06-02 09:00")).unwrap();
    let reading = clock.reading(&read, cn("2026-06-02 10:30")).unwrap();
    assert_eq!((reading.unit, reading.used), (Unit::BusinessHours, 3.5));
    assert_eq!((reading.due_at, reading.left, reading.share, reading.overdue), (None, None, None, false));
    assert_eq!(clock.warn_at(&read, 0.8), Ok(None));
    assert_eq!(serde_json::to_value(started).unwrap(), json!({"at": started.at, "kind": "started", "target": null}));
    // A policy may give it a target later, counted from its start, and take it away again.
    clock.recompute(cn("2026-06-02 10:30"), business(4)).unwrap();
    assert_eq!(clock.reading(&read, cn("2026-06-02 10:30")).unwrap().due_at, Some(cn("2026-06-02 11:00")));
    clock.recompute(cn("2026-06-02 10:30"), None).unwrap();
    assert_eq!(clock.reading(&read, cn("2026-06-02 10:30")).unwrap().due_at, None);
}
