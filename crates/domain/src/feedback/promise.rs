//! The handler's promise (预计解决时限), its revisions, and the delay explanation (延迟说明) that is owed when it is
//! missed by days. The SLA's bound is the other commitment; the two are kept apart.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::workflow::{Awaiting, State, Step, Ticket};
use crate::event::Event;
use crate::fault::{Code, Fault};
use crate::identity::{Actor, Principal, Role};
use crate::text_enum;

/// How long before the promised time its giver is reminded.
pub const REMIND_BEFORE: TimeDelta = TimeDelta::minutes(30);

/// How long after the promised time a delay explanation is owed (F8): three days that simply elapse, nights, holidays and
/// waiting for the customer included.
pub const DELAY_AFTER: TimeDelta = TimeDelta::hours(72);

text_enum! {
    /// Where a delay explanation stands.
    ExplanationStatus {
        /// Waits for the department head.
        Pending = "pending",
        /// Accepted; nothing is owed any more.
        Approved = "approved",
        /// Not accepted; another one is owed.
        Rejected = "rejected",
        /// The promise is void: reassigned, sent back or reopened. It can never be approved.
        Superseded = "superseded",
    }
}

impl Ticket {
    /// Whether somebody works towards the promise: taken, and not yet resolved.
    fn is_promised(&self) -> bool {
        let waits_for_answer = self.state == State::AwaitingCustomer && self.awaiting == Some(Awaiting::Information);
        matches!(self.state, State::Accepted | State::InProgress) || waits_for_answer
    }

    /// Whether a solution has been given: what remains is the customer's word.
    fn is_resolved(&self) -> bool {
        self.state == State::Closed || (self.state == State::AwaitingCustomer && !self.is_promised())
    }

