pub mod activities;
pub mod custom_fields;
pub mod draft;
pub mod exports;
pub mod imports;
pub mod orders;
mod profile_of;
pub mod profiles;
