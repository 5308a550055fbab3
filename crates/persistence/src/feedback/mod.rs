pub mod communications;
pub mod escalations;
pub mod explanations;
pub mod pool;
pub mod promises;
pub mod routing;
pub mod sweep;
