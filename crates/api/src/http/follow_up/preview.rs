use actix_web::{get, post, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::plan::Definition;
use huiyin_domain::follow_up::{Assignment, CatchUp, FollowUpMethod, TaskPriority};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::plan_body::NewTouchpoint;
use super::trigger::AssignmentBody;
use crate::http::support::condition::Condition;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::follow_up::preview::{self, Position, Question};

pub fn routes(config: &mut ServiceConfig) {
    config.service(preview_follow_up_plan).service(preview_stored_follow_up_plan);
}

/// Days that are looked ahead unless asked otherwise.
const DAYS: u32 = 30;

/// A plan as it is to be: about the members of a segment, or about whoever satisfies a condition; exactly one of the two.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewFollowUpPlan {
    #[schema(nullable = false)]
    segment_id: Option<Uuid>,
    #[schema(nullable = false)]
    condition: Option<Condition>,
    #[schema(min_items = 1, max_items = 20)]
    touchpoints: Vec<NewTouchpoint>,
    /// The customer's owner unless given.
    #[schema(nullable = false)]
    assignment: Option<AssignmentBody>,
    /// Whose plan it is: the own department's for those who do not reach everything, else the whole firm's unless given.
    department_id: Option<Uuid>,
    /// How many days are looked ahead, today included; 30 unless given.
    #[schema(nullable = false, minimum = 1, maximum = 90, example = 30)]
    days: Option<u32>,
    /// `next_cursor` of the page before, of the same plan.
    #[schema(nullable = false, min_length = 24, max_length = 4000, pattern = "@position")]
    cursor: Option<String>,
    /// Contacts a page; 50 unless given.
    #[schema(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FollowUpPreviewParams {
    /// How many days are looked ahead, today included; 30 unless given.
    #[schema(minimum = 1, maximum = 90)]
    #[param(minimum = 1, maximum = 90)]
    days: Option<u32>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 24, max_length = 4000, pattern = "@position")]
    #[param(min_length = 24, max_length = 4000, pattern = "@position")]
    cursor: Option<String>,
    /// Contacts a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// So many contacts of a touchpoint on a day.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewedDay {
    on: NaiveDate,
    /// The place of the touchpoint in the plan, from 0.
    #[schema(example = 0)]
    touchpoint: usize,
    #[schema(example = 1200)]
    tasks: i64,
}

/// So many contacts in somebody's hands.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewedShare {
    /// Null: they lie in the department's pool.
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
    #[schema(example = 24)]
    tasks: i64,
}

/// A customer that would be contacted.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewedContact {
    customer_id: Uuid,
    #[schema(example = "C000128")]
    number: String,
    #[schema(example = "上海明远贸易有限公司")]
    name: String,
    on: NaiveDate,
    /// The place of the touchpoint in the plan, from 0.
    #[schema(example = 0)]
    touchpoint: usize,
    /// Null: it would lie in the department's pool, or goes by turn or load, which is decided when the task is made.
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
}

/// Which follow-ups the coming days would bring, of customers within reach.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpPreview {
    from: NaiveDate,
    /// The last day that is looked at.
    to: NaiveDate,
    #[schema(example = 36000)]
    total: i64,
    /// By day and touchpoint, those without contacts left out.
    days: Vec<PreviewedDay>,
    /// In whose hands they would come, as people are present now; most first.
    shares: Vec<PreviewedShare>,
    /// By day, touchpoint and customer.
    contacts: Vec<PreviewedContact>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

impl From<preview::Preview> for FollowUpPreview {
    fn from(seen: preview::Preview) -> Self {
        let share = |(place, tasks): (crate::usecases::follow_up::assignment::Place, i64)| PreviewedShare {
            assignee_id: place.assignee_id,
            department_id: place.department_id,
            tasks,
        };
        let contact = |contact: preview::Contact| PreviewedContact {
            customer_id: contact.customer_id,
            number: contact.number,
            name: contact.name,
            on: contact.on,
            touchpoint: contact.touchpoint,
            assignee_id: contact.place.assignee_id,
            department_id: contact.place.department_id,
        };
        let day = |day: preview::DayCount| PreviewedDay { on: day.on, touchpoint: day.touchpoint, tasks: day.tasks };
        FollowUpPreview {
            from: seen.from,
            to: seen.to,
            total: seen.total,
            days: seen.days.into_iter().map(day).collect(),
            shares: seen.places.into_iter().filter(|(_, tasks)| *tasks > 0).map(share).collect(),
            contacts: seen.contacts.into_iter().map(contact).collect(),
            next_cursor: seen.next.map(|position| encode(&position)),
        }
    }
}

