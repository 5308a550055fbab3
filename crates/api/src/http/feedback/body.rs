//! A feedback as it is shown.

use chrono::{DateTime, Utc};
use huiyin_domain::customers::{mask_email, mask_phone};
use huiyin_domain::feedback::Rejection;
use huiyin_domain::identity::Actor;
use huiyin_domain::sla::ClockKind;
use huiyin_domain::sla::Target;
use huiyin_persistence::feedback::pool::Feedback as Stored;
use huiyin_persistence::sla::clocks::StoredClock;
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::support::enums::{
    AwaitingSchema, ChannelSchema, ClockKindSchema, FeedbackTypeSchema, MoodSchema, PrioritySchema, StateSchema,
    SubtypeSchema, UnitSchema,
};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Versioned};
use crate::usecases::feedback::View;
use crate::usecases::sla::clocks::next_due;

/// Words that decided the classification.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// As they stand in the text.
    #[schema(example = "一直报错")]
    pub text: String,
    /// What they spoke for.
    #[schema(example = "product_function")]
    pub label: String,
    #[schema(example = 2.0)]
    pub weight: f64,
}

/// What is to be met.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetView {
    #[schema(example = 24)]
    value: i32,
    #[schema(value_type = UnitSchema)]
    unit: String,
}

impl From<Target> for TargetView {
    fn from(target: Target) -> Self {
        TargetView { value: i32::try_from(target.value).unwrap_or(i32::MAX), unit: target.unit.to_string() }
    }
}

/// A deadline and where its clock stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deadline {
    #[schema(value_type = ClockKindSchema)]
    clock: String,
    /// `running`, `paused` or `stopped`.
    #[schema(example = "running")]
    state: String,
    /// Null for a clock that only measures.
    target: Option<TargetView>,
    started_at: DateTime<Utc>,
    /// Null while the clock is paused, and without a target.
    due_at: Option<DateTime<Utc>>,
    /// It depends on holidays that are not published yet.
    provisional: bool,
    stopped_at: Option<DateTime<Utc>>,
    /// When it was found to have passed.
    breached_at: Option<DateTime<Utc>>,
}

impl From<StoredClock> for Deadline {
    fn from(clock: StoredClock) -> Self {
        Deadline {
            clock: clock.kind,
            state: clock.state,
            target: (clock.target_value > 0)
                .then_some(TargetView { value: clock.target_value, unit: clock.target_unit }),
            started_at: clock.started_at,
            due_at: clock.due_at,
            provisional: clock.provisional,
            stopped_at: clock.stopped_at,
            breached_at: clock.breached_at,
        }
    }
}

/// Who spoke, where it is no known customer. Masked for whoever has no need of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    #[schema(example = "张伟")]
    name: Option<String>,
    #[schema(example = "138****8000")]
    phone: Option<String>,
    #[schema(example = "z****@example.com")]
    email: Option<String>,
}

/// A department's word that a feedback is not its own (退回).
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectionView {
    department_id: Option<Uuid>,
    /// Who said so.
    rejected_by: Option<Uuid>,
    #[schema(example = "是合同问题，不属于研发")]
    reason: String,
    rejected_at: DateTime<Utc>,
}

impl From<Rejection> for RejectionView {
    fn from(rejection: Rejection) -> Self {
        let Rejection { department_id, rejected_by, reason, rejected_at } = rejection;
        RejectionView { department_id, rejected_by, reason, rejected_at }
    }
}

