//! What anybody may call without signing in: an entry point's form, leaving a feedback, asking after it.

use std::borrow::Cow;

use actix_multipart::{Field, Multipart};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use huiyin_domain::customers::PICTURES;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::entry::{EntryField, FieldRule};
use huiyin_persistence::feedback::entries::Entry;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::customers::attachments::{file_name, malformed};
use crate::http::support::edge::Edge;
use crate::http::support::enums::{EntryFieldSchema, PublicStateSchema};
use crate::http::support::input::{media_type, parse, read};
use crate::http::support::{ApiError, ApiResult};
use crate::usecases::App;
use crate::usecases::feedback::public::{Picture, Receipt, Said, asked, entry, receive, standing};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_public_receipt).service(get_public_form).service(leave_public_feedback);
}

/// Longest content in characters, and contact and name.
const CONTENT: u32 = 10_000;
const CONTACT: u32 = 254;
const NAME: u32 = 200;
/// Largest text in bytes: every character of the content escaped, and the rest.
const TEXT_LIMIT: usize = 192 * 1024;
/// Largest picture in bytes.
const PICTURE_LIMIT: usize = 5 * 1024 * 1024;
/// Parts of a form that are looked at, to tell all that do not belong there.
const PARTS: usize = 20;
/// A form with it.
const FORM_LIMIT: usize = PICTURE_LIMIT + TEXT_LIMIT;

/// A field of the form.
#[derive(Debug, Serialize, ToSchema)]
struct PublicField {
    #[schema(value_type = EntryFieldSchema)]
    name: EntryField,
    required: bool,
    /// In characters.
    #[schema(example = 10000)]
    max_length: u32,
}

/// What an entry point asks for.
#[derive(Debug, Serialize, ToSchema)]
struct PublicForm {
    #[schema(example = "南京路门店")]
    name: String,
    fields: Vec<PublicField>,
    /// Whether it takes a picture.
    picture: bool,
    /// Largest picture in bytes.
    #[schema(example = 5242880)]
    picture_limit: usize,
    /// What a picture may be, as extensions of files.
    #[schema(example = json!(["jpg", "png", "webp", "gif"]))]
    picture_types: [&'static str; 4],
}

/// What somebody wants to say.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PublicFeedback {
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "收银台排队太久，只开了一个窗口")]
    content: String,
    /// Phone or mail, where an answer is wanted.
    #[schema(nullable = false, min_length = 1, max_length = 254, pattern = "@line", example = "138 0013 8000")]
    contact: Option<String>,
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "张伟")]
    name: Option<String>,
    /// The front end's own id of this message, hard to guess: sent again with it, it is one feedback.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        pattern = "^[A-Za-z0-9._:-]{1,100}$",
        example = "7f0b8a52-6c1e-4b9d-9a39-5b1c0e6a1f77"
    )]
    message_id: Option<String>,
}

/// The bytes of a picture, in a form.
#[derive(Debug, Deserialize)]
struct PicturePart;

impl PartialSchema for PicturePart {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("JPEG, PNG, WebP or GIF of 5 MiB at most, found by its content; an empty one is none."))
            .into()
    }
}

impl ToSchema for PicturePart {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PicturePart")
    }
}

/// The same as a form, with a picture.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PublicFeedbackForm {
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "收银台排队太久，只开了一个窗口")]
    content: String,
    /// Phone or mail, where an answer is wanted.
    #[schema(nullable = false, min_length = 1, max_length = 254, pattern = "@line", example = "138 0013 8000")]
    contact: Option<String>,
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "张伟")]
    name: Option<String>,
    /// The front end's own id of this message, hard to guess: sent again with it, it is one feedback.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        pattern = "^[A-Za-z0-9._:-]{1,100}$",
        example = "7f0b8a52-6c1e-4b9d-9a39-5b1c0e6a1f77"
    )]
    message_id: Option<String>,
    #[schema(inline, required = false, value_type = PicturePart)]
    #[expect(dead_code, reason = "read as a stream; this says that it may be there")]
    picture: Option<String>,
}

