//! The life of a follow-up task: who may do what with it, and what becomes of it.
//!
//! `pending` → `in_progress` → `completed`, or `cancelled`. Whoever was not reached is tried again until the attempts are
//! used up; whoever wants it later postpones it, a few times and not for ever. Time is an argument.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CancelCause, TaskOrigin, TaskOutcome, TaskPriority, TaskState};
use crate::event::Event;
use crate::fault::{Code, Fault};
use crate::identity::{Actor, Permission, Principal, Role};
use crate::text_enum;

text_enum! {
    /// Why nobody was reached.
    NotReached {
        NoAnswer = "no_answer",
        Busy = "busy",
        WrongNumber = "wrong_number",
        SwitchedOff = "switched_off",
        Other = "other",
    }
}

/// How often something may be put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLimits {
    /// Who was not reached so often is not tried again.
    pub attempts: i32,
    pub postponements: i32,
    /// Days after what was promised first up to which something is postponed, and from now to the next attempt.
    pub days: i32,
}

impl Default for TaskLimits {
    fn default() -> Self {
        TaskLimits { attempts: 3, postponements: 3, days: 30 }
    }
}

/// Nobody plans further ahead.
const YEARS_AHEAD: u32 = 5;

/// The part of a task that its rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    pub id: Uuid,
    pub origin: TaskOrigin,
    pub plan: Option<Uuid>,
    pub customer: Option<Uuid>,
    pub feedback: Option<Uuid>,
    pub state: TaskState,
    pub priority: TaskPriority,
    /// Null: it lies in the department's pool.
    pub assignee: Option<Uuid>,
    pub department: Option<Uuid>,
    /// Who was meant, where a deputy has it.
    pub instead_of: Option<Uuid>,
    pub due_from: DateTime<Utc>,
    pub due_by: DateTime<Utc>,
    /// What was promised, before it was postponed.
    pub first_due_by: DateTime<Utc>,
    pub attempts: i32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub postponements: i32,
    pub outcome: Option<TaskOutcome>,
    pub cancel_cause: Option<CancelCause>,
    pub created_by: Option<Uuid>,
    /// Who thought of it: whoever gave it by hand, also of what came of that.
    pub prompted_by: Option<Uuid>,
}

/// In whose hands a task is: a person's, or the department's pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hands {
    pub assignee: Option<Uuid>,
    pub department: Option<Uuid>,
    pub instead_of: Option<Uuid>,
}

/// A step in the life of a task, and what happened by it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskStep {
    pub errand: Errand,
    pub event: Event,
}

/// When something is due: not before `from`, at last at `by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: DateTime<Utc>,
    pub by: DateTime<Utc>,
}

impl Window {
    /// What is wrong with a window that somebody asks for at `now`.
    pub fn check(self, now: DateTime<Utc>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.by <= now {
            faults.push(Fault::new(Code::DueInPast).at("/due_by"));
        }
        if self.from > self.by {
            faults.push(Fault::new(Code::DueWindow).at("/due_from"));
        }
        let last = now.checked_add_months(Months::new(YEARS_AHEAD * 12));
        if last.is_some_and(|last| self.by > last) {
            faults.push(Fault::new(Code::DueTooFar).at("/due_by").with("years", YEARS_AHEAD));
        }
        faults
    }
}

impl Errand {
    fn require(&self, allowed: bool, action: &'static str) -> Result<(), Fault> {
        let fault = || Fault::new(Code::TaskState).with("state", self.state).with("action", action);
        allowed.then_some(()).ok_or_else(fault)
    }

    /// Whether somebody may work on it: its assignee, who may be a deputy; as long as it is pooled, the people of its
    /// department; the manager of the department in any case; an administrator.
    pub fn worked_on_by(&self, actor: &Actor) -> Result<(), Fault> {
        let own_department = self.department.is_some() && self.department == actor.department;
        let pooled_or_led = self.assignee.is_none() || actor.role == Role::Manager;
        let mine = self.assignee.is_some() && self.assignee == actor.user_id();
        let allowed = unbound(actor) || mine || (own_department && pooled_or_led);
        allowed.then_some(()).ok_or_else(|| Fault::new(Code::TaskNotYours))
    }

