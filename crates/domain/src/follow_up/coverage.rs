//! Coverage (回访覆盖率): what became of the follow-ups that were due. Defined here once; whoever shows it, counts so.
//!
//! A task belongs to the local day of `first_due_by`, the end of its window before it was postponed: postponing moves
//! nothing into another period. Each task is one of: **reached**, **refused**, **unreachable** (by its outcome), **open**,
//! **cancelled** (by a person), or **dropped** (cancelled because nothing was owed any more: the customer left the audience,
//! had been contacted often enough or was merged, the feedback moved). *Due* is all but the dropped: what a person cancels stays due, so that nobody betters
//! the coverage by cancelling who is hard to reach. From these
//!
//! - coverage = reached / due
//! - completion = (reached + refused + unreachable) / due
//! - on-time rate = those of them that were closed no later than `first_due_by` / due
//!
//! Scores are those of the tasks' records; who was not asked or did not answer is in no denominator. The satisfaction rate is
//! the share of CSAT 4 and 5, the net promoter score the share of 9 and 10 less the share of 0 to 6. Rates are per
//! cent, never rounded, and missing where there is nothing to divide by.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::plan::GoalMetric;
use super::{CancelCause, TaskOutcome, TaskState};
use crate::fault::{Code, Fault};
use crate::sla::start_of_day;
use crate::text_enum;

text_enum! {
    /// By what coverage is shown.
    CoverageBy {
        Plan = "plan",
        Department = "department",
        Assignee = "assignee",
        Day = "day",
        /// From Monday to Sunday.
        Week = "week",
        Month = "month",
        Quarter = "quarter",
    }
}

impl CoverageBy {
    /// Whether it divides the period itself.
    pub fn is_time(self) -> bool {
        matches!(self, CoverageBy::Day | CoverageBy::Week | CoverageBy::Month | CoverageBy::Quarter)
    }
}

/// One task with the scores of its record, as far as it is counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    pub state: TaskState,
    pub outcome: Option<TaskOutcome>,
    pub cancel_cause: Option<CancelCause>,
    pub due_by: DateTime<Utc>,
    pub first_due_by: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub csat: Option<i16>,
    pub nps: Option<i16>,
}

/// What tasks add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub reached: i64,
    pub refused: i64,
    pub unreachable: i64,
    pub open: i64,
    pub cancelled: i64,
    /// Not due.
    pub dropped: i64,
    /// Of the open ones, those whose window (as it is now) has ended.
    pub overdue: i64,
    /// Completed no later than promised at first.
    pub in_time: i64,
    pub csat_count: i64,
    pub csat_sum: i64,
    /// CSAT 4 and 5.
    pub satisfied: i64,
    pub nps_count: i64,
    pub promoters: i64,
    pub detractors: i64,
}

impl Figures {
    /// What one task counts for at `now`.
    pub fn of(task: &Counted, now: DateTime<Utc>) -> Figures {
        let outcome = |wanted| task.state == TaskState::Completed && task.outcome == Some(wanted);
        let cancelled = task.state == TaskState::Cancelled;
        let by_person = task.cancel_cause == Some(CancelCause::Person);
        let open = task.state.is_open();
        let in_time = task.state == TaskState::Completed && task.closed_at.is_some_and(|at| at <= task.first_due_by);
        let (csat, nps) = (task.csat, task.nps);
        Figures {
            reached: i64::from(outcome(TaskOutcome::Reached)),
            refused: i64::from(outcome(TaskOutcome::Refused)),
            unreachable: i64::from(outcome(TaskOutcome::Unreachable)),
            open: i64::from(open),
            cancelled: i64::from(cancelled && by_person),
            dropped: i64::from(cancelled && !by_person),
            overdue: i64::from(open && task.due_by < now),
            in_time: i64::from(in_time),
            csat_count: i64::from(csat.is_some()),
            csat_sum: csat.map_or(0, i64::from),
            satisfied: i64::from(csat.is_some_and(|csat| csat >= 4)),
            nps_count: i64::from(nps.is_some()),
            promoters: i64::from(nps.is_some_and(|nps| nps >= 9)),
            detractors: i64::from(nps.is_some_and(|nps| nps <= 6)),
        }
    }

