mod activities;
pub mod attachments;
mod birthday;
mod body;
mod bulk;
mod changes;
mod contacts;
mod custom_fields;
mod duplicates;
mod import_report;
mod import_upload;
mod imports;
mod interactions;
mod orders;
mod overview;
mod profiles;
mod protection;
mod stocktakes;
mod timeline;
mod todos;

pub use body::{Customer, CustomerPage, ExternalId, Tag};
pub use overview::{Overview, Reach, overview};
pub use todos::CreateTodo;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    // Fixed paths before those with an id.
    protection::routes(config);
    duplicates::routes(config);
    imports::routes(config);
    import_report::routes(config);
    profiles::routes(config);
    changes::routes(config);
    activities::routes(config);
    custom_fields::routes(config);
    orders::routes(config);
    bulk::routes(config);
    contacts::routes(config);
    overview::routes(config);
    attachments::routes(config);
    interactions::routes(config);
    todos::routes(config);
    timeline::routes(config);
    stocktakes::routes(config);
}
