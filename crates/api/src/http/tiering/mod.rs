mod churn;
mod model;
mod runs;
mod search;
mod tiers;

pub use tiers::{CustomerTier, tier_of};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    tiers::routes(config);
    runs::routes(config);
    model::routes(config);
    churn::routes(config);
    search::routes(config);
}
