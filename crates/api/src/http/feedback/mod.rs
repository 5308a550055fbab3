mod body;
mod classifier;
mod classify;
mod communications;
mod dispatch;
mod handling;
mod history;
mod pool;
mod routing;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    classifier::routes(config);
    pool::routes(config);
    dispatch::routes(config);
    handling::routes(config);
    communications::routes(config);
    history::routes(config);
    routing::routes(config);
}
