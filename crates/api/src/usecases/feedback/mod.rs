pub mod deadlines;
pub mod dispatch;
pub mod handling;
pub mod intake;
pub mod promises;
pub mod routing;
mod step;

pub use step::View;
