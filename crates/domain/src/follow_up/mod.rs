//! Follow-up (回访): who is contacted, when, by whom and with which words; what was said; and what comes of it.

pub mod alarm;
pub mod coverage;
pub mod frequency;
mod lead;
pub mod plan;
pub mod preset;
pub mod record;
pub mod sampling;
pub mod schedule;
pub mod script;
pub mod sweep;
pub mod task;
mod touchpoint;
pub mod turn;

pub use lead::{LeadStatus, in_hands_of};
pub use record::{AlertKind, AlertStatus, RecordOutcome};
pub use touchpoint::{Assignment, CatchUp, Delay, DelayUnit, Direction, Interval, IntervalUnit, TouchEvent, Trigger};

use crate::text_enum;

text_enum! {
    /// How the customer is contacted (回访方式).
    FollowUpMethod {
        Phone = "phone",
        Mail = "mail",
        Survey = "survey",
        Visit = "visit",
        Wecom = "wecom",
    }
}

text_enum! {
    /// Where a follow-up plan stands.
    PlanStatus {
        /// Not started: makes no tasks.
        Draft = "draft",
        Active = "active",
        /// Makes no tasks for now; those there are stay.
        Paused = "paused",
        /// Makes no tasks any more.
        Ended = "ended",
    }
}

text_enum! {
    /// What a follow-up task came from.
    TaskOrigin {
        /// A touchpoint of a plan.
        Plan = "plan",
        /// A person.
        Manual = "manual",
        /// A resolved feedback: does the resolution hold? (二次回访)
        Verification = "verification",
        /// A low score (关怀).
        Care = "care",
        /// What was agreed on in an earlier follow-up.
        Next = "next",
    }
}

text_enum! {
    /// Where a follow-up task stands.
    TaskState {
        Pending = "pending",
        InProgress = "in_progress",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

impl TaskState {
    /// Whether it is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, TaskState::Pending | TaskState::InProgress)
    }
}

text_enum! {
    /// What came of contacting the customer.
    TaskOutcome {
        /// Somebody spoke with the customer.
        Reached = "reached",
        /// The customer did not want to.
        Refused = "refused",
        /// Nobody was reached, as often as it was tried.
        Unreachable = "unreachable",
    }
}

text_enum! {
    /// Why a task was cancelled.
    CancelCause {
        /// A person did, and said why.
        Person = "person",
        /// The customer no longer belongs to those whom the plan is about.
        LeftAudience = "left_audience",
        /// The customer has been contacted often enough.
        ContactLimit = "contact_limit",
        /// The feedback was closed or reopened otherwise.
        FeedbackMoved = "feedback_moved",
        /// The customer was merged into another who has the same task.
        Merged = "merged",
    }
}

text_enum! {
    /// Which open tasks a work list shows.
    TaskView {
        /// In one's own hands.
        Mine = "mine",
        /// All of the department within reach.
        Department = "department",
        /// Of the department, in nobody's hands yet.
        Unassigned = "unassigned",
    }
}

text_enum! {
    /// How pressing a task is.
    TaskPriority {
        High = "high",
        Normal = "normal",
        Low = "low",
    }
}