    /// Another promise, told with a reason. It may lie beyond `bound`, the SLA's deadline, and is shown as such then;
    /// but while a delay explanation is owed, the only way to another time is that explanation.
    pub fn revise_promise(
        self,
        promised_at: DateTime<Utc>,
        explanation_owed: bool,
        bound: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Step, Fault> {
        self.require(self.is_promised(), "promise")?;
        if explanation_owed {
            return Err(Fault::new(Code::ExplanationOwed));
        }
        self.promise_anew(promised_at, bound, now)
    }

    /// The new time of an explanation that is approved; nothing changes where the matter is resolved already.
    pub fn approve_delay(
        self,
        promised_at: DateTime<Utc>,
        bound: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>, Fault> {
        if self.is_resolved() {
            return Ok(None);
        }
        self.require(self.is_promised(), "promise")?;
        self.promise_anew(promised_at, bound, now).map(Some)
    }

    fn promise_anew(
        self,
        promised_at: DateTime<Utc>,
        bound: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Step, Fault> {
        if promised_at <= now {
            return Err(Fault::new(Code::PromiseNotInFuture).at("/promised_at"));
        }
        let beyond_sla = bound.is_some_and(|bound| promised_at > bound);
        let event =
            Event::FeedbackPromiseRevised { feedback_id: self.id, from: self.promised_at, promised_at, beyond_sla };
        Ok(Step { ticket: Ticket { promised_at: Some(promised_at), ..self }, event, clocks: vec![] })
    }

    /// Why the promise was missed, and the new time unless it is resolved already. Answers the promise that was missed,
    /// and the new time that waits for approval.
    pub fn explain_delay(
        &self,
        owed: bool,
        promised_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Fault> {
        let (true, Some(missed)) = (owed, self.promised_at) else { return Err(Fault::new(Code::ExplanationNotOwed)) };
        if self.is_resolved() {
            return Ok((missed, None));
        }
        match promised_at {
            None => Err(Fault::new(Code::PromiseRequired).at("/promised_at")),
            Some(at) if at <= now => Err(Fault::new(Code::PromiseNotInFuture).at("/promised_at")),
            Some(at) => Ok((missed, Some(at))),
        }
    }
}

/// The rules of one delay explanation.
#[derive(Debug, Clone)]
pub struct DelayExplanation {
    pub status: ExplanationStatus,
    pub given_by: Option<Uuid>,
    /// The feedback's, now.
    pub department: Option<Uuid>,
}

impl DelayExplanation {
    /// Whether `actor` may approve or reject it now: a manager of the department or an administrator, on another's
    /// explanation, as long as it waits.
    pub fn decidable_by(&self, actor: &Actor) -> Result<(), Fault> {
        let own_department = self.department.is_some() && self.department == actor.department;
        let heads_it = own_department && actor.role == Role::Manager;
        let allowed = heads_it || actor.role == Role::Admin || actor.principal == Principal::System;
        if !allowed {
            return Err(Fault::new(Code::NotYours));
        }
        if self.given_by.is_some() && self.given_by == actor.user_id() {
            return Err(Fault::new(Code::OwnExplanation));
        }
        match self.status {
            ExplanationStatus::Pending => Ok(()),
            status => Err(Fault::new(Code::ExplanationDecided).with("status", status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn ticket(state: State, awaiting: Option<Awaiting>) -> Ticket {
        Ticket {
            id: Uuid::nil(),
            state,
            awaiting,
            department: Some(Uuid::from_u128(1)),
            deputy: None,
            handler: Some(Uuid::from_u128(9)),
            first_handler: None,
            promised_at: Some(at(60)),
            reopened_times: 0,
        }
    }

    fn code<T>(outcome: Result<T, Fault>) -> Option<Code> {
        outcome.err().map(|fault| fault.code)
    }

    #[test]
    fn a_promise_is_revised_while_somebody_works_towards_it() {
        use State::*;
        let revise = |state, awaiting| code(ticket(state, awaiting).revise_promise(at(90), false, None, at(0)));
        assert_eq!(revise(Accepted, None), None);
        assert_eq!(revise(InProgress, None), None);
        assert_eq!(revise(AwaitingCustomer, Some(Awaiting::Information)), None);
        assert_eq!(revise(AwaitingCustomer, Some(Awaiting::Confirmation)), Some(Code::FeedbackState));
        for state in [New, Assigned, Closed, Rejected, Reopened] {
            assert_eq!(revise(state, None), Some(Code::FeedbackState), "{state}");
        }
    }

    #[test]
    fn a_revision_lies_ahead_and_says_whether_it_is_beyond_the_bound() {
        let revise = |to, bound| ticket(State::Accepted, None).revise_promise(to, false, bound, at(30));
        assert_eq!(code(revise(at(30), None)), Some(Code::PromiseNotInFuture));
        let beyond = |to, bound| match revise(to, bound).unwrap().event {
            Event::FeedbackPromiseRevised { beyond_sla, from, promised_at, .. } => {
                assert_eq!((from, promised_at), (Some(at(60)), to));
                beyond_sla
            }
            other => panic!("{other:?}"),
        };
        assert!(!beyond(at(90), None));
        assert!(!beyond(at(90), Some(at(90))));
        assert!(beyond(at(91), Some(at(90))));
    }

    #[test]
    fn what_owes_an_explanation_is_not_promised_past_it() {
        let owing = ticket(State::InProgress, None);
        assert_eq!(code(owing.clone().revise_promise(at(9000), true, None, at(5000))), Some(Code::ExplanationOwed));
        assert_eq!(code(owing.explain_delay(false, Some(at(9000)), at(5000))), Some(Code::ExplanationNotOwed));
        assert_eq!(code(owing.explain_delay(true, None, at(5000))), Some(Code::PromiseRequired));
        assert_eq!(code(owing.explain_delay(true, Some(at(5000)), at(5000))), Some(Code::PromiseNotInFuture));
        assert_eq!(owing.explain_delay(true, Some(at(9000)), at(5000)).unwrap(), (at(60), Some(at(9000))));
        let resolved = ticket(State::AwaitingCustomer, Some(Awaiting::Confirmation));
        assert_eq!(resolved.explain_delay(true, Some(at(9000)), at(5000)).unwrap(), (at(60), None));
        assert_eq!(resolved.approve_delay(at(9000), None, at(5000)), Ok(None));
        let promised = owing.approve_delay(at(9000), None, at(5000)).unwrap().unwrap();
        assert_eq!(promised.ticket.promised_at, Some(at(9000)));
    }

    #[test]
    fn the_department_head_decides_once_and_not_on_the_own_explanation() {
        let department = Some(Uuid::from_u128(1));
        let person = |id, role: Role, department| Actor {
            id: Uuid::from_u128(id),
            principal: Principal::User { session: Uuid::nil() },
            role,
            data_scope: role.default_scope(),
            department,
        };
        let of = |status| DelayExplanation { status, given_by: Some(Uuid::from_u128(9)), department };
        let decide = |actor: &Actor| code(of(ExplanationStatus::Pending).decidable_by(actor));
        assert_eq!(decide(&person(2, Role::Manager, department)), None);
        assert_eq!(decide(&person(3, Role::Admin, None)), None);
        assert_eq!(decide(&person(4, Role::Agent, department)), Some(Code::NotYours));
        assert_eq!(decide(&person(5, Role::Manager, Some(Uuid::from_u128(7)))), Some(Code::NotYours));
        assert_eq!(decide(&person(9, Role::Manager, department)), Some(Code::OwnExplanation));
        let late = of(ExplanationStatus::Approved).decidable_by(&person(2, Role::Manager, department));
        assert_eq!(code(late), Some(Code::ExplanationDecided));
    }
}
