use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::Event;
use crate::fault::{Code, Fault};
use crate::identity::{Actor, Principal, Role};
use crate::sla::ClockKind;
use crate::text_enum;

text_enum! {
    /// Where a feedback stands.
    State {
        /// Waits for triage or a department.
        New = "new",
        /// A department has it; its response is awaited.
        Assigned = "assigned",
        /// Somebody has taken it and promised a time.
        Accepted = "accepted",
        InProgress = "in_progress",
        /// The customer's turn: to answer a question, or to confirm the solution.
        AwaitingCustomer = "awaiting_customer",
        /// The customer confirmed.
        Closed = "closed",
        /// Sent back to dispatch by the department.
        Rejected = "rejected",
        /// The customer did not agree with the solution.
        Reopened = "reopened",
    }
}

text_enum! {
    /// What the customer is awaited for.
    Awaiting {
        /// An answer; the resolve clock is paused.
        Information = "information",
        /// Whether the solution settles it.
        Confirmation = "confirmation",
    }
}

/// What a transition does to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMove {
    /// Start, or run on after a stop.
    Run,
    Pause,
    Resume,
    Stop,
}

/// The part of a feedback that its rules look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    pub id: Uuid,
    pub state: State,
    pub awaiting: Option<Awaiting>,
    pub department: Option<Uuid>,
    pub handler: Option<Uuid>,
    /// Who stands in for the handler, who is away.
    pub deputy: Option<Uuid>,
    /// Who accepted it first; kept when it is reopened.
    pub first_handler: Option<Uuid>,
    pub promised_at: Option<DateTime<Utc>>,
    pub reopened_times: i32,
}

/// A transition: the new state, what happened, and what it does to the clocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub ticket: Ticket,
    pub event: Event,
    pub clocks: Vec<(ClockKind, ClockMove)>,
}

impl Ticket {
    pub(super) fn require(&self, allowed: bool, action: &'static str) -> Result<(), Fault> {
        let state = self.state.as_str();
        allowed.then_some(()).ok_or_else(|| Fault::new(Code::FeedbackState).with("state", state).with("action", action))
    }

    fn awaits(&self, awaiting: Awaiting) -> bool {
        self.state == State::AwaitingCustomer && self.awaiting == Some(awaiting)
    }

    /// Whether somebody may work on it: its handler, or the deputy of one who is away; as long as it is pooled, the people of its department; the
    /// manager of the department in any case; an administrator. Who merely sees it, as its reporter does, may not.
    pub fn worked_on_by(&self, actor: &Actor) -> Result<(), Fault> {
        let own_department = self.department.is_some() && self.department == actor.department;
        let pooled_or_led = self.handler.is_none() || actor.role == Role::Manager;
        let unbound = actor.role == Role::Admin || actor.principal == Principal::System;
        let allowed = unbound || self.is_with(actor.id) || (own_department && pooled_or_led);
        allowed.then_some(()).ok_or_else(|| Fault::new(Code::NotYours))
    }

    /// Whether it is in this person's hands, as handler or as deputy.
    fn is_with(&self, user: Uuid) -> bool {
        self.handler == Some(user) || (self.handler.is_some() && self.deputy == Some(user))
    }

    /// Whether nothing more is owed unless the customer comes back.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Gives it to a department, and perhaps to one person there. Anything not yet resolved may be moved.
    pub fn assign(
        self,
        department: Uuid,
        handler: Option<Uuid>,
        collaborators: Vec<Uuid>,
        reason: Option<String>,
    ) -> Result<Step, Fault> {
        use State::*;
        self.require(matches!(self.state, New | Assigned | Accepted | InProgress | Rejected | Reopened), "assign")?;
        let event = Event::FeedbackAssigned {
            feedback_id: self.id,
            department_id: department,
            handler_id: handler,
            collaborators,
            reason,
            rule_id: None,
            instead_of: None,
        };
        let ticket = Ticket {
            state: Assigned,
            awaiting: None,
            department: Some(department),
            handler,
            deputy: None,
            promised_at: None,
            ..self
        };
        Ok(Step {
            ticket,
            event,
            clocks: vec![(ClockKind::Assign, ClockMove::Stop), (ClockKind::Respond, ClockMove::Run)],
        })
    }

