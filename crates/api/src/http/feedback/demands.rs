use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::DemandStatus;
use huiyin_domain::feedback::case::{excerpt, mask_text};
use huiyin_persistence::feedback::demands::{self, Demand as Stored, Filter, Move};
use huiyin_persistence::feedback::pool::{self, Feedback};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{DemandStatusSchema, StateSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::demands::{Change, NewDemand, attach, create, detach, fitting, move_to, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_demand)
        .service(list_demands)
        .service(get_demand)
        .service(update_demand)
        .service(move_demand)
        .service(attach_demand_feedback)
        .service(detach_demand_feedback)
        .service(list_demand_feedback)
        .service(list_similar_demands);
}

/// Demands offered for one feedback.
const OFFERED: usize = 5;

/// What many suggestions ask for (需求).
#[derive(Debug, Serialize, ToSchema)]
struct Demand {
    id: Uuid,
    #[schema(example = "报表支持按月导出")]
    title: String,
    description: Option<String>,
    #[schema(value_type = DemandStatusSchema)]
    status: String,
    /// The department that decides on it.
    department_id: Option<Uuid>,
    /// Suggestions that ask for it.
    #[schema(example = 12)]
    feedback_count: i64,
    /// Customers who made them; those that are not known are not counted.
    #[schema(example = 9)]
    askers: i64,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for Demand {
    fn from(row: Stored) -> Self {
        Demand {
            id: row.id,
            title: row.title,
            description: row.description,
            status: row.status,
            department_id: row.department_id,
            feedback_count: row.feedback_count,
            askers: row.askers,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Demand {
    fn versioned(row: Stored) -> Versioned<Self> {
        let version = row.version;
        Versioned::ok(row.into(), version)
    }
}

page_of!(DemandPage, Demand);

/// How a demand has moved.
#[derive(Debug, Serialize, ToSchema)]
struct DemandMove {
    #[schema(value_type = DemandStatusSchema)]
    from: String,
    #[schema(value_type = DemandStatusSchema)]
    to: String,
    #[schema(example = "排入第四季度版本")]
    note: Option<String>,
    moved_by: Option<Uuid>,
    moved_at: DateTime<Utc>,
}

impl From<Move> for DemandMove {
    fn from(row: Move) -> Self {
        DemandMove {
            from: row.from_status,
            to: row.to_status,
            note: row.note,
            moved_by: row.moved_by,
            moved_at: row.moved_at,
        }
    }
}

/// A demand with its way so far.
#[derive(Debug, Serialize, ToSchema)]
struct DemandHistory {
    #[serde(flatten)]
    demand: Demand,
    /// Oldest first.
    moves: Vec<DemandMove>,
}

/// A suggestion that asks for a demand.
#[derive(Debug, Serialize, ToSchema)]
struct AskingFeedback {
    id: Uuid,
    #[schema(example = "F000001")]
    number: String,
    customer_id: Option<Uuid>,
    /// How it begins; phone numbers and mail addresses in it are masked.
    #[schema(example = "建议报表能按月导出")]
    content: String,
    #[schema(value_type = StateSchema)]
    state: String,
    received_at: DateTime<Utc>,
}

impl From<Feedback> for AskingFeedback {
    fn from(row: Feedback) -> Self {
        AskingFeedback {
            id: row.id,
            number: row.number,
            customer_id: row.customer_id,
            content: excerpt(&mask_text(&row.content)),
            state: row.state,
            received_at: row.received_at,
        }
    }
}

page_of!(AskingFeedbackPage, AskingFeedback);

/// A demand that a feedback may ask for.
#[derive(Debug, Serialize, ToSchema)]
struct FittingDemand {
    demand: Demand,
    /// How much of the feedback stands in the demand too, weighed by how rare the words are, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.61)]
    score: f64,
}

/// Demands that a feedback may ask for, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
struct FittingDemands {
    items: Vec<FittingDemand>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateDemand {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "报表支持按月导出")]
    title: String,
    #[schema(nullable = false, min_length = 1, max_length = 10000, example = "销售和库存报表都要能选月份导出为表格")]
    description: Option<String>,
    /// The department that decides on it.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
}

/// Fields that are absent stay; those that are null are cleared.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchDemand {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "报表支持按月导出")]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct MoveDemand {
    #[schema(value_type = DemandStatusSchema)]
    status: DemandStatus,
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@prose", example = "排入第四季度版本")]
    note: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct AskingSuggestion {
    /// A suggestion.
    feedback_id: Uuid,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DemandParams {
    /// Only in this status.
    #[schema(value_type = Option<DemandStatusSchema>)]
    #[param(value_type = Option<DemandStatusSchema>)]
    status: Option<DemandStatus>,
    /// Only of this department.
    department_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Create a demand
#[utoipa::path(tag = "demands", operation_id = "create_demand", request_body = CreateDemand, security(("bearer" = [])),
    responses((status = 201, description = "The demand, `collected`", body = Demand, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the demand")))),
    extensions(("x-permission" = json!("demands:write")), ("x-errors" = json!(["department_not_found"]))))]
#[post("/demands")]
async fn create_demand(
    can: Can<may::DemandsWrite>,
    app: web::Data<App>,
    body: Body<CreateDemand>,
) -> ApiResult<Versioned<Demand>> {
    let CreateDemand { title, description, department_id } = body.0;
    let row = create(&app, &can.command()?, NewDemand { title, description, department_id }).await?;
    let (version, location) = (row.version, format!("/api/v1/demands/{}", row.id));
    Ok(Versioned::created(row.into(), version, location))
}

/// List demands
#[utoipa::path(tag = "demands", operation_id = "list_demands", params(DemandParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of demands", body = DemandPage)),
    extensions(("x-permission" = json!("demands:read"))))]
#[get("/demands")]
async fn list_demands(
    _can: Can<may::DemandsRead>,
    app: web::Data<App>,
    params: Params<DemandParams>,
) -> ApiResult<web::Json<DemandPage>> {
    let DemandParams { status, department_id, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let page = demands::list(&app.db, Filter { status, department_id }, page).await?;
    Ok(web::Json(page.map(Demand::from).into()))
}

/// Read a demand
///
/// With its way so far.
#[utoipa::path(tag = "demands", operation_id = "get_demand", params(("id" = Uuid, Path, description = "The demand")), security(("bearer" = [])),
    responses((status = 200, description = "The demand", body = DemandHistory, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("demands:read")), ("x-errors" = json!(["demand_not_found"]))))]
#[get("/demands/{id}")]
async fn get_demand(_can: Can<may::DemandsRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<DemandHistory>> {
    let row = demands::find(&app.db, id.0).await?.ok_or(Code::DemandNotFound)?;
    let moves = demands::moves(&app.db, row.id).await?.into_iter().map(DemandMove::from).collect();
    let version = row.version;
    Ok(Versioned::ok(DemandHistory { demand: row.into(), moves }, version))
}

/// Change a demand
///
/// Merge semantics: absent fields stay, null clears.
#[utoipa::path(tag = "demands", operation_id = "update_demand", params(("id" = Uuid, Path, description = "The demand")),
    request_body = PatchDemand, security(("bearer" = [])),
    responses((status = 200, description = "The demand", body = Demand, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("demands:manage")), ("x-errors" = json!(["demand_not_found", "department_not_found"]))))]
#[patch("/demands/{id}")]
async fn update_demand(
    can: Can<may::DemandsManage>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchDemand>,
) -> ApiResult<Versioned<Demand>> {
    let PatchDemand { title, description, department_id } = body.0;
    let change = Change { title, description, department_id };
    Ok(Demand::versioned(update(&app, &can.command()?, id.0, change).await?))
}

/// Move a demand
///
/// Every customer who asked for it is told, once for each status: in the customer's timeline, by the event
/// `demand.notice`, and the customer's owner by a notification. What was released stays released; what was declined is
/// taken up again as `collected` or `planned`.
#[utoipa::path(tag = "demands", operation_id = "move_demand", params(("id" = Uuid, Path, description = "The demand")),
    request_body = MoveDemand, security(("bearer" = [])),
    responses((status = 200, description = "The demand", body = Demand, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("demands:manage")), ("x-errors" = json!(["demand_not_found", "demand_status"]))))]
