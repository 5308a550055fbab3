mod calendars;
mod explanation;
mod policies;
mod preview;
mod spec;

pub use explanation::Explanation;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    preview::routes(config);
    calendars::routes(config);
    policies::routes(config);
}
