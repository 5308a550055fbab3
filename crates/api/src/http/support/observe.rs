//! The outermost middleware: request ids, limits, metrics, one log line a request, problem documents.

use std::time::Instant;

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use governor::clock::{Clock, DefaultClock};
use huiyin_domain::fault::{Code, Fault};
use uuid::Uuid;

use super::edge::{Edge, too_often};
use super::problem::{ApiError, language};
use crate::usecases::support::Error;

/// The id of a request, as it stands in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps every request. Logs name the route's pattern, never its text: paths and queries hold personal data.
pub async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = match limit(&request) {
        Some(fault) => {
            let rendered = ApiError::from(fault).render(language(request.request()), &id);
            request.into_response(rendered)
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    if let Some(error) = failure(response.response()) {
        if let Some(cause) = error.cause() {
            tracing::error!(request_id = %id, cause, "request failed");
        }
        let rendered = error.render(language(response.request()), &id);
        response = response.into_response(rendered);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let (status, took) = (response.status().as_u16(), started.elapsed());
    tracing::info!(target: "huiyin::http", %method, route, status, took_us = took.as_micros() as u64, request_id = %id, "request");
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels[..2]).record(took.as_secs_f64());
    Ok(response)
}

/// The caller's id where it is a plain short one, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    given.filter(plain).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn limit(request: &ServiceRequest) -> Option<Fault> {
    let edge = Edge::of(request.request()).ok()?;
    let limiter = edge.limiter.as_ref()?;
    let client = edge.client(request.request())?;
    let wait = limiter.check_key(&client).err()?.wait_time_from(DefaultClock::default().now());
    Some(too_often(wait))
}

/// The fault behind a response that a handler's error, or the framework, has made.
fn failure(response: &actix_web::HttpResponse<BoxBody>) -> Option<ApiError> {
    let error = response.error()?;
    Some(as_api_error(error).unwrap_or_else(|| generic(response.status())))
}

fn as_api_error(error: &actix_web::Error) -> Option<ApiError> {
    if let Some(api) = error.as_error::<ApiError>() {
        return Some(api.duplicate());
    }
    let overflow = error.as_error::<PayloadError>().is_some_and(|error| matches!(error, PayloadError::Overflow));
    overflow.then(|| Fault::new(Code::BodyTooLarge).with("limit", "").into())
}

fn generic(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => Code::RouteNotFound.into(),
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(Code::BodyTooLarge).with("limit", "").into(),
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout.into(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Fault::new(Code::UnsupportedMediaType).with("expected", "application/json").into()
        }
        status if status.is_client_error() => Fault::new(Code::MalformedJson).with("reason", status).into(),
        status => Error::Internal(status.to_string()).into(),
    }
}
