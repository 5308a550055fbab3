pub mod models;
pub mod runs;