/// What somebody has for a feedback that was left (回执).
#[derive(Debug, Serialize, ToSchema)]
struct PublicReceipt {
    /// To be told on the phone.
    #[schema(example = "F000001")]
    number: String,
    /// To ask after it with, without signing in; keep it secret.
    #[schema(example = "nVh0dXgqv4m1Jb0c5pD3w2yKzJfQe8sTLr7uHaX9iBo")]
    token: String,
    received_at: DateTime<Utc>,
}

/// Where a feedback stands, for the one who left it.
#[derive(Debug, Serialize, ToSchema)]
struct PublicStanding {
    #[schema(example = "F000001")]
    number: String,
    #[schema(value_type = PublicStateSchema)]
    state: huiyin_domain::feedback::entry::PublicState,
    received_at: DateTime<Utc>,
}

fn part_of_path<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

/// Read an entry point's form
///
/// What to ask for. A closed entry point is 404, as one that never was.
#[utoipa::path(tag = "public", operation_id = "get_public_form", security(()),
    params(("entry" = String, Path, min_length = 2, max_length = 50, pattern = "^[a-z0-9][a-z0-9-]{1,49}$", description = "Key of the entry point", example = "shop-nanjing-road")),
    responses((status = 200, description = "The form", body = PublicForm)), extensions(("x-errors" = json!(["entry_not_found"]))))]
#[get("/public/feedback/{entry}")]
async fn get_public_form(app: web::Data<App>, request: HttpRequest) -> ApiResult<web::Json<PublicForm>> {
    let entry = entry(&app.db, part_of_path(&request, "entry")).await?;
    let asked = asked(&entry)?;
    let rules = [
        (EntryField::Content, FieldRule::Required, CONTENT),
        (EntryField::Contact, asked.contact, CONTACT),
        (EntryField::Name, asked.name, NAME),
    ];
    let fields = rules.into_iter().filter(|(_, rule, _)| *rule != FieldRule::NotAsked);
    let fields =
        fields.map(|(name, rule, max_length)| PublicField { name, required: rule == FieldRule::Required, max_length });
    Ok(web::Json(PublicForm {
        name: entry.name,
        fields: fields.collect(),
        picture: asked.picture,
        picture_limit: PICTURE_LIMIT,
        picture_types: PICTURES,
    }))
}

/// Leave a feedback
///
/// Without signing in: as JSON, or as a form where there is a picture. The answer is the same whether phone or mail are
/// known or not. With the front end's own `message_id` it may be sent again, and gets the same receipt (200); another message under
/// that id is 409 `message_taken`. What the entry point does not ask for, or asks for in vain, is 409 at its field. Each
/// client has a limit a minute.
#[utoipa::path(tag = "public", operation_id = "leave_public_feedback", security(()),
    params(("entry" = String, Path, min_length = 2, max_length = 50, pattern = "^[a-z0-9][a-z0-9-]{1,49}$", description = "Key of the entry point", example = "shop-nanjing-road")),
    request_body(content((PublicFeedback = "application/json"), (PublicFeedbackForm = "multipart/form-data"))),
    responses((status = 201, description = "Taken in", body = PublicReceipt), (status = 200, description = "Had been taken in before", body = PublicReceipt)),
    extensions(("x-errors" = json!(["malformed_multipart", "entry_not_found", "message_taken", "field_not_asked", "field_needed",
        "contact_invalid", "file_type_not_allowed", "concurrent_change"]))))]
#[post("/public/feedback/{entry}")]
async fn leave_public_feedback(
    app: web::Data<App>,
    request: HttpRequest,
    mut payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let edge = Edge::of(&request)?;
    let entry = match admit(&app, &edge, &request).await {
        Ok(entry) => entry,
        Err(error) => {
            // A connection with a request half read on it is no more good; a short one is read and forgotten.
            if check_length(&request, TEXT_LIMIT).is_ok() {
                drop(read(&mut payload, TEXT_LIMIT).await);
            }
            return Err(error);
        }
    };
    let (said, picture) = match media_type(&request).as_str() {
        "application/json" => (read_json(&request, &edge, payload).await?, None),
        "multipart/form-data" => read_form(&request, &edge, payload).await?,
        _ => {
            let expected = "application/json, multipart/form-data";
            return Err(Fault::new(Code::UnsupportedMediaType).with("expected", expected).into());
        }
    };
    let Receipt { number, token, received_at, duplicate } =
        receive(&app, app.clock.now(), &entry, said, picture).await?;
    let mut answer = if duplicate { HttpResponse::Ok() } else { HttpResponse::Created() };
    let receipt = PublicReceipt { number, token, received_at };
    Ok(answer.insert_header((header::CACHE_CONTROL, "no-store")).json(receipt))
}

