use actix_web::{HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::identity::Permission;
use huiyin_persistence::identity::api_keys::{self, ApiKey as Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::PermissionSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::identity::api_keys::{create, revoke};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_api_keys).service(create_api_key).service(revoke_api_key);
}

/// A key with which another system (ERP, OA) calls.
#[derive(Serialize, Debug, ToSchema)]
struct ApiKey {
    id: Uuid,
    #[schema(example = "ERP")]
    name: String,
    /// The first characters of the secret, to tell keys apart.
    #[schema(example = "hyk_3fA9xQ")]
    prefix: String,
    /// What the key may do, within what the role `integration` may.
    #[schema(value_type = Vec<PermissionSchema>)]
    scopes: serde_json::Value,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Stored> for ApiKey {
    fn from(key: Stored) -> Self {
        let Stored { id, name, prefix, scopes, created_at, expires_at, revoked_at, .. } = key;
        ApiKey { id, name, prefix, scopes, created_at, expires_at, revoked_at }
    }
}

page_of!(ApiKeyPage, ApiKey);

#[derive(Serialize, ToSchema)]
struct CreatedApiKey {
    api_key: ApiKey,
    /// The secret, shown this once; null where the request is a repetition.
    #[schema(example = "hyk_3fA9xQ…")]
    secret: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateApiKey {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "ERP")]
    name: String,
    #[schema(value_type = Vec<PermissionSchema>, min_items = 1, max_items = 50, example = json!(["customers:read", "orders:write"]))]
    scopes: Vec<Permission>,
    /// Unless given, the key is valid until it is revoked.
    expires_at: Option<DateTime<Utc>>,
}

/// List API keys
#[utoipa::path(tag = "users", operation_id = "list_api_keys", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of keys, without their secrets", body = ApiKeyPage)),
    extensions(("x-permission" = json!("api_keys:manage"))))]
#[get("/api-keys")]
async fn list_api_keys(
    _can: Can<may::ApiKeysManage>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<ApiKeyPage>> {
    let page = api_keys::list(&app.db, params.0.request()?).await?;
    Ok(web::Json(page.map(ApiKey::from).into()))
}

/// Create an API key
///
/// The secret is shown this once and not kept.
#[utoipa::path(tag = "users", operation_id = "create_api_key", request_body = CreateApiKey, security(("bearer" = [])),
    responses((status = 201, description = "The key and its secret", body = CreatedApiKey)),
    extensions(("x-permission" = json!("api_keys:manage"))))]
#[post("/api-keys")]
async fn create_api_key(
    can: Can<may::ApiKeysManage>,
    app: web::Data<App>,
    body: Body<CreateApiKey>,
) -> ApiResult<HttpResponse> {
    let Body(CreateApiKey { name, scopes, expires_at }) = body;
    let (key, secret) = create(&app, &can.command()?, name, scopes, expires_at).await?;
    Ok(HttpResponse::Created().json(CreatedApiKey { api_key: key.into(), secret }))
}

/// Revoke an API key
///
/// It is refused from now on; other copies follow within five seconds.
#[utoipa::path(tag = "users", operation_id = "revoke_api_key", params(("id" = Uuid, Path, description = "The key")), security(("bearer" = [])),
    responses((status = 204, description = "Revoked")),
    extensions(("x-permission" = json!("api_keys:manage")), ("x-errors" = json!(["api_key_not_found"]))))]
#[delete("/api-keys/{id}")]
async fn revoke_api_key(can: Can<may::ApiKeysManage>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    revoke(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
