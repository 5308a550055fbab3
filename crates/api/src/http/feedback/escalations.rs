use actix_web::{get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::feedback::escalations::{self, Escalation as Stored};
use huiyin_persistence::feedback::pool;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::enums::ClockKindSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_escalations);
}

/// A missed deadline that went to the next level (升级).
#[derive(Debug, Serialize, ToSchema)]
struct Escalation {
    id: Uuid,
    feedback_id: Uuid,
    /// Whose deadline was missed.
    #[schema(value_type = ClockKindSchema)]
    clock: String,
    /// 1 the department head, 2 the director.
    #[schema(minimum = 1, maximum = 2, example = 1)]
    level: i32,
    /// The deadline that was missed.
    due_at: DateTime<Utc>,
    escalated_at: DateTime<Utc>,
}

impl From<Stored> for Escalation {
    fn from(row: Stored) -> Self {
        let Stored { id, feedback_id, clock, level, due_at, escalated_at } = row;
        Escalation { id, feedback_id, clock, level, due_at, escalated_at }
    }
}

page_of!(EscalationPage, Escalation);

/// List the escalations of a feedback
///
/// Newest first, those of earlier rounds included.
#[utoipa::path(tag = "feedback", operation_id = "list_escalations", params(("id" = Uuid, Path, description = "The feedback"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of escalations", body = EscalationPage)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/escalations")]
async fn list_escalations(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<EscalationPage>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let page = escalations::list(&app.db, feedback.id, params.0.request()?).await?;
    Ok(web::Json(page.map(Escalation::from).into()))
}
