mod attachments;
mod bulk;
mod interactions;
mod orders;
mod profiles;
mod timeline;
mod todos;

pub use profiles::ExternalId;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    profiles::routes(config);
    orders::routes(config);
    bulk::routes(config);
    attachments::routes(config);
    interactions::routes(config);
    todos::routes(config);
    timeline::routes(config);
}
