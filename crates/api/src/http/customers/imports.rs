use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use futures_util::stream;
use huiyin_domain::customers::import::{Finding, ImportStatus};
use huiyin_domain::fault::{Code, Lang};
use huiyin_persistence::customers::imports::{self, Import as Stored, drop_chunks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::import_upload::{ImportForm, receive};
use crate::http::support::enums::{ImportStatusSchema, OnDuplicateSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::customers::imports::{order, order_undo, visible_to};

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_import).service(list_imports).service(get_import).service(follow_import).service(undo_import);
}

/// How a column was understood.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ImportColumn {
    /// As it stands in the file.
    #[schema(example = "客户名称")]
    header: String,
    /// The field; null: nobody knows what it is, and it was left out.
    #[schema(example = "name")]
    field: Option<String>,
}

/// What became of the rows. Their sum is `progress.rows_done`.
#[derive(Debug, Serialize, ToSchema)]
struct ImportCounts {
    /// Customers made; of a dry run, that would be made.
    #[schema(example = 249)]
    created: i64,
    #[schema(example = 0)]
    updated: i64,
    /// Customers already, and left as they are.
    #[schema(example = 20)]
    skipped: i64,
    /// Rows with faults.
    #[schema(example = 30)]
    failed: i64,
    /// Rows with nothing in them.
    #[schema(example = 1)]
    ignored: i64,
}

/// How far it has come.
#[derive(Debug, Serialize, ToSchema)]
struct ImportProgress {
    #[schema(example = 300)]
    rows_done: i64,
    /// Null until the end of the file has been seen.
    #[schema(example = 300)]
    rows_total: Option<i64>,
    /// Share of the file, 0 to 1.
    #[schema(example = 1.0)]
    share: f64,
}

/// Why the whole file could not be read.
#[derive(Debug, Serialize, ToSchema)]
struct ImportFailure {
    #[schema(example = "no_name_column")]
    code: String,
    reason: String,
    /// What would be right.
    expected: String,
}

/// How far an import was taken back.
#[derive(Debug, Serialize, ToSchema)]
struct ImportUndo {
    #[schema(value_type = ImportStatusSchema)]
    status: String,
    /// Customers that it had made and that are no more.
    #[schema(example = 247)]
    removed: i64,
    /// Customers that it had changed and that are as before.
    #[schema(example = 0)]
    restored: i64,
    /// Customers that stay, by the reason: `changed` since, `has_orders`, `has_feedback`, `in_use`, `merged`, `gone`.
    #[schema(value_type = Object, example = json!({"changed": 2}))]
    kept: serde_json::Value,
}

