mod attachments;
mod body;
mod bulk;
mod cases;
mod classifier;
mod classify;
mod communications;
mod criteria;
mod demands;
mod dispatch;
mod entries;
mod escalations;
mod explanations;
mod handling;
mod history;
mod pool;
mod preview;
mod promises;
mod public;
mod root_cause;
mod routing;
mod verifications;
mod work_list;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    // Before `/feedback/{id}`, which would take the name for an id.
    work_list::routes(config);
    bulk::routes(config);
    // Fixed paths before those with an id.
    entries::routes(config);
    public::routes(config);
    // Before the pool, whose `{id}` would take their names for ids.
    cases::routes(config);
    verifications::routes(config);
    classifier::routes(config);
    pool::routes(config);
    dispatch::routes(config);
    handling::routes(config);
    promises::routes(config);
    explanations::routes(config);
    escalations::routes(config);
    communications::routes(config);
    attachments::routes(config);
    history::routes(config);
    preview::routes(config);
    routing::routes(config);
    root_cause::routes(config);
    demands::routes(config);
}
