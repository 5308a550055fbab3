use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Criteria, Lead, Strategy, Subtype};
use huiyin_persistence::feedback::routing::{self, RoutingRule as Stored};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::criteria::RuleCriteria;
use crate::http::support::enums::{LeadSchema, StrategySchema, SubtypeSchema};
use crate::http::support::input::no_id;
use crate::http::support::patch::given;
use crate::http::support::{ApiError, ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::routing::{Rule, create, put as put_rule, remove, reorder, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_routing_rules)
        .service(create_routing_rule)
        .service(reorder_routing_rules)
        .service(put_routing_rule)
        .service(get_routing_rule)
        .service(update_routing_rule)
        .service(delete_routing_rule);
}

/// Where feedback goes that meets certain criteria (分派规则).
#[derive(Debug, Serialize, ToSchema)]
struct RoutingRule {
    id: Uuid,
    #[schema(example = "大客户紧急投诉")]
    name: String,
    /// One that is not active is not tried.
    active: bool,
    /// The category whose rule it is; null for rules with criteria of their own, which are tried before.
    #[schema(value_type = Option<SubtypeSchema>)]
    subtype: Option<String>,
    criteria: RuleCriteria,
    #[schema(value_type = LeadSchema)]
    lead: Lead,
    /// The responsible (lead) department; null where a supervisor names it.
    department_id: Option<Uuid>,
    /// Departments that work along; where a supervisor names the lead, those that are proposed.
    collaborators: Vec<Uuid>,
    #[schema(value_type = StrategySchema)]
    strategy: String,
    /// Who it is given to, by the strategy `person`.
    handler_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl RoutingRule {
    fn of(rule: Stored) -> ApiResult<Self> {
        let criteria: Criteria = from_json(&rule.criteria)?;
        Ok(RoutingRule {
            id: rule.id,
            name: rule.name,
            active: rule.active,
            subtype: rule.subtype,
            criteria: criteria.into(),
            lead: if rule.department_id.is_some() { Lead::Department } else { Lead::BySupervisor },
            department_id: rule.department_id,
            collaborators: from_json(&rule.collaborators)?,
            strategy: rule.strategy,
            handler_id: rule.handler_id,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        })
    }

    fn versioned(rule: Stored) -> ApiResult<Versioned<Self>> {
        let version = rule.version;
        Ok(Versioned::ok(Self::of(rule)?, version))
    }
}

/// The rules in the order in which they are tried.
#[derive(Debug, Serialize, ToSchema)]
struct RoutingRules {
    items: Vec<RoutingRule>,
}

impl RoutingRules {
    fn of(rules: Vec<Stored>) -> ApiResult<web::Json<Self>> {
        Ok(web::Json(RoutingRules { items: rules.into_iter().map(RoutingRule::of).collect::<ApiResult<_>>()? }))
    }
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PutRoutingRule {
    department_id: Uuid,
    #[schema(max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateRoutingRule {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "大客户紧急投诉")]
    name: String,
    /// What it asks; without, every feedback meets it.
    #[schema(nullable = false)]
    criteria: Option<RuleCriteria>,
    /// The responsible (lead) department; without, a supervisor names it, and `collaborators` are proposed.
    department_id: Option<Uuid>,
    #[schema(nullable = false, max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
    /// How somebody there is found; `pool` unless given.
    #[schema(nullable = false, value_type = Option<StrategySchema>)]
    strategy: Option<Strategy>,
    /// Who is given it, by the strategy `person`: somebody of the department.
    handler_id: Option<Uuid>,
    /// True unless given.
    #[schema(nullable = false)]
    active: Option<bool>,
}

/// Fields that are absent stay.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchRoutingRule {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "大客户紧急投诉")]
    name: Option<String>,
    /// Takes the place of all that it asked before.
    #[schema(nullable = false)]
    criteria: Option<RuleCriteria>,
    /// Null: a supervisor names it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    #[schema(nullable = false, max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
    #[schema(nullable = false, value_type = Option<StrategySchema>)]
    strategy: Option<Strategy>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    handler_id: Option<Option<Uuid>>,
    #[schema(nullable = false)]
    active: Option<bool>,
}

/// All rules but those of the categories, in the order wanted.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RuleOrder {
    #[schema(max_items = 200)]
    rule_ids: Vec<Uuid>,
}

/// The `{id}` of a path, where it is the name of a category.
struct Category(Subtype);

impl FromRequest for Category {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = request.match_info().get("id").unwrap_or_default();
        std::future::ready(name.parse().map(Category).map_err(|_| no_id(request, "category").into()))
    }
}

/// Each department once.
pub(super) fn distinct(departments: Option<Vec<Uuid>>) -> Vec<Uuid> {
    let mut departments = departments.unwrap_or_default();
    departments.sort_unstable();
    departments.dedup();
    departments
}

