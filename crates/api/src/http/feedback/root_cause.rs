use actix_web::{get, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{CauseCategory, Why};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::feedback::root_causes::{self, RootCause as Stored};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::CauseCategorySchema;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::root_cause::{NewRootCause, put as put_cause};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_root_cause).service(put_root_cause);
}

/// One "why" (为什么) and its answer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct WhyInput {
    /// Plainly "why" unless given.
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@prose", example = "为什么登录服务会停")]
    question: Option<String>,
    #[schema(min_length = 1, max_length = 1000, pattern = "@prose", example = "证书到期，没有人更换")]
    answer: String,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PutRootCause {
    /// Each asks why what was answered before.
    #[schema(min_items = 1, max_items = 5)]
    whys: Vec<WhyInput>,
    #[schema(min_length = 1, max_length = 2000, pattern = "@prose", example = "证书到期前没有提醒")]
    conclusion: String,
    #[schema(value_type = CauseCategorySchema)]
    category: CauseCategory,
}

/// One "why" and its answer.
#[derive(Debug, Serialize, ToSchema)]
struct AnsweredWhy {
    #[schema(example = "为什么登录服务会停")]
    question: Option<String>,
    #[schema(example = "证书到期，没有人更换")]
    answer: String,
}

/// Why it happened (根本原因), by up to five whys.
#[derive(Debug, Serialize, ToSchema)]
struct RootCause {
    feedback_id: Uuid,
    whys: Vec<AnsweredWhy>,
    #[schema(example = "证书到期前没有提醒")]
    conclusion: String,
    #[schema(value_type = CauseCategorySchema)]
    category: String,
    recorded_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl RootCause {
    fn versioned(row: Stored) -> ApiResult<Versioned<Self>> {
        let version = row.version;
        let whys: Vec<Why> = from_json(&row.whys)?;
        let cause = RootCause {
            feedback_id: row.feedback_id,
            whys: whys.into_iter().map(|Why { question, answer }| AnsweredWhy { question, answer }).collect(),
            conclusion: row.conclusion,
            category: row.category,
            recorded_by: row.recorded_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Versioned::ok(cause, version))
    }
}

/// Read the root cause of a feedback
#[utoipa::path(tag = "feedback", operation_id = "get_root_cause", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "Why it happened", body = RootCause, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found", "root_cause_not_found"]))))]
#[get("/feedback/{id}/root-cause")]
async fn get_root_cause(can: Can<may::FeedbackRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<RootCause>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let row = root_causes::find(&app.db, feedback.id).await?.ok_or(Code::RootCauseNotFound)?;
    RootCause::versioned(row)
}

/// Say why it happened
///
/// Asking "why" one to five times, each time of the answer before. Whoever may work on the feedback may say it, at any
/// time; a case in the library follows.
#[utoipa::path(tag = "feedback", operation_id = "put_root_cause", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = PutRootCause, security(("bearer" = [])),
    responses((status = 200, description = "Why it happened", body = RootCause, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "not_yours"]))))]
#[put("/feedback/{id}/root-cause")]
async fn put_root_cause(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<PutRootCause>,
) -> ApiResult<Versioned<RootCause>> {
    let PutRootCause { whys, conclusion, category } = body.0;
    let whys = whys.into_iter().map(|WhyInput { question, answer }| Why { question, answer }).collect();
    RootCause::versioned(put_cause(&app, &can.command()?, id.0, NewRootCause { whys, conclusion, category }).await?)
}
