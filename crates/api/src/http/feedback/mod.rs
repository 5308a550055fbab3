mod attachments;
mod body;
mod bulk;
mod cases;
mod classifier;
mod classify;
mod clocks;
mod communications;
mod criteria;
mod demands;
mod dispatch;
mod entries;
mod escalations;
mod explanations;
mod handling;
mod history;
mod parts;
mod pool;
mod preview;
mod promises;
mod public;
mod root_cause;
mod rounds;
mod routing;
mod work_list;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    classify::routes(config);
    // Before `/feedback/{id}`, which would take the name for an id.
    work_list::routes(config);
    bulk::routes(config);
    parts::routes(config);
    entries::routes(config);
    public::routes(config);
    cases::routes(config);
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
    clocks::routes(config);
    preview::routes(config);
    routing::routes(config);
    root_cause::routes(config);
    rounds::routes(config);
    demands::routes(config);
}
