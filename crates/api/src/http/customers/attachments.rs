use std::borrow::Cow;

use actix_multipart::{Field, Multipart};
use actix_web::body::SizedStream;
use actix_web::http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use huiyin_domain::customers::AttachmentSubject;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::attachments::{self, Attachment as Stored};
use huiyin_persistence::customers::profiles;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::edge::Edge;
use crate::http::support::enums::AttachmentSubjectSchema;
use crate::http::support::input::{BodyHash, media_type, parse};
use crate::http::support::page::page_of;
use crate::http::support::{ApiError, ApiResult, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::customers::attachments::{
    Incoming, Received, attach, find, reached_through, receive, remove, store_failed,
};
use crate::usecases::support::{Command, Error};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_attachment)
        .service(get_attachment_content)
        .service(get_attachment)
        .service(delete_attachment)
        .service(list_customer_attachments);
}

/// A file (附件) of a customer, an interaction or a feedback.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attachment {
    id: Uuid,
    #[schema(value_type = AttachmentSubjectSchema)]
    subject_kind: String,
    subject_id: Uuid,
    /// The customer whom it concerns; null for a file of a feedback, which is reached through the feedback alone.
    customer_id: Option<Uuid>,
    #[schema(example = "合作合同.pdf")]
    file_name: String,
    /// Found by its extension and its content.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// In bytes.
    #[schema(minimum = 1, example = 48213)]
    size: i64,
    /// SHA-256 of the content, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    uploaded_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<Stored> for Attachment {
    fn from(row: Stored) -> Self {
        Attachment {
            id: row.id,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            customer_id: row.customer_id,
            file_name: row.file_name,
            content_type: row.content_type,
            size: row.size,
            sha256: row.sha256,
            uploaded_by: row.uploaded_by,
            created_at: row.created_at,
        }
    }
}

page_of!(pub AttachmentPage, Attachment);

/// The bytes of a file, in a form.
#[derive(Debug, Deserialize)]
pub struct FilePart;

impl PartialSchema for FilePart {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The file, with its name."))
            .into()
    }
}

impl ToSchema for FilePart {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FilePart")
    }
}

/// The form of an upload.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct UploadForm {
    #[schema(value_type = AttachmentSubjectSchema)]
    subject_kind: AttachmentSubject,
    subject_id: Uuid,
    #[schema(inline, value_type = FilePart)]
    #[expect(dead_code, reason = "read as a stream; this says that it must be there")]
    file: String,
}

/// Attach a file
///
/// The parts may come in any order; where the file comes last, a wrong subject is told before it is read. Allowed types and
/// the largest size are settings (`HUIYIN_ATTACHMENT_TYPES`, `HUIYIN_ATTACHMENT_LIMIT`). Name, declared type and content must
/// agree: 409 `file_type_not_allowed`, `file_content_mismatch`.
#[utoipa::path(tag = "attachments", operation_id = "create_attachment",
    request_body(content = UploadForm, content_type = "multipart/form-data"), security(("bearer" = [])),
    responses((status = 201, description = "The attachment", body = Attachment, headers(("Location" = String, description = "Address of the attachment")))),
    extensions(("x-permission" = json!("attachments:write")), ("x-idempotent" = json!(true)), ("x-errors" = json!(["malformed_multipart",
        "validation_failed", "customer_not_found", "interaction_not_found", "feedback_not_found", "file_type_not_allowed", "file_content_mismatch"]))))]
#[post("/attachments")]
async fn create_attachment(
    can: Can<may::AttachmentsWrite>,
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    if media_type(&request) != "multipart/form-data" {
        return Err(Fault::new(Code::UnsupportedMediaType).with("expected", "multipart/form-data").into());
    }
    // Refused now rather than after the upload.
    can.command()?;
    let (form, received) = read_form(&can, &app, &request, payload).await?;
    let told = format!("{} {} {}", form.subject_kind, form.subject_id, received.sha256);
    request.extensions_mut().insert(BodyHash(told));
    let row = attach(&app, &can.command()?, form.subject_kind, form.subject_id, received).await?;
    let location = format!("/api/v1/attachments/{}", row.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(Attachment::from(row)))
}

/// Longest text of a form in bytes.
const TEXT_LIMIT: usize = 200;