/// An import of customers (导入).
#[derive(Debug, Serialize, ToSchema)]
struct CustomerImport {
    id: Uuid,
    #[schema(value_type = ImportStatusSchema)]
    status: String,
    #[schema(example = "客户清单.csv")]
    file_name: String,
    /// In bytes.
    file_size: i64,
    /// `csv`, `xlsx` or `ndjson`; null until the file has been looked at.
    #[schema(example = "csv")]
    format: Option<String>,
    /// Of text files.
    #[schema(example = "gb18030")]
    encoding: Option<String>,
    #[schema(value_type = OnDuplicateSchema)]
    on_duplicate: String,
    dry_run: bool,
    /// The system whose ids the external ids are.
    system: String,
    source: String,
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    /// How the columns were understood; empty until the file has been looked at.
    #[schema(value_type = Vec<ImportColumn>)]
    columns: serde_json::Value,
    counts: ImportCounts,
    /// Owners in the file who are no active user, or more than one, with the number of their rows; those customers went
    /// to `owner_id`, or to nobody. At most 200.
    #[schema(value_type = Object, example = json!({"晏清禾": 41}))]
    unknown_owners: serde_json::Value,
    progress: ImportProgress,
    failure: Option<ImportFailure>,
    /// Null until an undo is asked for.
    undo: Option<ImportUndo>,
    /// The user or key that ordered it.
    created_by: Uuid,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl CustomerImport {
    fn of(row: Stored, lang: Lang) -> Self {
        let failure = row.failure.and_then(|failure| Finding::deserialize(failure).ok()).map(|finding| ImportFailure {
            code: finding.reason.as_str().to_owned(),
            reason: finding.message(lang),
            expected: finding.expected(lang),
        });
        let undo = row.undo_status.map(|status| ImportUndo {
            status,
            removed: row.undo_removed,
            restored: row.undo_restored,
            kept: row.undo_kept,
        });
        CustomerImport {
            id: row.id,
            status: row.status,
            file_name: row.file_name,
            file_size: row.file_size,
            format: row.format,
            encoding: row.encoding,
            on_duplicate: row.on_duplicate,
            dry_run: row.dry_run,
            system: row.system,
            source: row.source,
            owner_id: row.owner_id,
            department_id: row.department_id,
            columns: row.columns,
            counts: ImportCounts {
                created: row.created,
                updated: row.updated,
                skipped: row.skipped,
                failed: row.failed,
                ignored: row.ignored,
            },
            progress: ImportProgress {
                rows_done: row.rows_done,
                rows_total: row.rows_total,
                share: f64::from(row.done_ppm) / 1e6,
            },
            unknown_owners: row.unknown_owners,
            failure,
            undo,
            created_by: row.created_by,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

page_of!(CustomerImportPage, CustomerImport);

/// Import customers from a file
///
/// Answers at once; the rows are read by a job that any copy of the program goes on with where it stopped. Follow it at
/// its address or live at `/events`; what is to be said of single rows stands under `/errors`. A row that has faults
/// stops no other. Customers are recognised by external id, phone, mail and (enterprises) name without legal form,
/// those of earlier rows too.
#[utoipa::path(tag = "imports", operation_id = "create_customer_import", security(("bearer" = [])),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 202, description = "The import, still pending", body = CustomerImport, headers(("Location" = String, description = "Address of the import")))),
    extensions(("x-permission" = json!("customers:import")), ("x-idempotent" = json!(true)), ("x-errors" = json!(["malformed_multipart", "validation_failed", "mapping_invalid", "user_not_found", "department_not_found"]))))]
#[post("/customers/imports")]
async fn create_import(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<HttpResponse> {
    let ordered = receive(&app, &request, payload).await?;
    let id = ordered.id;
    let outcome = match can.command() {
        Ok(command) => order(&app, &command, ordered).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    // A file that was refused, or that has come before, is not kept.
    if outcome.as_ref().map_or(true, |import| import.id != id) {
        drop_chunks(&app.db, id).await?;
    }
    let import = outcome?;
    let location = format!("/api/v1/customers/imports/{}", import.id);
    let body = CustomerImport::of(import, language(&request));
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(body))
}

/// List imports
///
/// One's own; administrators see all.
#[utoipa::path(tag = "imports", operation_id = "list_customer_imports", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of imports", body = CustomerImportPage)),
    extensions(("x-permission" = json!("customers:import"))))]
#[get("/customers/imports")]
async fn list_imports(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    params: Params<ListParams>,
) -> ApiResult<web::Json<CustomerImportPage>> {
    let lang = language(&request);
    let page = imports::list(&app.db, visible_to(&can.actor), params.0.request()?).await?;
    Ok(web::Json(page.map(|row| CustomerImport::of(row, lang)).into()))
}

/// Follow an import
#[utoipa::path(tag = "imports", operation_id = "get_customer_import", params(("id" = Uuid, Path, description = "The import")), security(("bearer" = [])),
    responses((status = 200, description = "The import", body = CustomerImport)),
    extensions(("x-permission" = json!("customers:import")), ("x-errors" = json!(["import_not_found"]))))]
#[get("/customers/imports/{id}")]
async fn get_import(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    id: Id,
) -> ApiResult<web::Json<CustomerImport>> {
    let import = imports::find(&app.db, visible_to(&can.actor), id.0).await?.ok_or(Code::ImportNotFound)?;
    Ok(web::Json(CustomerImport::of(import, language(&request))))
}

/// Undo an import
///
/// Removes the customers that it made and restores those that it changed, where nobody has touched them since and
/// nothing is attached to them; tells how many were kept and why. Some thousands are done while you wait (200); more
/// go on in the background (202, follow at the import's address). Asked again, it tells how it stands.
#[utoipa::path(tag = "imports", operation_id = "undo_customer_import", params(("id" = Uuid, Path, description = "The import")), security(("bearer" = [])),
    responses((status = 200, description = "The import, taken back", body = CustomerImport), (status = 202, description = "The import, being taken back", body = CustomerImport)),
    extensions(("x-permission" = json!("customers:import")), ("x-errors" = json!(["import_not_found", "import_state"]))))]