    /// Whether somebody may say anew when it is due and how pressing it is: who gave it by hand, the manager of its
    /// department, an administrator. For everybody else there is postponing, which is counted.
    pub fn planned_by(&self, actor: &Actor) -> Result<(), Fault> {
        let own_department = self.department.is_some() && self.department == actor.department;
        let leads = own_department && actor.role == Role::Manager;
        let gave = self.origin == TaskOrigin::Manual && self.created_by.is_some() && self.created_by == actor.user_id();
        let allowed = unbound(actor) || leads || gave;
        allowed.then_some(()).ok_or_else(|| Fault::new(Code::TaskNotYours))
    }

    /// Whether somebody needs the customer's phone number for it, whoever's customer that is: who is to call, as long as
    /// there is something to call for. Nobody makes himself the need, and who may not call has none.
    pub fn calls(&self, actor: &Actor) -> bool {
        let mine = self.assignee.is_some() && self.assignee == actor.user_id();
        let prompted = self.prompted_by.is_some() && self.prompted_by == actor.user_id();
        self.state.is_open() && mine && !prompted && actor.may(Permission::FollowUpHandle)
    }

    /// Its place in the order of work, if it has one.
    pub fn work_key(&self) -> Option<i64> {
        self.state.is_open().then(|| work_key(self.priority, self.due_by))
    }

    /// Somebody begins with it. What lay in the pool is taken by that.
    pub fn start(self, by: Option<Uuid>) -> Result<TaskStep, Fault> {
        self.require(self.state == TaskState::Pending, "start")?;
        let assignee = self.assignee.or(by);
        let event = Event::FollowUpTaskStarted {
            task_id: self.id,
            customer_id: self.customer,
            plan_id: self.plan,
            assignee_id: assignee,
        };
        Ok(TaskStep { errand: Errand { state: TaskState::InProgress, assignee, ..self }, event })
    }

    /// Nobody was reached: tried again at `next`, unless this was the last attempt; then it is closed as unreachable.
    /// A next attempt that lies behind the due time takes it along: nobody is late who was told to wait.
    pub fn could_not_reach(
        self,
        by: Option<Uuid>,
        reason: NotReached,
        next: DateTime<Utc>,
        limits: TaskLimits,
        now: DateTime<Utc>,
    ) -> Result<TaskStep, Fault> {
        self.require(self.state.is_open(), "could_not_reach")?;
        let attempt = self.attempts + 1;
        let assignee = self.assignee.or(by);
        let event = |next_attempt_at| Event::FollowUpTaskNotReached {
            task_id: self.id,
            customer_id: self.customer,
            reason,
            attempt,
            next_attempt_at,
        };
        if attempt >= limits.attempts {
            let errand = Errand {
                state: TaskState::Completed,
                outcome: Some(TaskOutcome::Unreachable),
                next_attempt_at: None,
                attempts: attempt,
                assignee,
                ..self
            };
            return Ok(TaskStep { event: event(None), errand });
        }
        if next <= now {
            return Err(Fault::new(Code::DueInPast).at("/next_attempt_at"));
        }
        if next > now + TimeDelta::days(i64::from(limits.days)) {
            return Err(limits.exceeded().at("/next_attempt_at"));
        }
        let event = event(Some(next));
        let errand = Errand {
            state: TaskState::InProgress,
            next_attempt_at: Some(next),
            due_by: self.due_by.max(next),
            attempts: attempt,
            assignee,
            ..self
        };
        Ok(TaskStep { errand, event })
    }