/// A feedback (反馈), which is also the ticket (工单).
#[derive(Debug, Serialize, ToSchema)]
pub struct Feedback {
    pub id: Uuid,
    /// The number people see.
    #[schema(example = "F000001")]
    number: String,
    #[schema(value_type = ChannelSchema)]
    channel: String,
    channel_message_id: Option<String>,
    #[schema(example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    customer_id: Option<Uuid>,
    contact: ContactView,
    /// Who took it in.
    reporter_id: Option<Uuid>,
    /// The record of the follow-up in which it was raised (回访记录).
    source_record_id: Option<Uuid>,
    #[serde(rename = "type")]
    #[schema(value_type = FeedbackTypeSchema)]
    kind: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    #[schema(value_type = PrioritySchema)]
    priority: String,
    #[schema(value_type = MoodSchema)]
    mood: String,
    /// How sure the classification is, 0 to 1; 1 where a person decided.
    #[schema(minimum = 0, maximum = 1, example = 0.93)]
    confidence: f64,
    /// It waits for a person to say what it is.
    needs_review: bool,
    evidence: Vec<Evidence>,
    /// `model` or `person`; `rules` where an earlier release has taken it in.
    #[schema(example = "model")]
    classified_by: String,
    /// The version of the classifier that has classified it; null where a person or an earlier release has.
    #[schema(minimum = 0, example = 3)]
    model_version: Option<i64>,
    #[schema(value_type = StateSchema)]
    state: String,
    #[schema(value_type = Option<AwaitingSchema>)]
    awaiting: Option<String>,
    /// The responsible (lead) department.
    department_id: Option<Uuid>,
    /// Collaborating departments (协同部门).
    collaborators: Vec<Uuid>,
    /// Departments of which a supervisor is to name the one that leads.
    proposed_departments: Vec<Uuid>,
    handler_id: Option<Uuid>,
    /// Who stands in for the handler, who is away.
    deputy_id: Option<Uuid>,
    /// Departments that sent it back, oldest first.
    rejections: Vec<RejectionView>,
    /// Who accepted it first; stays when it is reopened.
    first_handler_id: Option<Uuid>,
    /// When the handler promised it will be resolved (预计解决时限).
    promised_at: Option<DateTime<Utc>>,
    /// Whether the promise lies beyond the SLA's resolve deadline as that is now; false while that one is paused.
    promise_beyond_sla: bool,
    /// Since when an explanation is owed of why the promise was missed by more than three days (延迟说明); null once it is
    /// given and approved.
    explanation_owed_since: Option<DateTime<Utc>>,
    solution: Option<String>,
    improvement: Option<String>,
    reopened_times: i32,
    /// Who has been told that nothing happens (升级): 0 nobody, 1 the department head, 2 the director.
    #[schema(minimum = 0, maximum = 2, example = 0)]
    escalation_level: i32,
    /// What is due next: the nearest deadline whose clock runs.
    due_at: Option<DateTime<Utc>>,
    /// Since when it is at that level.
    escalated_at: Option<DateTime<Utc>>,
    deadlines: Vec<Deadline>,
    received_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

page_of!(pub FeedbackPage, Feedback);

impl Feedback {
    pub fn of(view: View, reader: &Actor) -> ApiResult<Self> {
        let View { feedback: row, clocks } = view;
        let clear = reader.sees_personal_data(row.handler_id, row.department_id)
            || reader.sees_personal_data(row.deputy_id, None)
            || (row.reporter_id.is_some() && row.reporter_id == reader.user_id());
        let shown = |text: &Option<String>, mask: fn(&str) -> String| {
            text.as_ref().map(|text| if clear { text.clone() } else { mask(text) })
        };
        let contact = ContactView {
            phone: shown(&row.contact_phone, mask_phone),
            email: shown(&row.contact_email, mask_email),
            name: row.contact_name.clone(),
        };
        let bound =
            clocks.iter().find(|clock| clock.kind == ClockKind::Resolve.as_str()).and_then(|clock| clock.due_at);
        Ok(Feedback {
            promise_beyond_sla: row.promised_at.zip(bound).is_some_and(|(promise, bound)| promise > bound),
            evidence: from_json(&row.evidence)?,
            collaborators: from_json(&row.collaborators)?,
            proposed_departments: from_json(&row.proposed_departments)?,
            rejections: from_json::<Vec<Rejection>>(&row.rejections)?.into_iter().map(RejectionView::from).collect(),
            due_at: next_due(&clocks),
            deadlines: clocks.into_iter().map(Deadline::from).collect(),
            contact,
            ..Self::plain(row)
        })
    }

    fn plain(row: Stored) -> Self {
        Feedback {
            id: row.id,
            number: row.number,
            channel: row.channel,
            channel_message_id: row.channel_message_id,
            content: row.content,
            customer_id: row.customer_id,
            contact: ContactView { name: None, phone: None, email: None },
            reporter_id: row.reporter_id,
            source_record_id: row.source_record_id,
            kind: row.kind,
            subtype: row.subtype,
            priority: row.priority,
            mood: row.mood,
            confidence: row.confidence,
            needs_review: row.needs_review,
            evidence: Vec::new(),
            classified_by: row.classified_by,
            model_version: row.model_version,
            state: row.state,
            awaiting: row.awaiting,
            department_id: row.department_id,
            collaborators: Vec::new(),
            proposed_departments: Vec::new(),
            handler_id: row.handler_id,
            deputy_id: row.deputy_id,
            rejections: Vec::new(),
            first_handler_id: row.first_handler_id,
            promised_at: row.promised_at,
            promise_beyond_sla: false,
            explanation_owed_since: row.explanation_owed_since,
            solution: row.solution,
            improvement: row.improvement,
            reopened_times: row.reopened_times,
            escalation_level: row.escalation_level,
            due_at: None,
            escalated_at: row.escalated_at,
            deadlines: Vec::new(),
            received_at: row.received_at,
            accepted_at: row.accepted_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
            updated_at: row.updated_at,
        }
    }

    /// With its version as ETag.
    pub fn versioned(view: View, reader: &Actor) -> ApiResult<Versioned<Self>> {
        let version = view.feedback.version;
        Ok(Versioned::ok(Self::of(view, reader)?, version))
    }
}
