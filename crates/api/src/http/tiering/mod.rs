mod churn;
mod exports;
mod lifecycle;
mod model;
mod models;
mod pareto;
mod preview;
mod runs;
mod schedule;
mod search;
mod segments;
mod spec;
mod tiers;

pub use tiers::{CustomerTier, tier_of};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    exports::routes(config);
    tiers::routes(config);
    runs::routes(config);
    model::routes(config);
    // Before `models`, whose `{id}` would match it.
    preview::routes(config);
    models::routes(config);
    pareto::routes(config);
    lifecycle::routes(config);
    schedule::routes(config);
    churn::routes(config);
    search::routes(config);
    segments::routes(config);
}
