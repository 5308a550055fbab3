pub mod orders;
pub mod profiles;
