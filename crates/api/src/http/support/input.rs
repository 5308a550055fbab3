//! Extractors for what comes in: bodies, query parameters, ids.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use huiyin_domain::fault::{Code, Fault};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::edge::Edge;
use super::problem::{ApiError, ApiResult};
use super::schema_check::SchemaChecks;
use crate::usecases::App;
use crate::usecases::support::Error;

/// Hash of the body, for `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct BodyHash(pub String);

/// A JSON body: of the right type, size and shape, with every fault named where it is not.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Validate + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let json = request
                .mime_type()
                .ok()
                .flatten()
                .is_some_and(|mime| mime.subtype() == "json" || mime.suffix().is_some_and(|s| s == "json"));
            if !json {
                return Err(Fault::new(Code::UnsupportedMediaType).with("expected", "application/json").into());
            }
            let edge = Edge::of(&request)?;
            let limit = edge.body_limit;
            let mut stream = web::Payload::from_request(&request, &mut payload).await.map_err(|_| unreadable())?;
            let body = read(&mut stream, limit).await?;
            if request.headers().contains_key("idempotency-key") {
                request.extensions_mut().insert(BodyHash(hex(&Sha256::digest(&body))));
            }
            let value: Value =
                serde_json::from_slice(&body).map_err(|error| Fault::new(Code::MalformedJson).with("reason", error))?;
            parse(edge.schemas, value, "").map(Body)
        })
    }
}

/// All of a body, unless it is larger.
pub async fn read(stream: &mut web::Payload, limit: usize) -> ApiResult<web::BytesMut> {
    use futures_util::StreamExt;
    let mut body = web::BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| unreadable())?;
        if body.len() + chunk.len() > limit {
            return Err(Fault::new(Code::BodyTooLarge).with("limit", limit).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreadable() -> ApiError {
    Fault::new(Code::MalformedJson).with("reason", "incomplete body").into()
}

/// A value as a `T`, checked by the schema in the contract and by what a schema cannot say.
pub fn parse<T: DeserializeOwned + ToSchema + Validate + 'static>(
    schemas: &SchemaChecks,
    mut value: Value,
    prefix: &str,
) -> ApiResult<T> {
    let faults = schemas.faults::<T>(&value, prefix)?;
    if !faults.is_empty() {
        return Err(faults.into());
    }
    whole_numbers(&mut value);
    let parsed: T = serde_json::from_value(value)
        .map_err(|error| Fault::new(Code::InvalidValue).at(prefix.to_owned()).with("reason", error))?;
    let mut faults = Vec::new();
    if let Err(errors) = parsed.validate() {
        collect(&errors, prefix, &mut faults);
    }
    if faults.is_empty() { Ok(parsed) } else { Err(faults.into()) }
}

/// `3.0` is a whole number to JSON Schema, but not to serde.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if !number.is_i64() => {
            if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15) {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// `validator`'s tree of errors as faults with pointers. A rule's `code` is one of our codes.
fn collect(errors: &ValidationErrors, pointer: &str, faults: &mut Vec<Fault>) {
    for (field, kind) in errors.errors() {
        // Rules over several fields speak of the whole.
        let here = if field == "__all__" { pointer.to_owned() } else { format!("{pointer}/{field}") };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, faults),
            ValidationErrorsKind::List(items) => {
                items.iter().for_each(|(i, inner)| collect(inner, &format!("{here}/{i}"), faults))
            }
            ValidationErrorsKind::Field(all) => faults.extend(all.iter().map(|error| {
                let code =
                    Code::ALL.iter().copied().find(|code| code.as_str() == error.code).unwrap_or(Code::InvalidValue);
                let reason = error.message.clone().unwrap_or_else(|| error.code.clone());
                Fault::new(code).at(here.clone()).with("reason", reason)
            })),
        }
    }
}

/// Query parameters, checked like a body; pointers are `#query/name`.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Validate + 'static> FromRequest for Params<T> {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::read(request))
    }
}