/// List the routing rules
///
/// In the order in which they are tried: a feedback goes where the first that it meets says. The rules of the categories
/// come last.
#[utoipa::path(tag = "feedback", operation_id = "list_routing_rules", security(("bearer" = [])),
    responses((status = 200, description = "The rules in their order", body = RoutingRules)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/routing-rules")]
async fn list_routing_rules(_can: Can<may::FeedbackRead>, app: web::Data<App>) -> ApiResult<web::Json<RoutingRules>> {
    RoutingRules::of(routing::list(&app.db).await?)
}

/// Create a routing rule
///
/// It is tried after the rules that there are, but before those of the categories.
#[utoipa::path(tag = "feedback", operation_id = "create_routing_rule", request_body = CreateRoutingRule, security(("bearer" = [])),
    responses((status = 201, description = "The rule", body = RoutingRule, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the rule")))),
    extensions(("x-permission" = json!("feedback:configure")),
        ("x-errors" = json!(["department_not_found", "user_not_found", "routing_rule_conflict", "too_many_routing_rules", "handler_outside_department", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/routing-rules")]
async fn create_routing_rule(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    body: Body<CreateRoutingRule>,
) -> ApiResult<Versioned<RoutingRule>> {
    let body = body.0;
    let rule = Rule {
        name: body.name,
        active: body.active.unwrap_or(true),
        criteria: body.criteria.unwrap_or_default().into(),
        department_id: body.department_id,
        collaborators: distinct(body.collaborators),
        strategy: body.strategy.unwrap_or(Strategy::Pool),
        handler_id: body.handler_id,
    };
    let row = create(&app, &can.command()?, rule).await?;
    let (version, location) = (row.version, format!("/api/v1/routing-rules/{}", row.id));
    Ok(Versioned::created(RoutingRule::of(row)?, version, location))
}

/// Order the routing rules
///
/// Takes all rules but those of the categories, which stay last.
#[utoipa::path(tag = "feedback", operation_id = "reorder_routing_rules", request_body = RuleOrder, security(("bearer" = [])),
    responses((status = 200, description = "The rules in their order", body = RoutingRules)),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["routing_rules_changed"]))))]
#[post("/routing-rules/reorder")]
async fn reorder_routing_rules(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    body: Body<RuleOrder>,
) -> ApiResult<web::Json<RoutingRules>> {
    RoutingRules::of(reorder(&app, &can.command()?, body.0.rule_ids).await?)
}

/// Say where a category goes
///
/// New feedback goes there unless it meets a rule with criteria of its own before; what is assigned already stays.
#[utoipa::path(tag = "feedback", operation_id = "put_routing_rule", params(("id" = SubtypeSchema, Path, description = "The category")),
    request_body = PutRoutingRule, security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = RoutingRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["department_not_found", "user_not_found", "routing_rule_conflict"]))))]
#[put("/routing-rules/{id}")]
async fn put_routing_rule(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    category: Category,
    body: Body<PutRoutingRule>,
) -> ApiResult<Versioned<RoutingRule>> {
    let Body(PutRoutingRule { department_id, collaborators }) = body;
    let rule = put_rule(&app, &can.command()?, category.0, department_id, distinct(collaborators)).await?;
    RoutingRule::versioned(rule)
}

/// Read a routing rule
#[utoipa::path(tag = "feedback", operation_id = "get_routing_rule", params(("id" = Uuid, Path, description = "The rule")), security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = RoutingRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["routing_rule_not_found"]))))]
#[get("/routing-rules/{id}")]
async fn get_routing_rule(
    _can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<RoutingRule>> {
    RoutingRule::versioned(routing::find(&app.db, id.0).await?.ok_or(Code::RoutingRuleNotFound)?)
}

/// Change a routing rule
///
/// What the rule of a category asks cannot be changed, but what it says can.
#[utoipa::path(tag = "feedback", operation_id = "update_routing_rule", params(("id" = Uuid, Path, description = "The rule")),
    request_body = PatchRoutingRule, security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = RoutingRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:configure")),
        ("x-errors" = json!(["routing_rule_not_found", "department_not_found", "user_not_found", "routing_rule_conflict", "handler_outside_department", "condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[patch("/routing-rules/{id}")]
async fn update_routing_rule(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchRoutingRule>,
) -> ApiResult<Versioned<RoutingRule>> {
    let body = body.0;
    let row = update(&app, &can.command()?, id.0, |rule| {
        rule.name = body.name.unwrap_or_else(|| rule.name.clone());
        rule.active = body.active.unwrap_or(rule.active);
        if let Some(criteria) = body.criteria {
            rule.criteria = criteria.into();
        }
        rule.department_id = body.department_id.unwrap_or(rule.department_id);
        if body.collaborators.is_some() {
            rule.collaborators = distinct(body.collaborators);
        }
        rule.strategy = body.strategy.unwrap_or(rule.strategy);
        rule.handler_id = body.handler_id.unwrap_or(rule.handler_id);
    })
    .await?;
    RoutingRule::versioned(row)
}

/// Delete a routing rule
///
/// What it has sent somewhere stays there. A category without a rule waits for triage.
#[utoipa::path(tag = "feedback", operation_id = "delete_routing_rule", params(("id" = Uuid, Path, description = "The rule")), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["routing_rule_not_found", "version_conflict"]))))]
#[delete("/routing-rules/{id}")]
async fn delete_routing_rule(can: Can<may::FeedbackConfigure>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    remove(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
