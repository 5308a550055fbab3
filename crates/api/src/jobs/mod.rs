//! What happens by the clock. A job does what a handler does: it calls a use case.

mod runner;
mod sweep;

pub use runner::{run_due, spawn};
pub use sweep::sweep;
