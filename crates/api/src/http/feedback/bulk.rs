use actix_web::{post, web};
use huiyin_domain::fault::Lang;
use huiyin_domain::feedback::Strategy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::routing::distinct;
use crate::http::support::enums::AssignStrategySchema;
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::feedback::bulk::{One, Outcome, assign_many};
use crate::usecases::feedback::dispatch::Assignment;

pub fn routes(config: &mut ServiceConfig) {
    config.service(bulk_assign_feedback);
}

/// One of those that are to be assigned.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct BulkItem {
    id: Uuid,
    /// The version that was seen (its ETag without the quotes); one that has changed since is not assigned.
    #[schema(nullable = false, minimum = 1, maximum = 9000000000000000_i64, example = 1)]
    version: Option<i64>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct BulkAssign {
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<BulkItem>,
    department_id: Uuid,
    /// One person of that department.
    handler_id: Option<Uuid>,
    /// How somebody is found for each where nobody is named; `pool` unless given.
    #[schema(nullable = false, value_type = Option<AssignStrategySchema>)]
    strategy: Option<Strategy>,
    #[schema(max_items = 20)]
    collaborators: Option<Vec<Uuid>>,
    #[schema(max_length = 500, example = "节后集中分派")]
    reason: Option<String>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
struct BulkOutcome {
    id: Uuid,
    assigned: bool,
    department_id: Option<Uuid>,
    handler_id: Option<Uuid>,
    /// Its version now, where it was assigned.
    version: Option<i64>,
    /// Why it was not assigned: a code of the table of errors.
    #[schema(example = "feedback_state")]
    code: Option<String>,
    /// The same as a sentence.
    detail: Option<String>,
}

/// What became of each, in the order of the request.
#[derive(Serialize, ToSchema)]
struct BulkAssigned {
    /// How many were assigned.
    #[schema(example = 20)]
    assigned: u64,
    items: Vec<BulkOutcome>,
}

impl BulkAssigned {
    fn of(outcomes: Vec<Outcome>, lang: Lang) -> Self {
        let assigned = outcomes.iter().filter(|outcome| outcome.assigned.is_some()).count() as u64;
        let shown = |outcome: Outcome| {
            let Outcome { id, assigned, refused } = outcome;
            let (code, detail) = match refused {
                Some(refused) => {
                    let detail = if lang == Lang::Zh { refused.zh } else { refused.en };
                    (Some(refused.code.as_str().to_owned()), Some(detail))
                }
                None => (None, None),
            };
            BulkOutcome {
                id,
                assigned: assigned.is_some(),
                department_id: assigned.as_ref().and_then(|assigned| assigned.department_id),
                handler_id: assigned.as_ref().and_then(|assigned| assigned.handler_id),
                version: assigned.map(|assigned| assigned.version),
                code,
                detail,
            }
        };
        BulkAssigned { assigned, items: outcomes.into_iter().map(shown).collect() }
    }
}

/// Assign many feedback
///
/// Up to 200, each by itself: one that cannot be assigned says why and holds up no other. Sent again with its
/// Idempotency-Key, nothing is assigned twice.
#[utoipa::path(tag = "feedback", operation_id = "bulk_assign_feedback", request_body = BulkAssign, security(("bearer" = [])),
    responses((status = 200, description = "What became of each", body = BulkAssigned)),
    extensions(("x-permission" = json!("feedback:dispatch")),
        ("x-errors" = json!(["department_not_found", "user_not_found", "handler_outside_department"]))))]
#[post("/feedback/bulk-assign")]
async fn bulk_assign_feedback(
    can: Can<may::FeedbackDispatch>,
    app: web::Data<App>,
    request: actix_web::HttpRequest,
    body: Body<BulkAssign>,
) -> ApiResult<web::Json<BulkAssigned>> {
    let Body(BulkAssign { items, department_id, handler_id, strategy, collaborators, reason }) = body;
    let items = items.into_iter().map(|item| One { id: item.id, version: item.version }).collect();
    let to = Assignment { department_id, handler_id, strategy, collaborators: distinct(collaborators), reason };
    let outcomes = assign_many(&app, &can.command()?, items, to).await?;
    Ok(web::Json(BulkAssigned::of(outcomes, language(&request))))
}
