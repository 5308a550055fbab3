pub mod communications;
pub mod parts;
pub mod pool;
pub mod routing;
