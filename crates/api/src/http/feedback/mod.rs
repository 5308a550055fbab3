mod body;
mod classify;
mod communications;
mod dispatch;
mod escalations;
mod explanations;
mod handling;
mod history;
mod pool;
mod promises;
mod routing;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    pool::routes(config);
    dispatch::routes(config);
    handling::routes(config);
    promises::routes(config);
    explanations::routes(config);
    escalations::routes(config);
    communications::routes(config);
    history::routes(config);
    routing::routes(config);
}
