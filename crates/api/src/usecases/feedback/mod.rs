pub mod deadlines;
pub mod dispatch;
pub mod entries;
pub mod handling;
pub mod intake;
pub mod promises;
pub mod public;
pub mod routing;
mod step;

pub use step::View;