fn encode(position: &Position) -> String {
    let Position { on, touchpoint, occasion, customer, event } = position;
    URL_SAFE_NO_PAD.encode(format!("{on}|{touchpoint}|{occasion}|{customer}|{event}"))
}

fn decode(cursor: &str, pointer: &'static str) -> Result<Position, Fault> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let [on, touchpoint, occasion, customer, event] = text.splitn(5, '|').collect::<Vec<_>>().try_into().ok()?;
        Some(Position {
            on: on.parse().ok()?,
            touchpoint: touchpoint.parse().ok()?,
            occasion: occasion.to_owned(),
            customer: customer.parse().ok()?,
            // No text of the database has one.
            event: event.replace('\0', ""),
        })
    };
    read().ok_or_else(|| Fault::new(Code::CursorMismatch).at(pointer))
}

fn size(limit: Option<i64>) -> ApiResult<usize> {
    let page = PageParams { cursor: None, limit }.request()?;
    Ok(usize::try_from(page.limit).unwrap_or_default())
}

/// See what a follow-up plan would bring
///
/// Which tasks the coming days would bring if it started now, for whom and in whose hands; nothing is stored. Audience,
/// owners and absences are those of now. What goes by events cannot be foreseen, and contact limits are asked on the day.
/// Whoever may not see personal data asks for nothing that goes by it: the answer would tell.
#[utoipa::path(tag = "follow-up plans", operation_id = "preview_follow_up_plan", request_body = PreviewFollowUpPlan, security(("bearer" = [])),
    responses((status = 200, description = "What it would bring", body = FollowUpPreview)),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["cursor_mismatch", "plan_conflict", "plan_not_yours", "date_field_unknown", "department_not_found", "segment_not_found", "user_not_found", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/follow-up-plans/preview")]
async fn preview_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    body: Body<PreviewFollowUpPlan>,
) -> ApiResult<web::Json<FollowUpPreview>> {
    let body = body.0;
    let after = body.cursor.as_deref().map(|cursor| decode(cursor, "/cursor")).transpose()?;
    let definition = Definition {
        name: String::new(),
        description: None,
        segment_id: body.segment_id,
        condition: body.condition.map(|condition| condition.0),
        purpose: Purpose::Service,
        method: FollowUpMethod::Phone,
        script_id: None,
        priority: TaskPriority::Normal,
        assignment: body.assignment.map_or(Assignment::Owner, |assignment| assignment.0),
        department_id: body.department_id,
        catch_up: CatchUp::Late,
        goal: None,
        incentive: None,
    };
    let touchpoints = body.touchpoints.into_iter().map(Into::into).collect();
    let command = can.command()?;
    let question = Question::of_draft(&app, &command, definition, touchpoints, body.days.unwrap_or(DAYS)).await?;
    let seen = preview::preview(&app, &question, can.now, after, size(body.limit)?).await?;
    Ok(web::Json(seen.into()))
}

/// See what a stored follow-up plan will bring
///
/// As with a plan in the body, beginning with what has not been seen to; of a draft or a paused plan, as if it went on now.
/// What goes by events is shown as far as they have happened.
#[utoipa::path(tag = "follow-up plans", operation_id = "preview_stored_follow_up_plan",
    params(("id" = Uuid, Path, description = "The plan"), FollowUpPreviewParams), security(("bearer" = [])),
    responses((status = 200, description = "What it will bring", body = FollowUpPreview)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found", "cursor_mismatch"]))))]
#[get("/follow-up-plans/{id}/preview")]
async fn preview_stored_follow_up_plan(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<FollowUpPreviewParams>,
) -> ApiResult<web::Json<FollowUpPreview>> {
    let FollowUpPreviewParams { days, cursor, limit } = params.0;
    let after = cursor.as_deref().map(|cursor| decode(cursor, "#query/cursor")).transpose()?;
    let question = Question::of_stored(&app, &can.actor, id.0, can.now, days.unwrap_or(DAYS)).await?;
    let seen = preview::preview(&app, &question, can.now, after, size(limit)?).await?;
    Ok(web::Json(seen.into()))
}
