use chrono::{Datelike, Weekday};

use super::*;

fn faults(spec: serde_json::Value) -> Vec<(String, CalendarFaultKind)> {
    let spec: CalendarSpec = serde_json::from_value(spec).unwrap();
    let faults = Calendar::try_from(spec).unwrap_err();
    faults.into_iter().map(|fault| (fault.pointer, fault.kind)).collect()
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Span {
    Span { from, to }
}

#[test]
fn the_wire_shape_survives_the_round_trip() {
    let wire = json!({
        "time_zone": "Asia/Shanghai",
        "weekly_hours": {"mon": [["09:00", "12:00"], ["13:30", "18:00"]], "sat": [["22:00", "06:00"], ["00:00", "24:00"]]},
        "holidays": ["2026-10-01"],
        "working_days": [{"date": "2026-10-10", "hours": [["09:00", "18:00"]]}, {"date": "2026-10-11"}],
        "published_years": [2026],
    });
    let read = calendar(wire.clone());
    assert_eq!(serde_json::to_value(&read).unwrap(), wire);
    assert_eq!(Calendar::try_from(CalendarSpec::from(&read)), Ok(read));
}

#[test]
fn only_zone_and_hours_are_required() {
    let read = calendar(json!({"time_zone": "UTC", "weekly_hours": {"mon": [["09:00", "17:00"]]}}));
    assert!(read.exceptions().is_empty());
    assert!(read.is_published(1900) && read.is_published(2500));
    assert!(read.weekly_hours(Weekday::Tue).is_empty());
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults(json!({
        "time_zone": "Mars/Olympus",
        "weekly_hours": {
            "mon": [["9:00", "25:00"], ["24:00", "24:00"], ["09:60", "10:00"]],
            "mo/n": [],
            "tue": vec![["09:00", "10:00"]; 25],
        },
        "holidays": ["2026-10-01", "2026-2-30", "2026-02-30", "2026-10-01"],
        "working_days": [
            {"date": "2026-10-10", "hours": []},
            {"date": "2026-10-10", "hours": [["09:00", "+1:00"]]},
            {"date": "tomorrow"},
        ],
        "published_years": [2026, 0, 10000],
    }));
    let expected = [
        ("/time_zone", CalendarFaultKind::UnknownTimeZone),
        ("/weekly_hours/mo~1n", CalendarFaultKind::UnknownWeekday),
        ("/weekly_hours/mon/0/0", CalendarFaultKind::BadTime),
        ("/weekly_hours/mon/0/1", CalendarFaultKind::BadTime),
        ("/weekly_hours/mon/1/0", CalendarFaultKind::BadTime),
        ("/weekly_hours/mon/2/0", CalendarFaultKind::BadTime),
        ("/weekly_hours/tue", CalendarFaultKind::TooManyHours),
        ("/holidays/1", CalendarFaultKind::BadDate),
        ("/holidays/2", CalendarFaultKind::BadDate),
        ("/working_days/0/hours", CalendarFaultKind::MissingHours),
        ("/working_days/1/hours/0/1", CalendarFaultKind::BadTime),
        ("/working_days/1/date", CalendarFaultKind::DuplicateDate),
        ("/working_days/2/date", CalendarFaultKind::BadDate),
        ("/published_years/1", CalendarFaultKind::BadYear),
        ("/published_years/2", CalendarFaultKind::BadYear),
    ];
    assert_eq!(found, expected.map(|(pointer, kind)| (pointer.to_owned(), kind)));
}

#[test]
fn somebody_must_work_sometime() {
    let never = [("/weekly_hours".to_owned(), CalendarFaultKind::NeverOpen)];
    assert_eq!(faults(json!({"time_zone": "UTC", "weekly_hours": {}})), never);
    assert_eq!(faults(json!({"time_zone": "UTC", "weekly_hours": {"mon": []}})), never);
    let one_day = json!({"date": "2026-10-10", "hours": [["09:00", "18:00"]]});
    calendar(json!({"time_zone": "UTC", "weekly_hours": {}, "working_days": [one_day]}));
    assert_eq!(
        faults(json!({"time_zone": "UTC", "weekly_hours": {}, "working_days": [{"date": "2026-10-10"}]})),
        [("/working_days/0/hours".to_owned(), CalendarFaultKind::MissingHours)]
    );
}

#[test]
fn a_misspelt_field_is_refused() {
    let spec = json!({"time_zone": "UTC", "weekly_hours": {"mon": [["09:00", "17:00"]]}, "holiday": ["2026-10-01"]});
    assert!(serde_json::from_value::<Calendar>(spec).is_err());
}

#[test]
fn a_working_day_beats_a_holiday_and_both_beat_the_week() {
    let read = calendar(json!({
        "time_zone": "UTC",
        "weekly_hours": {"tue": [["10:00", "11:00"]], "wed": [["09:00", "17:00"]]},
        "holidays": ["2026-10-06", "2026-10-07", "2026-10-10"],
        "working_days": [{"date": "2026-10-10"}, {"date": "2026-10-07", "hours": [["20:00", "21:00"]]}],
    }));
    assert_eq!(read.opens_on(date("2026-10-06")), []);
    let evening = span(at("2026-10-07T20:00:00Z"), at("2026-10-07T21:00:00Z"));
    assert_eq!(read.opens_on(date("2026-10-07")), [evening]);
    // Monday has no hours, so an ordinary day is like Tuesday.
    let ordinary = span(at("2026-10-10T10:00:00Z"), at("2026-10-10T11:00:00Z"));
    assert_eq!(read.opens_on(date("2026-10-10")), [ordinary]);
    assert!(read.is_published(2026) && !read.is_published(2027));
}

#[test]
fn overlapping_hours_count_once() {
    let read = daily("UTC", &[("13:00", "15:00"), ("09:00", "12:00"), ("11:00", "13:30"), ("16:00", "17:00")]);
    let spans = [
        span(at("2026-10-06T09:00:00Z"), at("2026-10-06T15:00:00Z")),
        span(at("2026-10-06T16:00:00Z"), at("2026-10-06T17:00:00Z")),
    ];
    assert_eq!(read.opens_on(date("2026-10-06")), spans);
}

#[test]
fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
    let read = calendar(json!({"time_zone": "UTC", "weekly_hours": {
        "mon": [["22:00", "06:00"]], "tue": [["05:00", "12:00"]], "wed": [["20:00", "19:00"]], "thu": [["09:00", "18:00"]],
    }}));
    assert_eq!(read.opens_on(date("2026-10-05")), [span(at("2026-10-05T22:00:00Z"), at("2026-10-06T06:00:00Z"))]);
    assert_eq!(read.opens_on(date("2026-10-06")), [span(at("2026-10-06T06:00:00Z"), at("2026-10-06T12:00:00Z"))]);
    // Thursday lies wholly inside Wednesday's shift: no time of its own, and it closes with that shift.
    assert_eq!(read.opens_on(date("2026-10-08")), []);
    assert_eq!(read.closes_on(date("2026-10-08")), Some(at("2026-10-08T19:00:00Z")));
    assert_eq!(due_at(&read, at("2026-10-07T10:00:00Z"), working(1), &[]), at("2026-10-08T19:00:00Z"));
    assert_eq!(read.closes_on(date("2026-10-09")), None);
}

