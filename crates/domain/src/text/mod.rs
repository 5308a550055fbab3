//! Chinese text: folded to one spelling, and cut into words.

mod fold;
pub mod segment;

pub use fold::Folded;
