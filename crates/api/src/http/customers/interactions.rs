use std::collections::HashMap;

use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::InteractionMethod;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::customers::interactions::{self, Interaction as Stored};
use huiyin_persistence::customers::{attachments, profiles, todos};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::attachments::Attachment;
use super::todos::{CreateTodo, Todo, shown as shown_todos};
use crate::http::support::enums::InteractionMethodSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::interactions::{Record, participants, record, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_interaction).service(list_interactions).service(get_interaction).service(update_interaction);
}

/// One communication with a customer (互动记录).
#[derive(Debug, Serialize, ToSchema)]
pub struct Interaction {
    id: Uuid,
    customer_id: Uuid,
    happened_at: DateTime<Utc>,
    #[schema(value_type = InteractionMethodSchema)]
    method: String,
    #[schema(example = "续约沟通")]
    subject: String,
    /// Users who took part.
    staff_ids: Vec<Uuid>,
    /// Contacts of the customer who took part.
    contact_ids: Vec<Uuid>,
    /// Whoever else took part, of either side.
    other_participants: Vec<String>,
    /// What it came to.
    key_points: Option<String>,
    /// What the customer wants (客户诉求).
    wishes: Option<String>,
    /// What was promised.
    commitments: Option<String>,
    next_step: Option<String>,
    /// Who recorded it; null where another system did.
    author_id: Option<Uuid>,
    /// What is to be done because of it, what is due first first.
    todos: Vec<Todo>,
    /// Its files; none for those who may not read attachments.
    attachments: Vec<Attachment>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

page_of!(InteractionPage, Interaction);

/// Rows with their to-dos and files: two statements more, however many.
pub async fn shown<P>(app: &App, rows: Vec<Stored>, can: &Can<P>) -> ApiResult<Vec<Interaction>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut given: HashMap<Uuid, Vec<Todo>> = HashMap::new();
    let todos = todos::of_interactions(&app.db, &ids).await?;
    let of: Vec<Uuid> = todos.iter().filter_map(|todo| todo.interaction_id).collect();
    for (interaction, todo) in of.into_iter().zip(shown_todos(app, todos, can.now).await?) {
        given.entry(interaction).or_default().push(todo);
    }
    let mut files: HashMap<Uuid, Vec<Attachment>> = HashMap::new();
    if can.actor.may(Permission::AttachmentsRead) {
        for file in attachments::of_subjects(&app.db, &ids).await? {
            files.entry(file.subject_id).or_default().push(file.into());
        }
    }
    let one = |row: Stored| -> ApiResult<Interaction> {
        let (staff_ids, contact_ids, other_participants) = participants(&row)?;
        Ok(Interaction {
            todos: given.remove(&row.id).unwrap_or_default(),
            attachments: files.remove(&row.id).unwrap_or_default(),
            id: row.id,
            customer_id: row.customer_id,
            happened_at: row.happened_at,
            method: row.method,
            subject: row.subject,
            staff_ids,
            contact_ids,
            other_participants,
            key_points: row.key_points,
            wishes: row.wishes,
            commitments: row.commitments,
            next_step: row.next_step,
            author_id: row.author_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    };
    rows.into_iter().map(one).collect()
}

async fn one<P>(app: &App, row: Stored, can: &Can<P>) -> ApiResult<(Interaction, i64)> {
    let version = row.version;
    let shown = shown(app, vec![row], can).await?.pop().ok_or(Code::InteractionNotFound)?;
    Ok((shown, version))
}

/// What happened with a customer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateInteraction {
    /// Now unless given; not in the future.
    happened_at: Option<DateTime<Utc>>,
    #[schema(value_type = InteractionMethodSchema)]
    method: InteractionMethod,
    #[schema(min_length = 1, max_length = 500, pattern = "@line", example = "续约沟通")]
    subject: String,
    /// Users who took part; yourself unless given.
    #[schema(max_items = 50)]
    staff_ids: Option<Vec<Uuid>>,
    /// Contacts of this customer who took part.
    #[schema(max_items = 50)]
    contact_ids: Option<Vec<Uuid>>,
    /// Whoever else took part.
    #[schema(max_items = 50)]
    other_participants: Option<Vec<ParticipantName>>,
    #[schema(max_length = 10000, example = "对价格满意，关心交付周期")]
    key_points: Option<String>,
    #[schema(max_length = 10000)]
    wishes: Option<String>,
    #[schema(max_length = 10000)]
    commitments: Option<String>,
    #[schema(max_length = 10000)]
    next_step: Option<String>,
    /// What is to be done because of it.
    #[schema(max_items = 50)]
    todos: Option<Vec<CreateTodo>>,
}

/// Fields that are absent stay; those that are null are cleared, where an interaction can be without them.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchInteraction {
    #[schema(nullable = false)]
    happened_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<InteractionMethodSchema>, nullable = false)]
    method: Option<InteractionMethod>,
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@line", example = "续约沟通")]
    subject: Option<String>,
    #[schema(nullable = false, max_items = 50)]
    staff_ids: Option<Vec<Uuid>>,
    #[schema(nullable = false, max_items = 50)]
    contact_ids: Option<Vec<Uuid>>,
    #[schema(nullable = false, max_items = 50)]
    other_participants: Option<Vec<ParticipantName>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    key_points: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    wishes: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    commitments: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    next_step: Option<Option<String>>,
}

