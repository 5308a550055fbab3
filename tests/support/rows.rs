//! What stands in the database, looked at past the program: that a refused request has left nothing behind.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::Running;
use super::app::Database;

/// How many rows each table has.
pub async fn counts(running: &Running) -> BTreeMap<String, i64> {
    macro_rules! count {
        ($connection:ty, $tables:literal) => {{
            let mut connection = <$connection>::connect(&running.app.config.database_url).await.unwrap();
            let tables: Vec<String> = sqlx::query_scalar($tables).fetch_all(&mut connection).await.unwrap();
            let mut counts = BTreeMap::new();
            for table in tables {
                let statement = AssertSqlSafe(format!(r#"SELECT count(*) FROM "{table}""#));
                counts.insert(table, sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap());
            }
            connection.close().await.unwrap();
            counts
        }};
    }
    match running.database {
        Database::Sqlite => count!(SqliteConnection, "SELECT name FROM sqlite_master WHERE type = 'table'"),
        Database::Postgres => {
            count!(PgConnection, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        }
    }
}
