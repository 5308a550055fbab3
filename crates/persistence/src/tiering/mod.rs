pub mod figures;
pub mod history;
pub mod lifecycle;
pub mod models;
pub mod pareto;
pub mod runs;
pub mod settings;
pub mod tiers;
