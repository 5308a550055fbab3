use actix_web::{post, web};
use huiyin_domain::feedback::{Channel, Criterion, Lead, Mood, Priority, Subtype};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{
    ChannelSchema, CriterionSchema, LeadSchema, MoodSchema, PrioritySchema, StrategySchema, SubtypeSchema,
};
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::feedback::preview::{Foreseen, Supposed, preview};

pub fn routes(config: &mut ServiceConfig) {
    config.service(preview_routing);
}

/// What might come in.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewRouting {
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    /// `hotline` unless given.
    #[schema(nullable = false, value_type = Option<ChannelSchema>)]
    channel: Option<Channel>,
    /// Nobody known unless given.
    customer_id: Option<Uuid>,
    /// Where a person would have decided it.
    #[schema(nullable = false, value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
    /// Where a person would have decided it.
    #[schema(nullable = false, value_type = Option<PrioritySchema>)]
    priority: Option<Priority>,
}

/// A rule that was tried.
#[derive(Serialize, ToSchema)]
struct TriedRule {
    rule_id: Uuid,
    #[schema(example = "大客户紧急投诉")]
    name: String,
    met: bool,
    /// The first thing that it asks in vain; null where it is met.
    #[schema(value_type = Option<CriterionSchema>)]
    missed: Option<Criterion>,
}

/// Where a feedback would go, and why.
#[derive(Serialize, ToSchema)]
struct RoutingPreview {
    #[schema(value_type = SubtypeSchema)]
    subtype: Subtype,
    #[schema(value_type = PrioritySchema)]
    priority: Priority,
    #[schema(value_type = MoodSchema)]
    mood: Mood,
    /// The classification is not sure: a person would look at it first, and the rules be tried after that.
    waits_for_triage: bool,
    /// The rules in their order, up to the one that is met.
    tried: Vec<TriedRule>,
    /// The rule that is met; null: none, it would wait for somebody to assign it.
    rule_id: Option<Uuid>,
    #[schema(value_type = Option<LeadSchema>)]
    lead: Option<Lead>,
    /// Null where a supervisor would name it.
    department_id: Option<Uuid>,
    /// Departments that would work along, or be proposed.
    collaborators: Vec<Uuid>,
    #[schema(value_type = Option<StrategySchema>)]
    strategy: Option<String>,
    /// Who would be given it at this moment; null: whoever of the department accepts it first.
    handler_id: Option<Uuid>,
    /// Who was meant, but is away.
    instead_of: Option<Uuid>,
}

impl From<Foreseen> for RoutingPreview {
    fn from(foreseen: Foreseen) -> Self {
        let met = foreseen.tried.last().filter(|tried| tried.missed.is_none()).map(|tried| &tried.rule);
        let lead = |department: Option<Uuid>| if department.is_some() { Lead::Department } else { Lead::BySupervisor };
        RoutingPreview {
            subtype: foreseen.subtype,
            priority: foreseen.priority,
            mood: foreseen.classified.mood,
            waits_for_triage: foreseen.waits_for_triage,
            rule_id: met.map(|rule| rule.id),
            lead: met.map(|rule| lead(rule.department_id)),
            department_id: met.and_then(|rule| rule.department_id),
            strategy: met.map(|rule| rule.strategy.clone()),
            collaborators: foreseen.collaborators,
            handler_id: foreseen.placed.handler,
            instead_of: foreseen.placed.instead_of,
            tried: foreseen
                .tried
                .into_iter()
                .map(|tried| TriedRule {
                    rule_id: tried.rule.id,
                    name: tried.rule.name,
                    met: tried.missed.is_none(),
                    missed: tried.missed,
                })
                .collect(),
        }
    }
}

/// Try the routing rules
///
/// Which rule a text of a customer would meet, and who would be given it now. Nothing is stored, and nobody's turn passes.
#[utoipa::path(tag = "feedback", operation_id = "preview_routing", request_body = PreviewRouting, security(("bearer" = [])),
    responses((status = 200, description = "Where it would go, and why", body = RoutingPreview)),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["customer_not_found"]))))]
#[post("/routing-rules/preview")]
async fn preview_routing(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    body: Body<PreviewRouting>,
) -> ApiResult<web::Json<RoutingPreview>> {
    let body = body.0;
    let supposed = Supposed {
        content: body.content,
        channel: body.channel.unwrap_or(Channel::Hotline),
        customer_id: body.customer_id,
        subtype: body.subtype,
        priority: body.priority,
    };
    Ok(web::Json(preview(&app, &can.command()?, supposed).await?.into()))
}
