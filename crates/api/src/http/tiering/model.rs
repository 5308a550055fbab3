use actix_web::{get, put, web};
use huiyin_persistence::support::from_json;
use huiyin_persistence::tiering::models;
use utoipa_actix_web::service_config::ServiceConfig;

use super::spec::TierModel;
use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::support::Error;
use crate::usecases::tiering::models::replace_active;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_model).service(put_model);
}

/// Read the active tier model
#[utoipa::path(tag = "tiering", operation_id = "get_tiering_model", security(("bearer" = [])),
    responses((status = 200, description = "The model", body = TierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/model")]
async fn get_model(_can: Can<may::TieringRead>, app: web::Data<App>) -> ApiResult<Versioned<TierModel>> {
    let stored = models::active(&app.db).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
    Ok(Versioned::ok(TierModel::of(from_json(&stored.model)?), stored.version))
}

/// Replace the active tier model
///
/// Customers move at the next run. What contradicts itself is 409 `tiering_model_conflict`.
#[utoipa::path(tag = "tiering", operation_id = "put_tiering_model", request_body = TierModel, security(("bearer" = [])),
    responses((status = 200, description = "The model", body = TierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_conflict"]))))]
#[put("/tiering/model")]
async fn put_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<TierModel>,
) -> ApiResult<Versioned<TierModel>> {
    let stored = replace_active(&app, &can.command()?, body.0.rules("")?).await?;
    Ok(Versioned::ok(TierModel::of(from_json(&stored.model)?), stored.version))
}
