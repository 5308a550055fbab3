use actix_web::{HttpResponse, get, post, web};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::identity::users;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::users::User;
use crate::http::support::enums::PermissionSchema;
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::identity::sessions::change_password as change;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_me).service(change_password);
}

/// The signed-in user and what they may do.
#[derive(Serialize, ToSchema)]
struct Me {
    user: User,
    #[schema(value_type = Vec<PermissionSchema>)]
    permissions: Vec<Permission>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    #[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
    current_password: String,
    #[schema(min_length = 8, max_length = 128, format = Password, example = "staple orbit window")]
    new_password: String,
}

/// Who am I
#[utoipa::path(tag = "account", operation_id = "get_me", security(("bearer" = [])),
    responses((status = 200, description = "The signed-in user", body = Me)),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["user_not_found"]))))]
#[get("/me")]
async fn get_me(can: Can<may::Account>, app: web::Data<App>) -> ApiResult<web::Json<Me>> {
    let user = users::active(&app.db, can.actor.id).await?.ok_or(Code::UserNotFound)?;
    let permissions = Permission::ALL.iter().copied().filter(|permission| can.actor.may(*permission)).collect();
    Ok(web::Json(Me { user: user.into(), permissions }))
}

/// Change one's own password
///
/// All other sessions of the user end.
#[utoipa::path(tag = "account", operation_id = "change_password", request_body = PasswordChange, security(("bearer" = [])),
    responses((status = 204, description = "Changed")),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["wrong_password", "account_locked", "user_not_found"]))))]
#[post("/me/password")]
async fn change_password(
    can: Can<may::Account>,
    app: web::Data<App>,
    body: Body<PasswordChange>,
) -> ApiResult<HttpResponse> {
    let Body(PasswordChange { current_password, new_password }) = body;
    change(&app, &can.command()?, current_password, new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}
