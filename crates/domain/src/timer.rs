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
        /// A promise was missed by days: an explanation is owed.
        DelayExplanation = "delay_explanation",
        /// Whoever asked for a demand is to be told that it moved.
        DemandNotice = "demand_notice",
        /// A change request waits for too long.
        ChangeRequestOverdue = "change_request_overdue",
        /// What was attached to a merged customer at the last moment follows the others.
        MergeSweep = "merge_sweep",
        /// A to-do comes due, or is overdue.
        TodoReminder = "todo_reminder",
        /// The bytes of an attachment that is no more, or never came to be, are removed.
        ObjectRemoval = "object_removal",
        /// Tiers are to be computed.
        TieringRun = "tiering_run",
        /// All customers are to be held against the condition of a segment.
        SegmentRefresh = "segment_refresh",
        /// The daily run of tiers and lifecycle stages is due.
        TieringDaily = "tiering_daily",
        /// Customers whose orders came in during a run are to follow.
        TieringFollow = "tiering_follow",
        /// Lifecycle stages are to follow their rule.
        LifecycleSweep = "lifecycle_sweep",
        /// Customers are to be scored by a churn model.
        ChurnScoring = "churn_scoring",
        /// The churn model is to be fitted anew.
        ChurnRefit = "churn_refit",
        /// Confirmations of a stocktake are to be made.
        StocktakeFill = "stocktake_fill",
        /// Owners are to be reminded of a stocktake.
        StocktakeReminder = "stocktake_reminder",
        /// The time that the policy gives a department runs out.
        PartReminder = "part_reminder",
        /// The time that the policy gives a department has passed.
        PartOverdue = "part_overdue",
        /// A policy has changed; open deadlines follow.
        PolicyRecompute = "policy_recompute",
        /// Somebody is away from now on, or back: feedback in that person's hands follows.
        AbsenceFollow = "absence_follow",
        /// A calendar has changed; open deadlines follow.
        CalendarRecompute = "calendar_recompute",
        /// A file with customers is to be imported.
        CustomerImport = "customer_import",
        /// An import is to be undone.
        ImportUndo = "import_undo",
        /// Open tasks of a follow-up plan that has ended are to be cancelled.
        PlanTaskCancel = "plan_task_cancel",
        /// The classifier is to learn from what people have corrected.
        ClassifierLearning = "classifier_learning",
        /// The occasions of a touchpoint that have come are to be seen to.
        FollowUpSweep = "follow_up_sweep",
        /// Old keys, sessions and attempts are forgotten.
        Housekeeping = "housekeeping",
    }
}

impl TimerKind {
    /// Effects of milliseconds on a feedback and its clocks, of which thousands may be due at once: done in batches.
    pub fn is_swept(self) -> bool {
        matches!(
            self,
            TimerKind::SlaWarning
                | TimerKind::SlaBreach
                | TimerKind::SlaEscalation
                | TimerKind::PromiseReminder
                | TimerKind::DelayExplanation
        )
    }

    /// Work of minutes, done beside everything else: a deadline must not wait for it.
    pub fn is_long(self) -> bool {
        matches!(
            self,
            TimerKind::TieringRun
                | TimerKind::TieringFollow
                | TimerKind::LifecycleSweep
                | TimerKind::SegmentRefresh
                | TimerKind::ChurnScoring
                | TimerKind::ChurnRefit
                | TimerKind::StocktakeFill
                | TimerKind::AbsenceFollow
                | TimerKind::DemandNotice
                | TimerKind::CustomerImport
                | TimerKind::ImportUndo
                | TimerKind::ClassifierLearning
                | TimerKind::FollowUpSweep
                | TimerKind::PlanTaskCancel
        )
    }
}
