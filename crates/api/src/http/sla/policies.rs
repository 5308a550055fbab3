use std::collections::BTreeMap;

use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::Priority;
use huiyin_domain::sla::{ClockKind, EscalationLevel, EscalationStep, PolicySpec, Target};
use huiyin_persistence::sla::policies::{self, StoredPolicy};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::spec::TargetBody;
use crate::http::support::enums::EscalationLevelSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::sla::policies::{activate, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_policies)
        .service(create_policy)
        .service(get_policy)
        .service(update_policy)
        .service(activate_policy);
}

/// Targets of one priority; an absent clock is not kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ClockTargets {
    /// Until a department has it.
    assign: Option<TargetBody>,
    /// Until somebody has accepted it and promised a time.
    respond: Option<TargetBody>,
    /// Until a solution is given.
    resolve: Option<TargetBody>,
    /// Until the customer has been asked whether it is settled.
    verify: Option<TargetBody>,
}

/// Targets by priority.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Targets {
    urgent: ClockTargets,
    important: ClockTargets,
    normal: ClockTargets,
}

impl From<ClockTargets> for BTreeMap<ClockKind, Target> {
    fn from(of: ClockTargets) -> Self {
        let all = [
            (ClockKind::Assign, of.assign),
            (ClockKind::Respond, of.respond),
            (ClockKind::Resolve, of.resolve),
            (ClockKind::Verify, of.verify),
        ];
        all.into_iter().filter_map(|(kind, target)| Some((kind, target?.into()))).collect()
    }
}

fn targets(of: Targets) -> BTreeMap<String, BTreeMap<ClockKind, Target>> {
    let all = [(Priority::Urgent, of.urgent), (Priority::Important, of.important), (Priority::Normal, of.normal)];
    all.into_iter().map(|(priority, targets)| (priority.to_string(), targets.into())).collect()
}

fn shown_targets(spec: &PolicySpec) -> Targets {
    let of = |priority: Priority| {
        let target = |kind| spec.target(priority.as_str(), kind).map(TargetBody::from);
        ClockTargets {
            assign: target(ClockKind::Assign),
            respond: target(ClockKind::Respond),
            resolve: target(ClockKind::Resolve),
            verify: target(ClockKind::Verify),
        }
    };
    Targets { urgent: of(Priority::Urgent), important: of(Priority::Important), normal: of(Priority::Normal) }
}

/// One step of the ladder.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct EscalationStepBody {
    #[schema(value_type = EscalationLevelSchema)]
    level: EscalationLevel,
    /// How long after the missed deadline.
    after: TargetBody,
}

fn ladder(steps: Option<Vec<EscalationStepBody>>) -> Option<Vec<EscalationStep>> {
    let step = |EscalationStepBody { level, after }| EscalationStep { level, after: after.into() };
    Some(steps?.into_iter().map(step).collect())
}

/// An SLA policy (时限策略).
#[derive(Debug, Serialize, ToSchema)]
struct Policy {
    id: Uuid,
    #[schema(example = "standard")]
    name: String,
    /// Whether new feedback goes by it.
    active: bool,
    calendar_id: Uuid,
    /// Share of a target after which is warned.
    #[schema(example = 0.8)]
    warn_share: f64,
    /// How long after a breach the department head is told that nothing happens, and after twice as long the director;
    /// null: never. `escalation` says what is in force.
    escalate_after: Option<TargetBody>,
    /// The ladder that is in force (升级), lowest step first. At the breach itself the handler is told.
    escalation: Vec<EscalationStepBody>,
    targets: Targets,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Policy {
    fn of(row: StoredPolicy) -> ApiResult<Self> {
        let spec: PolicySpec = from_json(&row.spec)?;
        Ok(Policy {
            id: row.id,
            name: row.name,
            active: row.active,
            calendar_id: row.calendar_id,
            warn_share: spec.warn_share,
            escalate_after: spec.escalate_after.map(TargetBody::from),
            escalation: shown_ladder(&spec),
            targets: shown_targets(&spec),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn shown_ladder(spec: &PolicySpec) -> Vec<EscalationStepBody> {
    let step = |EscalationStep { level, after }| EscalationStepBody { level, after: after.into() };
    spec.ladder().into_iter().map(step).collect()
}

page_of!(PolicyPage, Policy);

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreatePolicy {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "金牌客户")]
    name: String,
    calendar_id: Uuid,
    /// 0.8 unless given.
    #[schema(minimum = 0.01, maximum = 0.99, example = 0.8)]
    warn_share: Option<f64>,
    escalate_after: Option<TargetBody>,
    /// A ladder of its own: each step higher and later than the one before; empty: never. Unless given, it is made of
    /// `escalate_after`.
    #[schema(max_items = 2)]
    escalation: Option<Vec<EscalationStepBody>>,
    targets: Targets,
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchPolicy {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "金牌客户")]
    name: Option<String>,
    #[schema(nullable = false)]
    calendar_id: Option<Uuid>,
    #[schema(nullable = false, minimum = 0.01, maximum = 0.99, example = 0.8)]
    warn_share: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TargetBody>)]
    escalate_after: Option<Option<TargetBody>>,
    /// Null: made of `escalate_after` again, as it is when that one alone is given.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<EscalationStepBody>>, max_items = 2)]
    escalation: Option<Option<Vec<EscalationStepBody>>>,
    #[schema(nullable = false)]
    targets: Option<Targets>,
}

