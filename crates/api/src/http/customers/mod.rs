mod activities;
mod birthday;
mod body;
mod bulk;
mod custom_fields;
mod orders;
mod profiles;

pub use body::ExternalId;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    profiles::routes(config);
    activities::routes(config);
    custom_fields::routes(config);
    orders::routes(config);
    bulk::routes(config);
}
