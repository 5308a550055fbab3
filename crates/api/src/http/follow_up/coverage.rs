use std::collections::HashMap;

use actix_web::{get, web};
use chrono::{Days, NaiveDate};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::coverage::{CoverageBy, Figures, Period};
use huiyin_domain::follow_up::plan::Goal;
use huiyin_persistence::follow_up::coverage::{self, Field};
use huiyin_persistence::follow_up::plans;
use huiyin_persistence::support::from_json;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::coverage_body::{Coverage, CoverageRow, GoalProgress};
use crate::http::support::enums::CoverageBySchema;
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_coverage).service(get_plan_coverage).service(get_plan_goal);
}

/// Days that are looked back unless said.
const LOOK_BACK: u64 = 89;
/// The last day of a period is so many after its first at most.
const LONGEST: u64 = 365;

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CoverageParams {
    /// Tasks first due on this local day and later; of 90 days up to `to`, or up to today where that is not given either.
    #[param(example = "2026-07-01")]
    from: Option<NaiveDate>,
    /// Tasks first due on this local day and earlier; today unless given, and of one plan up to the last there is.
    #[param(example = "2026-09-30")]
    to: Option<NaiveDate>,
    /// By what it is divided.
    #[schema(value_type = Option<CoverageBySchema>)]
    #[param(value_type = Option<CoverageBySchema>)]
    by: Option<CoverageBy>,
    /// Only of this plan.
    plan_id: Option<Uuid>,
    /// Only of this department.
    department_id: Option<Uuid>,
    /// Only of this person.
    assignee_id: Option<Uuid>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PlanCoverageParams {
    /// Tasks first due on this local day and later; of the last 90 days unless given.
    #[param(example = "2026-07-01")]
    from: Option<NaiveDate>,
    /// Tasks first due on this local day and earlier; unless given up to the last there is.
    #[param(example = "2026-09-30")]
    to: Option<NaiveDate>,
    /// By what it is divided.
    #[schema(value_type = Option<CoverageBySchema>)]
    #[param(value_type = Option<CoverageBySchema>)]
    by: Option<CoverageBy>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct GoalParams {
    /// Tasks first due on this local day and later; of the last 90 days unless given.
    #[param(example = "2026-07-01")]
    from: Option<NaiveDate>,
    /// Tasks first due on this local day and earlier; unless given up to the last there is.
    #[param(example = "2026-09-30")]
    to: Option<NaiveDate>,
}

fn period(
    app: &App,
    can: &Can<may::FollowUpRead>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> ApiResult<Period> {
    let to = to.unwrap_or_else(|| app.local_date(can.now));
    let from = from.unwrap_or_else(|| to.checked_sub_days(Days::new(LOOK_BACK)).unwrap_or(to));
    Ok(Period::new(from, to, "#query/to")?)
}

/// The period of a plan: what has been done ahead of its last day counts, so it goes as far as there are tasks.
async fn period_of_plan(
    app: &App,
    can: &Can<may::FollowUpRead>,
    plan: Uuid,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> ApiResult<Period> {
    if to.is_some() {
        return period(app, can, from, to);
    }
    let today = app.local_date(can.now);
    let last = coverage::last_due(&app.db, plan).await?.map_or(today, |last| app.local_date(last).max(today));
    let Some(start) = from else {
        let start = today.checked_sub_days(Days::new(LOOK_BACK)).unwrap_or(today);
        let furthest = start.checked_add_days(Days::new(LONGEST)).unwrap_or(last);
        return period(app, can, Some(start), Some(last.min(furthest)));
    };
    period(app, can, Some(start), Some(last.max(start)))
}

/// The tasks of a period within reach.
fn field(app: &App, can: &Can<may::FollowUpRead>, period: Period, plan_id: Option<Uuid>) -> Field {
    let (from, until) = period.moments(app.config.time_zone);
    Field { scope: can.scope(), plan_id, department_id: None, assignee_id: None, from, until }
}

async fn coverage_of(
    app: &App,
    can: &Can<may::FollowUpRead>,
    field: Field,
    period: Period,
    by: Option<CoverageBy>,
) -> ApiResult<web::Json<Coverage>> {
    let (total, rows) = match by {
        None => (coverage::total(&app.db, &field, can.now).await?, Vec::new()),
        Some(by) if by.is_time() => by_time(app, can, &field, period, by).await?,
        Some(by) => by_key(app, can, &field, by).await?,
    };
    Ok(web::Json(Coverage { from: period.from, to: period.to, total: total.into(), by, rows }))
}

fn sum<'a>(figures: impl Iterator<Item = &'a Figures>) -> Figures {
    figures.copied().fold(Figures::default(), Figures::plus)
}

async fn by_time(
    app: &App,
    can: &Can<may::FollowUpRead>,
    field: &Field,
    period: Period,
    by: CoverageBy,
) -> ApiResult<(Figures, Vec<CoverageRow>)> {
    let parts = period.parts(by);
    let moments: Vec<_> = parts.iter().map(|part| part.moments(app.config.time_zone)).collect();
    let counted: HashMap<usize, Figures> =
        coverage::by_part(&app.db, field, &moments, can.now).await?.into_iter().collect();
    let row = |(place, part): (usize, Period)| CoverageRow {
        id: None,
        name: None,
        from: Some(part.from),
        to: Some(part.to),
        figures: counted.get(&place).copied().unwrap_or_default().into(),
    };
    let rows = parts.into_iter().enumerate().map(row).collect();
    Ok((sum(counted.values()), rows))
}

async fn by_key(
    app: &App,
    can: &Can<may::FollowUpRead>,
    field: &Field,
    by: CoverageBy,
) -> ApiResult<(Figures, Vec<CoverageRow>)> {
    let mut counted = coverage::by_key(&app.db, field, by, can.now).await?;
    counted.sort_by_key(|(id, figures)| (std::cmp::Reverse(figures.due()), *id));
    let ids = counted.iter().filter_map(|(id, _)| *id).collect();
    let mut names: HashMap<Uuid, String> = coverage::names(&app.db, by, ids).await?.into_iter().collect();
    let total = sum(counted.iter().map(|(_, figures)| figures));
    let row = |(id, figures): (Option<Uuid>, Figures)| CoverageRow {
        id,
        name: id.and_then(|id| names.remove(&id)),
        from: None,
        to: None,
        figures: figures.into(),
    };
    Ok((total, counted.into_iter().map(row).collect()))
}

/// Show the coverage of follow-ups
///
/// Of the tasks within reach whose first deadline lies in the period, 366 days at most: postponing moves none into another.
/// Scores are those of their records. `GET /follow-up-plans/{id}/coverage` counts the same for one plan.
#[utoipa::path(tag = "follow-up figures", operation_id = "get_follow_up_coverage", params(CoverageParams), security(("bearer" = [])),
    responses((status = 200, description = "The coverage", body = Coverage)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["period_invalid"]))))]
