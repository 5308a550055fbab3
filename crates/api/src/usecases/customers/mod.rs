mod text_sanity;

pub mod activities;
pub mod attachments;
pub mod changes;
pub mod contacts;
pub mod custom_fields;
pub mod draft;
pub mod duplicates;
pub mod fields;
pub mod interactions;
pub mod merging;
pub mod orders;
pub mod profiles;
pub mod protection;
pub mod reveal;
pub mod todos;
