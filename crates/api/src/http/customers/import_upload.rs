//! The request that brings a file: stored piece by piece as it comes, so that its size does not matter.

use std::collections::BTreeMap;

use actix_multipart::{Field, Multipart};
use actix_web::{HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use huiyin_domain::customers::import::{OnDuplicate, Target};
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::imports::{drop_chunks, save_chunk};
use huiyin_persistence::support::new_id;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::ApiResult;
use crate::http::support::edge::Edge;
use crate::http::support::enums::OnDuplicateSchema;
use crate::http::support::input::{BodyHash, hex, media_type, parse};
use crate::http::support::problem::ApiError;
use crate::usecases::App;
use crate::usecases::customers::imports::Order;

/// A piece of the file, as it is stored.
const PIECE: usize = 512 * 1024;
/// Longest text beside the file, in bytes.
const TEXT: usize = 128 * 1024;
/// Columns that a mapping may name.
const MAPPED: usize = 500;

/// A list of customers and what to do with it (导入).
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ImportForm {
    /// csv (UTF-8, GB18030 or UTF-16; separated by comma, semicolon or tab), xlsx or NDJSON; which of them is found out.
    #[schema(format = Binary)]
    #[serde(rename = "file")]
    _file: String,
    /// A JSON object of headers and the fields they stand for, where they are not known by themselves; null leaves a
    /// column out. Fields: `external_id`, `name`, `kind`, `industry`, `contact_name`, `contact_position`, `phone`,
    /// `email`, `birthday`, `lunar_birthday`, `address`, `source`, `cooperation_start`, `cooperation_stage`,
    /// `annual_amount`, `contract_end`, `core_products`, `preferred_channel`, `tags`, `owner`, `note`, `custom.KEY`.
    #[schema(
        nullable = false,
        max_length = 100000,
        content_media_type = "application/json",
        example = "{\"Firma\":\"name\"}"
    )]
    mapping: Option<String>,
    /// `skip` unless given.
    #[schema(nullable = false, value_type = Option<OnDuplicateSchema>)]
    on_duplicate: Option<OnDuplicate>,
    /// Reads, checks and reports, and stores no customer.
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// The system whose ids the external ids are; `import` unless given.
    #[schema(nullable = false, min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    system: Option<String>,
    /// Where customers came from of whom the file does not say; `import` unless given.
    #[schema(nullable = false, min_length = 1, max_length = 100, example = "exhibition")]
    source: Option<String>,
    /// The owner of customers for whom the file names none.
    #[schema(nullable = false)]
    owner_id: Option<Uuid>,
    /// The department of new customers; their owner's unless given.
    #[schema(nullable = false)]
    department_id: Option<Uuid>,
}

/// Receives the request; the pieces of a file that was refused are forgotten.
pub async fn receive(app: &App, request: &HttpRequest, payload: web::Payload) -> ApiResult<Order> {
    const EXPECTED: &str = "multipart/form-data";
    if media_type(request) != EXPECTED {
        return Err(Fault::new(Code::UnsupportedMediaType).with("expected", EXPECTED).into());
    }
    let id = new_id(app.clock.now());
    let mut upload = Upload { app, id, hash: Sha256::new(), texts: Map::new(), file: None, faults: Vec::new() };
    let outcome = upload.read(request, payload).await;
    if outcome.is_err() {
        drop_chunks(&app.db, id).await?;
    }
    outcome
}

struct Upload<'a> {
    app: &'a App,
    id: Uuid,
    hash: Sha256,
    texts: Map<String, Value>,
    /// Name and size.
    file: Option<(String, i64)>,
    faults: Vec<Fault>,
}