    /// It is done later: a few times, and within so many days of what was promised.
    pub fn postpone(self, to: Window, limits: TaskLimits, now: DateTime<Utc>) -> Result<TaskStep, Vec<Fault>> {
        self.require(self.state.is_open(), "postpone").map_err(|fault| vec![fault])?;
        let mut faults = to.check(now);
        if to.by <= self.due_by && to.by > now {
            let due = self.due_by.format("%FT%TZ");
            faults.push(Fault::new(Code::NotLater).at("/due_by").with("due_by", due));
        }
        let last = self.first_due_by + TimeDelta::days(i64::from(limits.days));
        if self.postponements >= limits.postponements {
            faults.push(limits.exceeded());
        } else if to.by > last {
            faults.push(limits.exceeded().at("/due_by"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let postponements = self.postponements + 1;
        let event = Event::FollowUpTaskPostponed {
            task_id: self.id,
            customer_id: self.customer,
            from: self.due_by,
            due_from: to.from,
            due_by: to.by,
            postponements,
        };
        let errand = Errand { due_from: to.from, due_by: to.by, next_attempt_at: None, postponements, ..self };
        Ok(TaskStep { errand, event })
    }

    /// It is planned anew, which is no postponing: what is promised is another date now. Answers which fields changed.
    pub fn plan_anew(
        self,
        to: Window,
        priority: TaskPriority,
        now: DateTime<Utc>,
    ) -> Result<(Errand, Vec<&'static str>), Vec<Fault>> {
        self.require(self.state.is_open(), "update").map_err(|fault| vec![fault])?;
        let mut fields = Vec::new();
        if (to.from, to.by) != (self.due_from, self.due_by) {
            let faults = to.check(now);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        for (name, changed) in [
            ("due_from", to.from != self.due_from),
            ("due_by", to.by != self.due_by),
            ("priority", priority != self.priority),
        ] {
            fields.extend(changed.then_some(name));
        }
        let first_due_by = if to.by == self.due_by { self.first_due_by } else { to.by };
        Ok((Errand { due_from: to.from, due_by: to.by, first_due_by, priority, ..self }, fields))
    }

    /// It comes into other hands, and begins anew there.
    pub fn reassign(self, to: Hands) -> Result<TaskStep, Fault> {
        self.require(self.state.is_open(), "reassign")?;
        let event = Event::FollowUpTaskAssigned {
            task_id: self.id,
            customer_id: self.customer,
            from: self.assignee,
            assignee_id: to.assignee,
            department_id: to.department,
            instead_of: to.instead_of,
        };
        let errand = Errand {
            state: TaskState::Pending,
            assignee: to.assignee,
            department: to.department,
            instead_of: to.instead_of,
            ..self
        };
        Ok(TaskStep { errand, event })
    }

    /// Somebody spoke with the customer, or it is given up. In time is what is closed by what was promised first.
    pub fn complete(self, outcome: TaskOutcome, now: DateTime<Utc>) -> Result<TaskStep, Fault> {
        self.require(self.state.is_open(), "complete")?;
        let event = self.completed(outcome, now);
        let errand = Errand { state: TaskState::Completed, outcome: Some(outcome), next_attempt_at: None, ..self };
        Ok(TaskStep { errand, event })
    }

    /// That it is completed, for one that is by now.
    pub fn completed(&self, outcome: TaskOutcome, now: DateTime<Utc>) -> Event {
        Event::FollowUpTaskCompleted {
            task_id: self.id,
            origin: self.origin,
            customer_id: self.customer,
            plan_id: self.plan,
            feedback_id: self.feedback,
            outcome,
            in_time: now <= self.first_due_by,
        }
    }

    /// It is not done any more.
    pub fn cancel(self, cause: CancelCause) -> Result<TaskStep, Fault> {
        self.require(self.state.is_open(), "cancel")?;
        let event = Event::FollowUpTaskCancelled {
            task_id: self.id,
            origin: self.origin,
            customer_id: self.customer,
            plan_id: self.plan,
            feedback_id: self.feedback,
            cause,
        };
        let errand = Errand { state: TaskState::Cancelled, cancel_cause: Some(cause), next_attempt_at: None, ..self };
        Ok(TaskStep { errand, event })
    }
}

impl TaskLimits {
    fn exceeded(self) -> Fault {
        Fault::new(Code::PostponeLimit).with("times", self.postponements).with("days", self.days)
    }
}

fn unbound(actor: &Actor) -> bool {
    actor.principal == Principal::System || (actor.role == Role::Admin && actor.user_id().is_some())
}

/// Bits for the moment that something is due, in milliseconds.
const DUE_BITS: u32 = 50;
const LATEST: i64 = (1 << DUE_BITS) - 1;

fn rank(priority: TaskPriority) -> i64 {
    match priority {
        TaskPriority::High => 0,
        TaskPriority::Normal => 1,
        TaskPriority::Low => 2,
    }
}

/// The place of an open task in the order of work, one number so that one index has it: the more pressing priority first,
/// then what is due first.
pub fn work_key(priority: TaskPriority, due_by: DateTime<Utc>) -> i64 {
    (rank(priority) << DUE_BITS) + due_by.timestamp_millis().clamp(0, LATEST)
}

/// The first and the last place of a priority, of what is due up to `due_by` where that is given.
pub fn work_keys(priority: TaskPriority, due_by: Option<DateTime<Utc>>) -> (i64, i64) {
    let last = due_by.map_or((rank(priority) << DUE_BITS) + LATEST, |due_by| work_key(priority, due_by));
    (rank(priority) << DUE_BITS, last)
}

#[cfg(test)]
mod tests;
