//! What the classifier has learnt here, and from what.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::feedback::classify::model::Model;
use huiyin_domain::feedback::classify::review_below;
use huiyin_persistence::feedback::classifier::{self, Correction as Stored, Summary};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::enums::{MoodSchema, PrioritySchema, SubtypeSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::feedback::classifier::{State, activate, learn, state};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_classifier)
        .service(list_versions)
        .service(create_version)
        .service(activate_version)
        .service(list_corrections);
}

/// A version of the classifier: the shipped model, and what was learnt here on top of it.
#[derive(Debug, Serialize, ToSchema)]
struct ClassifierVersion {
    id: Uuid,
    /// 0 is the shipped model itself.
    #[schema(minimum = 0, example = 3)]
    number: i64,
    /// Whether texts are classified by it; exactly one is.
    active: bool,
    /// How many corrected feedbacks it has learnt from.
    #[schema(minimum = 0, example = 20)]
    corrections: i64,
    /// How many weights that has made.
    #[schema(minimum = 0, example = 1432)]
    weights: i64,
    /// The shipped model it was learnt on.
    #[schema(example = "9f3a01c7")]
    model: String,
    /// Null where it was learnt by itself.
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<Summary> for ClassifierVersion {
    fn from(version: Summary) -> Self {
        ClassifierVersion {
            id: version.id,
            number: version.number,
            active: version.active,
            corrections: version.corrections,
            weights: version.weight_count,
            model: version.model,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

page_of!(ClassifierVersionPage, ClassifierVersion);

/// How the classifier stands.
#[derive(Debug, Serialize, ToSchema)]
struct ClassifierState {
    /// The model of this release.
    #[schema(example = "9f3a01c7")]
    model: String,
    active: ClassifierVersion,
    /// Below this confidence a feedback waits for a person.
    #[schema(minimum = 0, maximum = 1, example = 0.6)]
    review_below: f64,
    /// Corrections that no version has learnt, counted up to 1000.
    #[schema(minimum = 0, maximum = 1000, example = 7)]
    new_corrections: u64,
    /// After so many new corrections it learns by itself; null: never.
    #[schema(minimum = 1, example = 20)]
    learn_after: Option<u64>,
}

/// What a person has changed of a classification (分类纠正).
#[derive(Debug, Serialize, ToSchema)]
struct ClassificationCorrection {
    id: Uuid,
    feedback_id: Uuid,
    /// The version that had classified it; null where a person had.
    #[schema(minimum = 0, example = 3)]
    model_version: Option<i64>,
    #[schema(value_type = SubtypeSchema)]
    subtype_before: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    #[schema(value_type = PrioritySchema)]
    priority_before: String,
    #[schema(value_type = PrioritySchema)]
    priority: String,
    #[schema(value_type = MoodSchema)]
    mood_before: String,
    #[schema(value_type = MoodSchema)]
    mood: String,
    /// Null where it was no signed-in person.
    corrected_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<Stored> for ClassificationCorrection {
    fn from(row: Stored) -> Self {
        ClassificationCorrection {
            id: row.id,
            feedback_id: row.feedback_id,
            model_version: row.model_version,
            subtype_before: row.subtype_before,
            subtype: row.subtype,
            priority_before: row.priority_before,
            priority: row.priority,
            mood_before: row.mood_before,
            mood: row.mood,
            corrected_by: row.corrected_by,
            created_at: row.created_at,
        }
    }
}

page_of!(ClassificationCorrectionPage, ClassificationCorrection);

/// Read how the classifier stands
#[utoipa::path(tag = "feedback", operation_id = "get_classifier", security(("bearer" = [])),
    responses((status = 200, description = "The version in use, and what there is to learn", body = ClassifierState)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/classifier")]
async fn get_classifier(_can: Can<may::FeedbackRead>, app: web::Data<App>) -> ApiResult<web::Json<ClassifierState>> {
    let State { active, new_corrections } = state(&app).await?;
    Ok(web::Json(ClassifierState {
        model: Model::name().to_owned(),
        active: active.into(),
        review_below: review_below(),
        new_corrections,
        learn_after: app.config.classifier_learn_after,
    }))
}

/// List versions of the classifier
#[utoipa::path(tag = "feedback", operation_id = "list_classifier_versions", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of versions", body = ClassifierVersionPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/classifier/versions")]
async fn list_versions(
    _can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<ClassifierVersionPage>> {
    let page = classifier::list(&app.db, params.0.request()?).await?;
    Ok(web::Json(page.map(ClassifierVersion::from).into()))
}

/// Let the classifier learn
///
/// From the corrections so far: a new version, in use from now on. Corrections that only versions have learnt which were put out of
/// use are left out. The classifier also learns by itself, see `learn_after`.
#[utoipa::path(tag = "feedback", operation_id = "create_classifier_version", security(("bearer" = [])),
    responses((status = 201, description = "The version", body = ClassifierVersion)),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["nothing_to_learn", "concurrent_change"]))))]
#[post("/feedback/classifier/versions")]
async fn create_version(can: Can<may::FeedbackConfigure>, app: web::Data<App>) -> ApiResult<HttpResponse> {
    let version = learn(&app, &can.command()?).await?;
    Ok(HttpResponse::Created().json(ClassifierVersion::from(version)))
}

/// Put a version of the classifier in use
///
/// What is taken in from now on is classified by it; other copies of the program follow within a second. What has been classified stays.
/// Version 0 is the shipped model.
#[utoipa::path(tag = "feedback", operation_id = "activate_classifier_version", params(("id" = Uuid, Path, description = "The version")), security(("bearer" = [])),
    responses((status = 200, description = "The version, in use", body = ClassifierVersion)),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["classifier_version_not_found", "concurrent_change"]))))]
#[post("/feedback/classifier/versions/{id}/activate")]
async fn activate_version(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<ClassifierVersion>> {
    Ok(web::Json(activate(&app, &can.command()?, id.0).await?.into()))
}

/// List corrections of classifications
///
/// What people have changed when they said what a feedback is. The texts stay with the feedback.
#[utoipa::path(tag = "feedback", operation_id = "list_classification_corrections", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of corrections within reach", body = ClassificationCorrectionPage)),
    extensions(("x-permission" = json!("feedback:configure"))))]
#[get("/feedback/classifier/corrections")]
async fn list_corrections(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<ClassificationCorrectionPage>> {
    let page = classifier::list_corrections(&app.db, can.scope(), params.0.request()?).await?;
    Ok(web::Json(page.map(ClassificationCorrection::from).into()))
}
