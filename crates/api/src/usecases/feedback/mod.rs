pub mod classifier;
pub mod deadlines;
pub mod dispatch;
pub mod handling;
pub mod intake;
pub mod routing;
mod step;

pub use step::View;