impl<T: DeserializeOwned + ToSchema + Validate + 'static> Params<T> {
    fn read(request: &HttpRequest) -> ApiResult<Self> {
        let edge = Edge::of(request)?;
        let pairs: Vec<(String, String)> =
            web::Query::from_query(request.query_string())
                .map(web::Query::into_inner)
                .map_err(|error| Fault::new(Code::InvalidValue).at("#query").with("reason", error))?;
        let check = edge.schemas.check::<T>()?;
        let mut object = Map::new();
        let mut faults = Vec::new();
        for (name, text) in pairs {
            let value = match check.property_types.get(&name).map(String::as_str) {
                Some("integer") => text.parse::<i64>().map_or(Value::String(text), Value::from),
                Some("boolean") => text.parse::<bool>().map_or(Value::String(text), Value::from),
                _ => Value::String(text),
            };
            if object.insert(name.clone(), value).is_some() {
                faults.push(Fault::new(Code::NotUnique).at(format!("#query/{name}")));
            }
        }
        let object = Value::Object(object);
        if !faults.is_empty() {
            // Named together with whatever else is wrong.
            faults.extend(edge.schemas.faults::<T>(&object, "#query")?);
            return Err(faults.into());
        }
        parse(edge.schemas, object, "#query").map(Params)
    }
}

/// The `{id}` of the path. What is no UUID names nothing.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl FromRequest for Id {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        std::future::ready(parsed.map(Id).ok_or_else(|| no_id(request, "uuid").into()))
    }
}

/// `GET /feedback/classify` reaches the handler of `GET /feedback/{id}`, but is a wrong method for a known address.
pub fn no_id(request: &HttpRequest, expected: &str) -> Fault {
    match crate::http::wrong_address(request.path()) {
        (fault, true) => fault,
        _ => Fault::new(Code::InvalidFormat).at("#path/id").with("expected", expected),
    }
}

/// What another system calls something, from the path: `…/{system}/{id}`.
#[derive(Debug, Deserialize, ToSchema, IntoParams, Validate)]
#[into_params(parameter_in = Path)]
pub struct ExternalKey {
    /// The other system.
    #[schema(pattern = "@system")]
    #[param(min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    pub system: String,
    /// Its id there.
    #[schema(pattern = "@external-id")]
    #[param(min_length = 1, max_length = 200, pattern = "@external-id", example = "10086")]
    pub id: String,
}

impl FromRequest for ExternalKey {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::read(request))
    }
}

impl ExternalKey {
    fn read(request: &HttpRequest) -> ApiResult<Self> {
        // What is no UTF-8 would be read as U+FFFD, and different ids as one.
        if !is_text(request.path()) {
            return Err(Fault::new(Code::InvalidFormat).at("#path/id").with("expected", "UTF-8").into());
        }
        // Decoded by the framework; an escaped slash is part of the id.
        let path = web::Path::<(String, String)>::from_request(request, &mut Payload::None).into_inner();
        let (system, id) = path.map_err(|_| ApiError::from(Code::RouteNotFound))?.into_inner();
        parse(Edge::of(request)?.schemas, serde_json::json!({ "system": system, "id": id }), "#path")
    }
}

/// Whether the escapes of a path stand for text.
fn is_text(path: &str) -> bool {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| Some((u8::from_str_radix(digits, 16).ok()?, &part[2..]))) {
            Some((byte, rest)) => {
                bytes.push(byte);
                bytes.extend_from_slice(rest.as_bytes());
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// The application behind a request.
pub fn app(request: &HttpRequest) -> ApiResult<web::Data<App>> {
    request.app_data::<web::Data<App>>().cloned().ok_or_else(|| Error::Internal("no application".to_owned()).into())
}

/// The media type of a body without its parameters, in lower case.
pub fn media_type(request: &HttpRequest) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
