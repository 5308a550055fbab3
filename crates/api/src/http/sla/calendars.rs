use actix_web::{get, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::sla::CalendarSpec;
use huiyin_persistence::sla::calendars::{self, StoredCalendar};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::spec::CalendarBody;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::sla::calendars::{create, replace};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_calendars).service(create_calendar).service(get_calendar).service(put_calendar);
}

/// A stored calendar (工作日历).
#[derive(Debug, Serialize, ToSchema)]
struct Calendar {
    id: Uuid,
    #[schema(example = "中国大陆工作日历")]
    name: String,
    /// Whether it came with the program; it may be changed all the same.
    built_in: bool,
    calendar: CalendarBody,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Calendar {
    fn of(row: StoredCalendar) -> ApiResult<Self> {
        let spec: CalendarSpec = from_json(&row.spec)?;
        let StoredCalendar { id, name, built_in, created_at, updated_at, .. } = row;
        Ok(Calendar { id, name, built_in, calendar: spec.into(), created_at, updated_at })
    }
}

page_of!(CalendarPage, Calendar);

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct WriteCalendar {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "客服排班日历")]
    name: String,
    calendar: CalendarBody,
}

/// List calendars
#[utoipa::path(tag = "sla", operation_id = "list_calendars", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of calendars", body = CalendarPage)),
    extensions(("x-permission" = json!("sla:read"))))]
#[get("/sla/calendars")]
async fn list_calendars(
    _can: Can<may::SlaRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<CalendarPage>> {
    let page = calendars::list(&app.db, params.0.request()?).await?;
    let items = page.items.into_iter().map(Calendar::of).collect::<ApiResult<_>>()?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next: page.next }.into()))
}

/// Create a calendar
#[utoipa::path(tag = "sla", operation_id = "create_calendar", request_body = WriteCalendar, security(("bearer" = [])),
    responses((status = 201, description = "The calendar", body = Calendar, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the calendar")))),
    extensions(("x-permission" = json!("sla:configure")), ("x-errors" = json!(["name_taken", "calendar_conflict"]))))]
#[post("/sla/calendars")]
async fn create_calendar(
    can: Can<may::SlaConfigure>,
    app: web::Data<App>,
    body: Body<WriteCalendar>,
) -> ApiResult<Versioned<Calendar>> {
    let row = create(&app, &can.command()?, body.0.name, body.0.calendar.into()).await?;
    let (version, location) = (row.version, format!("/api/v1/sla/calendars/{}", row.id));
    Ok(Versioned::created(Calendar::of(row)?, version, location))
}

/// Read a calendar
#[utoipa::path(tag = "sla", operation_id = "get_calendar", params(("id" = Uuid, Path, description = "The calendar")), security(("bearer" = [])),
    responses((status = 200, description = "The calendar", body = Calendar, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("sla:read")), ("x-errors" = json!(["calendar_not_found"]))))]
#[get("/sla/calendars/{id}")]
async fn get_calendar(_can: Can<may::SlaRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Calendar>> {
    let row = calendars::find(&app.db, id.0).await?.ok_or(Code::CalendarNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(Calendar::of(row)?, version))
}

/// Replace a calendar
///
/// Open deadlines that go by it are computed anew in the background, and each change is recorded; what is closed
/// keeps the deadline it had.
#[utoipa::path(tag = "sla", operation_id = "put_calendar", params(("id" = Uuid, Path, description = "The calendar")),
    request_body = WriteCalendar, security(("bearer" = [])),
    responses((status = 200, description = "The calendar", body = Calendar, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("sla:configure")), ("x-errors" = json!(["calendar_not_found", "name_taken", "calendar_conflict"]))))]
#[put("/sla/calendars/{id}")]
async fn put_calendar(
    can: Can<may::SlaConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<WriteCalendar>,
) -> ApiResult<Versioned<Calendar>> {
    let row = replace(&app, &can.command()?, id.0, body.0.name, body.0.calendar.into()).await?;
    let version = row.version;
    Ok(Versioned::ok(Calendar::of(row)?, version))
}