impl Upload<'_> {
    async fn read(&mut self, request: &HttpRequest, payload: web::Payload) -> ApiResult<Order> {
        let mut parts = Multipart::new(request.headers(), payload);
        while let Some(part) = parts.next().await {
            self.part(part.map_err(malformed)?).await?;
        }
        let hash = std::mem::take(&mut self.hash).finalize();
        request.extensions_mut().insert(BodyHash(hex(&hash)));
        if self.file.is_some() {
            self.texts.insert("file".to_owned(), Value::String(String::new()));
        }
        let edge = Edge::of(request)?;
        let parsed: ApiResult<ImportForm> = parse(edge.schemas, Value::Object(std::mem::take(&mut self.texts)), "");
        let form = match parsed {
            Ok(form) if self.faults.is_empty() => form,
            Ok(_) => return Err(std::mem::take(&mut self.faults).into()),
            Err(error) if error.cause().is_some() => return Err(error),
            Err(error) => {
                let mut faults = std::mem::take(&mut self.faults);
                faults.extend(error.into_faults());
                return Err(faults.into());
            }
        };
        let (file_name, file_size) = self.file.take().unwrap_or_default();
        Ok(Order {
            id: self.id,
            file_name,
            file_size,
            mapping: mapping(form.mapping.as_deref())?,
            on_duplicate: form.on_duplicate.unwrap_or(OnDuplicate::Skip),
            dry_run: form.dry_run.unwrap_or(false),
            system: form.system.unwrap_or_else(|| "import".to_owned()),
            source: form.source.unwrap_or_else(|| "import".to_owned()),
            owner_id: form.owner_id,
            department_id: form.department_id,
        })
    }

    async fn part(&mut self, mut part: Field) -> ApiResult<()> {
        let name = part.name().unwrap_or_default().to_owned();
        self.hash.update(name.as_bytes());
        self.hash.update([0]);
        if name == "file" {
            return self.file(part).await;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            bytes.extend_from_slice(&chunk.map_err(malformed)?);
            if bytes.len() > TEXT {
                return Err(Fault::new(Code::TooLong).at(format!("/{name}")).with("limit", TEXT).into());
            }
        }
        self.hash.update(&bytes);
        let text = String::from_utf8(bytes)
            .map_err(|_| Fault::new(Code::InvalidFormat).at(format!("/{name}")).with("expected", "UTF-8"))?;
        let value = match (name.as_str(), text.trim().to_lowercase().as_str()) {
            ("dry_run", "true" | "1") => Value::Bool(true),
            ("dry_run", "false" | "0") => Value::Bool(false),
            _ => Value::String(text),
        };
        if self.texts.insert(name.clone(), value).is_some() {
            self.faults.push(Fault::new(Code::NotUnique).at(format!("/{name}")));
        }
        Ok(())
    }

    async fn file(&mut self, mut part: Field) -> ApiResult<()> {
        if self.file.is_some() {
            self.faults.push(Fault::new(Code::NotUnique).at("/file"));
            while let Some(chunk) = part.next().await {
                chunk.map_err(malformed)?;
            }
            return Ok(());
        }
        let name = part.content_disposition().and_then(|disposition| disposition.get_filename()).unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        let limit = self.app.config.import_limit;
        let (mut size, mut seq) = (0u64, 0);
        let mut piece = Vec::with_capacity(PIECE);
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(malformed)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(Fault::new(Code::BodyTooLarge).with("limit", limit).into());
            }
            self.hash.update(&chunk);
            piece.extend_from_slice(&chunk);
            if piece.len() >= PIECE {
                let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
                save_chunk(&self.app.db, self.id, seq, full, self.app.clock.now()).await?;
                seq += 1;
            }
        }
        if !piece.is_empty() {
            save_chunk(&self.app.db, self.id, seq, piece, self.app.clock.now()).await?;
        }
        self.file = Some((name, i64::try_from(size).unwrap_or(i64::MAX)));
        Ok(())
    }
}

fn malformed(error: impl std::fmt::Display) -> ApiError {
    Fault::new(Code::MalformedMultipart).with("reason", error).into()
}

/// Fields by header.
fn mapping(text: Option<&str>) -> Result<BTreeMap<String, Option<String>>, Fault> {
    let wrong = |reason: String| Fault::new(Code::MappingInvalid).at("/mapping").with("reason", reason);
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(BTreeMap::new()) };
    let mapping: BTreeMap<String, Option<String>> = serde_json::from_str(text)
        .map_err(|error| wrong(format!("应为 {{\"标题\": \"字段\"}} (headers and fields): {error}")))?;
    if mapping.len() > MAPPED {
        return Err(wrong(format!("> {MAPPED}")));
    }
    let unknown = mapping.values().flatten().find(|name| Target::named(name).is_none());
    match unknown {
        Some(name) => Err(wrong(format!("未知字段 (unknown field) {}", name.chars().take(100).collect::<String>()))),
        None => Ok(mapping.into_iter().map(|(header, target)| (header.trim().to_owned(), target)).collect()),
    }
}
