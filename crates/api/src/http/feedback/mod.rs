mod body;
mod cases;
mod classify;
mod communications;
mod demands;
mod dispatch;
mod handling;
mod history;
mod pool;
mod root_cause;
mod routing;
mod verifications;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    // Before the pool, whose `{id}` would take their names for ids.
    cases::routes(config);
    verifications::routes(config);
    pool::routes(config);
    dispatch::routes(config);
    handling::routes(config);
    communications::routes(config);
    history::routes(config);
    routing::routes(config);
    root_cause::routes(config);
    demands::routes(config);
}
