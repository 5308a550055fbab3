//! Everything that can happen. Each change of state appends one of these to the outbox, in the same transaction;
//! the list is also the catalogue of webhook events. Events carry ids and figures, never personal data.

mod concern;
mod subject;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::customers::{AttachmentSubject, InteractionMethod};
use crate::feedback::{CauseCategory, DemandStatus, FeedbackType, Mood, Priority, Subtype, VerificationOutcome};
use crate::follow_up::preset::Preset;
use crate::follow_up::task::NotReached;
use crate::follow_up::{AlertKind, FollowUpMethod, LeadStatus, RecordOutcome};
use crate::follow_up::{CancelCause, TaskOrigin, TaskOutcome};
use crate::sla::ClockKind;
use crate::tiering::{LifecycleStage, Tier, TierCause};

pub use subject::Subject;

macro_rules! events {
    ($($(#[$meta:meta])* $variant:ident = $kind:literal, $subject:ident($id:ident) { $($field:ident: $ty:ty),* $(,)? };)+) => {
        /// Something that happened.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum Event { $($(#[$meta])* #[serde(rename = $kind)] $variant { $id: Uuid, $($field: $ty),* }),+ }

        impl Event {
            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];

            /// The stable name, as in `feedback.received`.
            pub fn kind(&self) -> &'static str {
                match self { $(Event::$variant { .. } => $kind),+ }
            }

            /// What it is about.
            pub fn subject(&self) -> (Subject, Uuid) {
                match self { $(Event::$variant { $id, .. } => (Subject::$subject, *$id)),+ }
            }
        }
    };
}

