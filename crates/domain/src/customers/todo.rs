use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// Whether a to-do is still to be done.
    TodoStatus {
        Open = "open",
        Done = "done",
        Cancelled = "cancelled",
    }
}

impl TodoStatus {
    /// What is done or cancelled stays so.
    pub fn check_open(self) -> Result<(), Fault> {
        match self {
            TodoStatus::Open => Ok(()),
            _ => Err(Fault::new(Code::TodoState).with("state", self)),
        }
    }
}

text_enum! {
    /// What the owner of a to-do is told, and when.
    Reminder {
        DayBefore = "day_before",
        DueDay = "due_day",
        Overdue = "overdue",
    }
}

/// When people begin to work: reminders wait for it.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(9, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// When the owner of a to-do is reminded: at nine in the morning of the day before and of the day itself, and once the
/// day has ended. What is past already is left out, but a to-do that is overdue from the start is told as such.
pub fn reminders(due_on: NaiveDate, zone: Tz, now: DateTime<Utc>) -> Vec<(Reminder, DateTime<Utc>)> {
    planned(due_on, zone).filter(|(reminder, at)| *reminder == Reminder::Overdue || *at > now).collect()
}

/// What there is to tell now: after a standstill only the last of what was missed.
pub fn reminder_due(due_on: NaiveDate, zone: Tz, now: DateTime<Utc>) -> Option<Reminder> {
    planned(due_on, zone).filter(|(_, at)| *at <= now).last().map(|(reminder, _)| reminder)
}

fn planned(due_on: NaiveDate, zone: Tz) -> impl Iterator<Item = (Reminder, DateTime<Utc>)> {
    let at = move |day: Option<NaiveDate>, time: NaiveTime| day.and_then(|day| instant(zone, day, time));
    let planned = [
        (Reminder::DayBefore, at(due_on.pred_opt(), MORNING)),
        (Reminder::DueDay, at(Some(due_on), MORNING)),
        (Reminder::Overdue, at(due_on.succ_opt(), NaiveTime::MIN)),
    ];
    // Nobody waits that long, and a fifth digit of the year would not sort.
    planned.into_iter().filter_map(|(reminder, at)| Some((reminder, at?))).filter(|(_, at)| at.year() <= 9999)
}

/// When people begin to work on a day.
pub fn morning(zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
    instant(zone, day, MORNING)
}

/// The instant of a local time; one that the clocks skip is an hour later.
fn instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = day.and_time(time);
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Some(at.to_utc()),
        MappedLocalTime::None => {
            zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?).earliest().map(|at| at.to_utc())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(due_on: &str, now: &str) -> Vec<(Reminder, String)> {
        let reminders = reminders(due_on.parse().unwrap(), chrono_tz::Asia::Shanghai, now.parse().unwrap());
        reminders.into_iter().map(|(reminder, at)| (reminder, at.to_rfc3339())).collect()
    }

    #[test]
    fn the_owner_is_reminded_the_day_before_on_the_day_and_once_it_is_over() {
        let expected = [
            (Reminder::DayBefore, "2026-10-22T01:00:00+00:00"),
            (Reminder::DueDay, "2026-10-23T01:00:00+00:00"),
            // Not at 23:59, and not at midnight of UTC.
            (Reminder::Overdue, "2026-10-23T16:00:00+00:00"),
        ];
        assert_eq!(told("2026-10-23", "2026-10-20T02:00:00Z"), expected.map(|(r, at)| (r, at.to_owned())));
    }

    #[test]
    fn what_is_past_is_not_told_late() {
        assert_eq!(told("2026-10-20", "2026-10-20T02:00:00Z").len(), 1, "nine o'clock is over");
        assert_eq!(told("2026-10-01", "2026-10-20T02:00:00Z")[0].0, Reminder::Overdue);
    }

    #[test]
    fn after_a_standstill_only_the_last_is_told() {
        let due =
            |now: &str| reminder_due("2026-10-23".parse().unwrap(), chrono_tz::Asia::Shanghai, now.parse().unwrap());
        assert_eq!(due("2026-10-22T00:59:59Z"), None);
        assert_eq!(due("2026-10-22T01:00:00Z"), Some(Reminder::DayBefore));
        assert_eq!(due("2026-10-23T15:59:59Z"), Some(Reminder::DueDay));
        assert_eq!(due("2026-12-01T00:00:00Z"), Some(Reminder::Overdue));
    }

    #[test]
    fn a_day_without_midnight_ends_all_the_same() {
        // Midnight of 6 September 2026 does not exist in Santiago.
        let at = reminders("2026-09-05".parse().unwrap(), chrono_tz::America::Santiago, DateTime::UNIX_EPOCH);
        assert_eq!(at[2].1.to_rfc3339(), "2026-09-06T04:00:00+00:00");
        assert_eq!(reminders(NaiveDate::MAX, chrono_tz::UTC, DateTime::UNIX_EPOCH).len(), 0);
    }

    #[test]
    fn only_an_open_one_can_be_changed() {
        assert!(TodoStatus::Open.check_open().is_ok());
        assert!(TodoStatus::Done.check_open().is_err());
        assert!(TodoStatus::Cancelled.check_open().is_err());
    }
}
