mod audit;
mod events;
mod system;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    events::routes(config);
    audit::routes(config);
}

pub fn system_routes(config: &mut ServiceConfig) {
    system::routes(config);
}

pub fn install_metrics() {
    system::recorder();
}
