use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::ActivityKind;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::tags;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::{ExternalId, Tag};
use crate::http::support::enums::ActivityKindSchema;
use crate::http::support::{ApiResult, Body, Can, Params, may};
use crate::usecases::App;
use crate::usecases::customers::activities::{Signal, Whose, record};

pub fn routes(config: &mut ServiceConfig) {
    config.service(record_activities).service(list_tags);
}

/// A login, opening or visit of a customer, named by our id or by that of another system.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Activity {
    #[schema(nullable = false)]
    customer_id: Option<Uuid>,
    #[schema(nullable = false)]
    external_id: Option<ExternalId>,
    #[schema(value_type = ActivityKindSchema)]
    #[expect(dead_code, reason = "checked, and kept by whoever sends it")]
    kind: ActivityKind,
    at: DateTime<Utc>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Activities {
    #[schema(min_items = 1, max_items = 5000)]
    activities: Vec<Activity>,
}

/// What became of the signals.
#[derive(Serialize, Debug, ToSchema)]
struct ActivitiesTaken {
    #[schema(example = 998)]
    accepted: u64,
    /// Positions, from 0, of those whose customer is unknown or out of reach.
    #[schema(example = json!([17]))]
    unknown: Vec<usize>,
    /// Positions, from 0, of those more than five minutes in the future: a clock is wrong there.
    #[schema(example = json!([]))]
    in_future: Vec<usize>,
}

/// Tell what customers did
///
/// Moves `last_activity_at` forward, never back; the signals themselves are not kept. Each names its customer by
/// `customer_id` or `external_id`, one of the two.
#[utoipa::path(tag = "customers", operation_id = "record_activities", request_body = Activities, security(("bearer" = [])),
    responses((status = 200, description = "What became of the signals", body = ActivitiesTaken)),
    extensions(("x-permission" = json!("activities:write")), ("x-errors" = json!(["activity_without_customer"]))))]
#[post("/activities")]
async fn record_activities(
    can: Can<may::ActivitiesWrite>,
    app: web::Data<App>,
    body: Body<Activities>,
) -> ApiResult<web::Json<ActivitiesTaken>> {
    let mut faults = Vec::new();
    let mut signals = Vec::with_capacity(body.0.activities.len());
    for (index, activity) in body.0.activities.into_iter().enumerate() {
        let whose = match (activity.customer_id, activity.external_id) {
            (Some(id), None) => Whose::Id(id),
            (None, Some(external)) => {
                let (system, id) = external.into_pair();
                Whose::External { system, id }
            }
            _ => {
                faults.push(Fault::new(Code::ActivityWithoutCustomer).at(format!("/activities/{index}")));
                continue;
            }
        };
        signals.push(Signal { whose, at: activity.at });
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let taken = record(&app, &can.command()?, signals).await?;
    Ok(web::Json(ActivitiesTaken { accepted: taken.accepted, unknown: taken.unknown, in_future: taken.in_future }))
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TagParams {
    /// Tags that begin so.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    prefix: Option<String>,
    /// Tags at most; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Tags in use.
#[derive(Serialize, Debug, ToSchema)]
struct TagList {
    items: Vec<Tag>,
}

/// List tags
///
/// The tags that customers within reach have, in order: what a form offers while somebody types.
#[utoipa::path(tag = "customers", operation_id = "list_tags", params(TagParams), security(("bearer" = [])),
    responses((status = 200, description = "Tags, in order", body = TagList)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/tags")]
async fn list_tags(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    params: Params<TagParams>,
) -> ApiResult<web::Json<TagList>> {
    let limit = params.0.limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(50);
    let tags = tags::known(&app.db, can.scope(), params.0.prefix.as_deref(), limit).await?;
    Ok(web::Json(TagList { items: tags.into_iter().map(Tag).collect() }))
}
