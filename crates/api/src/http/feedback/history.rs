use std::collections::HashMap;

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::summary;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Lang};
use huiyin_domain::identity::Permission;
use huiyin_domain::sla::{Clock, due};
use huiyin_persistence::feedback::{attachments, communications, pool};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::clocks;
use huiyin_persistence::support::to_json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::body::Deadline;
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;
use crate::usecases::sla::policies;
use crate::usecases::support::Error;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_history).service(get_clocks);
}

/// Far more than happens to one feedback.
const HISTORY: u64 = 1000;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryEntry {
    id: Uuid,
    /// Who did it; null for the clock and for other systems.
    actor_id: Option<Uuid>,
    occurred_at: DateTime<Utc>,
    #[schema(example = "李静")]
    actor_name: Option<String>,
    /// The event's name.
    #[schema(example = "feedback.accepted")]
    kind: String,
    /// A sentence, in Chinese or English by `Accept-Language`.
    #[schema(example = "反馈已给出解决方案")]
    summary: String,
    /// What was said, where it tells of a communication; the file's name, where it tells of an attachment that is still there.
    #[schema(example = "已电话告知客户预计明天上午修复")]
    text: Option<String>,
    /// The event itself.
    #[schema(value_type = Object, example = json!({"type": "feedback.accepted", "data": {"promised_at": "2026-10-21T10:00:00Z"}}))]
    event: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// Oldest first.
    items: Vec<HistoryEntry>,
}

/// One line of a clock's ledger, or a stretch in which it stood still.
#[derive(Debug, Serialize, ToSchema)]
struct PauseView {
    from: DateTime<Utc>,
    /// Null while it lasts.
    to: Option<DateTime<Utc>>,
}

/// A clock, read now.
#[derive(Debug, Serialize, ToSchema)]
struct ClockReading {
    #[serde(flatten)]
    deadline: Deadline,
    /// Time used, in the target's unit.
    #[schema(example = 3.5)]
    used: f64,
    /// Time left, in the target's unit.
    #[schema(example = 20.5)]
    left: f64,
    /// Share of the target that is used; above 1 it is missed.
    #[schema(example = 0.146)]
    share: f64,
    overdue: bool,
    pauses: Vec<PauseView>,
    /// How the deadline comes about.
    explanation: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClockList {
    items: Vec<ClockReading>,
}

/// Read the history of a feedback
///
/// Everything that happened to it, oldest first: dispatch and handling, communications, attachments, promises, deadlines and
/// escalations, in one timeline.
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_history", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "What happened", body = History)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/history")]
async fn get_history(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<History>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let recorded = events::of_subject(&app.db, feedback.id, 0, HISTORY).await?;
    let actors: Vec<Uuid> = recorded.iter().filter_map(|recorded| recorded.actor_id).collect();
    let names = users::names(&app.db, &actors).await?;
    let texts = texts(&app, &can, &recorded).await?;
    let lang = language(&request);
    let entry = |recorded: events::Recorded| -> ApiResult<HistoryEntry> {
        let event = to_json(&recorded.event)?;
        Ok(HistoryEntry {
            id: recorded.id,
            actor_id: recorded.actor_id,
            actor_name: recorded.actor_id.and_then(|actor| names.get(&actor).cloned()),
            occurred_at: recorded.occurred_at,
            kind: recorded.event.kind().to_owned(),
            summary: summary(recorded.event.kind(), &event, true, lang),
            text: refers_to(&recorded.event).and_then(|id| texts.get(&id).cloned()),
            event,
        })
    };
    Ok(web::Json(History { items: recorded.into_iter().map(entry).collect::<ApiResult<_>>()? }))
}

/// What an event only refers to.
fn refers_to(event: &Event) -> Option<Uuid> {
    match event {
        Event::FeedbackCommunicated { communication_id, .. } => Some(*communication_id),
        Event::FeedbackAttachmentAdded { attachment_id, .. } => Some(*attachment_id),
        _ => None,
    }
}

/// The words that belong to these events; names of files for those who may read attachments.
async fn texts<P>(app: &App, can: &Can<P>, recorded: &[events::Recorded]) -> ApiResult<HashMap<Uuid, String>> {
    let wanted = |subject: fn(&Event) -> bool| -> Vec<Uuid> {
        recorded.iter().filter(|recorded| subject(&recorded.event)).filter_map(|r| refers_to(&r.event)).collect()
    };
    let said = wanted(|event| matches!(event, Event::FeedbackCommunicated { .. }));
    let files = match can.actor.may(Permission::AttachmentsRead) {
        true => wanted(|event| matches!(event, Event::FeedbackAttachmentAdded { .. })),
        false => Vec::new(),
    };
    let mut texts = communications::contents(&app.db, &said).await?;
    texts.extend(attachments::names(&app.db, &files).await?);
    Ok(texts)
}

/// Read the clocks of a feedback
///
/// With time used, time left and every pause.
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_clocks", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The clocks, read now", body = ClockList)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/clocks")]
async fn get_clocks(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<ClockList>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let chinese = language(&request) == Lang::Zh;
    let mut items = Vec::new();
    for row in clocks::of_feedback(&app.db, feedback.id).await? {
        let clock = Clock::replay(&clocks::ledger(&app.db, row.id).await?)
            .map_err(|error| Error::broken("stored clock", error))?;
        let calendar = policies::calendar(&app, &app.db, row.calendar_id).await?;
        let reading = clock.reading(&calendar, can.now).map_err(|_| Code::CalendarOutOfReach)?;
        let explanation = due(&calendar, clock.started_at(), clock.target(), clock.pauses())
            .ok()
            .map(|due| due.explanation.sentence(chinese));
        items.push(ClockReading {
            deadline: row.into(),
            used: reading.used,
            left: reading.left,
            share: reading.share,
            overdue: reading.overdue,
            pauses: reading.pauses.into_iter().map(|pause| PauseView { from: pause.from, to: pause.to }).collect(),
            explanation,
        });
    }
    Ok(web::Json(ClockList { items }))
}
