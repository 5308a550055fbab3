mod attachments;
mod bulk;
mod orders;
mod profiles;

pub use profiles::ExternalId;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    profiles::routes(config);
    orders::routes(config);
    bulk::routes(config);
    attachments::routes(config);
}
