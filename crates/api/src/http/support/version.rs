//! A resource with its version: the body, and the version as its ETag.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// Answers a resource with its ETag.
#[derive(Debug)]
pub struct Versioned<T> {
    body: T,
    version: i64,
    status: StatusCode,
    location: Option<String>,
}

impl<T> Versioned<T> {
    pub fn ok(body: T, version: i64) -> Self {
        Versioned { body, version, status: StatusCode::OK, location: None }
    }

    pub fn created(body: T, version: i64, location: String) -> Self {
        Versioned { body, version, status: StatusCode::CREATED, location: Some(location) }
    }
}

impl<T: Serialize> Responder for Versioned<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::ETAG, format!("\"{}\"", self.version)));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        response.json(self.body)
    }
}
