use std::collections::HashMap;

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::summary;
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_persistence::follow_up::attempts::{self, Attempt, Postponement};
use huiyin_persistence::follow_up::tasks;
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

/// Far more than happens to one task.
const HISTORY: u64 = 1000;

/// Something that happened to a follow-up task.
#[derive(Debug, Serialize, ToSchema)]
struct TaskHistoryEntry {
    id: Uuid,
    /// Who did it; null for the clock and for other systems.
    actor_id: Option<Uuid>,
    #[schema(example = "李静")]
    actor_name: Option<String>,
    occurred_at: DateTime<Utc>,
    /// The event's name.
    #[schema(example = "follow_up_task.postponed")]
    kind: String,
    /// A sentence, in Chinese or English by `Accept-Language`.
    #[schema(example = "回访推迟到 2026-10-26T10:00:00Z")]
    summary: String,
    /// The note of an attempt, the reason of a postponement or of calling it off.
    #[schema(example = "客户出差，下周回来")]
    text: Option<String>,
    /// The event itself.
    #[schema(value_type = Object, example = json!({"type": "follow_up_task.started", "data": {}}))]
    event: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct TaskHistory {
    /// Oldest first.
    items: Vec<TaskHistoryEntry>,
}

/// Read the history of a follow-up task
///
/// Everything that happened to it, oldest first, who did it and why.
#[utoipa::path(tag = "follow-up tasks", operation_id = "get_follow_up_task_history", params(("id" = Uuid, Path, description = "The task")), security(("bearer" = [])),
    responses((status = 200, description = "What happened", body = TaskHistory)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["task_not_found"]))))]
#[get("/follow-up-tasks/{id}/history")]
async fn get_history(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<TaskHistory>> {
    let task = tasks::find(&app.db, can.scope(), id.0).await?.ok_or(Code::TaskNotFound)?;
    let recorded = events::of_subject(&app.db, task.id, 0, HISTORY).await?;
    let actors: Vec<Uuid> = recorded.iter().filter_map(|recorded| recorded.actor_id).collect();
    let names = users::names(&app.db, &actors).await?;
    let attempts = attempts::of_task(&app.db, task.id).await?;
    let attempts = attempts.into_iter().map(|attempt| (attempt.number, attempt)).collect();
    let words = Words {
        attempts,
        postponements: attempts::postponements_of(&app.db, task.id).await?,
        cancelled: task.cancel_reason,
    };
    let reader = reader(&request, &app);
    let entry = |recorded: events::Recorded| -> ApiResult<TaskHistoryEntry> {
        let event = to_json(&recorded.event)?;
        Ok(TaskHistoryEntry {
            id: recorded.id,
            actor_id: recorded.actor_id,
            actor_name: recorded.actor_id.and_then(|actor| names.get(&actor).cloned()),
            occurred_at: recorded.occurred_at,
            kind: recorded.event.kind().to_owned(),
            summary: summary(recorded.event.kind(), &event, true, reader),
            text: words.of(&recorded.event),
            event,
        })
    };
    Ok(web::Json(TaskHistory { items: recorded.into_iter().map(entry).collect::<ApiResult<_>>()? }))
}

/// What people said, which is in no event.
struct Words {
    attempts: HashMap<i32, Attempt>,
    postponements: HashMap<i32, Postponement>,
    cancelled: Option<String>,
}

impl Words {
    fn of(&self, event: &Event) -> Option<String> {
        match event {
            Event::FollowUpTaskNotReached { attempt, .. } => self.attempts.get(attempt)?.note.clone(),
            Event::FollowUpTaskPostponed { postponements, .. } => {
                self.postponements.get(postponements).map(|postponement| postponement.reason.clone())
            }
            Event::FollowUpTaskCancelled { .. } => self.cancelled.clone(),
            _ => None,
        }
    }
}