    /// The handler takes it and promises when it will be resolved: after `now`, and not later than `bound`, the
    /// SLA's deadline, as long as that still lies ahead.
    pub fn accept(
        self,
        handler: Option<Uuid>,
        promised_at: DateTime<Utc>,
        bound: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Step, Fault> {
        self.require(matches!(self.state, State::Assigned | State::Reopened), "accept")?;
        let stands_in = self.handler.is_some() && self.deputy.is_some() && self.deputy == handler;
        if self.handler.is_some() && handler.is_some() && self.handler != handler && !stands_in {
            return Err(Fault::new(Code::NotYours));
        }
        if promised_at <= now {
            return Err(Fault::new(Code::PromiseNotInFuture).at("/promised_at"));
        }
        if let Some(bound) = bound.filter(|bound| *bound > now && promised_at > *bound) {
            return Err(Fault::new(Code::PromiseBeyondSla).at("/promised_at").with("bound", bound.format("%FT%TZ")));
        }
        let handler = if stands_in { handler } else { self.handler.or(handler) };
        let event = Event::FeedbackAccepted { feedback_id: self.id, handler_id: handler, promised_at };
        let ticket = Ticket {
            state: State::Accepted,
            handler,
            deputy: if stands_in { None } else { self.deputy },
            first_handler: self.first_handler.or(handler),
            promised_at: Some(promised_at),
            ..self
        };
        Ok(Step { ticket, event, clocks: vec![(ClockKind::Respond, ClockMove::Stop)] })
    }

    /// Not ours: back to dispatch, with a reason.
    pub fn reject(self, reason: String) -> Result<Step, Fault> {
        self.require(matches!(self.state, State::Assigned | State::Accepted), "reject")?;
        let event = Event::FeedbackRejected { feedback_id: self.id, department_id: self.department, reason };
        let ticket =
            Ticket { state: State::Rejected, department: None, handler: None, deputy: None, promised_at: None, ..self };
        Ok(Step {
            ticket,
            event,
            clocks: vec![(ClockKind::Respond, ClockMove::Stop), (ClockKind::Assign, ClockMove::Run)],
        })
    }

    pub fn start(self) -> Result<Step, Fault> {
        self.require(
            self.state == State::Accepted || (self.state == State::Reopened && self.handler.is_some()),
            "start",
        )?;
        let event = Event::FeedbackStarted { feedback_id: self.id };
        Ok(Step { ticket: Ticket { state: State::InProgress, ..self }, event, clocks: vec![] })
    }

    /// A question to the customer: until the answer the resolve clock stands still.
    pub fn await_customer(self) -> Result<Step, Fault> {
        self.require(self.state == State::InProgress, "await_customer")?;
        let event = Event::FeedbackAwaitingCustomer { feedback_id: self.id };
        let ticket = Ticket { state: State::AwaitingCustomer, awaiting: Some(Awaiting::Information), ..self };
        Ok(Step { ticket, event, clocks: vec![(ClockKind::Resolve, ClockMove::Pause)] })
    }

    /// The customer has answered.
    pub fn resume(self) -> Result<Step, Fault> {
        self.require(self.awaits(Awaiting::Information), "resume")?;
        let event = Event::FeedbackResumed { feedback_id: self.id };
        let ticket = Ticket { state: State::InProgress, awaiting: None, ..self };
        Ok(Step { ticket, event, clocks: vec![(ClockKind::Resolve, ClockMove::Resume)] })
    }

    /// A word with the customer may be recorded as long as the loop is open.
    pub fn communicate(&self, communication_id: Uuid, method: super::Method) -> Result<Event, Fault> {
        self.require(self.state != State::Closed, "communicate")?;
        Ok(Event::FeedbackCommunicated { feedback_id: self.id, communication_id, method: method.to_string() })
    }

    /// A solution and measures have been given; now the customer decides.
    pub fn resolve(self) -> Result<Step, Fault> {
        self.require(self.state == State::InProgress || self.awaits(Awaiting::Information), "resolve")?;
        let event = Event::FeedbackResolved { feedback_id: self.id, handler_id: self.handler, communication_id: None };
        let ticket = Ticket { state: State::AwaitingCustomer, awaiting: Some(Awaiting::Confirmation), ..self };
        Ok(Step {
            ticket,
            event,
            clocks: vec![(ClockKind::Resolve, ClockMove::Stop), (ClockKind::Verify, ClockMove::Run)],
        })
    }

    /// The customer says that it is settled: the only way to `closed`.
    pub fn confirm(self) -> Result<Step, Fault> {
        self.require(self.awaits(Awaiting::Confirmation), "confirm")?;
        let event = Event::FeedbackClosed { feedback_id: self.id, reopened_times: self.reopened_times };
        let ticket = Ticket { state: State::Closed, awaiting: None, ..self };
        Ok(Step { ticket, event, clocks: vec![(ClockKind::Verify, ClockMove::Stop)] })
    }

    /// The customer says that it is not settled, at once or later. Department, handler and times stay.
    pub fn reopen(self, reason: String) -> Result<Step, Fault> {
        self.require(self.awaits(Awaiting::Confirmation) || self.state == State::Closed, "reopen")?;
        let reopened_times = self.reopened_times + 1;
        let event = Event::FeedbackReopened { feedback_id: self.id, reason, reopened_times };
        let ticket = Ticket { state: State::Reopened, awaiting: None, promised_at: None, reopened_times, ..self };
        Ok(Step {
            ticket,
            event,
            clocks: vec![(ClockKind::Verify, ClockMove::Stop), (ClockKind::Resolve, ClockMove::Run)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn received() -> Ticket {
        Ticket {
            id: Uuid::nil(),
            state: State::New,
            awaiting: None,
            department: None,
            handler: None,
            deputy: None,
            first_handler: None,
            promised_at: None,
            reopened_times: 0,
        }
    }

    fn assigned() -> Ticket {
        received().assign(Uuid::from_u128(1), None, vec![], None).unwrap().ticket
    }

    #[test]
    fn the_loop_from_intake_to_closed() {
        let handler = Some(Uuid::from_u128(9));
        let accepted = assigned().accept(handler, at(60), Some(at(120)), at(0)).unwrap().ticket;
        let resolved = accepted.start().unwrap().ticket.resolve().unwrap();
        assert_eq!(resolved.ticket.awaiting, Some(Awaiting::Confirmation));
        assert!(resolved.clocks.contains(&(ClockKind::Resolve, ClockMove::Stop)));
        let closed = resolved.ticket.confirm().unwrap().ticket;
        assert_eq!(closed.state, State::Closed);
        let again = closed.reopen("还是坏的".into()).unwrap().ticket;
        assert_eq!((again.state, again.first_handler, again.reopened_times), (State::Reopened, handler, 1));
    }

    #[test]
    fn a_promise_lies_between_now_and_the_bound() {
        let accept = |promised, bound| assigned().accept(None, promised, bound, at(0)).map_err(|f| f.code).map(|_| ());
        assert_eq!(accept(at(0), None), Err(Code::PromiseNotInFuture));
        assert_eq!(accept(at(121), Some(at(120))), Err(Code::PromiseBeyondSla));
        assert_eq!(accept(at(120), Some(at(120))), Ok(()));
        assert_eq!(accept(at(500), Some(at(-1))), Ok(()), "a bound that has passed cannot bind any more");
    }

    #[test]
    fn what_one_has_taken_another_cannot_accept() {
        let mine = received().assign(Uuid::from_u128(1), Some(Uuid::from_u128(9)), vec![], None).unwrap().ticket;
        let other = mine.accept(Some(Uuid::from_u128(8)), at(5), None, at(0));
        assert_eq!(other.map_err(|f| f.code).map(|_| ()), Err(Code::NotYours));
    }

    #[test]
    fn a_deputy_works_on_what_is_in_the_hands_of_one_who_is_away() {
        let (away, deputy) = (Uuid::from_u128(9), Uuid::from_u128(8));
        let actor = Actor {
            id: deputy,
            principal: Principal::User { session: Uuid::nil() },
            role: Role::Agent,
            data_scope: Role::Agent.default_scope(),
            department: None,
        };
        let taken = assigned().accept(Some(away), at(60), None, at(0)).unwrap().ticket;
        assert!(taken.worked_on_by(&actor).is_err());
        let stood_in_for = Ticket { deputy: Some(deputy), ..taken };
        assert!(stood_in_for.worked_on_by(&actor).is_ok());
        let closed = stood_in_for.start().unwrap().ticket.resolve().unwrap().ticket.confirm().unwrap().ticket;
        let again = closed.reopen("又坏了".into()).unwrap().ticket.accept(Some(deputy), at(90), None, at(80)).unwrap();
        assert_eq!((again.ticket.handler, again.ticket.deputy), (Some(deputy), None), "whoever promises has it");
        assert_eq!(again.ticket.first_handler, Some(away));
    }

    #[test]
    fn whoever_merely_sees_it_may_not_work_on_it() {
        let research = Uuid::from_u128(1);
        let person = |id, role, department| Actor {
            id: Uuid::from_u128(id),
            principal: Principal::User { session: Uuid::nil() },
            role,
            data_scope: role.default_scope(),
            department: Some(department),
        };
        let (agent, colleague) = (person(9, Role::Agent, research), person(8, Role::Agent, research));
        let elsewhere = person(7, Role::Manager, Uuid::from_u128(2));
        assert!(assigned().worked_on_by(&agent).is_ok() && assigned().worked_on_by(&colleague).is_ok(), "pooled");
        assert!(assigned().worked_on_by(&elsewhere).is_err());
        let taken = assigned().accept(Some(agent.id), at(60), None, at(0)).unwrap().ticket;
        assert!(taken.worked_on_by(&agent).is_ok() && taken.worked_on_by(&person(6, Role::Manager, research)).is_ok());
        assert!(taken.worked_on_by(&colleague).is_err());
        assert!(taken.worked_on_by(&person(5, Role::Admin, Uuid::from_u128(3))).is_ok());
    }

    proptest! {
        /// However people click, the loop is closed by the customer's word alone, and one verify clock is never
        /// left running on a closed feedback.
        #[test]
        fn only_a_confirmation_closes(actions in prop::collection::vec(0u8..10, 0..60)) {
            let mut ticket = received();
            for action in actions {
                let before = ticket.clone();
                let who = Some(Uuid::from_u128(9));
                let step = match action {
                    0 => ticket.assign(Uuid::from_u128(2), None, vec![], None),
                    1 => ticket.accept(who, at(9), None, at(0)),
                    2 => ticket.reject("r".into()),
                    3 => ticket.start(),
                    4 => ticket.await_customer(),
                    5 => ticket.resume(),
                    6 => ticket.resolve(),
                    7 => ticket.confirm(),
                    8 => ticket.reopen("r".into()),
                    _ => Ok(Step { event: Event::FeedbackStarted { feedback_id: Uuid::nil() }, ticket, clocks: vec![] }),
                };
                ticket = match step {
                    Ok(step) => {
                        if step.ticket.state == State::Closed && before.state != State::Closed {
                            prop_assert_eq!(action, 7);
                            prop_assert!(step.clocks.contains(&(ClockKind::Verify, ClockMove::Stop)));
                        }
                        prop_assert_eq!(step.ticket.awaiting.is_some(), step.ticket.state == State::AwaitingCustomer);
                        prop_assert!(step.ticket.reopened_times >= before.reopened_times);
                        step.ticket
                    }
                    Err(fault) => { prop_assert_eq!(fault.code, Code::FeedbackState); before }
                };
            }
        }
    }
}
