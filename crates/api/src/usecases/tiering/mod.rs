pub mod churn;
pub mod churn_scoring;
pub mod models;
pub mod runs;
