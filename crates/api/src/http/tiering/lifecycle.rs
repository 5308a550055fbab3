use actix_web::{get, put, web};
use huiyin_domain::tiering::LifecycleRule as Rule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::tiering::lifecycle::{read, replace};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_rule).service(put_rule);
}

/// After how many days a customer is in which stage of its life (生命周期). The first that holds:
///
/// 1. `pre_renewal`: the contract ends today or within `renewal_days`.
/// 2. `lapsed`: no contract runs, and the last order was `lapsed_days` ago or more; of customers who never ordered the end of the contract counts instead.
/// 3. `mature`: the first order was `mature_days` ago or more.
/// 4. `growing`: the first order was more than `new_days` ago.
/// 5. `new`: everybody else.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct LifecycleRule {
    #[schema(minimum = 1, maximum = 36500, example = 90)]
    new_days: u32,
    /// More than `new_days`.
    #[schema(minimum = 1, maximum = 36500, example = 365)]
    mature_days: u32,
    #[schema(minimum = 0, maximum = 36500, example = 90)]
    renewal_days: u32,
    #[schema(minimum = 1, maximum = 36500, example = 365)]
    lapsed_days: u32,
}

impl LifecycleRule {
    fn of((rule, version): (Rule, i64)) -> Versioned<Self> {
        let Rule { new_days, mature_days, renewal_days, lapsed_days } = rule;
        Versioned::ok(LifecycleRule { new_days, mature_days, renewal_days, lapsed_days }, version)
    }
}

/// Read the lifecycle rule
#[utoipa::path(tag = "tiering", operation_id = "get_lifecycle_rule", security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = LifecycleRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/lifecycle")]
async fn get_rule(_can: Can<may::TieringRead>, app: web::Data<App>) -> ApiResult<Versioned<LifecycleRule>> {
    Ok(LifecycleRule::of(read(&app.db).await?))
}

/// Replace the lifecycle rule
///
/// Customers follow in the background. The stage is derived: when it moves, the customer's version and ETag stay.
#[utoipa::path(tag = "tiering", operation_id = "put_lifecycle_rule", request_body = LifecycleRule, security(("bearer" = [])),
    responses((status = 200, description = "The rule", body = LifecycleRule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["lifecycle_conflict"]))))]
#[put("/tiering/lifecycle")]
async fn put_rule(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<LifecycleRule>,
) -> ApiResult<Versioned<LifecycleRule>> {
    let LifecycleRule { new_days, mature_days, renewal_days, lapsed_days } = body.0;
    let rule = Rule { new_days, mature_days, renewal_days, lapsed_days };
    Ok(LifecycleRule::of(replace(&app, &can.command()?, rule).await?))
}
