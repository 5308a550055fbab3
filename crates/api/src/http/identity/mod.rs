mod absences;
mod account;
mod api_keys;
mod auth;
mod departments;
mod notifications;
mod users;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    auth::routes(config);
    account::routes(config);
    notifications::routes(config);
    users::routes(config);
    absences::routes(config);
    departments::routes(config);
    api_keys::routes(config);
}
