use std::collections::HashMap;

use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::entry::FieldRule;
use huiyin_domain::feedback::{Channel, Subtype};
use huiyin_persistence::feedback::entries::{self, Entry as Stored, Figures};
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{ChannelSchema, FieldRuleSchema, SubtypeSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::entries::{EntryChange, NewEntry, create, delete as delete_entry, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_feedback_entries)
        .service(create_feedback_entry)
        .service(get_feedback_entry)
        .service(update_feedback_entry)
        .service(delete_feedback_entry);
}

/// Where anybody may leave a feedback without signing in (反馈入口): a shop's QR code, a mini program, an app.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackEntry {
    id: Uuid,
    /// In its public address; stays.
    #[schema(example = "shop-nanjing-road")]
    key: String,
    #[schema(example = "南京路门店")]
    name: String,
    /// A closed one answers 404.
    active: bool,
    #[schema(value_type = ChannelSchema)]
    channel: String,
    /// Whether it asks for phone or mail.
    #[schema(value_type = FieldRuleSchema)]
    contact: String,
    /// Whether it asks for a name.
    #[schema(value_type = FieldRuleSchema)]
    contact_name: String,
    /// Whether it takes a picture.
    picture: bool,
    /// Feedback a minute that it takes from one client.
    #[schema(minimum = 1, maximum = 600, example = 10)]
    per_minute: i32,
    /// Where it goes what no rule sends elsewhere.
    department_id: Option<Uuid>,
    /// What it is where the classifier is not sure.
    #[schema(value_type = Option<SubtypeSchema>)]
    subtype: Option<String>,
    /// Feedback that came in by it.
    #[schema(minimum = 0, example = 128)]
    received: i64,
    last_received_at: Option<DateTime<Utc>>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

page_of!(FeedbackEntryPage, FeedbackEntry);

impl FeedbackEntry {
    fn of(row: Stored, figures: Option<Figures>) -> Self {
        FeedbackEntry {
            id: row.id,
            key: row.key,
            name: row.name,
            active: row.active,
            channel: row.channel,
            contact: row.contact_rule,
            contact_name: row.name_rule,
            picture: row.takes_picture,
            per_minute: row.per_minute,
            department_id: row.department_id,
            subtype: row.subtype,
            received: figures.as_ref().map_or(0, |figures| figures.received),
            last_received_at: figures.map(|figures| figures.last_received_at),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// With its version as ETag.
    async fn versioned(app: &App, row: Stored) -> ApiResult<Versioned<Self>> {
        let figures = entries::figures(&app.db, &[row.id]).await?.remove(&row.id);
        let version = row.version;
        Ok(Versioned::ok(Self::of(row, figures), version))
    }
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateFeedbackEntry {
    /// Small letters, digits and hyphens; made up, so that nobody guesses it, unless given.
    #[schema(
        nullable = false,
        min_length = 2,
        max_length = 50,
        pattern = "^[a-z0-9][a-z0-9-]{1,49}$",
        example = "shop-nanjing-road"
    )]
    key: Option<String>,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "南京路门店")]
    name: String,
    #[schema(value_type = ChannelSchema)]
    channel: Channel,
    /// Whether it asks for phone or mail; `optional` unless given.
    #[schema(nullable = false, value_type = Option<FieldRuleSchema>)]
    contact: Option<FieldRule>,
    /// Whether it asks for a name; `not_asked` unless given.
    #[schema(nullable = false, value_type = Option<FieldRuleSchema>)]
    contact_name: Option<FieldRule>,
    /// Whether it takes a picture; not unless given.
    #[schema(nullable = false)]
    picture: Option<bool>,
    /// Feedback a minute that it takes from one client; 10 unless given. Each copy of the program counts for itself.
    #[schema(nullable = false, minimum = 1, maximum = 600, example = 10)]
    per_minute: Option<i32>,
    /// Where it goes what no rule sends elsewhere; without, that waits for triage.
    department_id: Option<Uuid>,
    /// What it is where the classifier is not sure; without, that waits for triage.
    #[schema(value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
}

/// Fields that are absent stay; null clears.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchFeedbackEntry {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "南京路门店")]
    name: Option<String>,
    #[schema(nullable = false)]
    active: Option<bool>,
    #[schema(nullable = false, value_type = Option<ChannelSchema>)]
    channel: Option<Channel>,
    #[schema(nullable = false, value_type = Option<FieldRuleSchema>)]
    contact: Option<FieldRule>,
    #[schema(nullable = false, value_type = Option<FieldRuleSchema>)]
    contact_name: Option<FieldRule>,
    #[schema(nullable = false)]
    picture: Option<bool>,
    #[schema(nullable = false, minimum = 1, maximum = 600, example = 10)]
    per_minute: Option<i32>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SubtypeSchema>)]
    subtype: Option<Option<Subtype>>,
}