#[post("/demands/{id}/move")]
async fn move_demand(
    can: Can<may::DemandsManage>,
    app: web::Data<App>,
    id: Id,
    body: Body<MoveDemand>,
) -> ApiResult<Versioned<Demand>> {
    let MoveDemand { status, note } = body.0;
    Ok(Demand::versioned(move_to(&app, &can.command()?, id.0, status, note).await?))
}

/// Let a suggestion ask for a demand
///
/// Said twice it is said once.
#[utoipa::path(tag = "demands", operation_id = "attach_demand_feedback", params(("id" = Uuid, Path, description = "The demand")),
    request_body = AskingSuggestion, security(("bearer" = [])),
    responses((status = 200, description = "The demand", body = Demand, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("demands:write")), ("x-errors" = json!(["demand_not_found", "feedback_not_found", "not_a_suggestion"]))))]
#[post("/demands/{id}/feedback")]
async fn attach_demand_feedback(
    can: Can<may::DemandsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<AskingSuggestion>,
) -> ApiResult<Versioned<Demand>> {
    Ok(Demand::versioned(attach(&app, &can.command()?, id.0, body.0.feedback_id).await?))
}

/// Take a suggestion off a demand
#[utoipa::path(tag = "demands", operation_id = "detach_demand_feedback", params(("id" = Uuid, Path, description = "The demand")),
    request_body = AskingSuggestion, security(("bearer" = [])),
    responses((status = 200, description = "The demand", body = Demand, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("demands:write")), ("x-errors" = json!(["demand_not_found", "feedback_not_found"]))))]
#[post("/demands/{id}/detach")]
async fn detach_demand_feedback(
    can: Can<may::DemandsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<AskingSuggestion>,
) -> ApiResult<Versioned<Demand>> {
    Ok(Demand::versioned(detach(&app, &can.command()?, id.0, body.0.feedback_id).await?))
}

/// List the suggestions that ask for a demand
#[utoipa::path(tag = "demands", operation_id = "list_demand_feedback", params(("id" = Uuid, Path, description = "The demand"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of those within reach", body = AskingFeedbackPage)),
    extensions(("x-permission" = json!("demands:read")), ("x-errors" = json!(["demand_not_found"]))))]
#[get("/demands/{id}/feedback")]
async fn list_demand_feedback(
    can: Can<may::DemandsRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<AskingFeedbackPage>> {
    let demand = demands::find(&app.db, id.0).await?.ok_or(Code::DemandNotFound)?;
    let page = demands::feedback_of(&app.db, can.scope(), demand.id, params.0.request()?).await?;
    Ok(web::Json(page.map(AskingFeedback::from).into()))
}

/// Find demands that a feedback asks for
#[utoipa::path(tag = "demands", operation_id = "list_similar_demands", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The five likeliest", body = FittingDemands)),
    extensions(("x-permission" = json!("demands:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/similar-demands")]
async fn list_similar_demands(
    can: Can<may::DemandsRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<FittingDemands>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let found = fitting(&app.db, &feedback.content, OFFERED).await?;
    let items = found.into_iter().map(|(demand, score)| FittingDemand { demand: demand.into(), score }).collect();
    Ok(web::Json(FittingDemands { items }))
}