/// List SLA policies
#[utoipa::path(tag = "sla", operation_id = "list_policies", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of policies", body = PolicyPage)),
    extensions(("x-permission" = json!("sla:read"))))]
#[get("/sla/policies")]
async fn list_policies(
    _can: Can<may::SlaRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<PolicyPage>> {
    let page = policies::list(&app.db, params.0.request()?).await?;
    let items = page.items.into_iter().map(Policy::of).collect::<ApiResult<_>>()?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next: page.next }.into()))
}

/// Create an SLA policy
///
/// It takes effect when it is activated.
#[utoipa::path(tag = "sla", operation_id = "create_policy", request_body = CreatePolicy, security(("bearer" = [])),
    responses((status = 201, description = "The policy", body = Policy, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the policy")))),
    extensions(("x-permission" = json!("sla:configure")), ("x-errors" = json!(["calendar_not_found", "name_taken", "escalation_conflict"]))))]
#[post("/sla/policies")]
async fn create_policy(
    can: Can<may::SlaConfigure>,
    app: web::Data<App>,
    body: Body<CreatePolicy>,
) -> ApiResult<Versioned<Policy>> {
    let body = body.0;
    let spec = PolicySpec {
        name: body.name,
        warn_share: body.warn_share.unwrap_or(0.8),
        escalate_after: body.escalate_after.map(Target::from),
        escalation: ladder(body.escalation),
        targets: targets(body.targets),
    };
    let row = create(&app, &can.command()?, body.calendar_id, spec).await?;
    let (version, location) = (row.version, format!("/api/v1/sla/policies/{}", row.id));
    Ok(Versioned::created(Policy::of(row)?, version, location))
}

/// Read an SLA policy
#[utoipa::path(tag = "sla", operation_id = "get_policy", params(("id" = Uuid, Path, description = "The policy")), security(("bearer" = [])),
    responses((status = 200, description = "The policy", body = Policy, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("sla:read")), ("x-errors" = json!(["policy_not_found"]))))]
#[get("/sla/policies/{id}")]
async fn get_policy(_can: Can<may::SlaRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Policy>> {
    let row = policies::find(&app.db, id.0).await?.ok_or(Code::PolicyNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(Policy::of(row)?, version))
}

/// Change an SLA policy
///
/// New feedback goes by the new targets; what is open keeps the ones it began with.
#[utoipa::path(tag = "sla", operation_id = "update_policy", params(("id" = Uuid, Path, description = "The policy")),
    request_body = PatchPolicy, security(("bearer" = [])),
    responses((status = 200, description = "The policy", body = Policy, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("sla:configure")), ("x-errors" = json!(["policy_not_found", "calendar_not_found", "name_taken", "escalation_conflict"]))))]
#[patch("/sla/policies/{id}")]
async fn update_policy(
    can: Can<may::SlaConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchPolicy>,
) -> ApiResult<Versioned<Policy>> {
    let PatchPolicy { name, calendar_id, warn_share, escalate_after, escalation, targets: new_targets } = body.0;
    let change = |before: PolicySpec| PolicySpec {
        escalation: match (escalation, escalate_after) {
            (Some(steps), _) => ladder(steps),
            (None, Some(_)) => None,
            (None, None) => before.escalation,
        },
        name: name.unwrap_or(before.name),
        warn_share: warn_share.unwrap_or(before.warn_share),
        escalate_after: escalate_after.map_or(before.escalate_after, |after| after.map(Target::from)),
        targets: new_targets.map_or(before.targets, targets),
    };
    let row = update(&app, &can.command()?, id.0, change, calendar_id).await?;
    let version = row.version;
    Ok(Versioned::ok(Policy::of(row)?, version))
}

/// Activate an SLA policy
///
/// New feedback goes by it; the one before is switched off.
#[utoipa::path(tag = "sla", operation_id = "activate_policy", params(("id" = Uuid, Path, description = "The policy")), security(("bearer" = [])),
    responses((status = 200, description = "The policy", body = Policy, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("sla:configure")), ("x-errors" = json!(["policy_not_found"]))))]
#[post("/sla/policies/{id}/activate")]
async fn activate_policy(can: Can<may::SlaConfigure>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Policy>> {
    let row = activate(&app, &can.command()?, id.0).await?;
    let version = row.version;
    Ok(Versioned::ok(Policy::of(row)?, version))
}