events! {
    /// A user was created.
    UserCreated = "user.created", User(user_id) { role: String };
    /// A user's role, department, scope, name or state changed.
    UserUpdated = "user.updated", User(user_id) { fields: Vec<String> };
    /// A password was changed; all other sessions of the user ended.
    UserPasswordChanged = "user.password_changed", User(user_id) {};
    /// A spent refresh token came back; its session was ended.
    UserSessionCompromised = "user.session_compromised", User(user_id) { session_id: Uuid };
    /// Somebody will be away, and who stands in.
    AbsenceRecorded = "absence.recorded", Absence(absence_id) {
        user_id: Uuid, deputy_id: Option<Uuid>, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>,
    };
    AbsenceChanged = "absence.changed", Absence(absence_id) {
        user_id: Uuid, deputy_id: Option<Uuid>, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>,
    };
    AbsenceCancelled = "absence.cancelled", Absence(absence_id) { user_id: Uuid, deputy_id: Option<Uuid> };
    DepartmentCreated = "department.created", Department(department_id) { code: String };
    DepartmentUpdated = "department.updated", Department(department_id) { fields: Vec<String> };
    ApiKeyCreated = "api_key.created", ApiKey(api_key_id) { scopes: Vec<String> };
    ApiKeyRevoked = "api_key.revoked", ApiKey(api_key_id) {};
    CustomerCreated = "customer.created", Customer(customer_id) { number: String, source: String };
    /// `requested_by` asked for it, where the actor has approved a change request.
    CustomerUpdated = "customer.updated", Customer(customer_id) { fields: Vec<String>, requested_by: Option<Uuid> };
    /// Two customers were the same: everything of `from` is the subject's now.
    CustomerMerged = "customer.merged", Customer(customer_id) { from: Uuid, fields: Vec<String> };
    /// Somebody said that two customers are not the same.
    DuplicateDismissed = "customer.duplicate_dismissed", Customer(customer_id) { other: Uuid };
    /// Masked data was shown for a stated reason; the audit log has it.
    PersonalDataRevealed = "personal_data.revealed", Customer(customer_id) { fields: Vec<String> };
    /// An edit of protected fields waits for approval.
    ChangeRequestCreated = "change_request.created", ChangeRequest(change_request_id) {
        customer_id: Uuid, fields: Vec<String>, due_at: DateTime<Utc>,
    };
    /// It is as requested now.
    ChangeRequestApproved = "change_request.approved", ChangeRequest(change_request_id) {
        customer_id: Uuid, fields: Vec<String>, requested_by: Uuid,
    };
    ChangeRequestRejected = "change_request.rejected", ChangeRequest(change_request_id) { customer_id: Uuid, requested_by: Uuid };
    ChangeRequestWithdrawn = "change_request.withdrawn", ChangeRequest(change_request_id) { customer_id: Uuid };
    /// The customer changed meanwhile: it can never be approved.
    ChangeRequestSuperseded = "change_request.superseded", ChangeRequest(change_request_id) {
        customer_id: Uuid, fields: Vec<String>, requested_by: Uuid,
    };
    /// Nobody has decided in time.
    ChangeRequestOverdue = "change_request.overdue", ChangeRequest(change_request_id) { customer_id: Uuid, due_at: DateTime<Utc> };
    /// Other fields are protected now.
    ProtectedFieldsChanged = "protected_fields.changed", Setting(setting_id) { fields: Vec<String> };
    ContactCreated = "contact.created", Contact(contact_id) { customer_id: Uuid };
    ContactUpdated = "contact.updated", Contact(contact_id) { customer_id: Uuid, fields: Vec<String> };
    ContactDeleted = "contact.deleted", Contact(contact_id) { customer_id: Uuid };
    InteractionRecorded = "interaction.recorded", Interaction(interaction_id) {
        customer_id: Uuid, method: InteractionMethod, happened_at: DateTime<Utc>,
    };
    InteractionUpdated = "interaction.updated", Interaction(interaction_id) { customer_id: Uuid, fields: Vec<String> };
    TodoCreated = "todo.created", Todo(todo_id) { customer_id: Uuid, owner_id: Uuid, due_on: NaiveDate };
    TodoUpdated = "todo.updated", Todo(todo_id) { customer_id: Uuid, owner_id: Uuid, fields: Vec<String> };
    TodoCompleted = "todo.completed", Todo(todo_id) { customer_id: Uuid, owner_id: Uuid };
    TodoCancelled = "todo.cancelled", Todo(todo_id) { customer_id: Uuid, owner_id: Uuid };
    /// It is due tomorrow, or today.
    TodoReminded = "todo.reminded", Todo(todo_id) { owner_id: Uuid, due_on: NaiveDate };
    /// The day it was due has ended.
    TodoOverdue = "todo.overdue", Todo(todo_id) { owner_id: Uuid, due_on: NaiveDate };
    AttachmentAdded = "attachment.added", Attachment(attachment_id) {
        customer_id: Option<Uuid>, subject_kind: AttachmentSubject, subject_id: Uuid, content_type: String, size: i64,
    };
    AttachmentRemoved = "attachment.removed", Attachment(attachment_id) {
        customer_id: Option<Uuid>, subject_kind: AttachmentSubject, subject_id: Uuid,
    };
    CustomFieldCreated = "custom_field.created", CustomField(custom_field_id) { key: String };
    CustomFieldUpdated = "custom_field.updated", CustomField(custom_field_id) { key: String };
    OrderCreated = "order.created", Order(order_id) { customer_id: Uuid, amount: crate::money::Money, status: String };
    OrderUpdated = "order.updated", Order(order_id) { customer_id: Uuid, amount: crate::money::Money, status: String };
    /// A file with customers was handed in.
    ImportOrdered = "import.ordered", Import(import_id) { dry_run: bool, on_duplicate: String };
    ImportCompleted = "import.completed", Import(import_id) {
        dry_run: bool, created: i64, updated: i64, skipped: i64, failed: i64, ignored: i64,
    };
    /// The file could not be read to its end.
    ImportFailed = "import.failed", Import(import_id) { reason: String };
    /// What an import did was undone, where nobody had touched it since.
    ImportUndone = "import.undone", Import(import_id) { removed: i64, restored: i64, kept: i64 };
    /// A customer is no more: the import that made it was undone.
    CustomerRemoved = "customer.removed", Customer(customer_id) { import_id: Uuid };
    /// Customers left the house as a file.
    CustomersExported = "customers.exported", Export(export_id) { format: String, rows: i64, masked: i64 };
    /// All customers were scored anew.
    TieringCompleted = "tiering.completed", TieringRun(run_id) { customers: i64 };
    TieringFailed = "tiering.failed", TieringRun(run_id) {};
    TieringModelCreated = "tiering.model_created", TieringModel(model_id) {};
    TieringModelChanged = "tiering.model_changed", TieringModel(model_id) { version: i64 };
    StocktakeCreated = "stocktake.created", Stocktake(stocktake_id) { due_on: chrono::NaiveDate };
    /// All confirmations of a stocktake have been made.
    StocktakeOpened = "stocktake.opened", Stocktake(stocktake_id) {};
    /// An owner confirmed a customer; `corrected` are the fields that were changed by it.
    StocktakeAnswered = "stocktake.answered", Stocktake(stocktake_id) {
        customer_id: Uuid, lost: bool, corrected: Vec<String>,
    };
    /// An owner is reminded of what is still to be confirmed.
    StocktakeReminded = "stocktake.reminded", Stocktake(stocktake_id) {
        owner_id: Uuid, open: i64, due_on: chrono::NaiveDate, overdue: bool,
    };
    StocktakeClosed = "stocktake.closed", Stocktake(stocktake_id) {};
    SegmentCreated = "segment.created", Segment(segment_id) {};
    SegmentUpdated = "segment.updated", Segment(segment_id) { fields: Vec<String> };
    /// All customers were held against the condition.
    SegmentRefreshed = "segment.refreshed", Segment(segment_id) { members: i64 };
    /// The customer satisfies the segment's condition now.
    SegmentEntered = "segment.entered", Customer(customer_id) { segment_id: Uuid };
    /// The customer does not satisfy the segment's condition any more.
    SegmentLeft = "segment.left", Customer(customer_id) { segment_id: Uuid };
    /// Tiers are computed by this model from the next run on, which is ordered with it.
    TieringModelActivated = "tiering.model_activated", TieringModel(model_id) { run_id: Uuid };
    TieringModelDeleted = "tiering.model_deleted", TieringModel(model_id) {};
    /// The daily run or the lifecycle rule was set anew.
    TieringSettingChanged = "tiering.setting_changed", TieringSetting(setting_id) { name: String };
    /// A customer moved to another tier; `from` null: had none, `to` null: has none any more.
    CustomerTierChanged = "customer.tier_changed", Customer(customer_id) {
        from: Option<Tier>, to: Option<Tier>, cause: TierCause,
    };
    /// A customer came into another stage of its life; `from` null: had none yet.
    CustomerLifecycleChanged = "customer.lifecycle_changed", Customer(customer_id) {
        from: Option<LifecycleStage>, to: LifecycleStage,
    };
    /// A churn model was fitted; `converged` says whether it is BG/NBD at its maximum.
    ChurnModelFitted = "churn_model.fitted", ChurnModel(churn_model_id) { customers: i64, converged: bool };
    /// All customers were scored by a churn model.
    ChurnModelScored = "churn_model.scored", ChurnModel(churn_model_id) { customers: i64 };
    ChurnModelFailed = "churn_model.failed", ChurnModel(churn_model_id) {};
    /// The risk of losing a customer became another one. The first one of a customer is no change.
    CustomerChurnRiskChanged = "customer.churn_risk_changed", Customer(customer_id) {
        from: String, to: String, churn_model_id: Uuid,
    };
    /// A feedback came in and was classified.
    FeedbackReceived = "feedback.received", Feedback(feedback_id) {
        number: String, channel: String, feedback_type: FeedbackType, subtype: Subtype, priority: Priority, needs_review: bool,
        customer_id: Option<Uuid>,
    };
    /// A person set or corrected the classification.
    FeedbackTriaged = "feedback.triaged", Feedback(feedback_id) {
        feedback_type: FeedbackType, subtype: Subtype, priority: Priority, previous_subtype: Subtype, previous_priority: Priority,
        mood: Option<Mood>, previous_mood: Option<Mood>,
    };
    /// A department has it, by a rule or by a person; `instead_of` is who was meant, but is away.
    FeedbackAssigned = "feedback.assigned", Feedback(feedback_id) {
        department_id: Uuid, handler_id: Option<Uuid>, collaborators: Vec<Uuid>, reason: Option<String>, rule_id: Option<Uuid>,
        instead_of: Option<Uuid>,
    };
    FeedbackAccepted = "feedback.accepted", Feedback(feedback_id) { handler_id: Option<Uuid>, promised_at: DateTime<Utc> };
    /// The department sent it back to dispatch.
    FeedbackRejected = "feedback.rejected", Feedback(feedback_id) { department_id: Option<Uuid>, reason: String };
    FeedbackStarted = "feedback.started", Feedback(feedback_id) {};
    FeedbackCommunicated = "feedback.communicated", Feedback(feedback_id) { communication_id: Uuid, method: String };
    /// Waiting for the customer's answer: the resolve clock is paused.
    FeedbackAwaitingCustomer = "feedback.awaiting_customer", Feedback(feedback_id) {};
    FeedbackResumed = "feedback.resumed", Feedback(feedback_id) {};
    /// A solution was given; the customer has yet to confirm it. `communication_id` is where both solution and improvement
    /// were shown to the customer; null where that is still to be done.
    FeedbackResolved = "feedback.resolved", Feedback(feedback_id) { handler_id: Option<Uuid>, communication_id: Option<Uuid> };
    /// The customer confirmed: the loop is closed.
    FeedbackClosed = "feedback.closed", Feedback(feedback_id) { reopened_times: i32 };
    /// The customer did not agree.
    FeedbackReopened = "feedback.reopened", Feedback(feedback_id) { reason: String, reopened_times: i32 };
    FeedbackSlaWarning = "feedback.sla_warning", Feedback(feedback_id) { clock: ClockKind, due_at: DateTime<Utc> };
    FeedbackSlaBreached = "feedback.sla_breached", Feedback(feedback_id) { clock: ClockKind, due_at: DateTime<Utc> };
    /// Still nothing after the breach: the next level is told.
    FeedbackEscalated = "feedback.escalated", Feedback(feedback_id) { clock: ClockKind, level: i32 };
    /// The handler's own promise comes due.
    FeedbackPromiseReminder = "feedback.promise_reminder", Feedback(feedback_id) { promised_at: DateTime<Utc> };
    /// The handler promised another time; `from` null: had promised none.
    FeedbackPromiseRevised = "feedback.promise_revised", Feedback(feedback_id) {
        from: Option<DateTime<Utc>>, promised_at: DateTime<Utc>, beyond_sla: bool,
    };
    /// The promise was missed by more than three days: its giver owes an explanation.
    FeedbackExplanationOwed = "feedback.explanation_owed", Feedback(feedback_id) { promised_at: DateTime<Utc> };
    /// A delay was explained; the department head decides.
    FeedbackDelayExplained = "feedback.delay_explained", Feedback(feedback_id) {
        explanation_id: Uuid, promised_at: Option<DateTime<Utc>>,
    };
    FeedbackExplanationApproved = "feedback.explanation_approved", Feedback(feedback_id) {
        explanation_id: Uuid, given_by: Option<Uuid>,
    };
    /// Another explanation is owed.
    FeedbackExplanationRejected = "feedback.explanation_rejected", Feedback(feedback_id) {
        explanation_id: Uuid, given_by: Option<Uuid>,
    };
    /// An open deadline moved because its calendar or policy changed.
    FeedbackDeadlineMoved = "feedback.deadline_moved", Feedback(feedback_id) {
        clock: ClockKind, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>,
    };
    /// A collaborating department is asked for its part.
    FeedbackPartAdded = "feedback.part_added", Feedback(feedback_id) {
        part_id: Uuid, department_id: Uuid, handler_id: Option<Uuid>,
    };
    /// Somebody of the collaborating department has taken the part.
    FeedbackPartAccepted = "feedback.part_accepted", Feedback(feedback_id) {
        part_id: Uuid, department_id: Uuid, handler_id: Option<Uuid>,
    };
    /// The collaborating department has done its part.
    FeedbackPartFinished = "feedback.part_finished", Feedback(feedback_id) { part_id: Uuid, department_id: Uuid };
    /// The collaborating department said that the part is not its own.
    FeedbackPartRejected = "feedback.part_rejected", Feedback(feedback_id) { part_id: Uuid, department_id: Uuid };
    /// The part of a collaborating department is not wanted any more.
    FeedbackPartCancelled = "feedback.part_cancelled", Feedback(feedback_id) {
        part_id: Uuid, department_id: Uuid, handler_id: Option<Uuid>,
    };
    /// The time that the policy gives a department runs out.
    FeedbackPartReminded = "feedback.part_reminded", Feedback(feedback_id) {
        part_id: Uuid, department_id: Uuid, handler_id: Option<Uuid>, due_at: DateTime<Utc>,
    };
    /// The time that the policy gives a department has passed.
    FeedbackPartOverdue = "feedback.part_overdue", Feedback(feedback_id) {
        part_id: Uuid, department_id: Uuid, handler_id: Option<Uuid>, due_at: DateTime<Utc>,
    };
    /// A rule was made, or asks or says something else; without department a supervisor names it.
    RoutingRuleChanged = "routing_rule.changed", RoutingRule(rule_id) { subtype: Option<Subtype>, department_id: Option<Uuid> };
    RoutingRuleDeleted = "routing_rule.deleted", RoutingRule(rule_id) {};
    /// The rules are tried in another order now; the subject is the first of them.
    RoutingRulesReordered = "routing_rule.reordered", RoutingRule(rule_id) { rules: Vec<Uuid> };
    /// A file was attached to it; `uploaded_by` null: by whoever left it.
    FeedbackAttachmentAdded = "feedback.attachment_added", Feedback(feedback_id) {
        attachment_id: Uuid, content_type: String, size: i64, uploaded_by: Option<Uuid>,
    };
    FeedbackAttachmentRemoved = "feedback.attachment_removed", Feedback(feedback_id) { attachment_id: Uuid };
    /// Anybody may leave a feedback there from now on.
    FeedbackEntryCreated = "feedback_entry.created", FeedbackEntry(entry_id) { key: String, channel: String };
    FeedbackEntryUpdated = "feedback_entry.updated", FeedbackEntry(entry_id) { fields: Vec<String> };
    FeedbackEntryDeleted = "feedback_entry.deleted", FeedbackEntry(entry_id) { key: String };
    /// Somebody said why it happened.
    FeedbackRootCauseRecorded = "feedback.root_cause_recorded", Feedback(feedback_id) { category: CauseCategory, whys: i32 };
    /// A closed feedback is in the case library.
    CaseArchived = "case.archived", Case(case_id) { feedback_id: Uuid, subtype: Subtype };
    /// A case has left the library, because its feedback was reopened.
    CaseRemoved = "case.removed", Case(case_id) { feedback_id: Uuid };
    /// The customer was asked whether the resolution holds; `task_id` is the follow-up in which it was said.
    FeedbackVerified = "feedback.verified", Feedback(feedback_id) {
        task_id: Uuid, outcome: VerificationOutcome, score: Option<i16>,
    };
    /// The customer could not be asked, or did not want to say; the head of the department decides.
    FeedbackUnverified = "feedback.unverified", Feedback(feedback_id) {
        task_id: Uuid, attempts: i32, department_id: Option<Uuid>,
    };
    /// A customer is to be asked whether a resolution holds. Of earlier releases, as is all that begins with
    /// `verification.`: now it is a follow-up task, of origin `verification`.
    VerificationCreated = "verification.created", Verification(verification_id) {
        feedback_id: Uuid, customer_id: Option<Uuid>, assignee_id: Option<Uuid>, department_id: Option<Uuid>,
        due_from: DateTime<Utc>, due_by: DateTime<Utc>,
    };
    /// It is time to ask. Of earlier releases.
    VerificationDue = "verification.due", Verification(verification_id) {
        feedback_id: Uuid, assignee_id: Option<Uuid>, department_id: Option<Uuid>, due_by: DateTime<Utc>,
    };
    /// Nobody has asked in time. Of earlier releases.
    VerificationOverdue = "verification.overdue", Verification(verification_id) {
        feedback_id: Uuid, assignee_id: Option<Uuid>, department_id: Option<Uuid>, due_by: DateTime<Utc>,
    };
    /// The customer was asked, or not reached: then `next_from` says when the next attempt begins, if there is one. Of
    /// earlier releases.
    VerificationAnswered = "verification.answered", Verification(verification_id) {
        feedback_id: Uuid, customer_id: Option<Uuid>, outcome: VerificationOutcome, score: Option<i32>, attempt: i32,
        next_from: Option<DateTime<Utc>>,
    };
    /// Nobody was reached at the last attempt; the head of the responsible department decides. Of earlier releases.
    VerificationGivenUp = "verification.given_up", Verification(verification_id) {
        feedback_id: Uuid, department_id: Option<Uuid>,
    };
    /// The feedback was closed or reopened otherwise. Of earlier releases.
    VerificationCancelled = "verification.cancelled", Verification(verification_id) { feedback_id: Uuid };
    DemandCreated = "demand.created", Demand(demand_id) {};
    DemandUpdated = "demand.updated", Demand(demand_id) { fields: Vec<String> };
    /// A demand stands elsewhere now; who asked for it is told.
    DemandMoved = "demand.moved", Demand(demand_id) { from: DemandStatus, to: DemandStatus };
    /// A suggestion asks for this demand.
    DemandAttached = "demand.attached", Demand(demand_id) { feedback_id: Uuid, customer_id: Option<Uuid> };
    DemandDetached = "demand.detached", Demand(demand_id) { feedback_id: Uuid };
    /// A customer who asked for a demand is to be told where it stands; once for each customer and status.
    DemandNotice = "demand.notice", Demand(demand_id) { customer_id: Uuid, status: DemandStatus };
    FollowUpPlanCreated = "follow_up_plan.created", FollowUpPlan(plan_id) { preset: Option<Preset>, department_id: Option<Uuid> };
    FollowUpPlanUpdated = "follow_up_plan.updated", FollowUpPlan(plan_id) { fields: Vec<String> };
    /// It makes tasks from now on.
    FollowUpPlanStarted = "follow_up_plan.started", FollowUpPlan(plan_id) {};
    /// It makes no tasks for now; those there are stay.
    FollowUpPlanPaused = "follow_up_plan.paused", FollowUpPlan(plan_id) {};
    FollowUpPlanResumed = "follow_up_plan.resumed", FollowUpPlan(plan_id) {};
    /// It makes no tasks any more; `cancel_open_tasks`: those that are open are cancelled.
    FollowUpPlanEnded = "follow_up_plan.ended", FollowUpPlan(plan_id) { cancel_open_tasks: bool };
    /// A sweep has made tasks of a touchpoint, left occasions out that were missed or whose customers were never meant, or
    /// cancelled tasks of customers who have left or been contacted often enough; one for each batch. Without occasion it
    /// is about several.
    FollowUpPlanGenerated = "follow_up_plan.generated", FollowUpPlan(plan_id) {
        touchpoint_id: Uuid, occasion: Option<String>, made: i64, skipped: i64, cancelled: i64,
    };
    /// So many new tasks have come in somebody's hands by one sweep.
    FollowUpPlanTasksGiven = "follow_up_plan.tasks_given", FollowUpPlan(plan_id) {
        touchpoint_id: Uuid, assignee_id: Uuid, tasks: i64,
    };
    /// A customer was contacted and what was said is recorded.
    FollowUpRecordCreated = "follow_up_record.created", FollowUpRecord(record_id) {
        task_id: Uuid, customer_id: Option<Uuid>, plan_id: Option<Uuid>, outcome: RecordOutcome, method: FollowUpMethod,
        csat: Option<i16>, nps: Option<i16>,
    };
    /// A record was corrected; scores as they are now, and as they were.
    FollowUpRecordUpdated = "follow_up_record.updated", FollowUpRecord(record_id) {
        customer_id: Option<Uuid>, fields: Vec<String>, csat: Option<i16>, nps: Option<i16>, previous_csat: Option<i16>,
        previous_nps: Option<i16>,
    };
    /// A purchase intent was found in a follow-up.
    LeadCreated = "lead.created", Lead(lead_id) { customer_id: Uuid, record_id: Option<Uuid>, owner_id: Option<Uuid> };
    LeadUpdated = "lead.updated", Lead(lead_id) { customer_id: Uuid, owner_id: Option<Uuid>, fields: Vec<String> };
    LeadClosed = "lead.closed", Lead(lead_id) { customer_id: Uuid, owner_id: Option<Uuid>, status: LeadStatus };
    /// A customer gave a low score: somebody should look, and `task_id` is a call to be made soon.
    AlertRaised = "alert.raised", Alert(alert_id) {
        kind: AlertKind, customer_id: Option<Uuid>, record_id: Option<Uuid>, task_id: Option<Uuid>, score: i16,
        owner_id: Option<Uuid>, department_id: Option<Uuid>,
    };
    AlertHandled = "alert.handled", Alert(alert_id) { customer_id: Option<Uuid>, owner_id: Option<Uuid> };
    /// Up to which scores somebody is alerted.
    FollowUpSettingsChanged = "follow_up_settings.changed", Setting(setting_id) { fields: Vec<String> };
    /// Somebody is to contact a customer; without assignee it lies in the department's pool, and `instead_of` is who was
    /// meant, but is away.
    FollowUpTaskCreated = "follow_up_task.created", FollowUpTask(task_id) {
        origin: TaskOrigin, plan_id: Option<Uuid>, customer_id: Option<Uuid>, feedback_id: Option<Uuid>,
        assignee_id: Option<Uuid>, department_id: Option<Uuid>, instead_of: Option<Uuid>,
        due_from: DateTime<Utc>, due_by: DateTime<Utc>,
    };
    FollowUpTaskUpdated = "follow_up_task.updated", FollowUpTask(task_id) { customer_id: Option<Uuid>, fields: Vec<String> };
    FollowUpTaskStarted = "follow_up_task.started", FollowUpTask(task_id) {
        customer_id: Option<Uuid>, plan_id: Option<Uuid>, assignee_id: Option<Uuid>,
    };
    /// Nobody was reached; without a next attempt that was the last.
    FollowUpTaskNotReached = "follow_up_task.not_reached", FollowUpTask(task_id) {
        customer_id: Option<Uuid>, reason: NotReached, attempt: i32, next_attempt_at: Option<DateTime<Utc>>,
    };
    /// It is done later; `from` is when it was due before.
    FollowUpTaskPostponed = "follow_up_task.postponed", FollowUpTask(task_id) {
        customer_id: Option<Uuid>, from: DateTime<Utc>, due_from: DateTime<Utc>, due_by: DateTime<Utc>, postponements: i32,
    };
    /// It is in other hands; without assignee in those of the department's pool.
    FollowUpTaskAssigned = "follow_up_task.assigned", FollowUpTask(task_id) {
        customer_id: Option<Uuid>, from: Option<Uuid>, assignee_id: Option<Uuid>, department_id: Option<Uuid>,
        instead_of: Option<Uuid>,
    };
    /// The customer was reached, refused, or is given up as unreachable; in time is what was done by the time promised first.
    FollowUpTaskCompleted = "follow_up_task.completed", FollowUpTask(task_id) {
        origin: TaskOrigin, customer_id: Option<Uuid>, plan_id: Option<Uuid>, feedback_id: Option<Uuid>,
        outcome: TaskOutcome, in_time: bool,
    };
    FollowUpTaskCancelled = "follow_up_task.cancelled", FollowUpTask(task_id) {
        origin: TaskOrigin, customer_id: Option<Uuid>, plan_id: Option<Uuid>, feedback_id: Option<Uuid>, cause: CancelCause,
    };
    /// Its time has passed.
    FollowUpTaskOverdue = "follow_up_task.overdue", FollowUpTask(task_id) {
        assignee_id: Option<Uuid>, department_id: Option<Uuid>, due_by: DateTime<Utc>,
    };
    /// Still open some working days later: the head of the department (level 1), then the director (2) is told.
    FollowUpTaskEscalated = "follow_up_task.escalated", FollowUpTask(task_id) {
        assignee_id: Option<Uuid>, department_id: Option<Uuid>, level: i32, due_by: DateTime<Utc>,
    };
    /// What is before somebody today, said once in the morning: open follow-ups that have begun, those of them that end by
    /// the end of the next working day, and those that are overdue.
    FollowUpDayBegun = "follow_up.day_begun", User(user_id) { on: NaiveDate, open: i64, ending: i64, overdue: i64 };
    /// How often follow-ups may be put off was set anew.
    FollowUpLimitsChanged = "follow_up.limits_changed", Setting(setting_id) { attempts: i32, postponements: i32, days: i32 };
    /// How often customers are contacted at most was set anew, for these tiers.
    FollowUpContactLimitsChanged = "follow_up.contact_limits_changed", Setting(setting_id) { fields: Vec<String> };
    ScriptCreated = "script.created", Script(script_id) {};
    ScriptUpdated = "script.updated", Script(script_id) { fields: Vec<String> };
    /// It has a new version; what was answered by an older one keeps that.
    ScriptRevised = "script.revised", Script(script_id) { number: i32 };
    ScriptArchived = "script.archived", Script(script_id) {};
    ScriptRestored = "script.restored", Script(script_id) {};
    /// Records were drawn at random, to be checked against the customer file.
    FollowUpSampleDrawn = "follow_up_sample.drawn", FollowUpSample(sample_id) { population: i64, drawn: i32 };
    FollowUpSampleChecked = "follow_up_sample.checked", FollowUpSample(sample_id) { record_id: Uuid, verdict: String };
    /// The classifier has learnt from what people corrected; `number` is the version.
    ClassifierLearnt = "classifier.learnt", Classifier(version_id) { number: i64, corrections: i64 };
    /// Another version of the classifier is in use.
    ClassifierActivated = "classifier.activated", Classifier(version_id) { number: i64, previous: i64 };
    CalendarCreated = "calendar.created", Calendar(calendar_id) {};
    CalendarUpdated = "calendar.updated", Calendar(calendar_id) {};
    PolicyCreated = "policy.created", Policy(policy_id) {};
    PolicyUpdated = "policy.updated", Policy(policy_id) {};
    PolicyActivated = "policy.activated", Policy(policy_id) {};
}
