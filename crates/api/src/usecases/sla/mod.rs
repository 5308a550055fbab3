pub mod book;
pub mod calendars;
pub mod clocks;
pub mod policies;
pub mod recompute;
