mod activities;
mod birthday;
mod body;
mod bulk;
mod custom_fields;
mod exports;
mod import_report;
mod import_upload;
mod imports;
mod orders;
mod profiles;

pub use body::ExternalId;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    // Fixed paths before those with an id.
    imports::routes(config);
    import_report::routes(config);
    exports::routes(config);
    profiles::routes(config);
    activities::routes(config);
    custom_fields::routes(config);
    orders::routes(config);
    bulk::routes(config);
}
