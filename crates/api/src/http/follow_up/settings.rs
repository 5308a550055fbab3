use actix_web::{get, put, web};
use huiyin_domain::follow_up::record::Thresholds;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::settings::{FollowUpSettings as Kept, read, replace};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_follow_up_settings).service(put_follow_up_settings);
}

/// Up to which scores somebody is alerted (预警阈值), and what is asked in verification follow-ups.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FollowUpSettings {
    /// NPS at or below which an alert is raised; null: never.
    #[schema(required, minimum = 0, maximum = 10, example = 6)]
    nps_alert_at_most: Option<i16>,
    /// CSAT at or below which an alert is raised; null: never.
    #[schema(required, minimum = 1, maximum = 5, example = 2)]
    csat_alert_at_most: Option<i16>,
    /// The script (话术) of verification follow-ups (二次回访) made from now on; none where it is null or absent.
    #[serde(default)]
    verification_script_id: Option<Uuid>,
}

fn shown(kept: Kept) -> Versioned<FollowUpSettings> {
    let Thresholds { nps, csat } = kept.alerts;
    let verification_script_id = kept.verification_script_id;
    let settings = FollowUpSettings { nps_alert_at_most: nps, csat_alert_at_most: csat, verification_script_id };
    Versioned::ok(settings, kept.version)
}

/// Read the settings of follow-ups
///
/// Up to which scores somebody is alerted, and the script of verification follow-ups.
#[utoipa::path(tag = "alerts", operation_id = "get_follow_up_settings", security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = FollowUpSettings, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-settings")]
async fn get_follow_up_settings(
    _can: Can<may::FollowUpRead>,
    app: web::Data<App>,
) -> ApiResult<Versioned<FollowUpSettings>> {
    Ok(shown(read(&app.db).await?))
}

/// Set follow-ups anew
///
/// From now on; alerts that were raised and tasks that were made stay.
#[utoipa::path(tag = "alerts", operation_id = "put_follow_up_settings", request_body = FollowUpSettings, security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = FollowUpSettings, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:configure")), ("x-errors" = json!(["script_not_found"]))))]
#[put("/follow-up-settings")]
async fn put_follow_up_settings(
    can: Can<may::FollowUpConfigure>,
    app: web::Data<App>,
    body: Body<FollowUpSettings>,
) -> ApiResult<Versioned<FollowUpSettings>> {
    let FollowUpSettings { nps_alert_at_most: nps, csat_alert_at_most: csat, verification_script_id } = body.0;
    Ok(shown(replace(&app, &can.command()?, Thresholds { nps, csat }, verification_script_id).await?))
}