    #[must_use]
    pub fn plus(self, other: Figures) -> Figures {
        Figures {
            reached: self.reached + other.reached,
            refused: self.refused + other.refused,
            unreachable: self.unreachable + other.unreachable,
            open: self.open + other.open,
            cancelled: self.cancelled + other.cancelled,
            dropped: self.dropped + other.dropped,
            overdue: self.overdue + other.overdue,
            in_time: self.in_time + other.in_time,
            csat_count: self.csat_count + other.csat_count,
            csat_sum: self.csat_sum + other.csat_sum,
            satisfied: self.satisfied + other.satisfied,
            nps_count: self.nps_count + other.nps_count,
            promoters: self.promoters + other.promoters,
            detractors: self.detractors + other.detractors,
        }
    }

    pub fn completed(&self) -> i64 {
        self.reached + self.refused + self.unreachable
    }

    pub fn due(&self) -> i64 {
        self.completed() + self.open + self.cancelled
    }

    /// Per cent of what was due.
    pub fn coverage(&self) -> Option<f64> {
        ratio(100 * self.reached, self.due())
    }

    /// Per cent of what was due.
    pub fn completion(&self) -> Option<f64> {
        ratio(100 * self.completed(), self.due())
    }

    /// Per cent of what was due.
    pub fn on_time_rate(&self) -> Option<f64> {
        ratio(100 * self.in_time, self.due())
    }

    /// 1 to 5.
    pub fn csat_average(&self) -> Option<f64> {
        ratio(self.csat_sum, self.csat_count)
    }

    /// Per cent of those who answered.
    pub fn satisfaction_rate(&self) -> Option<f64> {
        ratio(100 * self.satisfied, self.csat_count)
    }

    /// −100 to 100, of those who answered.
    pub fn nps(&self) -> Option<f64> {
        ratio(100 * (self.promoters - self.detractors), self.nps_count)
    }

    /// A goal's figure, and how many it is of.
    pub fn metric(&self, metric: GoalMetric) -> (Option<f64>, i64) {
        match metric {
            GoalMetric::CsatAverage => (self.csat_average(), self.csat_count),
            GoalMetric::SatisfactionRate => (self.satisfaction_rate(), self.csat_count),
            GoalMetric::Nps => (self.nps(), self.nps_count),
            GoalMetric::Coverage => (self.coverage(), self.due()),
            GoalMetric::OnTimeRate => (self.on_time_rate(), self.due()),
        }
    }
}

/// The nearest number to the quotient: equal to a target where the two are equal.
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Days in a period at most.
pub const PERIOD_DAYS: i64 = 366;

/// Local days, the last one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Period {
    /// # Errors
    ///
    /// `period_invalid` at `at` where it ends before it begins, or is longer than [`PERIOD_DAYS`].
    pub fn new(from: NaiveDate, to: NaiveDate, at: &str) -> Result<Period, Fault> {
        let days = (to - from).num_days() + 1;
        if !(1..=PERIOD_DAYS).contains(&days) {
            return Err(Fault::new(Code::PeriodInvalid).at(at).with("days", PERIOD_DAYS));
        }
        Ok(Period { from, to })
    }

    /// The moments at which it begins, and at which it is over.
    pub fn moments(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (begins(self.from, zone), begins(next(self.to), zone))
    }

    /// Its days, weeks, months or quarters, those at its ends cut; itself by anything else.
    pub fn parts(self, by: CoverageBy) -> Vec<Period> {
        let mut parts = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let to = last_of(from, by).unwrap_or(self.to).min(self.to);
            parts.push(Period { from, to });
            from = next(to);
        }
        parts
    }
}

