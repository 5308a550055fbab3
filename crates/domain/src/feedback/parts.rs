//! Who burned the time: a feedback is worked on in parts, one of the lead department and one of each collaborator, each
//! on a clock of its own.

use uuid::Uuid;

use super::workflow::{Awaiting, ClockMove, State, Ticket};
use crate::fault::{Code, Fault};
use crate::identity::{Actor, Principal, Role};
use crate::sla::{Clock, ClockError, ClockState, Entry};
use crate::text_enum;

text_enum! {
    /// Whose part of a feedback it is.
    PartRole {
        /// The responsible department (牵头部门); its part follows the feedback.
        Lead = "lead",
        /// A collaborating department (协同部门).
        Collaborator = "collaborator",
    }
}

text_enum! {
    /// Where a part stands.
    PartState {
        /// The department has it; nobody has taken it yet.
        Open = "open",
        /// Somebody works on it.
        Accepted = "accepted",
        Done = "done",
        /// The department said that it is not its own.
        Rejected = "rejected",
        /// It is not wanted any more.
        Cancelled = "cancelled",
    }
}

impl PartState {
    /// Whether its clock counts.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Accepted)
    }
}

impl ClockMove {
    /// Whether it does anything to a clock in this state.
    pub fn concerns(self, state: ClockState) -> bool {
        use ClockState::{Paused, Running, Stopped};
        match self {
            Self::Run => matches!(state, Stopped | Paused),
            Self::Resume => state == Paused,
            Self::Pause => state == Running,
            Self::Stop => matches!(state, Running | Paused),
        }
    }

    /// Does it to a clock; `None` where there is nothing to do.
    ///
    /// # Errors
    /// None of a clock that was replayed.
    pub fn on(self, clock: &mut Clock, at: chrono::DateTime<chrono::Utc>) -> Result<Option<Entry>, ClockError> {
        if !self.concerns(clock.state()) {
            return Ok(None);
        }
        match self {
            Self::Run | Self::Resume => clock.resume(at),
            Self::Pause => clock.pause(at),
            Self::Stop => clock.stop(at),
        }
        .map(Some)
    }
}

/// Whose time it is, as long as a feedback is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub department: Uuid,
    pub handler: Option<Uuid>,
    /// Somebody there has taken it.
    pub taken: bool,
    /// The customer is awaited: it is nobody's time.
    pub waits: bool,
}

impl Ticket {
    /// The department that has it, unless nobody has, or it is resolved.
    pub fn stretch(&self) -> Option<Stretch> {
        use State::{Accepted, Assigned, AwaitingCustomer, InProgress, Reopened};
        let waits = self.state == AwaitingCustomer && self.awaiting == Some(Awaiting::Information);
        let worked_on = matches!(self.state, Assigned | Accepted | InProgress | Reopened) || waits;
        let department = self.department.filter(|_| worked_on)?;
        let taken = !matches!(self.state, Assigned | Reopened);
        Some(Stretch { department, handler: self.handler, taken, waits })
    }

    /// Whether something may be added to what departments do for it.
    pub fn takes_parts(&self) -> Result<Stretch, Fault> {
        let fault = || Fault::new(Code::FeedbackState).with("state", self.state).with("action", "add_part");
        self.stretch().ok_or_else(fault)
    }
}

/// The part of a part that its rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub id: Uuid,
    pub department: Uuid,
    pub role: PartRole,
    pub handler: Option<Uuid>,
    pub state: PartState,
    /// How often the feedback had been reopened when the part began.
    pub round: i32,
}

impl Part {
    fn require(&self, allowed: bool, action: &'static str) -> Result<(), Fault> {
        if self.role == PartRole::Lead {
            return Err(Fault::new(Code::PartOfLead));
        }
        allowed
            .then_some(())
            .ok_or_else(|| Fault::new(Code::PartState).with("state", self.state).with("action", action))
    }

    /// Whether somebody may work on it: whoever took it; as long as it is pooled, the people of its department; the
    /// manager of the department in any case; an administrator.
    pub fn worked_on_by(&self, actor: &Actor) -> Result<(), Fault> {
        let own_department = actor.department == Some(self.department);
        let pooled_or_led = self.handler.is_none() || actor.role == Role::Manager;
        let unbound = actor.role == Role::Admin || actor.principal == Principal::System;
        let allowed = unbound || self.handler == Some(actor.id) || (own_department && pooled_or_led);
        allowed.then_some(()).ok_or_else(|| Fault::new(Code::NotYours))
    }

