use std::sync::Arc;

use actix_web::{HttpRequest, post, web};
use chrono::{DateTime, Datelike, Utc};
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_domain::sla::{Calendar, DueError, Pause, due};
use huiyin_persistence::sla::calendars;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::explanation::Explanation;
use super::spec::{CalendarBody, TargetBody};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::sla::calendars::parse;
use crate::usecases::sla::policies;

pub fn routes(config: &mut ServiceConfig) {
    config.service(preview_sla);
}

/// A stretch in which the clock stands still.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// By `calendar`, or by the stored calendar `calendar_id`, or, without both, by that of the policy in force.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Preview {
    calendar: Option<CalendarBody>,
    calendar_id: Option<Uuid>,
    #[schema(example = "2026-09-30T08:00:00Z")]
    start: DateTime<Utc>,
    target: TargetBody,
    #[serde(default)]
    #[schema(max_items = 200)]
    pauses: Vec<PauseBody>,
}

/// A computed deadline.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewResult {
    #[schema(example = "2026-10-12T10:00:00Z")]
    due_at: DateTime<Utc>,
    /// It depends on holidays that are not published yet.
    provisional: bool,
    explanation: Explanation,
}

async fn calendar_of(app: &App, body: &mut Preview) -> ApiResult<Arc<Calendar>> {
    if let Some(calendar) = body.calendar.take() {
        return Ok(Arc::new(parse(calendar.into(), "/calendar")?));
    }
    if let Some(id) = body.calendar_id {
        calendars::find(&app.db, id).await?.ok_or_else(|| Fault::new(Code::CalendarNotFound).at("/calendar_id"))?;
        return Ok(policies::calendar(app, &app.db, id).await?);
    }
    let effective = policies::in_force(app, &app.db).await?.ok_or(Code::PolicyNotFound)?;
    Ok(effective.calendar.clone())
}

/// Compute a deadline
///
/// From calendar, target, start and pauses, without storing anything. A target met exactly at closing time is due at
/// closing. `working_days` as Chinese civil law counts: the start day is not counted, due at the closing time of the
/// last day; a day counts when the clock runs at its closing. `business_hours` counts only time inside working hours.
#[utoipa::path(tag = "sla", operation_id = "preview_sla", request_body = Preview, security(("bearer" = [])),
    responses((status = 200, description = "The deadline and how it comes about", body = PreviewResult)),
    extensions(("x-permission" = json!("sla:read")),
        ("x-errors" = json!(["calendar_not_found", "policy_not_found", "calendar_out_of_reach", "calendar_conflict"]))))]
#[post("/sla/preview")]
async fn preview_sla(
    _can: Can<may::SlaRead>,
    app: web::Data<App>,
    body: Body<Preview>,
    request: HttpRequest,
) -> ApiResult<web::Json<PreviewResult>> {
    let mut body = body.0;
    let calendar = calendar_of(&app, &mut body).await?;
    let pauses: Vec<Pause> = body.pauses.iter().map(|pause| Pause { from: pause.from, to: Some(pause.to) }).collect();
    let due = due(&calendar, body.start, body.target.into(), &pauses).map_err(|error| match error {
        DueError::OutOfReach => Code::CalendarOutOfReach,
        DueError::Paused => Code::ClockPaused,
    })?;
    if due.at.year() > 9999 {
        // RFC 3339 cannot write it.
        return Err(Code::CalendarOutOfReach.into());
    }
    let explanation = Explanation::of(due.explanation, language(&request) == Lang::Zh)?;
    Ok(web::Json(PreviewResult { due_at: due.at, provisional: due.provisional, explanation }))
}
