pub mod calendars;
pub mod clocks;
pub mod policies;