/// The entry point, where it is open and takes something from this client now: told before anything is read.
async fn admit(app: &App, edge: &Edge, request: &HttpRequest) -> ApiResult<Entry> {
    let entry = entry(&app.db, part_of_path(request, "entry")).await?;
    if let Some(client) = edge.client(request) {
        edge.entries.admit(entry.id, entry.per_minute.unsigned_abs(), client)?;
    }
    Ok(entry)
}

/// What says itself to be too large is not read at all.
fn check_length(request: &HttpRequest, limit: usize) -> ApiResult<()> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > limit as u64 => Err(too_large(limit)),
        _ => Ok(()),
    }
}

fn too_large(limit: usize) -> ApiError {
    Fault::new(Code::BodyTooLarge).with("limit", limit).into()
}

async fn read_json(request: &HttpRequest, edge: &Edge, mut payload: web::Payload) -> ApiResult<Said> {
    check_length(request, TEXT_LIMIT)?;
    let body = read(&mut payload, TEXT_LIMIT).await?;
    let value: Value =
        serde_json::from_slice(&body).map_err(|error| Fault::new(Code::MalformedJson).with("reason", error))?;
    let PublicFeedback { content, contact, name, message_id } = parse(edge.schemas, value, "")?;
    Ok(Said { content, contact, name, message_id })
}

async fn read_form(request: &HttpRequest, edge: &Edge, payload: web::Payload) -> ApiResult<(Said, Option<Picture>)> {
    check_length(request, FORM_LIMIT)?;
    let mut parts = Multipart::new(request.headers(), payload);
    let mut fields = Map::new();
    let mut picture = None;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(malformed)?;
        let name = part.name().unwrap_or_default().to_owned();
        if fields.contains_key(&name) {
            return Err(Fault::new(Code::NotUnique).at(format!("/{name}")).into());
        }
        let value = match name.as_str() {
            "picture" => {
                let called = part.content_disposition().and_then(file_name).unwrap_or_default();
                let content = read_part(&mut part, PICTURE_LIMIT).await?;
                picture = (!content.is_empty()).then_some(Picture { name: called, content });
                String::new()
            }
            "content" | "contact" | "name" | "message_id" => {
                String::from_utf8_lossy(&read_part(&mut part, TEXT_LIMIT).await?).into_owned()
            }
            // Told with the name below, and passed over.
            _ => String::new(),
        };
        fields.insert(name, Value::from(value));
        if fields.len() > PARTS {
            break;
        }
    }
    let form: PublicFeedbackForm = parse(edge.schemas, Value::Object(fields), "")?;
    let PublicFeedbackForm { content, contact, name, message_id, .. } = form;
    Ok((Said { content, contact, name, message_id }, picture))
}

async fn read_part(part: &mut Field, limit: usize) -> ApiResult<Vec<u8>> {
    let mut content = Vec::new();
    while let Some(bytes) = part.next().await {
        let bytes = bytes.map_err(malformed)?;
        if content.len() + bytes.len() > limit {
            return Err(too_large(limit));
        }
        content.extend_from_slice(&bytes);
    }
    Ok(content)
}

/// Ask after a feedback
///
/// With the token of its receipt, and nothing else. Tells number, state and time, and nothing else.
#[utoipa::path(tag = "public", operation_id = "get_public_receipt", security(()),
    params(("token" = String, Path, min_length = 43, max_length = 43, pattern = "^[A-Za-z0-9_-]{43}$", description = "Token of the receipt")),
    responses((status = 200, description = "Where it stands", body = PublicStanding)), extensions(("x-errors" = json!(["receipt_not_found"]))))]
#[get("/public/feedback/receipts/{token}")]
async fn get_public_receipt(app: web::Data<App>, request: HttpRequest) -> ApiResult<HttpResponse> {
    let standing = standing(&app.db, part_of_path(&request, "token")).await?;
    let shown = PublicStanding { number: standing.number, state: standing.state, received_at: standing.received_at };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(shown))
}
