mod audience;
pub mod audit;
pub mod housekeeping;
pub mod notifications;
