use std::collections::{BTreeMap, HashSet};

use actix_web::{HttpRequest, get, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::{has_facts, summary};
use huiyin_domain::fault::Lang;
use huiyin_domain::notice::{NOTICES, Notice};
use huiyin_domain::reader::Reader;
use huiyin_persistence::entity::notifications::Model as Stored;
use huiyin_persistence::integration::notifications::{self, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{NoticeSchema, SubjectSchema};
use crate::http::support::page::encode;
use crate::http::support::problem::{language, reader};
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::integration::inbox::{mark_all_read, mark_read, mute};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_notifications)
        .service(count_unread_notifications)
        .service(read_notifications)
        .service(read_notification)
        .service(get_notification_settings)
        .service(put_notification_settings);
}

/// Something the user should know (通知).
#[derive(Serialize, Debug, ToSchema)]
struct Notification {
    id: Uuid,
    /// The event's name.
    #[schema(example = "feedback.sla_breached")]
    kind: String,
    /// A sentence, in Chinese or English by `Accept-Language`.
    #[schema(example = "反馈超出时限：响应")]
    summary: String,
    /// What it is about.
    #[schema(value_type = SubjectSchema)]
    subject: String,
    subject_id: Uuid,
    /// The event itself.
    #[schema(value_type = Object, example = json!({"type": "feedback.sla_breached", "data": {"clock": "respond"}}))]
    data: serde_json::Value,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl Notification {
    fn of(row: Stored, reader: Reader) -> Self {
        let Stored { id, kind, subject, subject_id, data, created_at, read_at, .. } = row;
        let summary = sentence(&kind, &data, reader);
        Notification { id, kind, summary, subject, subject_id, data, created_at, read_at }
    }
}

/// What one is told: the kind's own words, with what the timeline knows of it. Of feedback the timeline's say both.
fn sentence(kind: &str, data: &serde_json::Value, reader: Reader) -> String {
    let told = summary(kind, data, true, reader);
    match Notice::of(kind) {
        Some(notice) if !has_facts(kind) => notice.title(reader.lang).to_owned(),
        Some(notice) if ["follow_up", "todo.", "alert."].iter().any(|known| kind.starts_with(known)) => {
            format!("{}{}{told}", notice.title(reader.lang), reader.say("：", ": "))
        }
        _ => told,
    }
}

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationPage {
    items: Vec<Notification>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
    /// How many are unread in all, whatever the list is narrowed by; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000, example = 3)]
    unread: i64,
}

/// How many notifications are unread.
#[derive(Debug, Serialize, ToSchema)]
struct UnreadCount {
    /// 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000, example = 3)]
    unread: i64,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NotificationParams {
    /// Only those not yet read.
    unread: Option<bool>,
    /// Only of this kind of event.
    #[schema(value_type = Option<NoticeSchema>)]
    #[param(value_type = Option<NoticeSchema>)]
    kind: Option<String>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List one's own notifications
///
/// The newest first, with how many are unread.
#[utoipa::path(tag = "account", operation_id = "list_notifications", params(NotificationParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of notifications", body = NotificationPage)),
    extensions(("x-permission" = json!("account"))))]
#[get("/me/notifications")]
async fn list_notifications(
    can: Can<may::Account>,
    app: web::Data<App>,
    params: Params<NotificationParams>,
    request: HttpRequest,
) -> ApiResult<web::Json<NotificationPage>> {
    let NotificationParams { unread, kind, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let filter = Filter { unread: unread.unwrap_or(false), kind };
    let page = notifications::list(&app.db, can.actor.id, filter, page).await?;
    let reader = reader(&request, &app);
    Ok(web::Json(NotificationPage {
        items: page.items.into_iter().map(|row| Notification::of(row, reader)).collect(),
        next_cursor: page.next.map(encode),
        unread: notifications::unread(&app.db, can.actor.id).await?,
    }))
}

/// Count one's own unread notifications
#[utoipa::path(tag = "account", operation_id = "count_unread_notifications", security(("bearer" = [])),
    responses((status = 200, description = "How many there are", body = UnreadCount)),
    extensions(("x-permission" = json!("account"))))]
#[get("/me/notifications/unread-count")]
async fn count_unread_notifications(can: Can<may::Account>, app: web::Data<App>) -> ApiResult<web::Json<UnreadCount>> {
    Ok(web::Json(UnreadCount { unread: notifications::unread(&app.db, can.actor.id).await? }))
}

