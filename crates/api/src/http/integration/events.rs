use actix_web::{get, web};
use huiyin_domain::event::Event;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::support::{ApiResult, Can, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_event_kinds);
}

/// The kinds of events there are.
#[derive(Serialize, ToSchema)]
struct EventKinds {
    #[schema(example = json!(["feedback.received", "feedback.closed"]))]
    items: Vec<&'static str>,
}

/// List the kinds of events
///
/// What can happen, as it stands in histories and notifications.
#[utoipa::path(tag = "system", operation_id = "list_event_kinds", security(("bearer" = [])),
    responses((status = 200, description = "The kinds", body = EventKinds)),
    extensions(("x-permission" = json!("events:read"))))]
#[get("/event-kinds")]
async fn list_event_kinds(_can: Can<may::EventsRead>, _app: web::Data<App>) -> ApiResult<web::Json<EventKinds>> {
    Ok(web::Json(EventKinds { items: Event::KINDS.to_vec() }))
}
