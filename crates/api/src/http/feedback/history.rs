use actix_web::{get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::to_json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

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
    /// The event's name.
    #[schema(example = "feedback.accepted")]
    kind: String,
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
/// Everything that happened to it, oldest first.
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_history", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "What happened", body = History)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/history")]
async fn get_history(can: Can<may::FeedbackRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<History>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let recorded = events::of_subject(&app.db, feedback.id, 0, HISTORY).await?;
    let entry = |recorded: events::Recorded| -> ApiResult<HistoryEntry> {
        let kind = recorded.event.kind().to_owned();
        Ok(HistoryEntry {
            id: recorded.id,
            actor_id: recorded.actor_id,
            occurred_at: recorded.occurred_at,
            kind,
            event: to_json(&recorded.event)?,
        })
    };
    Ok(web::Json(History { items: recorded.into_iter().map(entry).collect::<ApiResult<_>>()? }))
}
