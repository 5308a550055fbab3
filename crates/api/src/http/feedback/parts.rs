use std::collections::HashMap;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::PartState;
use huiyin_persistence::feedback::parts::{self, Filter};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::Deadline;
use crate::http::support::enums::{PartRoleSchema, PartStateSchema};
use crate::http::support::page::page_of;
use crate::http::support::{ApiError, ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::parts::{Action, NewPart, PartView, act, add};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_feedback_parts)
        .service(get_feedback_parts)
        .service(add_feedback_part)
        .service(accept_feedback_part)
        .service(finish_feedback_part)
        .service(reject_feedback_part)
        .service(cancel_feedback_part);
}

/// What one department does for a feedback (分工), on a clock of its own.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackPart {
    id: Uuid,
    feedback_id: Uuid,
    department_id: Uuid,
    #[schema(value_type = PartRoleSchema)]
    role: String,
    /// Who has taken it; null while it is pooled in the department.
    handler_id: Option<Uuid>,
    /// What the lead asks for.
    #[schema(example = "请核对合同中的折扣条款")]
    task: Option<String>,
    #[schema(value_type = PartStateSchema)]
    state: String,
    /// What was said when it ended.
    #[schema(example = "折扣条款已核对，可以按九折执行")]
    note: Option<String>,
    /// How often the feedback had been reopened when it began.
    #[schema(example = 0)]
    round: i32,
    started_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Null where no policy was in force when it began.
    clock: Option<Deadline>,
}

impl FeedbackPart {
    fn of(view: PartView) -> Self {
        let PartView { part: row, clock } = view;
        FeedbackPart {
            id: row.id,
            feedback_id: row.feedback_id,
            department_id: row.department_id,
            role: row.role,
            handler_id: row.handler_id,
            task: row.task,
            state: row.state,
            note: row.note,
            round: row.round,
            started_at: row.started_at,
            accepted_at: row.accepted_at,
            ended_at: row.ended_at,
            clock: clock.map(Deadline::from),
        }
    }

    fn versioned(view: PartView) -> Versioned<Self> {
        let version = view.part.version;
        Versioned::ok(Self::of(view), version)
    }
}

page_of!(FeedbackPartPage, FeedbackPart);

/// All parts of one feedback.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackParts {
    /// Oldest first.
    items: Vec<FeedbackPart>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PartParams {
    /// Only in this state; `open` unless given.
    #[schema(value_type = Option<PartStateSchema>)]
    #[param(value_type = Option<PartStateSchema>)]
    state: Option<PartState>,
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

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct AddPart {
    department_id: Uuid,
    /// One person of that department; without, whoever there accepts it first.
    handler_id: Option<Uuid>,
    /// What is asked for.
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "请核对合同中的折扣条款")]
    task: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FinishPart {
    /// What has been done.
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "折扣条款已核对，可以按九折执行")]
    note: String,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct EndPart {
    /// Why.
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "不属于本部门职责")]
    reason: String,
}

/// List the parts of collaborating departments
///
/// What is asked of the caller's department, or of all departments within reach; the parts of leads stand in the
/// pool, as their feedback.
#[utoipa::path(tag = "feedback", operation_id = "list_feedback_parts", params(PartParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of parts within reach", body = FeedbackPartPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/parts")]
async fn list_feedback_parts(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<PartParams>,
) -> ApiResult<web::Json<FeedbackPartPage>> {
    let PartParams { state, department_id, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let filter = Filter { state: state.unwrap_or(PartState::Open), department_id };
    let page = parts::list(&app.db, can.scope(), filter, page).await?;
    let feedback = page.items.iter().map(|part| part.feedback_id).collect();
    let items = shown(&app, feedback, page.items).await?;
    Ok(web::Json(Page { items, next: page.next }.into()))
}

async fn shown(app: &App, feedback: Vec<Uuid>, rows: Vec<parts::Part>) -> ApiResult<Vec<FeedbackPart>> {
    let clocks = clocks::all_of(&app.db, feedback).await?;
    let mut of: HashMap<Uuid, StoredClock> =
        clocks.into_iter().filter_map(|clock| Some((clock.part_id?, clock))).collect();
    let view = |part: parts::Part| PartView { clock: of.remove(&part.id), part };
    Ok(rows.into_iter().map(view).map(FeedbackPart::of).collect())
}

/// Read the parts of a feedback
///
/// What each department has done and does for it: the lead, once for each stretch in which it had the feedback, and the
/// collaborators.
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_parts", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The parts", body = FeedbackParts)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/parts")]
async fn get_feedback_parts(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<FeedbackParts>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let rows = parts::of_feedback(&app.db, feedback.id).await?;
    Ok(web::Json(FeedbackParts { items: shown(&app, vec![feedback.id], rows).await? }))
}