    /// Somebody of the collaborating department takes it.
    pub fn accept(self, handler: Option<Uuid>) -> Result<Self, Fault> {
        self.require(self.state == PartState::Open, "accept")?;
        if self.handler.is_some() && handler.is_some() && self.handler != handler {
            return Err(Fault::new(Code::NotYours));
        }
        Ok(Part { state: PartState::Accepted, handler: self.handler.or(handler), ..self })
    }

    /// The collaborating department has done what was asked of it.
    pub fn finish(self) -> Result<Self, Fault> {
        self.require(self.state.is_open(), "finish")?;
        Ok(Part { state: PartState::Done, ..self })
    }

    /// The collaborating department says that it is not its own.
    pub fn reject(self) -> Result<Self, Fault> {
        self.require(self.state.is_open(), "reject")?;
        Ok(Part { state: PartState::Rejected, ..self })
    }

    /// The lead does not want it any more.
    pub fn cancel(self) -> Result<Self, Fault> {
        self.require(self.state.is_open(), "cancel")?;
        Ok(Part { state: PartState::Cancelled, ..self })
    }
}

/// A feedback is not resolved as long as a collaborator still works on it.
pub fn check_resolvable(parts: &[Part]) -> Result<(), Fault> {
    let open = parts.iter().filter(|part| part.role == PartRole::Collaborator && part.state.is_open()).count();
    if open == 0 { Ok(()) } else { Err(Fault::new(Code::PartsOpen).with("count", open)) }
}

/// A part that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    pub department: Uuid,
    pub role: PartRole,
    pub handler: Option<Uuid>,
    pub state: PartState,
}

/// What becomes of the parts of a feedback when it has moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Follow {
    /// Parts that have ended, and how.
    pub ended: Vec<(Uuid, PartState)>,
    /// Lead parts with another handler or state.
    pub changed: Vec<Part>,
    pub begun: Vec<Begun>,
}

/// Lets the parts follow the feedback: the lead's begins when a department gets it and ends when the department gives it
/// away or resolves it; collaborators end with the lead's round. `listed` are the collaborators where the feedback was
/// dispatched by this very step: whoever is new gets a part, whoever is missing loses it, and who has done its part in
/// this round is not asked again.
pub fn follow(parts: &[Part], ticket: &Ticket, listed: Option<&[Uuid]>) -> Follow {
    let stretch = ticket.stretch();
    let mut follow = Follow::default();
    let mut busy = Vec::new();
    for part in parts.iter().filter(|part| part.state.is_open()) {
        let stays = stretch.is_some_and(|stretch| match part.role {
            PartRole::Lead => part.department == stretch.department,
            PartRole::Collaborator => {
                part.department != stretch.department && listed.is_none_or(|all| all.contains(&part.department))
            }
        });
        if !stays {
            follow.ended.push((part.id, ending(part.role, ticket)));
            continue;
        }
        busy.push(part.department);
        if let (PartRole::Lead, Some(stretch)) = (part.role, stretch) {
            let now = Part { handler: stretch.handler, state: lead_state(&stretch), ..part.clone() };
            if now != *part {
                follow.changed.push(now);
            }
        }
    }
    let Some(stretch) = stretch else { return follow };
    if !busy.contains(&stretch.department) {
        let (department, handler, state) = (stretch.department, stretch.handler, lead_state(&stretch));
        follow.begun.push(Begun { department, role: PartRole::Lead, handler, state });
        busy.push(department);
    }
    let done = |department: &Uuid| {
        let same = |part: &&Part| part.role == PartRole::Collaborator && part.department == *department;
        parts.iter().filter(same).any(|part| part.state == PartState::Done && part.round == ticket.reopened_times)
    };
    for department in listed.unwrap_or_default() {
        if !busy.contains(department) && !done(department) {
            busy.push(*department);
            let (role, state) = (PartRole::Collaborator, PartState::Open);
            follow.begun.push(Begun { department: *department, role, handler: None, state });
        }
    }
    follow
}

fn lead_state(stretch: &Stretch) -> PartState {
    if stretch.taken { PartState::Accepted } else { PartState::Open }
}

fn ending(role: PartRole, ticket: &Ticket) -> PartState {
    match (role, ticket.state) {
        (PartRole::Lead, State::AwaitingCustomer | State::Closed) => PartState::Done,
        (PartRole::Lead, State::Rejected) => PartState::Rejected,
        _ => PartState::Cancelled,
    }
}

#[cfg(test)]
mod tests;
