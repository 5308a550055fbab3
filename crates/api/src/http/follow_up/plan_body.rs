//! A follow-up plan as it is sent and shown.

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::plan::{Goal, GoalMetric, Touchpoint as Written};
use huiyin_domain::follow_up::{CatchUp, FollowUpMethod, TaskPriority};
use huiyin_persistence::DbErr;
use huiyin_persistence::follow_up::plans::Touchpoint as Stored;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::trigger::{AssignmentBody, TriggerBody};
use crate::http::support::condition::Condition;
use crate::http::support::enums::{
    CatchUpSchema, FollowUpMethodSchema, GoalMetricSchema, PlanStatusSchema, PresetSchema, PurposeSchema,
    TaskPrioritySchema,
};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Versioned};
use crate::usecases::follow_up::plans::{TouchpointChange, View, definition, written};

/// A figure that a plan is to reach (目标): `csat_average` 1 to 5, `nps` -100 to 100, everything else in percent.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PlanGoal {
    #[schema(value_type = GoalMetricSchema, example = "satisfaction_rate")]
    metric: GoalMetric,
    #[schema(minimum = -100, maximum = 100, example = 95)]
    target: f64,
}

impl From<PlanGoal> for Goal {
    fn from(goal: PlanGoal) -> Self {
        Goal { metric: goal.metric, target: goal.target }
    }
}

impl From<Goal> for PlanGoal {
    fn from(goal: Goal) -> Self {
        PlanGoal { metric: goal.metric, target: goal.target }
    }
}

/// When a plan contacts its customers (触点).
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewTouchpoint {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "付款后第 7 天")]
    name: String,
    trigger: TriggerBody,
    /// The customer may be contacted until the end of the day so many days later (after so many working days: working
    /// days); 0 is the same day.
    #[schema(minimum = 0, maximum = 60, example = 2)]
    window_days: u32,
}

impl From<NewTouchpoint> for Written {
    fn from(body: NewTouchpoint) -> Self {
        Written { name: body.name, trigger: body.trigger.0, window_days: body.window_days }
    }
}

impl From<Written> for NewTouchpoint {
    fn from(said: Written) -> Self {
        NewTouchpoint { name: said.name, trigger: TriggerBody(said.trigger), window_days: said.window_days }
    }
}

/// A touchpoint as it is to be.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PatchTouchpoint {
    /// Which one it is; a new one without. With another trigger it is retired, and a new one takes its place.
    #[schema(nullable = false)]
    id: Option<Uuid>,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "付款后第 7 天")]
    name: String,
    trigger: TriggerBody,
    #[schema(minimum = 0, maximum = 60, example = 2)]
    window_days: u32,
}

impl From<PatchTouchpoint> for TouchpointChange {
    fn from(body: PatchTouchpoint) -> Self {
        let PatchTouchpoint { id, name, trigger, window_days } = body;
        TouchpointChange { id, touchpoint: Written { name, trigger: trigger.0, window_days } }
    }
}

/// A touchpoint of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Touchpoint {
    id: Uuid,
    #[schema(example = "付款后第 7 天")]
    name: String,
    trigger: TriggerBody,
    #[schema(example = 2)]
    window_days: u32,
    /// Up to when all occasions have been seen to; null as long as the plan has not started.
    swept_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Touchpoint {
    fn of(row: Stored) -> Result<Self, DbErr> {
        let said = written(&row)?;
        Ok(Touchpoint {
            id: row.id,
            name: said.name,
            trigger: TriggerBody(said.trigger),
            window_days: said.window_days,
            swept_until: row.swept_until,
            created_at: row.created_at,
        })
    }
}

/// Which customers are contacted, when, how and by whom (回访计划).
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpPlan {
    pub id: Uuid,
    #[schema(example = "老客户季度回访")]
    name: String,
    description: Option<String>,
    /// The preset of which it was made.
    #[schema(value_type = Option<PresetSchema>)]
    preset: Option<String>,
    #[schema(value_type = PlanStatusSchema)]
    status: String,
    /// It is about the members of this segment, or
    segment_id: Option<Uuid>,
    /// about the customers that satisfy this condition.
    condition: Option<Condition>,
    /// Whether who belongs to it tells personal data.
    personal: bool,
    #[schema(value_type = PurposeSchema)]
    purpose: Purpose,
    #[schema(value_type = FollowUpMethodSchema)]
    method: FollowUpMethod,
    /// What is said and asked (话术).
    script_id: Option<Uuid>,
    #[schema(value_type = TaskPrioritySchema, example = "normal")]
    priority: TaskPriority,
    assignment: AssignmentBody,
    /// Whose plan it is: it is about this department's customers alone; null: the whole firm's.
    department_id: Option<Uuid>,
    #[schema(value_type = CatchUpSchema)]
    catch_up: CatchUp,
    goal: Option<PlanGoal>,
    /// What customers are offered for taking part.
    #[schema(example = "完成回访赠 50 元优惠券")]
    incentive: Option<String>,
    touchpoints: Vec<Touchpoint>,
    started_at: Option<DateTime<Utc>>,
    /// Since when it is paused; null where it is not.
    paused_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

page_of!(pub FollowUpPlanPage, FollowUpPlan);

impl FollowUpPlan {
    pub fn of(view: View) -> ApiResult<Self> {
        let View { plan: row, touchpoints } = view;
        let said = definition(&row)?;
        Ok(FollowUpPlan {
            id: row.id,
            name: said.name,
            description: said.description,
            preset: row.preset,
            status: row.status,
            segment_id: said.segment_id,
            condition: said.condition.map(Condition),
            personal: row.personal,
            purpose: said.purpose,
            method: said.method,
            script_id: said.script_id,
            priority: said.priority,
            assignment: AssignmentBody(said.assignment),
            department_id: said.department_id,
            catch_up: said.catch_up,
            goal: said.goal.map(PlanGoal::from),
            incentive: said.incentive,
            touchpoints: touchpoints.into_iter().map(Touchpoint::of).collect::<Result<_, _>>()?,
            started_at: row.started_at,
            paused_at: row.paused_at,
            ended_at: row.ended_at,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    pub fn versioned(view: View) -> ApiResult<Versioned<Self>> {
        let version = view.plan.version;
        Ok(Versioned::ok(Self::of(view)?, version))
    }

    pub fn created(view: View) -> ApiResult<Versioned<Self>> {
        let (version, location) = (view.plan.version, format!("/api/v1/follow-up-plans/{}", view.plan.id));
        Ok(Versioned::created(Self::of(view)?, version, location))
    }
}
