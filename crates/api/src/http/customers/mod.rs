mod activities;
mod birthday;
mod body;
mod bulk;
mod changes;
mod custom_fields;
mod duplicates;
mod orders;
mod profiles;
mod protection;

pub use body::ExternalId;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    // Fixed paths before those with an id.
    protection::routes(config);
    duplicates::routes(config);
    profiles::routes(config);
    changes::routes(config);
    activities::routes(config);
    custom_fields::routes(config);
    orders::routes(config);
    bulk::routes(config);
}
