mod aftermath;
pub mod cases;
pub mod classifier;
pub mod deadlines;
pub mod demands;
pub mod dispatch;
pub mod entries;
pub mod handling;
pub mod intake;
pub mod promises;
pub mod public;
mod reopening;
pub mod root_cause;
pub mod routing;
mod step;
pub mod verifications;

pub use step::View;
