pub mod activities;
pub mod custom_fields;
pub mod figures;
pub mod orders;
pub mod profiles;
pub mod tags;
