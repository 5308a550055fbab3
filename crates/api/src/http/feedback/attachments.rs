use actix_multipart::Multipart;
use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, post, web};
use futures_util::StreamExt;
use huiyin_domain::customers::AttachmentSubject;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Permission;
use huiyin_persistence::feedback::{attachments, pool};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::customers::attachments::{Attachment, AttachmentPage, FilePart, malformed, read_file};
use crate::http::support::edge::Edge;
use crate::http::support::input::{BodyHash, media_type, parse};
use crate::http::support::page::ListParams;
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::customers::attachments::{Received, attach, reached_through};
use crate::usecases::support::Error;

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_feedback_attachment).service(list_feedback_attachments);
}

/// The form of an upload to a feedback.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FeedbackUpload {
    #[schema(inline, value_type = FilePart)]
    #[expect(dead_code, reason = "read as a stream; this says that it must be there")]
    file: String,
}

/// Attach a file to a feedback
///
/// A screenshot, a recording of the call. Types, size and faults are those of `POST /attachments`; it is read, downloaded and
/// removed under `/attachments/{id}` by whoever sees the feedback.
#[utoipa::path(tag = "attachments", operation_id = "create_feedback_attachment", params(("id" = Uuid, Path, description = "The feedback")),
    request_body(content = FeedbackUpload, content_type = "multipart/form-data"), security(("bearer" = [])),
    responses((status = 201, description = "The attachment", body = Attachment, headers(("Location" = String, description = "Address of the attachment")))),
    extensions(("x-permission" = json!("attachments:write")), ("x-idempotent" = json!(true)), ("x-errors" = json!(["malformed_multipart",
        "validation_failed", "feedback_not_found", "file_type_not_allowed", "file_content_mismatch"]))))]
#[post("/feedback/{id}/attachments")]
async fn create_feedback_attachment(
    can: Can<may::AttachmentsWrite>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    if media_type(&request) != "multipart/form-data" {
        return Err(Fault::new(Code::UnsupportedMediaType).with("expected", "multipart/form-data").into());
    }
    // Refused now rather than after the upload.
    let kind = AttachmentSubject::Feedback;
    reached_through(&app.db, &can.command()?, kind, id.0).await.map_err(|_| Code::FeedbackNotFound)?;
    let received = read_form(&can, &app, &request, payload).await?;
    request.extensions_mut().insert(BodyHash(received.sha256.clone()));
    let row = attach(&app, &can.command()?, kind, id.0, received).await?;
    let location = format!("/api/v1/attachments/{}", row.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(Attachment::from(row)))
}

async fn read_form(
    can: &Can<may::AttachmentsWrite>,
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> ApiResult<Received> {
    let mut parts = Multipart::new(request.headers(), payload);
    let mut fields = Map::new();
    let mut received: Option<Received> = None;
    let outcome: ApiResult<FeedbackUpload> = async {
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(malformed)?;
            let name = part.name().unwrap_or_default().to_owned();
            if fields.contains_key(&name) {
                return Err(Fault::new(Code::NotUnique).at(format!("/{name}")).into());
            }
            if name == "file" {
                received = Some(read_file(app, can.now, &mut part).await?);
            }
            let known = name == "file";
            fields.insert(name, Value::from(""));
            // What is unknown is told below, and not read.
            if !known {
                break;
            }
        }
        parse(Edge::of(request)?.schemas, Value::Object(fields), "")
    }
    .await;
    match (outcome, received) {
        (Ok(_), Some(received)) => Ok(received),
        (Ok(_), None) => Err(Error::Internal("a form without its file".to_owned()).into()),
        (Err(error), Some(received)) => {
            received.discard(app).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}

/// List the attachments of a feedback
#[utoipa::path(tag = "attachments", operation_id = "list_feedback_attachments", params(("id" = Uuid, Path, description = "The feedback"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of attachments", body = AttachmentPage)),
    extensions(("x-permission" = json!("attachments:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/attachments")]
async fn list_feedback_attachments(
    can: Can<may::AttachmentsRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<AttachmentPage>> {
    let feedback = match can.actor.may(Permission::FeedbackRead) {
        true => pool::find(&app.db, can.scope(), id.0).await?,
        false => None,
    };
    let feedback = feedback.ok_or(Code::FeedbackNotFound)?;
    let page = attachments::list(&app.db, feedback.id, params.0.request()?).await?;
    Ok(web::Json(page.map(Attachment::from).into()))
}
