//! What every resource shares: who may call, what a body must look like, how faults and pages are told.

pub mod access;
pub mod condition;
pub mod edge;
pub mod enums;
pub mod input;
pub mod money;
pub mod observe;
pub mod openapi;
pub mod page;
pub mod patch;
pub mod problem;
pub mod schema_check;
pub mod table;
pub mod text;
pub mod version;

pub use access::{Can, may};
pub use input::{Body, Id, Params};
pub use page::PageParams;
pub use problem::{ApiError, ApiResult};
pub use version::Versioned;