#[test]
fn equal_ends_are_a_whole_day() {
    for hours in [("00:00", "24:00"), ("00:00", "00:00")] {
        let read = daily("UTC", &[hours]);
        assert_eq!(read.opens_on(date("2026-10-06")), [span(at("2026-10-06T00:00:00Z"), at("2026-10-07T00:00:00Z"))]);
    }
    let read = daily("UTC", &[("09:00", "09:00")]);
    assert_eq!(read.opens_on(date("2026-10-06")), [span(at("2026-10-06T09:00:00Z"), at("2026-10-07T09:00:00Z"))]);
}

#[test]
fn hours_follow_the_clocks_forward() {
    // New York skips 02:00 to 03:00 on 8 March 2026, London 01:00 to 02:00 on 29 March.
    let night = daily("America/New_York", &[("00:00", "04:00")]);
    assert_eq!(night.opens_on(date("2026-03-08")), [span(at("2026-03-08T05:00:00Z"), at("2026-03-08T08:00:00Z"))]);
    let inside = daily("America/New_York", &[("02:30", "05:00")]);
    assert_eq!(inside.opens_on(date("2026-03-08")), [span(at("2026-03-08T07:00:00Z"), at("2026-03-08T09:00:00Z"))]);
    let ends_inside = daily("Europe/London", &[("00:00", "01:30")]);
    assert_eq!(
        ends_inside.opens_on(date("2026-03-29")),
        [span(at("2026-03-29T00:00:00Z"), at("2026-03-29T01:00:00Z"))]
    );
    let swallowed = daily("Europe/London", &[("01:00", "02:00")]);
    assert_eq!(swallowed.opens_on(date("2026-03-29")), []);
    assert_eq!(swallowed.closes_on(date("2026-03-29")), None);
}