/// Ask another department for its part
///
/// By whoever works on the feedback for the lead. The department sees the feedback from then on, and works on its part
/// alone; the feedback is not resolved before that is done, sent back or cancelled.
#[utoipa::path(tag = "feedback", operation_id = "add_feedback_part", params(("id" = Uuid, Path, description = "The feedback")),
    request_body = AddPart, security(("bearer" = [])),
    responses((status = 201, description = "The part", body = FeedbackPart, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the parts")))),
    extensions(("x-permission" = json!("feedback:handle")),
        ("x-errors" = json!(["feedback_not_found", "department_not_found", "user_not_found", "feedback_state", "not_yours", "part_exists", "handler_outside_department"]))))]
#[post("/feedback/{id}/parts")]
async fn add_feedback_part(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<AddPart>,
) -> ApiResult<Versioned<FeedbackPart>> {
    let Body(AddPart { department_id, handler_id, task }) = body;
    let view = add(&app, &can.command()?, id.0, NewPart { department_id, handler_id, task }).await?;
    let (version, location) = (view.part.version, format!("/api/v1/feedback/{}/parts", id.0));
    Ok(Versioned::created(FeedbackPart::of(view), version, location))
}

/// A part of a feedback in the path.
struct PartPath {
    id: Uuid,
    part_id: Uuid,
}

impl FromRequest for PartPath {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = |name: &str| {
            let text = request.match_info().get(name).unwrap_or_default();
            let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
            parsed.ok_or_else(|| Fault::new(Code::InvalidFormat).at(format!("#path/{name}")).with("expected", "uuid"))
        };
        std::future::ready(match (read("id"), read("part_id")) {
            (Ok(id), Ok(part_id)) => Ok(PartPath { id, part_id }),
            (id, part_id) => Err([id.err(), part_id.err()].into_iter().flatten().collect::<Vec<_>>().into()),
        })
    }
}

/// Accept a part
///
/// Somebody of the collaborating department takes it.
#[utoipa::path(tag = "feedback", operation_id = "accept_feedback_part", params(("id" = Uuid, Path, description = "The feedback"), ("part_id" = Uuid, Path, description = "The part")), security(("bearer" = [])),
    responses((status = 200, description = "The part, `accepted`", body = FeedbackPart, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "part_not_found", "part_state", "part_of_lead", "not_yours"]))))]
#[post("/feedback/{id}/parts/{part_id}/accept")]
async fn accept_feedback_part(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    path: PartPath,
) -> ApiResult<Versioned<FeedbackPart>> {
    let view = act(&app, &can.command()?, path.id, path.part_id, Action::Accept, None).await?;
    Ok(FeedbackPart::versioned(view))
}

/// Finish a part
///
/// The collaborating department has done what was asked of it; its clock stops.
#[utoipa::path(tag = "feedback", operation_id = "finish_feedback_part", params(("id" = Uuid, Path, description = "The feedback"), ("part_id" = Uuid, Path, description = "The part")),
    request_body = FinishPart, security(("bearer" = [])),
    responses((status = 200, description = "The part, `done`", body = FeedbackPart, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "part_not_found", "part_state", "part_of_lead", "not_yours"]))))]
#[post("/feedback/{id}/parts/{part_id}/finish")]
async fn finish_feedback_part(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    path: PartPath,
    body: Body<FinishPart>,
) -> ApiResult<Versioned<FeedbackPart>> {
    let view = act(&app, &can.command()?, path.id, path.part_id, Action::Finish, Some(body.0.note)).await?;
    Ok(FeedbackPart::versioned(view))
}

/// Reject a part
///
/// The collaborating department sends it back to the lead, with the reason.
#[utoipa::path(tag = "feedback", operation_id = "reject_feedback_part", params(("id" = Uuid, Path, description = "The feedback"), ("part_id" = Uuid, Path, description = "The part")),
    request_body = EndPart, security(("bearer" = [])),
    responses((status = 200, description = "The part, `rejected`", body = FeedbackPart, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "part_not_found", "part_state", "part_of_lead", "not_yours"]))))]
#[post("/feedback/{id}/parts/{part_id}/reject")]
async fn reject_feedback_part(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    path: PartPath,
    body: Body<EndPart>,
) -> ApiResult<Versioned<FeedbackPart>> {
    let view = act(&app, &can.command()?, path.id, path.part_id, Action::Reject, Some(body.0.reason)).await?;
    Ok(FeedbackPart::versioned(view))
}

/// Cancel a part
///
/// By whoever works on the feedback for the lead.
#[utoipa::path(tag = "feedback", operation_id = "cancel_feedback_part", params(("id" = Uuid, Path, description = "The feedback"), ("part_id" = Uuid, Path, description = "The part")),
    request_body = EndPart, security(("bearer" = [])),
    responses((status = 200, description = "The part, `cancelled`", body = FeedbackPart, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["feedback_not_found", "part_not_found", "part_state", "part_of_lead", "not_yours"]))))]
#[post("/feedback/{id}/parts/{part_id}/cancel")]
async fn cancel_feedback_part(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    path: PartPath,
    body: Body<EndPart>,
) -> ApiResult<Versioned<FeedbackPart>> {
    let view = act(&app, &can.command()?, path.id, path.part_id, Action::Cancel, Some(body.0.reason)).await?;
    Ok(FeedbackPart::versioned(view))
}
