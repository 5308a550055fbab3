//! Tables, scoped finders, the outbox and the timers. Functions take an open connection or transaction and never
//! begin one; they take the actor's [`Scope`](huiyin_domain::identity::Scope) and never decide.

pub mod customers;
pub mod db;
pub mod entity;
pub mod feedback;
pub mod follow_up;
pub mod identity;
pub mod integration;
pub mod sla;
pub mod support;
pub mod tiering;

pub use db::{Db, DbOptions, Tx};
/// Re-exported so that the floors above name a database error without knowing the library.
pub use sea_orm::{ConnectionTrait, DbErr, SqlErr};
