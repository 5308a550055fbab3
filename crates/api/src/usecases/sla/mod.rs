pub mod calendars;
pub mod clocks;
pub mod ladder;
pub mod policies;
