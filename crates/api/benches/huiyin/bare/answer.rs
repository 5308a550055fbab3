//! A feedback as the API shows it, so that both sides write the same JSON.

use chrono::{DateTime, Utc};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::sla::clocks::StoredClock;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Serialize)]
pub struct Answer<'a> {
    id: Uuid,
    number: &'a str,
    channel: &'a str,
    channel_message_id: Option<&'a str>,
    content: &'a str,
    customer_id: Option<Uuid>,
    contact: Contact<'a>,
    reporter_id: Option<Uuid>,
    #[serde(rename = "type")]
    kind: &'a str,
    subtype: &'a str,
    priority: &'a str,
    mood: &'a str,
    confidence: f64,
    needs_review: bool,
    evidence: &'a Value,
    classified_by: &'a str,
    state: &'a str,
    awaiting: Option<&'a str>,
    department_id: Option<Uuid>,
    collaborators: &'a Value,
    proposed_departments: &'a Value,
    handler_id: Option<Uuid>,
    deputy_id: Option<Uuid>,
    rejections: &'a Value,
    first_handler_id: Option<Uuid>,
    promised_at: Option<DateTime<Utc>>,
    solution: Option<&'a str>,
    improvement: Option<&'a str>,
    reopened_times: i32,
    escalation_level: i32,
    due_at: Option<DateTime<Utc>>,
    deadlines: Vec<Deadline<'a>>,
    received_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Contact<'a> {
    name: Option<&'a str>,
    phone: Option<&'a str>,
    email: Option<&'a str>,
}

#[derive(Serialize)]
struct Deadline<'a> {
    clock: &'a str,
    state: &'a str,
    target: Target<'a>,
    started_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    provisional: bool,
    stopped_at: Option<DateTime<Utc>>,
    breached_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Target<'a> {
    value: i32,
    unit: &'a str,
}

pub fn answer<'a>(row: &'a Feedback, clocks: &'a [StoredClock]) -> Answer<'a> {
    Answer {
        id: row.id,
        number: &row.number,
        channel: &row.channel,
        channel_message_id: row.channel_message_id.as_deref(),
        content: &row.content,
        customer_id: row.customer_id,
        contact: Contact {
            name: row.contact_name.as_deref(),
            phone: row.contact_phone.as_deref(),
            email: row.contact_email.as_deref(),
        },
        reporter_id: row.reporter_id,
        kind: &row.kind,
        subtype: &row.subtype,
        priority: &row.priority,
        mood: &row.mood,
        confidence: row.confidence,
        needs_review: row.needs_review,
        evidence: &row.evidence,
        classified_by: &row.classified_by,
        state: &row.state,
        awaiting: row.awaiting.as_deref(),
        department_id: row.department_id,
        collaborators: &row.collaborators,
        proposed_departments: &row.proposed_departments,
        handler_id: row.handler_id,
        deputy_id: row.deputy_id,
        rejections: &row.rejections,
        first_handler_id: row.first_handler_id,
        promised_at: row.promised_at,
        solution: row.solution.as_deref(),
        improvement: row.improvement.as_deref(),
        reopened_times: row.reopened_times,
        escalation_level: row.escalation_level,
        due_at: clocks.iter().filter(|clock| clock.part_id.is_none()).filter_map(|clock| clock.due_at).min(),
        deadlines: clocks.iter().filter(|clock| clock.part_id.is_none()).map(deadline).collect(),
        received_at: row.received_at,
        accepted_at: row.accepted_at,
        resolved_at: row.resolved_at,
        closed_at: row.closed_at,
        updated_at: row.updated_at,
    }
}

fn deadline(clock: &StoredClock) -> Deadline<'_> {
    Deadline {
        clock: &clock.kind,
        state: &clock.state,
        target: Target { value: clock.target_value, unit: &clock.target_unit },
        started_at: clock.started_at,
        due_at: clock.due_at,
        provisional: clock.provisional,
        stopped_at: clock.stopped_at,
        breached_at: clock.breached_at,
    }
}
