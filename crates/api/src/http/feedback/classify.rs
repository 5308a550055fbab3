use actix_web::{post, web};
use huiyin_persistence::support::{from_json, to_json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::body::Evidence;
use crate::http::support::enums::{FeedbackTypeSchema, MoodSchema, PrioritySchema, SubtypeSchema};
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::feedback::classifier::in_use;

pub fn routes(config: &mut ServiceConfig) {
    config.service(classify_feedback);
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Text {
    #[schema(max_length = 10000, pattern = "@any", example = "客服态度很差，等了一个小时没人理")]
    text: String,
}

/// What a text is about.
#[derive(Serialize, Deserialize, ToSchema)]
struct Classification {
    #[serde(rename = "type")]
    #[schema(value_type = FeedbackTypeSchema)]
    kind: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    #[schema(value_type = PrioritySchema)]
    priority: String,
    #[schema(value_type = MoodSchema)]
    mood: String,
    /// How sure type and category are, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.93)]
    confidence: f64,
    /// Too unsure: a person should look at it.
    needs_review: bool,
    evidence: Vec<Evidence>,
    /// The version of the classifier; 0 is the shipped model.
    #[serde(default)]
    #[schema(minimum = 0, example = 3)]
    model_version: i64,
}

/// Classify a text
///
/// Without storing anything.
#[utoipa::path(tag = "feedback", operation_id = "classify_feedback", request_body = Text, security(("bearer" = [])),
    responses((status = 200, description = "What it is about, and which words decided it", body = Classification)),
    extensions(("x-permission" = json!("feedback:classify"))))]
#[post("/feedback/classify")]
async fn classify_feedback(
    _can: Can<may::FeedbackClassify>,
    app: web::Data<App>,
    body: Body<Text>,
) -> ApiResult<web::Json<Classification>> {
    let classifier = in_use(&app).await?;
    let classified: Classification = from_json(&to_json(&classifier.classify(&body.0.text))?)?;
    Ok(web::Json(Classification { model_version: classifier.number, ..classified }))
}