#[test]
fn hours_follow_the_clocks_back() {
    // London shows 01:00 to 02:00 twice on 25 October 2026, New York on 1 November.
    let inside = daily("Europe/London", &[("01:15", "01:45")]);
    assert_eq!(inside.opens_on(date("2026-10-25")), [span(at("2026-10-25T00:15:00Z"), at("2026-10-25T01:45:00Z"))]);
    let until_two = daily("Europe/London", &[("00:00", "02:00")]);
    assert_eq!(until_two.opens_on(date("2026-10-25")), [span(at("2026-10-24T23:00:00Z"), at("2026-10-25T02:00:00Z"))]);
    let night = daily("America/New_York", &[("00:00", "04:00")]);
    assert_eq!(night.opens_on(date("2026-11-01")), [span(at("2026-11-01T04:00:00Z"), at("2026-11-01T09:00:00Z"))]);
    // 01:30 as an end is the later, as a start the earlier instant: the two shifts must not count the hour twice.
    let shifts = daily("America/New_York", &[("20:00", "01:30"), ("01:30", "09:00")]);
    let day = [date("2026-10-31"), date("2026-11-01")].map(|date| shifts.opens_on(date));
    assert_eq!(day[0].last().unwrap().to, at("2026-11-01T06:30:00Z"));
    assert_eq!(day[1].first().unwrap().from, at("2026-11-01T06:30:00Z"));
}

#[test]
fn a_day_that_never_was_has_no_hours() {
    // Samoa went from 29 to 31 December 2011.
    let read = daily("Pacific/Apia", &[("09:00", "17:00")]);
    assert_eq!(read.opens_on(date("2011-12-30")), []);
    assert_eq!(read.opens_on(date("2011-12-31")).len(), 1);
}

#[test]
fn the_ends_of_time_have_no_hours_and_no_panic() {
    let read = daily("Asia/Shanghai", &[("00:00", "24:00")]);
    for date in [NaiveDate::MIN, NaiveDate::MAX] {
        read.opens_on(date);
        read.closes_on(date);
    }
    assert_eq!(read.local_date(DateTime::<Utc>::MAX_UTC), None);
}

#[test]
fn china_is_complete() {
    let spec = china();
    let lines = include_str!("../../../data/cn_calendar_exceptions.csv").lines().count() - 1;
    assert_eq!(spec.holidays.len() + spec.working_days.len(), lines);
    assert_eq!(spec.published_years, Some(vec![2023, 2024, 2025, 2026]));
    let read = china_calendar();
    assert!(read.is_published(2026) && !read.is_published(2027));
    for (date, exception) in read.exceptions() {
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        assert_eq!(*exception != Exception::Holiday, weekend && !read.opens_on(*date).is_empty(), "{date}");
    }
    // The Saturday after National Day is worked like a Monday, lunch included.
    let saturday =
        [span(cn("2026-10-10 09:00"), cn("2026-10-10 12:00")), span(cn("2026-10-10 13:30"), cn("2026-10-10 18:00"))];
    assert_eq!(read.opens_on(date("2026-10-10")), saturday);
    assert_eq!(read.opens_on(date("2026-10-01")), []);
}
