mod audience;
pub mod audit;
pub mod housekeeping;
pub mod inbox;
pub mod notifications;
pub mod settings;