/// Mark a notification as read
#[utoipa::path(tag = "account", operation_id = "read_notification", params(("id" = Uuid, Path, description = "The notification")), security(("bearer" = [])),
    responses((status = 200, description = "The notification", body = Notification)),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["notification_not_found"]))))]
#[post("/me/notifications/{id}/read")]
async fn read_notification(
    can: Can<may::Account>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<Notification>> {
    let row = mark_read(&app, &can.command()?, id.0).await?;
    Ok(web::Json(Notification::of(row, reader(&request, &app))))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ReadNotifications {
    /// The newest that is meant; all of them unless given.
    #[schema(nullable = false)]
    up_to: Option<Uuid>,
}

/// What was marked as read, and what is left.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationsRead {
    /// How many were unread before.
    #[schema(minimum = 0, example = 12)]
    read: u64,
    /// How many are unread now; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    unread: i64,
}

/// Mark all notifications as read
///
/// All of one's own, or those up to one of them, which the reader has seen.
#[utoipa::path(tag = "account", operation_id = "read_notifications", request_body = ReadNotifications, security(("bearer" = [])),
    responses((status = 200, description = "What was marked", body = NotificationsRead)),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["notification_not_found"]))))]
#[post("/me/notifications/read")]
async fn read_notifications(
    can: Can<may::Account>,
    app: web::Data<App>,
    body: Body<ReadNotifications>,
) -> ApiResult<web::Json<NotificationsRead>> {
    let marked = mark_all_read(&app, &can.command()?, body.0.up_to).await?;
    Ok(web::Json(NotificationsRead { read: marked.read, unread: marked.unread }))
}

/// Whether one is told of a kind of event.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationSetting {
    #[schema(value_type = NoticeSchema)]
    kind: &'static str,
    /// What one is told, in Chinese or English by `Accept-Language`.
    #[schema(example = "反馈超出时限")]
    title: &'static str,
    enabled: bool,
}

/// Of what one is told.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationSettings {
    /// Every kind there is.
    items: Vec<NotificationSetting>,
}

impl NotificationSettings {
    fn of(muted: &HashSet<String>, lang: Lang) -> Self {
        let items = NOTICES.iter().map(|notice| NotificationSetting {
            kind: notice.as_str(),
            title: notice.title(lang),
            enabled: !muted.contains(notice.as_str()),
        });
        NotificationSettings { items: items.collect() }
    }
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct NotificationChoice {
    #[schema(value_type = NoticeSchema)]
    kind: String,
    #[schema(example = false)]
    enabled: bool,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PutNotificationSettings {
    /// Kinds that are not named are told; of a kind that is named twice the last word counts.
    #[schema(max_items = 200)]
    items: Vec<NotificationChoice>,
}

/// Read of what one is told
///
/// Every kind of event of which users are told, and whether one is told of it oneself: on unless switched off.
#[utoipa::path(tag = "account", operation_id = "get_notification_settings", security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = NotificationSettings)),
    extensions(("x-permission" = json!("account"))))]
#[get("/me/notification-settings")]
async fn get_notification_settings(
    can: Can<may::Account>,
    app: web::Data<App>,
    request: HttpRequest,
) -> ApiResult<web::Json<NotificationSettings>> {
    let muted = notifications::muted(&app.db, can.actor.id).await?;
    Ok(web::Json(NotificationSettings::of(&muted, language(&request))))
}

/// Say of what one is told
///
/// For what happens from now on; what has been told stays.
#[utoipa::path(tag = "account", operation_id = "put_notification_settings", request_body = PutNotificationSettings, security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = NotificationSettings)),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["user_not_found"]))))]
#[put("/me/notification-settings")]
async fn put_notification_settings(
    can: Can<may::Account>,
    app: web::Data<App>,
    body: Body<PutNotificationSettings>,
    request: HttpRequest,
) -> ApiResult<web::Json<NotificationSettings>> {
    let wanted: BTreeMap<String, bool> = body.0.items.into_iter().map(|choice| (choice.kind, choice.enabled)).collect();
    let muted = wanted.into_iter().filter(|(_, enabled)| !enabled).map(|(kind, _)| kind).collect();
    let muted = mute(&app, &can.command()?, muted).await?;
    Ok(web::Json(NotificationSettings::of(&muted, language(&request))))
}
