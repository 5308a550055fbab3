pub mod attachments;
pub mod orders;
pub mod profiles;
mod text_sanity;
