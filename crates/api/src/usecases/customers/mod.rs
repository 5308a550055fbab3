pub mod attachments;
pub mod interactions;
pub mod orders;
pub mod profiles;
mod text_sanity;
pub mod todos;
