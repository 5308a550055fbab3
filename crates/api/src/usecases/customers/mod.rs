pub mod activities;
pub mod custom_fields;
pub mod draft;
pub mod orders;
pub mod profiles;
