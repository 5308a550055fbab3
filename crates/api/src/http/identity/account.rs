use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::entity::notifications::Model as Stored;
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::notifications;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::users::User;
use crate::http::support::enums::{PermissionSchema, SubjectSchema};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::identity::sessions::change_password as change;
use crate::usecases::integration::notifications::mark_read;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_me).service(change_password).service(list_notifications).service(read_notification);
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

/// Something the user should know (通知).
#[derive(Serialize, Debug, ToSchema)]
struct Notification {
    id: Uuid,
    /// The event's name.
    #[schema(example = "feedback.sla_breached")]
    kind: String,
    #[schema(value_type = SubjectSchema)]
    subject: String,
    subject_id: Uuid,
    /// The event itself.
    #[schema(value_type = Object, example = json!({"type": "feedback.sla_breached", "data": {"clock": "respond"}}))]
    data: serde_json::Value,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<Stored> for Notification {
    fn from(row: Stored) -> Self {
        let Stored { id, kind, subject, subject_id, data, created_at, read_at, .. } = row;
        Notification { id, kind, subject, subject_id, data, created_at, read_at }
    }
}

page_of!(NotificationPage, Notification);

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NotificationParams {
    /// Only those not yet read.
    unread: Option<bool>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
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

/// List one's own notifications
#[utoipa::path(tag = "account", operation_id = "list_notifications", params(NotificationParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of notifications", body = NotificationPage)),
    extensions(("x-permission" = json!("account"))))]
#[get("/me/notifications")]
async fn list_notifications(
    can: Can<may::Account>,
    app: web::Data<App>,
    params: Params<NotificationParams>,
) -> ApiResult<web::Json<NotificationPage>> {
    let page = PageParams { cursor: params.0.cursor.as_deref(), limit: params.0.limit }.request()?;
    let page = notifications::list(&app.db, can.actor.id, params.0.unread.unwrap_or(false), page).await?;
    Ok(web::Json(page.map(Notification::from).into()))
}

/// Mark a notification as read
#[utoipa::path(tag = "account", operation_id = "read_notification", params(("id" = Uuid, Path, description = "The notification")), security(("bearer" = [])),
    responses((status = 200, description = "The notification", body = Notification)),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["notification_not_found"]))))]
#[post("/me/notifications/{id}/read")]
async fn read_notification(can: Can<may::Account>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<Notification>> {
    Ok(web::Json(mark_read(&app, &can.command()?, id.0).await?.into()))
}
