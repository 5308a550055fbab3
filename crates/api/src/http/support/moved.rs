//! A customer that was merged into another is known by its old id everywhere: reading leads to where it is now, writing is
//! told so. Said in one place for all that stands below `/customers/{id}`.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::merging;
use uuid::Uuid;

use super::access::caller;
use super::input::app;
use super::problem::ApiError;

const CUSTOMERS: &str = "/api/v1/customers/";

/// Asks, where a customer was not found, whether it was merged away; whoever does not reach the survivor learns nothing.
pub async fn follow<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let request = response.request();
    let Some((id, below)) = missing(&response) else { return Ok(response) };
    let Some(actor) = caller(request) else { return Ok(response) };
    let into = match merging::survivor(&app(request)?.db, actor.scope(), id).await {
        Ok(Some(into)) => into,
        Ok(None) => return Ok(response),
        Err(error) => return Ok(response.error_response(ApiError::from(error))),
    };
    if request.method() != Method::GET {
        let fault = Fault::new(Code::CustomerMerged).with("into", into);
        return Ok(response.error_response(ApiError::from(fault)));
    }
    let query = request.query_string();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let location = format!("{CUSTOMERS}{into}{below}{query}");
    let redirect = HttpResponse::PermanentRedirect().insert_header((header::LOCATION, location)).finish();
    Ok(response.into_response(redirect))
}

/// The id of the path and what stands behind it, where that customer was not found.
fn missing(response: &ServiceResponse<BoxBody>) -> Option<(Uuid, String)> {
    let fault = response.response().error()?.as_error::<ApiError>()?.only_fault()?;
    if fault.code != Code::CustomerNotFound || fault.pointer.is_some() {
        return None;
    }
    let path = response.request().path().strip_prefix(CUSTOMERS)?;
    let (id, below) = path.split_at_checked(36)?;
    Some((Uuid::try_parse(id).ok()?, below.to_owned())).filter(|_| below.is_empty() || below.starts_with('/'))
}
