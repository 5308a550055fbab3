pub mod classifier;
pub mod communications;
pub mod pool;
pub mod routing;
