//! RFC 9457 problem documents, made in one place from the one table of codes.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use huiyin_domain::fault::{Code, Fault, Kind, Lang};
use huiyin_domain::reader::Reader;
use huiyin_persistence::{DbErr, SqlErr};
use serde::Serialize;
use utoipa::ToSchema;

use crate::usecases::App;
use crate::usecases::support::Error;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:huiyin:problem:validation_failed", "title": "validation failed", "status": 422,
    "detail": "请求内容有误，见 errors", "code": "validation_failed", "request_id": "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11",
    "errors": [{"pointer": "/name", "code": "required", "detail": "缺少必填字段 name"}]
}))]
pub struct Problem {
    /// `urn:huiyin:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// A sentence for people, in Chinese or English by `Accept-Language`.
    pub detail: String,
    /// Stable code for programs.
    pub code: String,
    /// To find the request in the log.
    pub request_id: String,
    /// Every single fault, where there are faults in fields.
    pub errors: Vec<FieldProblem>,
}

/// One fault in one place.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body, or `#query/name`, `#path/name`.
    #[schema(example = "/name")]
    pub pointer: String,
    /// Stable code for programs.
    #[schema(example = "required")]
    pub code: String,
    /// A sentence for people.
    #[schema(example = "缺少必填字段 name")]
    pub detail: String,
}

/// The status of each kind of fault.
pub fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Timeout => StatusCode::REQUEST_TIMEOUT,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What a handler fails with. Rendered by the `observe` middleware, which knows language and request id.
#[derive(Debug, thiserror::Error)]
#[error("{faults:?}")]
pub struct ApiError {
    faults: Vec<Fault>,
    /// For the log only.
    cause: Option<String>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Faults(faults) => ApiError { faults, cause: None },
            Error::Db(error) => database(&error),
            Error::Internal(cause) => ApiError { faults: vec![Fault::new(Code::Internal)], cause: Some(cause) },
        }
    }
}

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        database(&error)
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        ApiError { faults: vec![fault], cause: None }
    }
}

impl From<Vec<Fault>> for ApiError {
    fn from(faults: Vec<Fault>) -> Self {
        ApiError { faults, cause: None }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Fault::new(code).into()
    }
}

/// Database errors that a caller can do something about have their own codes; the rest is internal.
fn database(error: &DbErr) -> ApiError {
    let text = error.to_string();
    let code = match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Code::ConcurrentChange,
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
            return ApiError { faults: vec![Fault::new(Code::ReferenceMissing).with("name", "id")], cause: Some(text) };
        }
        // Deadlock, serialisation failure; a busy SQLite file.
        _ if ["deadlock detected", "could not serialize", "database is locked"]
            .iter()
            .any(|part| text.contains(part)) =>
        {
            Code::ConcurrentChange
        }
        _ if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => Code::Unavailable,
        _ => Code::Internal,
    };
    ApiError { faults: vec![Fault::new(code)], cause: Some(text) }
}

impl ApiError {
    /// The fault that names the whole: faults in several fields are one `validation_failed`.
    fn head(&self) -> Fault {
        match self.faults.as_slice() {
            [first, ..] if first.code.kind() == Kind::Invalid && first.pointer.is_some() => {
                Fault::new(Code::ValidationFailed)
            }
            [first, ..] => first.clone(),
            [] => Fault::new(Code::Internal),
        }
    }

    /// The same failure again: the framework lends errors and never gives them away.
    pub fn duplicate(&self) -> Self {
        ApiError { faults: self.faults.clone(), cause: self.cause.clone() }
    }

    /// The fault, where there is just one.
    pub fn only_fault(&self) -> Option<&Fault> {
        match self.faults.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The problem document for a reader.
    pub fn render(&self, lang: Lang, request_id: &str) -> HttpResponse {
        let head = self.head();
        let status = status_of(head.code.kind());
        let errors = self.faults.iter().filter_map(|fault| {
            let pointer = fault.pointer.clone()?;
            Some(FieldProblem { pointer, code: fault.code.as_str().to_owned(), detail: fault.message(lang) })
        });
        let problem = Problem {
            kind: format!("urn:huiyin:problem:{}", head.code.as_str()),
            title: head.code.as_str().replace('_', " "),
            status: status.as_u16(),
            detail: head.message(lang),
            code: head.code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
        };
        let mut response = HttpResponse::build(status);
        let parameter = |name: &str| head.params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let special = match head.code.kind() {
            Kind::Unauthenticated => Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
            Kind::TooMany => Some((header::RETRY_AFTER, parameter("seconds").unwrap_or_else(|| "1".to_owned()))),
            Kind::MethodNotAllowed => Some((header::ALLOW, parameter("allowed").unwrap_or_default())),
            _ => None,
        };
        if let Some(special) = special {
            response.insert_header(special);
        }
        response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        response.body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status_of(self.head().code.kind())
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Chinese unless the caller prefers English.
pub fn language(request: &HttpRequest) -> Lang {
    use actix_web::http::header::{AcceptLanguage, Header};
    let Ok(accepted) = AcceptLanguage::parse(request) else { return Lang::Zh };
    let first = accepted.ranked().into_iter().find_map(|language| {
        let tag = language.to_string().to_lowercase();
        match tag.split('-').next() {
            Some("zh") => Some(Lang::Zh),
            Some("en") => Some(Lang::En),
            _ => None,
        }
    });
    first.unwrap_or(Lang::Zh)
}

/// Who reads the answer: by `Accept-Language`, in the deployment's time zone.
pub fn reader(request: &HttpRequest, app: &App) -> Reader {
    Reader { lang: language(request), zone: app.config.time_zone }
}
