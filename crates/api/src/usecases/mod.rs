//! Every write: one function, one transaction. What happens by HTTP and by the clock is the same function.

mod app;
pub mod bootstrap;
pub mod customers;
pub mod feedback;
pub mod follow_up;
pub mod identity;
pub mod integration;
pub mod sla;
pub mod support;
pub mod tiering;

pub use app::App;
