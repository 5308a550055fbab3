use actix_web::{get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::case::mask_text;
use huiyin_persistence::feedback::pool::{self, Feedback as Stored};
use huiyin_persistence::follow_up::records;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::enums::{FeedbackTypeSchema, PrioritySchema, StateSchema, SubtypeSchema};
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_raised_feedback);
}

/// A feedback that was raised in a follow-up, and what came of it; phone numbers and mail addresses in texts are masked.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackRaised {
    id: Uuid,
    #[schema(example = "F000001")]
    number: String,
    #[serde(rename = "type")]
    #[schema(value_type = FeedbackTypeSchema)]
    kind: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    #[schema(value_type = PrioritySchema)]
    priority: String,
    #[schema(value_type = StateSchema)]
    state: String,
    #[schema(example = "登录页面偶尔打不开")]
    content: String,
    /// The department that has it; null as long as it is not assigned, which is due within 24 hours.
    department_id: Option<Uuid>,
    handler_id: Option<Uuid>,
    /// What the customer is to be told.
    #[schema(example = "已重置登录服务")]
    solution: Option<String>,
    #[schema(example = "增加告警")]
    improvement: Option<String>,
    received_at: DateTime<Utc>,
    promised_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
}

impl From<Stored> for FeedbackRaised {
    fn from(row: Stored) -> Self {
        FeedbackRaised {
            id: row.id,
            number: row.number,
            kind: row.kind,
            subtype: row.subtype,
            priority: row.priority,
            state: row.state,
            content: mask_text(&row.content),
            department_id: row.department_id,
            handler_id: row.handler_id,
            solution: row.solution.as_deref().map(mask_text),
            improvement: row.improvement.as_deref().map(mask_text),
            received_at: row.received_at,
            promised_at: row.promised_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
        }
    }
}

/// The feedback that was raised in a follow-up.
#[derive(Debug, Serialize, ToSchema)]
struct AllFeedbackRaised {
    /// Oldest first.
    items: Vec<FeedbackRaised>,
}

/// List what was raised in a follow-up
///
/// Every feedback that was taken in with the record, and how far it has come: whoever spoke with the customer reads here what
/// to answer.
#[utoipa::path(tag = "follow-up records", operation_id = "list_raised_feedback", params(("id" = Uuid, Path, description = "The record")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = AllFeedbackRaised)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["follow_up_record_not_found"]))))]
#[get("/follow-up-records/{id}/feedback")]
async fn list_raised_feedback(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<AllFeedbackRaised>> {
    let record = records::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FollowUpRecordNotFound)?;
    let items = pool::raised_in(&app.db, record.id).await?;
    Ok(web::Json(AllFeedbackRaised { items: items.into_iter().map(FeedbackRaised::from).collect() }))
}
