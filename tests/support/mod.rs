//! A running application for a test, and a client that speaks to it.

pub mod app;
pub mod builders;
pub mod client;
pub mod follow_ups;
pub mod postgres;
pub mod program;
pub mod rows;
pub mod s3;

pub use app::Running;
pub use client::Client;

/// Runs a story on SQLite and on PostgreSQL, each on a database of its own.
macro_rules! journey {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: $ty:ty) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn story($app: $ty) $body

            #[test]
            fn sqlite() {
                $crate::support::app::run($crate::support::app::Database::Sqlite, story);
            }

            #[test]
            fn postgres() {
                $crate::support::app::run($crate::support::app::Database::Postgres, story);
            }
        }
    };
}
pub(crate) use journey;