/// A name as it is said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 200, pattern = "@line", example = "李工（监理方）")]
struct ParticipantName(String);

fn names(given: Option<Vec<ParticipantName>>) -> Option<Vec<String>> {
    given.map(|names| names.into_iter().map(|name| name.0.trim().to_owned()).collect())
}

/// Record an interaction
///
/// With the to-dos that come of it. Files are attached to it afterwards (`POST /attachments`).
#[utoipa::path(tag = "interactions", operation_id = "create_interaction", params(("id" = Uuid, Path, description = "The customer")),
    request_body = CreateInteraction, security(("bearer" = [])),
    responses((status = 201, description = "The interaction", body = Interaction, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the interaction")))),
    extensions(("x-permission" = json!("interactions:write")),
        ("x-errors" = json!(["customer_not_found", "user_not_found", "contact_not_found", "in_the_future", "reference_missing"]))))]
#[post("/customers/{id}/interactions")]
async fn create_interaction(
    can: Can<may::InteractionsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<CreateInteraction>,
) -> ApiResult<Versioned<Interaction>> {
    let body = body.0;
    let todos = body.todos.unwrap_or_default().into_iter().map(Into::into).collect();
    let said = Record {
        happened_at: body.happened_at,
        method: Some(body.method),
        subject: Some(body.subject),
        staff_ids: body.staff_ids,
        contact_ids: body.contact_ids,
        other_participants: names(body.other_participants),
        key_points: body.key_points.map(Some),
        wishes: body.wishes.map(Some),
        commitments: body.commitments.map(Some),
        next_step: body.next_step.map(Some),
    };
    let row = record(&app, &can.command()?, id.0, said, todos).await?;
    let location = format!("/api/v1/interactions/{}", row.id);
    let (interaction, version) = one(&app, row, &can).await?;
    Ok(Versioned::created(interaction, version, location))
}

/// List the interactions with a customer
///
/// In the order in which they were recorded, newest first.
#[utoipa::path(tag = "interactions", operation_id = "list_interactions", params(("id" = Uuid, Path, description = "The customer"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of interactions", body = InteractionPage)),
    extensions(("x-permission" = json!("interactions:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/interactions")]
async fn list_interactions(
    can: Can<may::InteractionsRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<InteractionPage>> {
    let page = params.0.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let page = interactions::list(&app.db, customer.id, page).await?;
    let next = page.next;
    let items = shown(&app, page.items, &can).await?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next }.into()))
}

/// Read an interaction
#[utoipa::path(tag = "interactions", operation_id = "get_interaction", params(("id" = Uuid, Path, description = "The interaction")), security(("bearer" = [])),
    responses((status = 200, description = "The interaction", body = Interaction, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:read")), ("x-errors" = json!(["interaction_not_found"]))))]
#[get("/interactions/{id}")]
async fn get_interaction(
    can: Can<may::InteractionsRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<Interaction>> {
    let row = interactions::find(&app.db, can.scope(), id.0).await?.ok_or(Code::InteractionNotFound)?;
    let (interaction, version) = one(&app, row, &can).await?;
    Ok(Versioned::ok(interaction, version))
}

/// Correct an interaction
///
/// By whoever has recorded it, by managers and administrators. Merge semantics: absent fields stay, null clears.
#[utoipa::path(tag = "interactions", operation_id = "update_interaction", params(("id" = Uuid, Path, description = "The interaction")),
    request_body = PatchInteraction, security(("bearer" = [])),
    responses((status = 200, description = "The interaction", body = Interaction, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:write")),
        ("x-errors" = json!(["interaction_not_found", "user_not_found", "contact_not_found", "in_the_future", "not_author"]))))]
#[patch("/interactions/{id}")]
async fn update_interaction(
    can: Can<may::InteractionsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchInteraction>,
) -> ApiResult<Versioned<Interaction>> {
    let body = body.0;
    let said = Record {
        happened_at: body.happened_at,
        method: body.method,
        subject: body.subject,
        staff_ids: body.staff_ids,
        contact_ids: body.contact_ids,
        other_participants: names(body.other_participants),
        key_points: body.key_points,
        wishes: body.wishes,
        commitments: body.commitments,
        next_step: body.next_step,
    };
    let row = update(&app, &can.command()?, id.0, said).await?;
    let (interaction, version) = one(&app, row, &can).await?;
    Ok(Versioned::ok(interaction, version))
}
