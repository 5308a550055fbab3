//! When the clock has something to say of a follow-up task.

use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::customers::morning;
use crate::sla::{Calendar, working_days};
use crate::text_enum;

text_enum! {
    /// What the clock says of an open task, in the order in which it does.
    Alarm {
        /// Its time begins today: told in the morning.
        Begins = "begins",
        /// Its time ends on the next working day: told in the morning.
        Closes = "closes",
        /// Its time has passed.
        Overdue = "overdue",
        /// Still open one working day later: the head of the department is told.
        Head = "head",
        /// And another one later: the director.
        Director = "director",
    }
}

impl Alarm {
    /// How far up it is told that nothing happens: 0 not at all, 1 the head of the department, 2 the director.
    pub fn level(self) -> i32 {
        match self {
            Alarm::Head => 1,
            Alarm::Director => 2,
            _ => 0,
        }
    }
}

/// Days looked back for a working day: more than any holiday has.
const LOOK_BACK: u64 = 20;

/// When people work. Without a calendar every day is a working day.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    pub calendar: Option<&'a Calendar>,
    /// In which mornings are told.
    pub zone: Tz,
}

impl Hours<'_> {
    /// The closing of the `days`th working day after `at`; without a calendar, or by one that never opens, as many days
    /// elapse.
    pub fn working_days_after(&self, at: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let by_calendar = self.calendar.and_then(|calendar| working_days(calendar, at, days, days).ok());
        by_calendar.map_or(at + TimeDelta::days(i64::from(days)), |span| span.to)
    }

    /// The opening of the next working day after `at`.
    pub fn next_opening(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let by_calendar = self.calendar.and_then(|calendar| working_days(calendar, at, 1, 1).ok());
        by_calendar.map_or(at + TimeDelta::days(1), |span| span.from)
    }

    fn morning_of(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        morning(self.zone, at.with_timezone(&self.zone).date_naive()).unwrap_or(at)
    }

    /// The morning of the last working day before the day of `at`.
    fn morning_before(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let day = at.with_timezone(&self.zone).date_naive();
        let before = (1..=LOOK_BACK).filter_map(|back| day.checked_sub_days(Days::new(back)));
        let mut open = before.filter(|day| self.calendar.is_none_or(|calendar| calendar.closes_on(*day).is_some()));
        open.next().and_then(|day| morning(self.zone, day)).unwrap_or(at - TimeDelta::days(1))
    }

    /// When something is told of a task whose time, or next attempt, begins at `begins` and ends at `due_by`; in order of
    /// time, each a moment after the one before.
    fn alarms(&self, begins: DateTime<Utc>, due_by: DateTime<Utc>) -> Vec<(Alarm, DateTime<Utc>)> {
        let morning = self.morning_of(begins);
        let closes = self.morning_before(due_by);
        let head = self.working_days_after(due_by, 1).max(due_by);
        let director = self.working_days_after(due_by, 2).max(head);
        let all = [
            (Alarm::Begins, Some(morning).filter(|at| *at < due_by)),
            // Whoever is told in the morning that it begins need not be told in the same that it ends.
            (Alarm::Closes, Some(closes).filter(|at| *at > morning && *at < due_by)),
            (Alarm::Overdue, Some(due_by)),
            (Alarm::Head, Some(head)),
            (Alarm::Director, Some(director)),
        ];
        all.into_iter().filter_map(|(alarm, at)| Some((alarm, at?))).collect()
    }

    /// When the clock looks at it first, where it is made or planned anew at `now`: what is overdue from the start is told
    /// as such, other alarms that are past are not.
    pub fn first(&self, begins: DateTime<Utc>, due_by: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let morning = self.morning_of(begins);
        // The common case, which asks no calendar.
        if morning > now && morning < due_by {
            return morning;
        }
        let mut later =
            self.alarms(begins, due_by).into_iter().filter(|(alarm, at)| *alarm == Alarm::Overdue || *at > now);
        later.next().map_or(due_by, |(_, at)| at)
    }

    /// What there is to say at `now` of a task that was to be looked at from `since` on and has been told of as far up as
    /// `level`, and when it is to be looked at again. After a standstill that it begins or ends is not told of what is
    /// overdue. Who above was not told yet is told, though by another calendar it should have been before `since`.
    pub fn ring(
        &self,
        (begins, due_by): (DateTime<Utc>, DateTime<Utc>),
        since: DateTime<Utc>,
        level: i32,
        now: DateTime<Utc>,
    ) -> (Vec<Alarm>, Option<DateTime<Utc>>) {
        let open = |(alarm, at): &(Alarm, DateTime<Utc>)| match alarm {
            Alarm::Begins | Alarm::Closes => *at >= since && (due_by > now || *at > now),
            Alarm::Overdue => *at >= since,
            Alarm::Head | Alarm::Director => alarm.level() > level,
        };
        let open: Vec<_> = self.alarms(begins, due_by).into_iter().filter(open).collect();
        let next = open.iter().find(|(_, at)| *at > now).map(|(_, at)| *at);
        (open.into_iter().filter(|(_, at)| *at <= now).map(|(alarm, _)| alarm).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sla::china;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        Calendar::try_from(china()).unwrap()
    }

    fn hours(calendar: &Calendar) -> Hours<'_> {
        Hours { calendar: Some(calendar), zone: chrono_tz::Asia::Shanghai }
    }

    #[test]
    fn a_task_over_a_weekend_and_a_holiday_is_told_of_on_working_days() {
        let calendar = calendar();
        // Due on Friday, 9 October 2026, 18:00 in Shanghai; the National Day's holidays last to the 7th.
        let alarms = hours(&calendar).alarms(at("2026-09-30T01:30:00Z"), at("2026-10-09T10:00:00Z"));
        let told: Vec<String> = alarms.iter().map(|(alarm, at)| format!("{alarm} {}", at.format("%FT%RZ"))).collect();
        assert_eq!(told[..3], ["begins 2026-09-30T01:00Z", "closes 2026-10-08T01:00Z", "overdue 2026-10-09T10:00Z"]);
        // The 10th is a Saturday on which is worked instead (调休).
        assert_eq!(calendar.local_date(alarms[3].1), "2026-10-10".parse().ok());
        assert_eq!(calendar.local_date(alarms[4].1), "2026-10-12".parse().ok());
    }

    #[test]
    fn what_is_overdue_from_the_start_is_told_and_escalated() {
        let calendar = calendar();
        let hours = hours(&calendar);
        let (begins, due_by, now) =
            (at("2026-10-12T01:00:00Z"), at("2026-10-13T10:00:00Z"), at("2026-10-20T02:00:00Z"));
        let first = hours.first(begins, due_by, now);
        assert_eq!(first, due_by);
        let (told, next) = hours.ring((begins, due_by), first, 0, now);
        assert_eq!((told, next), (vec![Alarm::Overdue, Alarm::Head, Alarm::Director], None));
    }

    #[test]
    fn after_a_standstill_nobody_is_told_that_something_begins_which_has_ended() {
        let calendar = calendar();
        let hours = hours(&calendar);
        let (begins, due_by) = (at("2026-10-21T01:00:00Z"), at("2026-10-22T10:00:00Z"));
        let first = hours.first(begins, due_by, at("2026-10-20T02:00:00Z"));
        assert_eq!(hours.ring((begins, due_by), first, 0, at("2026-10-22T11:00:00Z")).0, [Alarm::Overdue]);
        assert_eq!(hours.ring((begins, due_by), first, 0, at("2026-10-21T02:00:00Z")).0, [Alarm::Begins]);
    }

    #[test]
    fn whoever_is_above_is_told_though_another_calendar_takes_force_meanwhile() {
        let (every_day, calendar) = (Hours { calendar: None, zone: chrono_tz::Asia::Shanghai }, calendar());
        // Overdue on a Friday; on Monday the head was to be told. Over the weekend every day became a working day.
        let task = (at("2026-10-15T01:00:00Z"), at("2026-10-16T10:00:00Z"));
        let (told, next) = hours(&calendar).ring(task, task.1, 0, at("2026-10-16T10:00:00Z"));
        assert_eq!((told, next), (vec![Alarm::Overdue], Some(at("2026-10-19T10:00:00Z"))));
        let (told, next) = every_day.ring(task, next.unwrap(), 0, at("2026-10-19T10:00:00Z"));
        assert_eq!((told, next), (vec![Alarm::Head, Alarm::Director], None));
        let (told, next) = every_day.ring(task, at("2026-10-17T10:00:00Z"), 1, at("2026-10-17T10:00:00Z"));
        assert_eq!((told, next), (vec![], Some(at("2026-10-18T10:00:00Z"))));
    }

    proptest! {
        /// However often and when somebody looks, each alarm is told at most once, in order, and nothing is told twice
        /// or left for ever: after the last one there is nothing more to look at.
        #[test]
        fn whenever_somebody_looks_each_alarm_is_told_at_most_once(
            begins in 0i64..2000, length in 0i64..2000, looks in prop::collection::vec(1i64..400, 1..20), with in any::<bool>(),
        ) {
            let calendar = calendar();
            let hours = Hours { calendar: with.then_some(&calendar), zone: chrono_tz::Asia::Shanghai };
            let hour = |n: i64| at("2026-09-20T00:17:00Z") + TimeDelta::hours(n);
            let (begins, due_by, mut now) = (hour(begins), hour(begins + length), hour(0));
            let mut next = Some(hours.first(begins, due_by, now));
            let (mut told, mut level): (Vec<Alarm>, i32) = (Vec::new(), 0);
            for step in looks.into_iter().chain([40_000]) {
                now += TimeDelta::hours(step);
                let Some(since) = next.filter(|at| *at <= now) else { continue };
                let (more, later) = hours.ring((begins, due_by), since, level, now);
                level = more.iter().map(|alarm| alarm.level()).fold(level, i32::max);
                prop_assert!(later.is_none_or(|later| later > now));
                told.extend(more);
                next = later;
            }
            prop_assert!(next.is_none());
            prop_assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
            prop_assert_eq!(&told[told.len() - 3..], &[Alarm::Overdue, Alarm::Head, Alarm::Director]);
        }
    }
}