/// List entry points
#[utoipa::path(tag = "feedback", operation_id = "list_feedback_entries", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of entry points", body = FeedbackEntryPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/entries")]
async fn list_feedback_entries(
    _can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<FeedbackEntryPage>> {
    let Page { items, next } = entries::list(&app.db, params.0.request()?).await?;
    let ids: Vec<Uuid> = items.iter().map(|row| row.id).collect();
    let mut figures: HashMap<Uuid, Figures> = entries::figures(&app.db, &ids).await?;
    let items = items.into_iter().map(|row| {
        let of = figures.remove(&row.id);
        FeedbackEntry::of(row, of)
    });
    Ok(web::Json(Page { items: items.collect(), next }.into()))
}

/// Open an entry point
///
/// Its public address is `/api/v1/public/feedback/{key}`. It asks for the content, for phone or mail, for a name, and for a
/// picture: never for more.
#[utoipa::path(tag = "feedback", operation_id = "create_feedback_entry", request_body = CreateFeedbackEntry, security(("bearer" = [])),
    responses((status = 201, description = "The entry point", body = FeedbackEntry, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the entry point")))),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["entry_key_taken", "department_not_found"]))))]
#[post("/feedback/entries")]
async fn create_feedback_entry(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    body: Body<CreateFeedbackEntry>,
) -> ApiResult<Versioned<FeedbackEntry>> {
    let body = body.0;
    let new = NewEntry {
        key: body.key,
        name: body.name,
        channel: body.channel,
        contact: body.contact.unwrap_or(FieldRule::Optional),
        own_name: body.contact_name.unwrap_or(FieldRule::NotAsked),
        picture: body.picture.unwrap_or_default(),
        per_minute: body.per_minute.unwrap_or(10),
        department_id: body.department_id,
        subtype: body.subtype,
    };
    let row = create(&app, &can.command()?, new).await?;
    let (version, location) = (row.version, format!("/api/v1/feedback/entries/{}", row.id));
    Ok(Versioned::created(FeedbackEntry::of(row, None), version, location))
}

/// Read an entry point
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_entry", params(("id" = Uuid, Path, description = "The entry point")), security(("bearer" = [])),
    responses((status = 200, description = "The entry point", body = FeedbackEntry, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["entry_not_found"]))))]
#[get("/feedback/entries/{id}")]
async fn get_feedback_entry(
    _can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FeedbackEntry>> {
    let row = entries::find(&app.db, id.0).await?.ok_or(Code::EntryNotFound)?;
    FeedbackEntry::versioned(&app, row).await
}

/// Change an entry point
///
/// `active: false` closes it: it answers 404 from then on, and receipts stay good.
#[utoipa::path(tag = "feedback", operation_id = "update_feedback_entry", params(("id" = Uuid, Path, description = "The entry point")),
    request_body = PatchFeedbackEntry, security(("bearer" = [])),
    responses((status = 200, description = "The entry point", body = FeedbackEntry, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["entry_not_found", "department_not_found"]))))]
#[patch("/feedback/entries/{id}")]
async fn update_feedback_entry(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchFeedbackEntry>,
) -> ApiResult<Versioned<FeedbackEntry>> {
    let body = body.0;
    let change = EntryChange {
        name: body.name,
        active: body.active,
        channel: body.channel,
        contact: body.contact,
        own_name: body.contact_name,
        picture: body.picture,
        per_minute: body.per_minute,
        department_id: body.department_id,
        subtype: body.subtype,
    };
    let row = update(&app, &can.command()?, id.0, change).await?;
    FeedbackEntry::versioned(&app, row).await
}

/// Delete an entry point
///
/// Only one by which nothing has come in; another can be closed.
#[utoipa::path(tag = "feedback", operation_id = "delete_feedback_entry", params(("id" = Uuid, Path, description = "The entry point")), security(("bearer" = [])),
    responses((status = 204, description = "Deleted")),
    extensions(("x-permission" = json!("feedback:configure")), ("x-errors" = json!(["entry_not_found", "entry_in_use"]))))]
#[delete("/feedback/entries/{id}")]
async fn delete_feedback_entry(
    can: Can<may::FeedbackConfigure>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<HttpResponse> {
    delete_entry(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
