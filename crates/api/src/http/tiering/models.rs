use actix_web::{HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::support::{Page, from_json};
use huiyin_persistence::tiering::models::{self, StoredModel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::spec::TierModel;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::tiering::models::{activate, create, remove, replace};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_models)
        .service(create_model)
        .service(get_model)
        .service(put_model)
        .service(delete_model)
        .service(activate_model);
}

/// A stored model of tiers (分层模型).
#[derive(Debug, Serialize, ToSchema)]
struct StoredTierModel {
    id: Uuid,
    #[schema(example = "default")]
    name: String,
    /// Whether tiers are computed by it; exactly one is.
    active: bool,
    model: TierModel,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl StoredTierModel {
    fn of(row: StoredModel) -> ApiResult<Self> {
        let StoredModel { id, name, active, model, created_at, updated_at, .. } = row;
        Ok(StoredTierModel { id, name, active, model: TierModel::of(from_json(&model)?), created_at, updated_at })
    }
}

page_of!(StoredTierModelPage, StoredTierModel);

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct WriteTierModel {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "按年消费额")]
    name: String,
    model: TierModel,
}

fn versioned(row: StoredModel) -> ApiResult<Versioned<StoredTierModel>> {
    let version = row.version;
    Ok(Versioned::ok(StoredTierModel::of(row)?, version))
}

/// List tier models
#[utoipa::path(tag = "tiering", operation_id = "list_tiering_models", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of models", body = StoredTierModelPage)),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/models")]
async fn list_models(
    _can: Can<may::TieringRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<StoredTierModelPage>> {
    let page = models::list(&app.db, params.0.request()?).await?;
    let items = page.items.into_iter().map(StoredTierModel::of).collect::<ApiResult<_>>()?;
    Ok(web::Json(Page { items, next: page.next }.into()))
}

/// Create a tier model
///
/// It is not active; preview it, then activate it.
#[utoipa::path(tag = "tiering", operation_id = "create_tiering_model", request_body = WriteTierModel, security(("bearer" = [])),
    responses((status = 201, description = "The model", body = StoredTierModel, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the model")))),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["name_taken", "tiering_model_conflict"]))))]
#[post("/tiering/models")]
async fn create_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<WriteTierModel>,
) -> ApiResult<Versioned<StoredTierModel>> {
    let WriteTierModel { name, model } = body.0;
    let row = create(&app, &can.command()?, name, model.rules("/model")?).await?;
    let (version, location) = (row.version, format!("/api/v1/tiering/models/{}", row.id));
    Ok(Versioned::created(StoredTierModel::of(row)?, version, location))
}

/// Read a tier model
#[utoipa::path(tag = "tiering", operation_id = "get_stored_tiering_model", params(("id" = Uuid, Path, description = "The model")), security(("bearer" = [])),
    responses((status = 200, description = "The model", body = StoredTierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["tiering_model_not_found"]))))]
#[get("/tiering/models/{id}")]
async fn get_model(_can: Can<may::TieringRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<StoredTierModel>> {
    versioned(models::find(&app.db, id.0).await?.ok_or(Code::TieringModelNotFound)?)
}

/// Replace a tier model
///
/// Where it is active, customers move at the next run.
#[utoipa::path(tag = "tiering", operation_id = "put_stored_tiering_model", params(("id" = Uuid, Path, description = "The model")),
    request_body = WriteTierModel, security(("bearer" = [])),
    responses((status = 200, description = "The model", body = StoredTierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_not_found", "name_taken", "tiering_model_conflict"]))))]
#[put("/tiering/models/{id}")]
async fn put_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<WriteTierModel>,
) -> ApiResult<Versioned<StoredTierModel>> {
    let WriteTierModel { name, model } = body.0;
    versioned(replace(&app, &can.command()?, id.0, name, model.rules("/model")?).await?)
}

/// Delete a tier model
///
/// The active one stays (409 `tiering_model_active`). Runs keep the model by which they were computed.
#[utoipa::path(tag = "tiering", operation_id = "delete_tiering_model", params(("id" = Uuid, Path, description = "The model")), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_not_found", "tiering_model_active"]))))]
#[delete("/tiering/models/{id}")]
async fn delete_model(can: Can<may::TieringConfigure>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    remove(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Activate a tier model
///
/// Orders a run by it for today; the changes it makes carry the cause `model`. Where it is active already, nothing happens.
#[utoipa::path(tag = "tiering", operation_id = "activate_tiering_model", params(("id" = Uuid, Path, description = "The model")), security(("bearer" = [])),
    responses((status = 200, description = "The model, active", body = StoredTierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_not_found"]))))]
#[post("/tiering/models/{id}/activate")]
async fn activate_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<StoredTierModel>> {
    versioned(activate(&app, &can.command()?, id.0).await?)
}
