pub mod imports;
pub mod matching;
pub mod orders;
pub mod profiles;
