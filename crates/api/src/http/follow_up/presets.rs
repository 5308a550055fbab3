use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::preset::{Preset, Proposal};
use huiyin_domain::follow_up::{CatchUp, FollowUpMethod, TaskPriority};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::plan_body::{FollowUpPlan, NewTouchpoint, PlanGoal};
use super::trigger::AssignmentBody;
use crate::http::support::condition::Condition;
use crate::http::support::enums::{
    CatchUpSchema, FollowUpMethodSchema, PresetSchema, PurposeSchema, TaskPrioritySchema,
};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::plans::{NewPlan, create};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_follow_up_presets).service(create_follow_up_plan_from_preset);
}

/// A plan that most firms want (预置计划), and what it would be if it were created today.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpPreset {
    #[schema(value_type = PresetSchema)]
    preset: Preset,
    /// In Chinese.
    #[schema(example = "老客户季度回访")]
    name: &'static str,
    /// In English.
    #[schema(example = "Existing customers every quarter")]
    name_en: &'static str,
    /// Whether `date_field` can be chosen.
    takes_date_field: bool,
    condition: Condition,
    #[schema(value_type = PurposeSchema)]
    purpose: Purpose,
    #[schema(value_type = FollowUpMethodSchema)]
    method: FollowUpMethod,
    #[schema(value_type = TaskPrioritySchema)]
    priority: TaskPriority,
    assignment: AssignmentBody,
    #[schema(value_type = CatchUpSchema)]
    catch_up: CatchUp,
    goal: Option<PlanGoal>,
    touchpoints: Vec<NewTouchpoint>,
}

impl FollowUpPreset {
    fn of(preset: Preset, lang: Lang, today: NaiveDate) -> Self {
        let Proposal { definition, touchpoints } = preset.proposal(lang, today, None);
        FollowUpPreset {
            preset,
            name: preset.name(Lang::Zh),
            name_en: preset.name(Lang::En),
            takes_date_field: preset.takes_date_field(),
            condition: Condition(definition.condition.unwrap_or_default()),
            purpose: definition.purpose,
            method: definition.method,
            priority: definition.priority,
            assignment: AssignmentBody(definition.assignment),
            catch_up: definition.catch_up,
            goal: definition.goal.map(PlanGoal::from),
            touchpoints: touchpoints.into_iter().map(NewTouchpoint::from).collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct FollowUpPresets {
    items: Vec<FollowUpPreset>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FromPreset {
    #[schema(value_type = PresetSchema)]
    preset: Preset,
    /// The preset's, in Chinese or English by `Accept-Language`, unless given.
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "老客户季度回访")]
    name: Option<String>,
    /// The customer's owner unless given.
    #[schema(nullable = false)]
    assignment: Option<AssignmentBody>,
    /// What is said and asked (话术).
    #[schema(nullable = false)]
    script_id: Option<Uuid>,
    /// Whose plan it is: the own department's for those who do not reach everything, else the whole firm's unless given.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
    /// The date of the go-live, for `after_go_live`: `custom.go_live_on` unless given.
    #[schema(nullable = false, min_length = 1, max_length = 60, example = "custom.go_live_on")]
    date_field: Option<String>,
    /// It makes tasks from now on; else it is a draft. False unless given.
    #[schema(nullable = false)]
    start: Option<bool>,
}

/// List the presets of follow-up plans
#[utoipa::path(tag = "follow-up plans", operation_id = "list_follow_up_presets", security(("bearer" = [])),
    responses((status = 200, description = "The presets, and what they would create", body = FollowUpPresets)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-plans/presets")]
async fn list_follow_up_presets(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    request: HttpRequest,
) -> ApiResult<web::Json<FollowUpPresets>> {
    let (lang, today) = (language(&request), app.local_date(can.now));
    let items = Preset::ALL.iter().map(|preset| FollowUpPreset::of(*preset, lang, today)).collect();
    Ok(web::Json(FollowUpPresets { items }))
}

/// Create a follow-up plan of a preset
///
/// Whole: audience, touchpoints, priority, goal. Everything can be changed afterwards. `after_go_live` needs the date of the
/// go-live as a custom field (409 `date_field_unknown` where there is none).
#[utoipa::path(tag = "follow-up plans", operation_id = "create_follow_up_plan_from_preset", request_body = FromPreset, security(("bearer" = [])),
    responses((status = 201, description = "The plan", body = FollowUpPlan, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the plan")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["plan_conflict", "plan_not_yours", "date_field_unknown", "department_not_found", "script_not_found", "user_not_found"]))))]
#[post("/follow-up-plans/from-preset")]
async fn create_follow_up_plan_from_preset(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    body: Body<FromPreset>,
    request: HttpRequest,
) -> ApiResult<Versioned<FollowUpPlan>> {
    let body = body.0;
    let preset = body.preset;
    if body.date_field.is_some() && !preset.takes_date_field() {
        return Err(Fault::new(Code::PlanConflict).at("/date_field").with("reason", Preset::AfterGoLive).into());
    }
    let today = app.local_date(can.now);
    let Proposal { mut definition, touchpoints } =
        preset.proposal(language(&request), today, body.date_field.as_deref());
    definition.name = body.name.unwrap_or(definition.name);
    definition.assignment = body.assignment.map_or(definition.assignment, |assignment| assignment.0);
    definition.script_id = body.script_id;
    definition.department_id = body.department_id;
    let new = NewPlan { definition, touchpoints, preset: Some(preset), start: body.start.unwrap_or_default() };
    FollowUpPlan::created(create(&app, &can.command()?, new).await?)
}
