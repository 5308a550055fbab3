use std::collections::HashMap;

use actix_web::{get, patch, post, web};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::plan::Definition;
use huiyin_domain::follow_up::{Assignment, CatchUp, FollowUpMethod, PlanStatus, TaskPriority};
use huiyin_persistence::follow_up::plans::{self, Filter};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::plan_body::{FollowUpPlan, FollowUpPlanPage, NewTouchpoint, PatchTouchpoint, PlanGoal};
use super::trigger::AssignmentBody;
use crate::http::support::condition::Condition;
use crate::http::support::enums::{
    CatchUpSchema, FollowUpMethodSchema, PlanStatusSchema, PurposeSchema, TaskPrioritySchema,
};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::plans::{NewPlan, TouchpointChange, View, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_follow_up_plans)
        .service(create_follow_up_plan)
        .service(get_follow_up_plan)
        .service(update_follow_up_plan);
}

/// About the members of a segment, or about whoever satisfies a condition: exactly one of the two.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateFollowUpPlan {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "老客户季度回访")]
    name: String,
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(nullable = false)]
    segment_id: Option<Uuid>,
    #[schema(nullable = false)]
    condition: Option<Condition>,
    #[schema(min_items = 1, max_items = 20)]
    touchpoints: Vec<NewTouchpoint>,
    /// `service` unless given. What `marketing` plans may do is limited (`/follow-up-plans/contact-limits`).
    #[schema(nullable = false, value_type = Option<PurposeSchema>)]
    purpose: Option<Purpose>,
    #[schema(value_type = FollowUpMethodSchema)]
    method: FollowUpMethod,
    /// What is said and asked (话术).
    script_id: Option<Uuid>,
    /// `normal` unless given.
    #[schema(nullable = false, value_type = Option<TaskPrioritySchema>)]
    priority: Option<TaskPriority>,
    /// The customer's owner unless given.
    #[schema(nullable = false)]
    assignment: Option<AssignmentBody>,
    /// Whose plan it is: the own department's for those who do not reach everything, else the whole firm's unless given.
    department_id: Option<Uuid>,
    /// `late` unless given.
    #[schema(nullable = false, value_type = Option<CatchUpSchema>)]
    catch_up: Option<CatchUp>,
    goal: Option<PlanGoal>,
    /// What customers are offered for taking part.
    #[schema(max_length = 500, example = "完成回访赠 50 元优惠券")]
    incentive: Option<String>,
    /// It makes tasks from now on; else it is a draft. False unless given.
    #[schema(nullable = false)]
    start: Option<bool>,
}

impl From<CreateFollowUpPlan> for NewPlan {
    fn from(body: CreateFollowUpPlan) -> Self {
        let definition = Definition {
            name: body.name,
            description: body.description,
            segment_id: body.segment_id,
            condition: body.condition.map(|condition| condition.0),
            purpose: body.purpose.unwrap_or(Purpose::Service),
            method: body.method,
            script_id: body.script_id,
            priority: body.priority.unwrap_or(TaskPriority::Normal),
            assignment: body.assignment.map_or(Assignment::Owner, |assignment| assignment.0),
            department_id: body.department_id,
            catch_up: body.catch_up.unwrap_or(CatchUp::Late),
            goal: body.goal.map(Into::into),
            incentive: body.incentive,
        };
        let touchpoints = body.touchpoints.into_iter().map(Into::into).collect();
        NewPlan { definition, touchpoints, preset: None, start: body.start.unwrap_or_default() }
    }
}

/// Fields that are absent stay; those that are null are cleared.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchFollowUpPlan {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "老客户季度回访")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Option<Option<String>>,
    /// Takes the place of a condition.
    #[schema(nullable = false)]
    segment_id: Option<Uuid>,
    /// Takes the place of a segment.
    #[schema(nullable = false)]
    condition: Option<Condition>,
    /// All that there are to be, in their order.
    #[schema(nullable = false, min_items = 1, max_items = 20)]
    touchpoints: Option<Vec<PatchTouchpoint>>,
    #[schema(nullable = false, value_type = Option<PurposeSchema>)]
    purpose: Option<Purpose>,
    #[schema(nullable = false, value_type = Option<FollowUpMethodSchema>)]
    method: Option<FollowUpMethod>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    script_id: Option<Option<Uuid>>,
    #[schema(nullable = false, value_type = Option<TaskPrioritySchema>)]
    priority: Option<TaskPriority>,
    #[schema(nullable = false)]
    assignment: Option<AssignmentBody>,
    /// Null: the whole firm's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    #[schema(nullable = false, value_type = Option<CatchUpSchema>)]
    catch_up: Option<CatchUp>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<PlanGoal>)]
    goal: Option<Option<PlanGoal>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    incentive: Option<Option<String>>,
}

