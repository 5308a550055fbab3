pub mod changes;
pub mod following;
pub mod lifecycle;
pub mod models;
pub mod preview;
pub mod runs;
pub mod schedule;
mod settings;
pub mod yardstick;
