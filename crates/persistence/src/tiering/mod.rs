pub mod models;
pub mod runs;
pub mod tiers;
