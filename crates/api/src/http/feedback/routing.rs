use actix_web::{get, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::Subtype;
use huiyin_persistence::feedback::routing::{self, RoutingRule as Stored};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::SubtypeSchema;
use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::routing::put as put_rule;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_routing_rules).service(put_routing_rule);
}

/// Where a category goes.
#[derive(Debug, Serialize, ToSchema)]
struct RoutingRule {
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    /// The responsible (lead) department.
    department_id: Uuid,
    /// Departments that work along.
    collaborators: Vec<Uuid>,
    updated_at: DateTime<Utc>,
}

impl RoutingRule {
    fn of(rule: Stored) -> ApiResult<Self> {
        let collaborators = from_json(&rule.collaborators)?;
        Ok(RoutingRule {
            subtype: rule.subtype,
            department_id: rule.department_id,
            collaborators,
            updated_at: rule.updated_at,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct RoutingRules {
    items: Vec<RoutingRule>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PutRoutingRule {
    department_id: Uuid,
    #[schema(max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
}

/// List the routing rules
///
/// One a category.
#[utoipa::path(tag = "feedback", operation_id = "list_routing_rules", security(("bearer" = [])),
    responses((status = 200, description = "Where each category goes", body = RoutingRules)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/routing-rules")]
async fn list_routing_rules(_can: Can<may::FeedbackRead>, app: web::Data<App>) -> ApiResult<web::Json<RoutingRules>> {
    let rules = routing::list(&app.db).await?;
    Ok(web::Json(RoutingRules { items: rules.into_iter().map(RoutingRule::of).collect::<ApiResult<_>>()? }))
}

/// Say where a category goes
///
/// New feedback goes there; what is assigned already stays.
#[utoipa::path(tag = "feedback", operation_id = "put_routing_rule", params(("subtype" = SubtypeSchema, Path, description = "The category")),
    request_body = PutRoutingRule, security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = RoutingRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["department_not_found"]))))]
#[put("/routing-rules/{subtype}")]
async fn put_routing_rule(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    subtype: web::Path<String>,
    body: Body<PutRoutingRule>,
) -> ApiResult<Versioned<RoutingRule>> {
    let allowed = || Subtype::ALL.iter().map(|subtype| subtype.as_str()).collect::<Vec<_>>().join(", ");
    let subtype: Subtype =
        subtype.parse().map_err(|_| Fault::new(Code::NotAllowed).at("#path/subtype").with("allowed", allowed()))?;
    let Body(PutRoutingRule { department_id, collaborators }) = body;
    let mut collaborators = collaborators.unwrap_or_default();
    collaborators.sort_unstable();
    collaborators.dedup();
    let rule = put_rule(&app, &can.command()?, subtype, department_id, collaborators).await?;
    let version = rule.version;
    Ok(Versioned::ok(RoutingRule::of(rule)?, version))
}
