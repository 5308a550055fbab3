use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::identity::sessions::{self, ACCESS_TOKEN_SECONDS};

pub fn routes(config: &mut ServiceConfig) {
    config.service(login).service(refresh).service(logout);
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Login {
    #[schema(min_length = 1, max_length = 100, example = "wang.li")]
    username: String,
    #[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
    password: String,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Refresh {
    #[schema(min_length = 1, max_length = 200, example = "hZ0Yq3…")]
    refresh_token: String,
}

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
struct Tokens {
    /// For `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    expires_in: i64,
    /// Exchange it once at `/auth/refresh`; it is spent by that.
    refresh_token: String,
}

impl From<sessions::Tokens> for Tokens {
    fn from(tokens: sessions::Tokens) -> Self {
        Tokens {
            access_token: tokens.access_token,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_SECONDS,
            refresh_token: tokens.refresh_token,
        }
    }
}

/// Sign in
///
/// After five wrong passwords in a row the name is locked for a minute, longer after each further one.
#[utoipa::path(tag = "auth", operation_id = "login", request_body = Login, security(()),
    responses((status = 200, description = "Tokens", body = Tokens)),
    extensions(("x-errors" = json!(["invalid_credentials", "account_locked"]))))]
#[post("/auth/login")]
async fn login(app: web::Data<App>, body: Body<Login>) -> ApiResult<web::Json<Tokens>> {
    let Body(Login { username, password }) = body;
    let tokens = sessions::login(&app, &username, password, app.clock.now()).await?;
    Ok(web::Json(tokens.into()))
}

/// Exchange a refresh token for new tokens
///
/// A token that comes a second time ends its session: one of the two who hold it has stolen it.
#[utoipa::path(tag = "auth", operation_id = "refresh_tokens", request_body = Refresh, security(()),
    responses((status = 200, description = "New tokens; the old refresh token is spent", body = Tokens)),
    extensions(("x-errors" = json!(["refresh_token_invalid", "refresh_token_reused"]))))]
#[post("/auth/refresh")]
async fn refresh(app: web::Data<App>, body: Body<Refresh>) -> ApiResult<web::Json<Tokens>> {
    let tokens = sessions::refresh(&app, &body.0.refresh_token, app.clock.now()).await?;
    Ok(web::Json(tokens.into()))
}

/// Sign out
///
/// Ends the session of the token that is used, with its refresh tokens.
#[utoipa::path(tag = "auth", operation_id = "logout", security(("bearer" = [])),
    responses((status = 204, description = "Signed out")), extensions(("x-permission" = json!("account"))))]
#[post("/auth/logout")]
async fn logout(can: Can<may::Account>, app: web::Data<App>) -> ApiResult<HttpResponse> {
    sessions::logout(&app, &can.command()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
