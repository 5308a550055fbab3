//! The verification follow-up (二次回访): some working days after a resolution somebody asks the customer whether it
//! holds.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::fault::{Code, Fault};
use crate::identity::{Actor, Principal, Role};
use crate::sla::{Calendar, Span, working_days};
use crate::text_enum;

text_enum! {
    /// Whether the customer is still to be asked.
    VerificationState {
        Open = "open",
        /// Somebody has said what came of it.
        Done = "done",
        /// The feedback was closed or reopened otherwise.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// What came of asking the customer.
    VerificationOutcome {
        /// It is settled; the feedback is closed.
        Satisfied = "satisfied",
        /// It is not; the feedback is reopened and dispatched again.
        Dissatisfied = "dissatisfied",
        /// Nobody was reached; tried again on the next working day, three times in all.
        Unreachable = "unreachable",
    }
}

/// The customer is asked from the opening of the third to the closing of the fifth working day (F10).
pub const FIRST_DAY: u32 = 3;
pub const LAST_DAY: u32 = 5;

/// Who was not reached so often is not tried again; the department head decides.
pub const ATTEMPTS: i32 = 3;

/// What an outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    Close,
    Reopen,
    TryAgain,
    GiveUp,
}

/// What an answer leads to; `attempts` are those before it. A score is one of CSAT, 1 to 5.
pub fn decide(
    state: VerificationState,
    attempts: i32,
    outcome: VerificationOutcome,
    score: Option<i32>,
) -> Result<Consequence, Fault> {
    if state != VerificationState::Open {
        return Err(Fault::new(Code::VerificationState).with("state", state));
    }
    let fits = match (outcome, score) {
        (_, None) => true,
        (VerificationOutcome::Satisfied, Some(score)) => score >= 3,
        (VerificationOutcome::Dissatisfied, Some(score)) => score <= 3,
        (VerificationOutcome::Unreachable, Some(_)) => false,
    };
    if !fits {
        return Err(Fault::new(Code::ScoreContradicts).at("/score").with("outcome", outcome));
    }
    Ok(match outcome {
        VerificationOutcome::Satisfied => Consequence::Close,
        VerificationOutcome::Dissatisfied => Consequence::Reopen,
        VerificationOutcome::Unreachable if attempts + 1 < ATTEMPTS => Consequence::TryAgain,
        VerificationOutcome::Unreachable => Consequence::GiveUp,
    })
}

/// When the customer of a feedback that was resolved at `resolved_at` is to be asked. Without a calendar, or by one that
/// never opens, days elapse.
pub fn window(calendar: Option<&Calendar>, resolved_at: DateTime<Utc>) -> Span {
    days_ahead(calendar, resolved_at, FIRST_DAY, LAST_DAY)
}

/// The next working day after `now`, for whoever was not reached.
pub fn next_attempt(calendar: Option<&Calendar>, now: DateTime<Utc>) -> Span {
    days_ahead(calendar, now, 1, 1)
}

fn days_ahead(calendar: Option<&Calendar>, start: DateTime<Utc>, first: u32, last: u32) -> Span {
    let by_calendar = calendar.and_then(|calendar| working_days(calendar, start, first, last).ok());
    by_calendar.unwrap_or_else(|| Span {
        from: start + TimeDelta::days(i64::from(first)),
        to: start + TimeDelta::days(i64::from(last)) + TimeDelta::hours(i64::from(first == last)),
    })
}

/// Who asks: the first of these who is not the handler. Nobody verifies the own work where somebody else can.
pub fn asker(candidates: &[Uuid], handler: Option<Uuid>) -> Option<Uuid> {
    candidates.iter().copied().find(|candidate| Some(*candidate) != handler)
}

/// Whether somebody may say what came of it: whoever it is given to; the department's people as long as it is nobody's;
/// its manager and administrators in any case.
pub fn answered_by(actor: &Actor, assignee: Option<Uuid>, department: Option<Uuid>) -> Result<(), Fault> {
    let own_department = department.is_some() && department == actor.department;
    let pooled_or_led = assignee.is_none() || actor.role == Role::Manager;
    let unbound = actor.role == Role::Admin || actor.principal == Principal::System;
    let allowed = unbound || assignee == Some(actor.id) || (own_department && pooled_or_led);
    allowed.then_some(()).ok_or_else(|| Fault::new(Code::VerificationNotYours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sla::china;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_customer_is_asked_from_the_third_to_the_fifth_working_day() {
        let calendar = Calendar::try_from(china()).unwrap();
        // Tuesday, 20 October 2026, 10:00 in Shanghai: the third working day is Friday, the fifth Tuesday.
        let span = window(Some(&calendar), at("2026-10-20T02:00:00Z"));
        assert_eq!(calendar.local_date(span.from), "2026-10-23".parse().ok());
        assert_eq!(calendar.local_date(span.to), "2026-10-27".parse().ok());
        // Wednesday, 30 September: the holidays of the National Day lie between.
        let span = window(Some(&calendar), at("2026-09-30T02:00:00Z"));
        assert!(span.from > at("2026-10-08T00:00:00Z"), "{}", span.from);
    }

    #[test]
    fn without_a_calendar_days_elapse() {
        let span = window(None, at("2026-10-20T02:00:00Z"));
        assert_eq!((span.from, span.to), (at("2026-10-23T02:00:00Z"), at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn nobody_verifies_the_own_work_where_somebody_else_can() {
        let [reporter, owner] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        assert_eq!(asker(&[reporter, owner], Some(reporter)), Some(owner));
        assert_eq!(asker(&[reporter], Some(reporter)), None);
        assert_eq!(asker(&[reporter, owner], None), Some(reporter));
    }

    #[test]
    fn a_score_that_says_the_opposite_is_refused() {
        use VerificationOutcome::*;
        let open = VerificationState::Open;
        assert!(decide(open, 0, Satisfied, Some(2)).is_err() && decide(open, 0, Dissatisfied, Some(4)).is_err());
        assert!(decide(open, 0, Unreachable, Some(3)).is_err() && decide(open, 0, Satisfied, Some(5)).is_ok());
    }

    proptest! {
        /// Whatever is answered: three attempts at most, and what is no longer open is answered by nothing.
        #[test]
        fn who_is_not_reached_is_tried_three_times(outcomes in prop::collection::vec(0usize..3, 1..8)) {
            let (mut state, mut attempts) = (VerificationState::Open, 0);
            for index in outcomes {
                match decide(state, attempts, VerificationOutcome::ALL[index], None) {
                    Ok(Consequence::TryAgain) => attempts += 1,
                    Ok(_) => { attempts += 1; state = VerificationState::Done; }
                    Err(fault) => {
                        prop_assert_eq!(fault.code, Code::VerificationState);
                        prop_assert_ne!(state, VerificationState::Open);
                    }
                }
                prop_assert!(attempts <= ATTEMPTS);
            }
        }
    }
}