fn next(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

/// The last day of what holds `date`.
fn last_of(date: NaiveDate, by: CoverageBy) -> Option<NaiveDate> {
    let month_end = |first: NaiveDate, months: u32| first.checked_add_months(Months::new(months))?.pred_opt();
    match by {
        CoverageBy::Day => Some(date),
        CoverageBy::Week => date.checked_add_days(Days::new(6 - u64::from(date.weekday().num_days_from_monday()))),
        CoverageBy::Month => month_end(date.with_day(1)?, 1),
        CoverageBy::Quarter => month_end(date.with_day(1)?.with_month0(date.month0() / 3 * 3)?, 3),
        CoverageBy::Plan | CoverageBy::Department | CoverageBy::Assignee => None,
    }
}

/// The first moment of a local day; at the ends of what chrono can hold, that of UTC.
fn begins(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    start_of_day(zone, date).unwrap_or_else(|| date.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_due_is_divided_without_rest() {
        let now = "2026-10-20T02:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let task = |state, outcome, cancel_cause, closed: i64| Counted {
            state,
            outcome,
            cancel_cause,
            due_by: now - TimeDelta::days(1),
            first_due_by: now - TimeDelta::days(1),
            closed_at: (closed != 0).then(|| now + TimeDelta::days(closed)),
            csat: None,
            nps: None,
        };
        let tasks = [
            Counted { csat: Some(4), nps: Some(9), ..task(TaskState::Completed, Some(TaskOutcome::Reached), None, -2) },
            Counted { csat: Some(5), nps: Some(7), ..task(TaskState::Completed, Some(TaskOutcome::Reached), None, 1) },
            Counted { csat: Some(2), nps: Some(6), ..task(TaskState::Completed, Some(TaskOutcome::Reached), None, -1) },
            task(TaskState::Completed, Some(TaskOutcome::Refused), None, -3),
            task(TaskState::Completed, Some(TaskOutcome::Unreachable), None, 2),
            task(TaskState::Pending, None, None, 0),
            Counted { due_by: now, ..task(TaskState::InProgress, None, None, 0) },
            task(TaskState::Cancelled, None, Some(CancelCause::Person), -2),
            task(TaskState::Cancelled, None, Some(CancelCause::LeftAudience), -2),
        ];
        let all = tasks.iter().map(|task| Figures::of(task, now)).fold(Figures::default(), Figures::plus);
        assert_eq!((all.due(), all.dropped, all.completed(), all.open, all.overdue), (8, 1, 5, 2, 1));
        assert_eq!((all.in_time, all.cancelled), (3, 1));
        assert_eq!((all.coverage(), all.completion(), all.on_time_rate()), (Some(37.5), Some(62.5), Some(37.5)));
        assert_eq!(all.csat_average(), Some(11.0 / 3.0), "those without a score are in no denominator");
        assert_eq!(all.satisfaction_rate(), Some(200.0 / 3.0));
        assert_eq!(all.nps(), Some(0.0), "one of three promotes, one of three does not");
        assert_eq!(Figures::default().nps(), None);
        assert_eq!(all.metric(GoalMetric::Coverage), (Some(37.5), 8));
    }

    #[test]
    fn a_rate_that_equals_its_target_reaches_it() {
        for (part, whole, target) in [(19, 20, 95.0), (7, 10, 70.0), (23, 25, 92.0), (999, 1000, 99.9)] {
            assert_eq!(ratio(100 * part, whole), Some(target));
        }
        assert_eq!(ratio(23, 5), Some(4.6));
    }

    #[test]
    fn a_period_begins_and_ends_with_its_local_days() {
        let period = Period::new(day("2026-10-01"), day("2026-10-31"), "").unwrap();
        let (from, to) = period.moments(chrono_tz::Asia::Shanghai);
        assert_eq!(
            (from.to_rfc3339(), to.to_rfc3339()),
            ("2026-09-30T16:00:00+00:00".into(), "2026-10-31T16:00:00+00:00".into())
        );
        // Clocks jump over this midnight.
        let jumped = Period { from: day("2018-11-04"), to: day("2018-11-04") };
        assert_eq!(jumped.moments(chrono_tz::America::Sao_Paulo).0.to_rfc3339(), "2018-11-04T03:00:00+00:00");
        assert!(Period::new(day("2026-10-02"), day("2026-10-01"), "").is_err());
        assert!(Period::new(day("2026-01-01"), day("2027-01-01"), "").is_ok());
        assert!(Period::new(day("2026-01-01"), day("2027-01-02"), "").is_err());
    }

    proptest! {
        #[test]
        fn the_parts_of_a_period_are_the_period(
            start in 0u64..4000, days in 0u64..366, by in prop::sample::select(CoverageBy::ALL),
        ) {
            let from = day("2020-01-01") + Days::new(start);
            let period = Period::new(from, from + Days::new(days), "").unwrap();
            let parts = period.parts(by);
            prop_assert_eq!((parts[0].from, parts.last().unwrap().to), (period.from, period.to));
            for pair in parts.windows(2) {
                prop_assert_eq!(next(pair[0].to), pair[1].from);
                let begins = match by {
                    CoverageBy::Day => true,
                    CoverageBy::Week => pair[1].from.weekday() == chrono::Weekday::Mon,
                    CoverageBy::Month => pair[1].from.day() == 1,
                    CoverageBy::Quarter => pair[1].from.day() == 1 && pair[1].from.month0() % 3 == 0,
                    _ => false,
                };
                prop_assert!(begins, "{:?}", pair);
            }
        }
    }
}
