use actix_web::{HttpResponse, get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{Actor, Scope};
use huiyin_domain::tiering::SegmentStatus;
use huiyin_domain::tiering::condition::Moment;
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::tiering::members;
use huiyin_persistence::tiering::search::Search;
use huiyin_persistence::tiering::segments::{self, Segment as Stored};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::customers::Customer;
use crate::http::support::condition::Condition;
use crate::http::support::enums::{RefreshStateSchema, SegmentStatusSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::tiering::preview::preview;
use crate::usecases::tiering::segments::{NewSegment, SegmentChange, create, refresh_now, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(preview_segment)
        .service(list_segments)
        .service(create_segment)
        .service(get_segment)
        .service(update_segment)
        .service(refresh_segment)
        .service(list_segment_members);
}

/// Customers that satisfy a condition (客户群). Entering and leaving are events.
#[derive(Debug, Serialize, ToSchema)]
struct Segment {
    id: Uuid,
    #[schema(example = "高价值沉默客户")]
    name: String,
    description: Option<String>,
    condition: Condition,
    /// Whether the condition compares personal data: then members are shown only to those who see their data.
    personal: bool,
    #[schema(value_type = SegmentStatusSchema)]
    status: String,
    #[schema(value_type = RefreshStateSchema)]
    refresh_state: String,
    /// All customers are held against the condition this often; those to whom something happens at once.
    #[schema(example = 24)]
    refresh_hours: i32,
    /// How many there are; null for those who do not reach all of them.
    #[schema(example = 1200)]
    members: Option<i64>,
    refreshed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// To whom members of a segment may be told, beside those within reach: by a count as well, one could find out what is
/// masked, or what is out of reach.
fn within(segment: &Stored, reader: &Actor) -> Option<Option<Scope>> {
    segment.personal.then(|| reader.personal_data_scope())
}

impl Segment {
    fn of(row: Stored, reader: &Actor) -> Self {
        let all = matches!(within(&row, reader), None | Some(Some(Scope::All))) && reader.scope() == Scope::All;
        Segment {
            id: row.id,
            name: row.name,
            description: row.description,
            condition: Condition(row.condition),
            personal: row.personal,
            status: row.status,
            refresh_state: row.refresh_state,
            refresh_hours: row.refresh_hours,
            members: all.then_some(row.members),
            refreshed_at: row.refreshed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(SegmentPage, Segment);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateSegment {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "高价值沉默客户")]
    name: String,
    #[schema(max_length = 2000)]
    description: Option<String>,
    condition: Condition,
    /// How often all customers are held against the condition; 24 unless given.
    #[schema(nullable = false, minimum = 1, maximum = 720, example = 24)]
    refresh_hours: Option<i32>,
}

/// Fields that are absent stay.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchSegment {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "高价值沉默客户")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Option<Option<String>>,
    #[schema(nullable = false)]
    condition: Option<Condition>,
    #[schema(nullable = false, minimum = 1, maximum = 720, example = 24)]
    refresh_hours: Option<i32>,
    #[schema(nullable = false, value_type = Option<SegmentStatusSchema>)]
    status: Option<SegmentStatus>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SegmentParams {
    /// Only those of this status.
    #[schema(value_type = Option<SegmentStatusSchema>)]
    #[param(value_type = Option<SegmentStatusSchema>)]
    status: Option<SegmentStatus>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List segments
#[utoipa::path(tag = "segments", operation_id = "list_segments", params(SegmentParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of segments", body = SegmentPage)),
    extensions(("x-permission" = json!("segments:read"))))]
#[get("/segments")]
async fn list_segments(
    can: Can<may::SegmentsRead>,
    app: web::Data<App>,
    params: Params<SegmentParams>,
) -> ApiResult<web::Json<SegmentPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let page = segments::list(&app.db, params.status.map(|status| status.to_string()), page).await?;
    Ok(web::Json(page.map(|row| Segment::of(row, &can.actor)).into()))
}

/// Create a segment
///
/// Its members are found at once in the background (`refresh_state`), and kept up to date from then on.
#[utoipa::path(tag = "segments", operation_id = "create_segment", request_body = CreateSegment, security(("bearer" = [])),
    responses((status = 201, description = "The segment", body = Segment, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the segment")))),
    extensions(("x-permission" = json!("segments:manage")), ("x-errors" = json!(["name_taken", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/segments")]
async fn create_segment(
    can: Can<may::SegmentsManage>,
    app: web::Data<App>,
    body: Body<CreateSegment>,
) -> ApiResult<Versioned<Segment>> {
    let CreateSegment { name, description, condition, refresh_hours } = body.0;
    let new = NewSegment { name, description, condition: condition.0, refresh_hours };
    let row = create(&app, &can.command()?, new).await?;
    let (version, location) = (row.version, format!("/api/v1/segments/{}", row.id));
    Ok(Versioned::created(Segment::of(row, &can.actor), version, location))
}

/// Read a segment
#[utoipa::path(tag = "segments", operation_id = "get_segment", params(("id" = Uuid, Path, description = "The segment")), security(("bearer" = [])),
    responses((status = 200, description = "The segment", body = Segment, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("segments:read")), ("x-errors" = json!(["segment_not_found"]))))]
#[get("/segments/{id}")]
async fn get_segment(can: Can<may::SegmentsRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Segment>> {
    let row = segments::find(&app.db, id.0).await?.ok_or(Code::SegmentNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(Segment::of(row, &can.actor), version))
}

/// Change a segment
///
/// With another condition all customers are looked at anew. An archived segment (`status`) keeps its members as they were.
#[utoipa::path(tag = "segments", operation_id = "update_segment", params(("id" = Uuid, Path, description = "The segment")),
    request_body = PatchSegment, security(("bearer" = [])),
    responses((status = 200, description = "The segment", body = Segment, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("segments:manage")), ("x-errors" = json!(["segment_not_found", "name_taken", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[patch("/segments/{id}")]
async fn update_segment(
    can: Can<may::SegmentsManage>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchSegment>,
) -> ApiResult<Versioned<Segment>> {
    let PatchSegment { name, description, condition, refresh_hours, status } = body.0;
    let condition = condition.map(|condition| condition.0);
    let change = SegmentChange { name, description, condition, refresh_hours, status };
    let row = update(&app, &can.command()?, id.0, change).await?;
    let version = row.version;
    Ok(Versioned::ok(Segment::of(row, &can.actor), version))
}

/// Hold all customers against the condition now
///
/// Answers at once; `refresh_state` tells when it is done. One that is under way is not begun again.
#[utoipa::path(tag = "segments", operation_id = "refresh_segment", params(("id" = Uuid, Path, description = "The segment")), security(("bearer" = [])),
    responses((status = 202, description = "The segment, to be refreshed", body = Segment)),
    extensions(("x-permission" = json!("segments:manage")), ("x-errors" = json!(["segment_not_found", "segment_archived"]))))]
#[post("/segments/{id}/refresh")]
async fn refresh_segment(can: Can<may::SegmentsManage>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    let row = refresh_now(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::Accepted().json(Segment::of(row, &can.actor)))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewSegment {
    condition: Condition,
}

/// Who would be in a segment, of those within reach.
#[derive(Serialize, ToSchema)]
struct SegmentPreview {
    #[schema(example = 1200)]
    count: u64,
    /// Whether they were counted; else the count is an estimate, because counting would have taken too long.
    exact: bool,
    /// Up to ten of them, newest first; none where looking for them would have taken too long.
    sample: Vec<Customer>,
}

/// Customers shown with a preview.
const SAMPLE: u64 = 10;

/// See whom a condition means
///
/// Counts those within reach, without storing anything; answers fast whatever their number.
#[utoipa::path(tag = "segments", operation_id = "preview_segment", request_body = PreviewSegment, security(("bearer" = [])),
    responses((status = 200, description = "Count and sample", body = SegmentPreview)),
    extensions(("x-permission" = json!("segments:read")), ("x-errors" = json!(["condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/segments/preview")]
async fn preview_segment(
    can: Can<may::SegmentsRead>,
    app: web::Data<App>,
    body: Body<PreviewSegment>,
) -> ApiResult<web::Json<SegmentPreview>> {
    let condition = body.0.condition.checked("/condition", &custom_fields::active(&app.db).await?)?;
    let moment = Moment { now: can.now, zone: app.config.time_zone };
    let search = Search {
        predicate: Some(condition.bind(moment)),
        within: condition.is_personal().then(|| can.actor.personal_data_scope()),
        ..Search::default()
    };
    let found = preview(&app, can.scope(), &search, SAMPLE).await?;
    let sample = found.sample.into_iter().map(|known| Customer::of(known, &can.actor, moment.today())).collect();
    Ok(web::Json(SegmentPreview { count: found.count, exact: found.exact, sample }))
}

/// A customer in a segment.
#[derive(Debug, Serialize, ToSchema)]
struct SegmentMember {
    customer: Customer,
    /// When it entered.
    since: DateTime<Utc>,
}

page_of!(SegmentMemberPage, SegmentMember);

/// List the members of a segment
///
/// Those within reach; of a segment whose condition compares personal data, those whose data one sees.
#[utoipa::path(tag = "segments", operation_id = "list_segment_members", params(("id" = Uuid, Path, description = "The segment"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of members", body = SegmentMemberPage)),
    extensions(("x-permission" = json!("segments:read")), ("x-errors" = json!(["segment_not_found"]))))]
#[get("/segments/{id}/members")]
async fn list_segment_members(
    can: Can<may::SegmentsRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<SegmentMemberPage>> {
    let page = params.0.request()?;
    let segment = segments::find(&app.db, id.0).await?.ok_or(Code::SegmentNotFound)?;
    let today = app.local_date(can.now);
    let page = members::page(&app.db, can.scope(), within(&segment, &can.actor), segment.id, page).await?;
    let page = page.map(|(known, since)| SegmentMember { customer: Customer::of(known, &can.actor, today), since });
    Ok(web::Json(page.into()))
}
