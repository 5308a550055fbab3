//! Who may do what, and on which rows.

mod absence;
mod access;
mod lockout;

pub use absence::{Away, stand_in};
pub use access::{Actor, DataScope, Permission, Principal, Role, Scope};
pub use lockout::lock_after;

/// Shortest password accepted, in characters (NIST SP 800-63B asks for at least 8).
pub const PASSWORD_MIN: usize = 8;
/// Longest password accepted: bounds the work of the hash.
pub const PASSWORD_MAX: usize = 128;