impl PatchFollowUpPlan {
    /// Lays it over what a plan said before.
    fn lay_over(self, said: &mut Definition) {
        if self.segment_id.is_some() || self.condition.is_some() {
            said.segment_id = self.segment_id;
            said.condition = self.condition.map(|condition| condition.0);
        }
        said.name = self.name.unwrap_or_else(|| said.name.clone());
        said.description = self.description.unwrap_or_else(|| said.description.clone());
        said.purpose = self.purpose.unwrap_or(said.purpose);
        said.method = self.method.unwrap_or(said.method);
        said.script_id = self.script_id.unwrap_or(said.script_id);
        said.priority = self.priority.unwrap_or(said.priority);
        said.assignment = self.assignment.map_or(said.assignment, |assignment| assignment.0);
        said.department_id = self.department_id.unwrap_or(said.department_id);
        said.catch_up = self.catch_up.unwrap_or(said.catch_up);
        said.goal = self.goal.map_or(said.goal, |goal| goal.map(Into::into));
        said.incentive = self.incentive.unwrap_or_else(|| said.incentive.clone());
    }
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FollowUpPlanParams {
    /// Only in this status.
    #[schema(value_type = Option<PlanStatusSchema>)]
    #[param(value_type = Option<PlanStatusSchema>)]
    status: Option<PlanStatus>,
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

/// List follow-up plans
///
/// Those of the own department, and those of the whole firm.
#[utoipa::path(tag = "follow-up plans", operation_id = "list_follow_up_plans", params(FollowUpPlanParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of plans", body = FollowUpPlanPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-plans")]
async fn list_follow_up_plans(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<FollowUpPlanParams>,
) -> ApiResult<web::Json<FollowUpPlanPage>> {
    let FollowUpPlanParams { status, department_id, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let page = plans::list(&app.db, can.scope(), Filter { status, department_id }, page).await?;
    let ids = page.items.iter().map(|plan| plan.id).collect();
    let mut touchpoints: HashMap<Uuid, Vec<_>> = plans::touchpoints_of(&app.db, ids).await?;
    let items = page.items.into_iter().map(|plan| {
        let touchpoints = touchpoints.remove(&plan.id).unwrap_or_default();
        FollowUpPlan::of(View { plan, touchpoints })
    });
    let items = items.collect::<ApiResult<_>>()?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next: page.next }.into()))
}

/// Create a follow-up plan
///
/// A draft, unless it is to `start` at once. Nothing of the past is made up for: a touchpoint that goes by days begins
/// with today, one that goes by events with what happens from now on. Whom a plan names that goes by personal data is told
/// by its tasks: it is made by whoever may see that of all whom it may be about.
#[utoipa::path(tag = "follow-up plans", operation_id = "create_follow_up_plan", request_body = CreateFollowUpPlan, security(("bearer" = [])),
    responses((status = 201, description = "The plan", body = FollowUpPlan, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the plan")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["plan_conflict", "plan_not_yours", "date_field_unknown", "department_not_found", "segment_not_found", "script_not_found", "user_not_found", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/follow-up-plans")]
async fn create_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    body: Body<CreateFollowUpPlan>,
) -> ApiResult<Versioned<FollowUpPlan>> {
    FollowUpPlan::created(create(&app, &can.command()?, body.0.into()).await?)
}

/// Read a follow-up plan
#[utoipa::path(tag = "follow-up plans", operation_id = "get_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")), security(("bearer" = [])),
    responses((status = 200, description = "The plan", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["plan_not_found"]))))]
#[get("/follow-up-plans/{id}")]
async fn get_follow_up_plan(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FollowUpPlan>> {
    let plan = plans::find(&app.db, can.scope(), id.0).await?.ok_or(Code::PlanNotFound)?;
    let touchpoints = plans::touchpoints(&app.db, plan.id).await?;
    FollowUpPlan::versioned(View { plan, touchpoints })
}

/// Change a follow-up plan
///
/// Tasks that there are stay as they are, those to come follow. A touchpoint whose trigger is changed is retired, and a new
/// one takes its place from now on; nobody is contacted twice today because of it. What has ended is not changed.
#[utoipa::path(tag = "follow-up plans", operation_id = "update_follow_up_plan", params(("id" = Uuid, Path, description = "The plan")),
    request_body = PatchFollowUpPlan, security(("bearer" = [])),
    responses((status = 200, description = "The plan", body = FollowUpPlan, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["plan_not_found", "plan_state", "touchpoint_not_found", "plan_conflict", "plan_not_yours", "date_field_unknown", "department_not_found", "segment_not_found", "script_not_found", "user_not_found", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[patch("/follow-up-plans/{id}")]
async fn update_follow_up_plan(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchFollowUpPlan>,
) -> ApiResult<Versioned<FollowUpPlan>> {
    let mut body = body.0;
    let touchpoints: Option<Vec<TouchpointChange>> =
        body.touchpoints.take().map(|touchpoints| touchpoints.into_iter().map(Into::into).collect());
    let view = update(&app, &can.command()?, id.0, |said| body.lay_over(said), touchpoints).await?;
    FollowUpPlan::versioned(view)
}
