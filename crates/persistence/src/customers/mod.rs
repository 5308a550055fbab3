mod reach;

pub mod activities;
pub mod attachments;
pub mod changes;
pub mod contacts;
pub mod custom_fields;
pub mod duplicates;
pub mod figures;
pub mod interactions;
pub mod merging;
pub mod orders;
pub mod profiles;
pub mod tags;
pub mod todos;
