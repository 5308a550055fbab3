pub mod churn;
pub mod churn_scoring;
pub mod membership;
pub mod models;
pub mod preview;
pub mod runs;
pub mod segments;
