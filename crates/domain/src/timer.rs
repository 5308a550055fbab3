//! What can happen later.

use crate::text_enum;

text_enum! {
    /// What a timer does when it is due.
    TimerKind {
        /// A deadline comes near.
        SlaWarning = "sla_warning",
        /// A deadline has passed.
        SlaBreach = "sla_breach",
        /// Still nothing after the breach.
        SlaEscalation = "sla_escalation",
        /// The handler's own promise comes due.
        PromiseReminder = "promise_reminder",
        /// A change request waits for too long.
        ChangeRequestOverdue = "change_request_overdue",
        /// What was attached to a merged customer at the last moment follows the others.
        MergeSweep = "merge_sweep",
        /// Tiers are to be computed.
        TieringRun = "tiering_run",
        /// A calendar has changed; open deadlines follow.
        CalendarRecompute = "calendar_recompute",
        /// Old keys, sessions and attempts are forgotten.
        Housekeeping = "housekeeping",
    }
}
