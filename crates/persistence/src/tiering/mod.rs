pub mod churn;
pub mod conditions;
pub mod facts;
pub mod models;
pub mod runs;
pub mod search;
pub mod tiers;
