//! The verification follow-up (二次回访): some working days after a resolution somebody asks the customer whether it
//! holds.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::fault::{Code, Fault};
use crate::identity::{Away, stand_in};
use crate::sla::{Calendar, Span, working_days};
use crate::text_enum;

text_enum! {
    /// What came of asking the customer.
    VerificationOutcome {
        /// It is settled; the feedback is closed.
        Satisfied = "satisfied",
        /// It is not; the feedback is reopened and dispatched again.
        Dissatisfied = "dissatisfied",
        /// Nobody was reached, as often as it was tried, or the customer did not want to say: the department head decides.
        Unreachable = "unreachable",
    }
}

/// The customer is asked from the opening of the third to the closing of the fifth working day (F10).
pub const FIRST_DAY: u32 = 3;
pub const LAST_DAY: u32 = 5;

/// What an outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    Close,
    Reopen,
    LeaveToHead,
}

/// What an answer leads to. A score is one of CSAT, 1 to 5; one that says the opposite of the outcome is refused.
pub fn consequence(outcome: VerificationOutcome, score: Option<i16>) -> Result<Consequence, Fault> {
    let fits = match (outcome, score) {
        (_, None) => true,
        (VerificationOutcome::Satisfied, Some(score)) => score >= 3,
        (VerificationOutcome::Dissatisfied, Some(score)) => score <= 3,
        (VerificationOutcome::Unreachable, Some(_)) => false,
    };
    if !fits {
        return Err(Fault::new(Code::ScoreContradicts).at("/csat").with("outcome", outcome));
    }
    Ok(match outcome {
        VerificationOutcome::Satisfied => Consequence::Close,
        VerificationOutcome::Dissatisfied => Consequence::Reopen,
        VerificationOutcome::Unreachable => Consequence::LeaveToHead,
    })
}

/// The name of the verification of a feedback that has been reopened so many times: there is one of each round.
pub fn occasion(feedback: Uuid, round: i32) -> String {
    format!("verification:{}:{round}", feedback.simple())
}

/// When the customer of a feedback that was resolved at `resolved_at` is to be asked. Without a calendar, or by one that
/// never opens, days elapse.
pub fn window(calendar: Option<&Calendar>, resolved_at: DateTime<Utc>) -> Span {
    let by_calendar = calendar.and_then(|calendar| working_days(calendar, resolved_at, FIRST_DAY, LAST_DAY).ok());
    by_calendar.unwrap_or_else(|| Span {
        from: resolved_at + TimeDelta::days(i64::from(FIRST_DAY)),
        to: resolved_at + TimeDelta::days(i64::from(LAST_DAY)),
    })
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    pub user: Uuid,
    /// Who was meant, but is away.
    pub instead_of: Option<Uuid>,
}

/// Who asks: the first of these who is not the handler, or who stands in for one who is away. Nobody verifies the own work
/// where somebody else can.
pub fn asker(candidates: &[Uuid], handler: Option<Uuid>, away: &Away) -> Option<Asker> {
    let meant = candidates.iter().copied().filter(|candidate| Some(*candidate) != handler);
    let mut present = meant.filter_map(|meant| {
        let user = stand_in(meant, away)?;
        Some(Asker { user, instead_of: (user != meant).then_some(meant) })
    });
    present.find(|asker| Some(asker.user) != handler)
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
        // Thursday, 8 October: Saturday the 10th is worked, Sunday is not.
        let span = window(Some(&calendar), at("2026-10-08T02:00:00Z"));
        assert_eq!(calendar.local_date(span.from), "2026-10-12".parse().ok());
        assert_eq!(calendar.local_date(span.to), "2026-10-14".parse().ok());
    }

    #[test]
    fn without_a_calendar_days_elapse() {
        let span = window(None, at("2026-10-20T02:00:00Z"));
        assert_eq!((span.from, span.to), (at("2026-10-23T02:00:00Z"), at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn nobody_verifies_the_own_work_where_somebody_else_can() {
        let [reporter, owner, deputy] = [1, 2, 3].map(Uuid::from_u128);
        let asks = |candidates: &[Uuid], handler, away| {
            asker(candidates, handler, &away).map(|asker| (asker.user, asker.instead_of))
        };
        assert_eq!(asks(&[reporter, owner], Some(reporter), Away::new()), Some((owner, None)));
        assert_eq!(asks(&[reporter], Some(reporter), Away::new()), None);
        assert_eq!(asks(&[reporter, owner], None, Away::new()), Some((reporter, None)));
        let away = Away::from([(reporter, Some(deputy))]);
        assert_eq!(asks(&[reporter, owner], None, away.clone()), Some((deputy, Some(reporter))));
        assert_eq!(asks(&[reporter, owner], Some(deputy), away), Some((owner, None)), "who stands in has resolved it");
        assert_eq!(asks(&[reporter], None, Away::from([(reporter, None)])), None);
    }

    #[test]
    fn a_score_that_says_the_opposite_is_refused() {
        use VerificationOutcome::*;
        assert!(consequence(Satisfied, Some(2)).is_err() && consequence(Dissatisfied, Some(4)).is_err());
        assert!(consequence(Unreachable, Some(3)).is_err() && consequence(Satisfied, Some(5)).is_ok());
    }

    proptest! {
        /// Whatever the score, an answer never leads to what the customer did not say.
        #[test]
        fn a_score_does_not_change_what_an_outcome_leads_to(index in 0usize..3, score in prop::option::of(1i16..=5)) {
            let outcome = VerificationOutcome::ALL[index];
            if let Ok(led) = consequence(outcome, score) {
                prop_assert_eq!(Ok(led), consequence(outcome, None));
            }
        }
    }
}
