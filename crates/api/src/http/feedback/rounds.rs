use actix_web::{get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::feedback::rounds::{self, Round as StoredRound};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_rounds);
}

/// What a reopened feedback was before: who handled it, and when.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackRound {
    /// 1 is the first.
    #[schema(example = 1)]
    round: i32,
    department_id: Option<Uuid>,
    handler_id: Option<Uuid>,
    accepted_at: Option<DateTime<Utc>>,
    promised_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    /// Null where the customer did not agree at once.
    closed_at: Option<DateTime<Utc>>,
    #[schema(example = "已重置登录服务")]
    solution: Option<String>,
    #[schema(example = "增加告警")]
    improvement: Option<String>,
    reopened_at: DateTime<Utc>,
    reopened_by: Option<Uuid>,
    #[schema(example = "今天又登录不上了")]
    reason: String,
}

impl From<StoredRound> for FeedbackRound {
    fn from(row: StoredRound) -> Self {
        FeedbackRound {
            round: row.round,
            department_id: row.department_id,
            handler_id: row.handler_id,
            accepted_at: row.accepted_at,
            promised_at: row.promised_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
            solution: row.solution,
            improvement: row.improvement,
            reopened_at: row.reopened_at,
            reopened_by: row.reopened_by,
            reason: row.reason,
        }
    }
}

/// The rounds of a feedback that have ended.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackRounds {
    /// Oldest first; empty as long as it was never reopened.
    items: Vec<FeedbackRound>,
}

/// List the earlier rounds of a feedback
///
/// One for each time that it was reopened, with handler, times and solution of the round that ended.
#[utoipa::path(tag = "feedback", operation_id = "list_feedback_rounds", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The rounds", body = FeedbackRounds)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/rounds")]
async fn list_rounds(can: Can<may::FeedbackRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<FeedbackRounds>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let items = rounds::of_feedback(&app.db, feedback.id).await?;
    Ok(web::Json(FeedbackRounds { items: items.into_iter().map(FeedbackRound::from).collect() }))
}