#[post("/customers/imports/{id}/undo")]
async fn undo_import(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    id: Id,
) -> ApiResult<HttpResponse> {
    let import = order_undo(&app, &can.command()?, id.0).await?;
    let done = import.undo_status.as_deref() == Some(ImportStatus::Completed.as_str());
    let body = CustomerImport::of(import, language(&request));
    Ok(if done { HttpResponse::Ok().json(body) } else { HttpResponse::Accepted().json(body) })
}

/// Between two looks at the import.
const LOOK: std::time::Duration = std::time::Duration::from_millis(300);
/// Looks without news after which a sign of life is sent.
const QUIET: u32 = 40;
/// Looks after which the stream ends; whoever is still interested connects again.
const LOOKS: u32 = 12_000;

/// One server-sent event.
#[derive(Serialize, ToSchema)]
struct ImportEvent {
    #[schema(example = "17")]
    id: String,
    /// `progress`, and at last `completed` or `failed`.
    #[schema(example = "progress")]
    event: String,
    /// The import (`CustomerImport`) as JSON.
    data: String,
}

/// Follow an import live
///
/// Server-sent events: `progress` with the import as JSON whenever it has come further, at last `completed` or
/// `failed`, after which the stream ends. Each event is the whole state, so that nothing is lost by connecting late or
/// again.
#[utoipa::path(tag = "imports", operation_id = "follow_customer_import", params(("id" = Uuid, Path, description = "The import")), security(("bearer" = [])),
    responses((status = 200, description = "Events", body = ImportEvent, content_type = "text/event-stream")),
    extensions(("x-permission" = json!("customers:import")), ("x-errors" = json!(["import_not_found"]))))]
#[get("/customers/imports/{id}/events")]
async fn follow_import(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    id: Id,
) -> ApiResult<HttpResponse> {
    let of = visible_to(&can.actor);
    let first = imports::find(&app.db, of, id.0).await?.ok_or(Code::ImportNotFound)?;
    let watch = Watch { app, id: id.0, lang: language(&request), told: None, next: Some(first), looks: 0, quiet: 0 };
    let events = stream::unfold(Some(watch), |watch| async move { watch?.event().await });
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", "text/event-stream"))
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// Somebody who follows an import.
struct Watch {
    app: web::Data<App>,
    id: Uuid,
    lang: Lang,
    /// The state that was told last.
    told: Option<(String, i64)>,
    next: Option<Stored>,
    looks: u32,
    quiet: u32,
}

type Event = (ApiResult<Bytes>, Option<Watch>);

impl Watch {
    async fn event(mut self) -> Option<Event> {
        loop {
            let import = match self.next.take() {
                Some(import) => import,
                None => {
                    tokio::time::sleep(LOOK).await;
                    match imports::find(&self.app.db, None, self.id).await {
                        Ok(import) => import?,
                        Err(error) => return Some((Err(error.into()), None)),
                    }
                }
            };
            (self.looks, self.quiet) = (self.looks + 1, self.quiet + 1);
            let state = (import.status.clone(), import.rows_done);
            if self.told.as_ref() != Some(&state) {
                (self.told, self.quiet) = (Some(state), 0);
                return Some(self.tell(import));
            }
            if self.looks > LOOKS {
                return None;
            }
            if self.quiet >= QUIET {
                self.quiet = 0;
                return Some((Ok(Bytes::from_static(b": still there\n\n")), Some(self)));
            }
        }
    }

    fn tell(self, import: Stored) -> Event {
        let ended = [ImportStatus::Completed.as_str(), ImportStatus::Failed.as_str()].contains(&import.status.as_str());
        let name = if ended { import.status.clone() } else { "progress".to_owned() };
        let id = import.rows_done;
        let data = serde_json::to_string(&CustomerImport::of(import, self.lang)).unwrap_or_default();
        let text = format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
        (Ok(Bytes::from(text)), (!ended).then_some(self))
    }
}
