use actix_web::{get, put, web};
use huiyin_domain::follow_up::task::TaskLimits;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::limits::{self, Limits, limits};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_limits).service(put_limits);
}

/// How often follow-ups may be put off.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FollowUpLimits {
    /// Who was not reached so often is given up as unreachable.
    #[schema(minimum = 1, maximum = 20, example = 3)]
    attempts: i32,
    /// How often a task is postponed at most; 0: not at all.
    #[schema(minimum = 0, maximum = 20, example = 3)]
    postponements: i32,
    /// Days after what was promised first up to which a task is postponed, and from now to the next attempt.
    #[schema(minimum = 1, maximum = 365, example = 30)]
    days: i32,
}

fn shown(Limits { version, limits }: Limits) -> Versioned<FollowUpLimits> {
    let TaskLimits { attempts, postponements, days } = limits;
    Versioned::ok(FollowUpLimits { attempts, postponements, days }, version)
}

/// Read how often follow-ups may be put off
#[utoipa::path(tag = "follow-up tasks", operation_id = "get_follow_up_limits", security(("bearer" = [])),
    responses((status = 200, description = "The limits", body = FollowUpLimits, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-tasks/limits")]
async fn get_limits(_can: Can<may::FollowUpRead>, app: web::Data<App>) -> ApiResult<Versioned<FollowUpLimits>> {
    Ok(shown(limits(&app.db).await?))
}

/// Say how often follow-ups may be put off
///
/// What was put off more often already stays so.
#[utoipa::path(tag = "follow-up tasks", operation_id = "put_follow_up_limits", request_body = FollowUpLimits, security(("bearer" = [])),
    responses((status = 200, description = "The limits", body = FollowUpLimits, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:configure"))))]
#[put("/follow-up-tasks/limits")]
async fn put_limits(
    can: Can<may::FollowUpConfigure>,
    app: web::Data<App>,
    body: Body<FollowUpLimits>,
) -> ApiResult<Versioned<FollowUpLimits>> {
    let FollowUpLimits { attempts, postponements, days } = body.0;
    Ok(shown(limits::put(&app, &can.command()?, TaskLimits { attempts, postponements, days }).await?))
}
