use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Direction, Method};
use huiyin_persistence::feedback::communications::{self, Communication as Stored};
use huiyin_persistence::feedback::pool;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{DirectionSchema, MethodSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::feedback::handling::{NewCommunication, communicate};

pub fn routes(config: &mut ServiceConfig) {
    config.service(record_communication).service(list_communications);
}

/// A word with the customer.
#[derive(Debug, Serialize, ToSchema)]
struct Communication {
    id: Uuid,
    feedback_id: Uuid,
    #[schema(value_type = MethodSchema)]
    method: String,
    #[schema(value_type = DirectionSchema)]
    direction: String,
    #[schema(example = "已电话告知客户预计明天上午修复")]
    content: String,
    communicated_at: DateTime<Utc>,
    recorded_by: Option<Uuid>,
    /// Whether the customer was told the solution.
    solution_shown: bool,
    /// Whether the customer was told what is done so that it does not happen again.
    improvement_shown: bool,
    created_at: DateTime<Utc>,
}

impl From<Stored> for Communication {
    fn from(row: Stored) -> Self {
        Communication {
            id: row.id,
            feedback_id: row.feedback_id,
            method: row.method,
            direction: row.direction,
            content: row.content,
            communicated_at: row.communicated_at,
            recorded_by: row.recorded_by,
            solution_shown: row.solution_shown,
            improvement_shown: row.improvement_shown,
            created_at: row.created_at,
        }
    }
}

page_of!(CommunicationPage, Communication);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RecordCommunication {
    #[schema(value_type = MethodSchema)]
    method: Method,
    /// `outbound` unless given.
    #[schema(value_type = Option<DirectionSchema>)]
    direction: Option<Direction>,
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "已电话告知客户预计明天上午修复")]
    content: String,
    /// Now unless given.
    communicated_at: Option<DateTime<Utc>>,
    /// The customer was told the solution; only after the resolution.
    #[schema(nullable = false)]
    solution_shown: Option<bool>,
    /// The customer was told what is done so that it does not happen again; only after the resolution.
    #[schema(nullable = false)]
    improvement_shown: Option<bool>,
}

/// Record a communication
///
/// A call, mail or visit in the matter, as long as it is not closed. A customer who was told both solution and
/// improvement after the resolution may confirm it.
#[utoipa::path(tag = "feedback", operation_id = "record_communication", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = RecordCommunication, security(("bearer" = [])),
    responses((status = 201, description = "Recorded", body = Communication)),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "feedback_state", "nothing_to_show"]))))]
#[post("/feedback/{id}/communications")]
async fn record_communication(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<RecordCommunication>,
) -> ApiResult<HttpResponse> {
    let body = body.0;
    let new = NewCommunication {
        method: body.method,
        direction: body.direction.unwrap_or(Direction::Outbound),
        content: body.content,
        communicated_at: body.communicated_at,
        solution_shown: body.solution_shown.unwrap_or_default(),
        improvement_shown: body.improvement_shown.unwrap_or_default(),
    };
    let recorded = communicate(&app, &can.command()?, id.0, new).await?;
    Ok(HttpResponse::Created().json(Communication::from(recorded)))
}

/// List the communications of a feedback
#[utoipa::path(tag = "feedback", operation_id = "list_communications", params(("id" = Uuid, Path, description = "The feedback"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of communications", body = CommunicationPage)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/communications")]
async fn list_communications(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<CommunicationPage>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let page = communications::list(&app.db, feedback.id, params.0.request()?).await?;
    Ok(web::Json(page.map(Communication::from).into()))
}
