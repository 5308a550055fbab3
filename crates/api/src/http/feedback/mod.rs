mod body;
mod classify;
mod clocks;
mod communications;
mod dispatch;
mod handling;
mod history;
mod parts;
mod pool;
mod routing;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    // Before the feedback itself: its id is no word.
    parts::routes(config);
    pool::routes(config);
    dispatch::routes(config);
    handling::routes(config);
    communications::routes(config);
    history::routes(config);
    clocks::routes(config);
    routing::routes(config);
}
