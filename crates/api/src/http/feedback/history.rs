use std::collections::HashMap;

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::summary;
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::feedback::{attachments, communications, pool};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::to_json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::problem::reader;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_history);
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
    let reader = reader(&request, &app);
    let entry = |recorded: events::Recorded| -> ApiResult<HistoryEntry> {
        let event = to_json(&recorded.event)?;
        Ok(HistoryEntry {
            id: recorded.id,
            actor_id: recorded.actor_id,
            actor_name: recorded.actor_id.and_then(|actor| names.get(&actor).cloned()),
            occurred_at: recorded.occurred_at,
            kind: recorded.event.kind().to_owned(),
            summary: summary(recorded.event.kind(), &event, true, reader),
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
