pub mod attachments;
pub mod contacts;
pub mod interactions;
pub mod orders;
pub mod profiles;
mod reach;
pub mod todos;