async fn read_form(
    can: &Can<may::AttachmentsWrite>,
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> ApiResult<(UploadForm, Received)> {
    let mut parts = Multipart::new(request.headers(), payload);
    let mut fields = Map::new();
    let mut received: Option<Received> = None;
    let outcome = async {
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(malformed)?;
            let name = part.name().unwrap_or_default().to_owned();
            if fields.contains_key(&name) {
                return Err(Fault::new(Code::NotUnique).at(format!("/{name}")).into());
            }
            let value = match name.as_str() {
                "file" => {
                    check_subject(app, &can.command()?, &fields).await?;
                    received = Some(read_file(app, can.now, &mut part).await?);
                    String::new()
                }
                "subject_kind" | "subject_id" => read_text(&mut part, TEXT_LIMIT).await?,
                // Told with the name below, and not read.
                _ => {
                    fields.insert(name, Value::from(""));
                    break;
                }
            };
            fields.insert(name, Value::from(value));
        }
        parse::<UploadForm>(Edge::of(request)?.schemas, Value::Object(fields), "")
    };
    let form: ApiResult<UploadForm> = outcome.await;
    match (form, received) {
        (Ok(form), Some(received)) => Ok((form, received)),
        (Ok(_), None) => Err(Error::Internal("a form without its file".to_owned()).into()),
        (Err(error), Some(received)) => {
            received.discard(app).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}

/// Where the form has said by now what the file belongs to, a stranger's file is not even read.
async fn check_subject(app: &App, command: &Command, fields: &Map<String, Value>) -> ApiResult<()> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    if let (Ok(kind), Ok(id)) = (text("subject_kind").parse(), Uuid::try_parse(text("subject_id"))) {
        reached_through(&app.db, command, kind, id).await?;
    }
    Ok(())
}

pub fn malformed(error: actix_multipart::MultipartError) -> ApiError {
    Fault::new(Code::MalformedMultipart).with("reason", error).into()
}

pub async fn read_text(part: &mut Field, limit: usize) -> ApiResult<String> {
    let bytes = part.bytes(limit).await.map_err(|_| {
        let pointer = format!("/{}", part.name().unwrap_or_default());
        ApiError::from(Fault::new(Code::TooLong).at(pointer).with("limit", limit))
    })?;
    Ok(String::from_utf8_lossy(&bytes.map_err(malformed)?).into_owned())
}

pub async fn read_file(app: &App, now: DateTime<Utc>, part: &mut Field) -> ApiResult<Received> {
    let name = part.content_disposition().and_then(file_name).unwrap_or_default();
    let declared = part.content_type().map(|mime| mime.essence_str().to_owned());
    let mut incoming = receive(app, now, &name, declared.as_deref()).await?;
    if let Err(error) = read_bytes(&mut incoming, part).await {
        incoming.abandon(app).await?;
        return Err(error);
    }
    Ok(incoming.finish(app).await?)
}

pub fn file_name(disposition: &ContentDisposition) -> Option<String> {
    let extended = disposition.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned))
}

async fn read_bytes(incoming: &mut Incoming, part: &mut Field) -> ApiResult<()> {
    while let Some(bytes) = part.next().await {
        incoming.push(&bytes.map_err(malformed)?).await?;
    }
    Ok(())
}

/// Read what is known of an attachment
#[utoipa::path(tag = "attachments", operation_id = "get_attachment", params(("id" = Uuid, Path, description = "The attachment")), security(("bearer" = [])),
    responses((status = 200, description = "The attachment", body = Attachment)),
    extensions(("x-permission" = json!("attachments:read")), ("x-errors" = json!(["attachment_not_found"]))))]
#[get("/attachments/{id}")]
async fn get_attachment(
    can: Can<may::AttachmentsRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<Attachment>> {
    Ok(web::Json(find(&app.db, &can.actor, id.0).await?.into()))
}

/// Download an attachment
///
/// Always as a file to keep, never as a page to show.
#[utoipa::path(tag = "attachments", operation_id = "get_attachment_content", params(("id" = Uuid, Path, description = "The attachment")), security(("bearer" = [])),
    responses((status = 200, description = "The bytes", body = FilePart, content_type = "*/*",
        headers(("Content-Disposition" = String, description = "With the file's name")))),
    extensions(("x-permission" = json!("attachments:read")), ("x-errors" = json!(["attachment_not_found"]))))]
#[get("/attachments/{id}/content")]
async fn get_attachment_content(
    can: Can<may::AttachmentsRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<HttpResponse> {
    let row = find(&app.db, &can.actor, id.0).await?;
    let object = app.files.read(row.id).await.map_err(store_failed)?;
    let size = object.meta.size;
    let name =
        ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: row.file_name.into() };
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::FilenameExt(name)],
    };
    Ok(HttpResponse::Ok()
        .content_type(row.content_type)
        .insert_header(disposition)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(SizedStream::new(size, object.into_stream())))
}

/// Remove an attachment
///
/// By whoever has uploaded it, by managers and administrators.
#[utoipa::path(tag = "attachments", operation_id = "delete_attachment", params(("id" = Uuid, Path, description = "The attachment")), security(("bearer" = [])),
    responses((status = 204, description = "Removed")),
    extensions(("x-permission" = json!("attachments:write")), ("x-errors" = json!(["attachment_not_found", "not_author"]))))]
#[delete("/attachments/{id}")]
async fn delete_attachment(can: Can<may::AttachmentsWrite>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    remove(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AttachmentParams {
    /// Only those that belong to this sort of thing.
    #[schema(value_type = Option<AttachmentSubjectSchema>)]
    #[param(value_type = Option<AttachmentSubjectSchema>)]
    subject_kind: Option<AttachmentSubject>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List the attachments of a customer
///
/// Those of its interactions as well.
#[utoipa::path(tag = "attachments", operation_id = "list_customer_attachments", params(("id" = Uuid, Path, description = "The customer"), AttachmentParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of attachments", body = AttachmentPage)),
    extensions(("x-permission" = json!("attachments:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/attachments")]
async fn list_customer_attachments(
    can: Can<may::AttachmentsRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<AttachmentParams>,
) -> ApiResult<web::Json<AttachmentPage>> {
    let page = PageParams { cursor: params.0.cursor.as_deref(), limit: params.0.limit }.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let page = attachments::list(&app.db, customer.id, params.0.subject_kind, page).await?;
    Ok(web::Json(page.map(Attachment::from).into()))
}
