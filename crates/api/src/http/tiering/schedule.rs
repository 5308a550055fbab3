use actix_web::{get, put, web};
use huiyin_domain::tiering::DailySchedule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::tiering::schedule::{read, replace};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_schedule).service(put_schedule);
}

/// When tiers and lifecycle stages are computed by themselves.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TieringSchedule {
    /// Whether all tiers are computed once a day. Lifecycle stages follow their rule every day in any case.
    #[schema(example = true)]
    enabled: bool,
    /// The hour of the day in the deployment's time zone.
    #[schema(minimum = 0, maximum = 23, example = 3)]
    hour: u32,
}

impl TieringSchedule {
    fn of((schedule, version): (DailySchedule, i64)) -> Versioned<Self> {
        Versioned::ok(TieringSchedule { enabled: schedule.enabled, hour: schedule.hour }, version)
    }
}

/// Read when tiers are computed
#[utoipa::path(tag = "tiering", operation_id = "get_tiering_schedule", security(("bearer" = [])),
    responses((status = 200, description = "The schedule", body = TieringSchedule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/schedule")]
async fn get_schedule(_can: Can<may::TieringRead>, app: web::Data<App>) -> ApiResult<Versioned<TieringSchedule>> {
    Ok(TieringSchedule::of(read(&app.db).await?))
}

/// Set when tiers are computed
#[utoipa::path(tag = "tiering", operation_id = "put_tiering_schedule", request_body = TieringSchedule, security(("bearer" = [])),
    responses((status = 200, description = "The schedule", body = TieringSchedule, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure"))))]
#[put("/tiering/schedule")]
async fn put_schedule(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<TieringSchedule>,
) -> ApiResult<Versioned<TieringSchedule>> {
    let TieringSchedule { enabled, hour } = body.0;
    Ok(TieringSchedule::of(replace(&app, &can.command()?, DailySchedule { enabled, hour }).await?))
}
