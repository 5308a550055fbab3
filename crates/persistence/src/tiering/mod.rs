pub mod churn;
pub mod models;
pub mod runs;
pub mod tiers;