#[get("/follow-up/coverage")]
async fn get_coverage(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<CoverageParams>,
) -> ApiResult<web::Json<Coverage>> {
    let CoverageParams { from, to, by, plan_id, department_id, assignee_id } = params.0;
    let plan = match plan_id {
        Some(plan) => plans::find(&app.db, can.scope(), plan).await?,
        None => None,
    };
    let period = match plan {
        Some(plan) => period_of_plan(&app, &can, plan.id, from, to).await?,
        None => period(&app, &can, from, to)?,
    };
    let field = Field { department_id, assignee_id, ..field(&app, &can, period, plan_id) };
    coverage_of(&app, &can, field, period, by).await
}

/// Show the coverage of a plan
///
/// Of its tasks within reach whose first deadline lies in the period, 366 days at most.
#[utoipa::path(tag = "follow-up figures", operation_id = "get_follow_up_plan_coverage",
    params(("id" = Uuid, Path, description = "The plan"), PlanCoverageParams), security(("bearer" = [])),
    responses((status = 200, description = "The coverage", body = Coverage)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found", "period_invalid"]))))]
#[get("/follow-up-plans/{id}/coverage")]
async fn get_plan_coverage(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<PlanCoverageParams>,
) -> ApiResult<web::Json<Coverage>> {
    let PlanCoverageParams { from, to, by } = params.0;
    let plan = plans::find(&app.db, can.scope(), id.0).await?.ok_or(Code::PlanNotFound)?;
    let period = period_of_plan(&app, &can, plan.id, from, to).await?;
    coverage_of(&app, &can, field(&app, &can, period, Some(plan.id)), period, by).await
}

/// Show how far a plan's goal has come
///
/// Measured by the tasks within reach whose first deadline lies in the period, and by their records.
#[utoipa::path(tag = "follow-up figures", operation_id = "get_follow_up_plan_goal",
    params(("id" = Uuid, Path, description = "The plan"), GoalParams), security(("bearer" = [])),
    responses((status = 200, description = "The progress", body = GoalProgress)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found", "goal_not_found", "period_invalid"]))))]
#[get("/follow-up-plans/{id}/goal")]
async fn get_plan_goal(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<GoalParams>,
) -> ApiResult<web::Json<GoalProgress>> {
    let plan = plans::find(&app.db, can.scope(), id.0).await?.ok_or(Code::PlanNotFound)?;
    let Goal { metric, target } = from_json(plan.goal.as_ref().ok_or(Code::GoalNotFound)?)?;
    let period = period_of_plan(&app, &can, plan.id, params.0.from, params.0.to).await?;
    let figures = coverage::total(&app.db, &field(&app, &can, period, Some(plan.id)), can.now).await?;
    let (actual, count) = figures.metric(metric);
    let reached = actual.is_some_and(|actual| actual >= target);
    let Period { from, to } = period;
    Ok(web::Json(GoalProgress { metric, target, from, to, actual, count, reached }))
}
