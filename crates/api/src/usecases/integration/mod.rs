pub mod housekeeping;
pub mod notifications;
