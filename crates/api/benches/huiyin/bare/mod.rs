//! The other side of the comparison: a server that issues the same SQL by hand on pools with the same settings, and
//! answers JSON of the same size. It knows nobody, checks nothing and decides nothing: what a feedback comes to is
//! copied from one that the API has taken in.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::runtime::Handle;

use crate::Outcome;
use crate::place::{CONNECTIONS, WORKERS};

pub mod answer;
pub mod sql;
pub mod template;

use template::Template;

/// One source, compiled for each database: sqlx's types differ, the text does not.
#[path = "."]
pub mod sqlite {
    pub type Db = sqlx::Sqlite;
    pub use super::sql::sqlite::*;
    #[path = "handlers.rs"]
    pub mod handlers;
    #[path = "shown.rs"]
    pub mod shown;
}
#[path = "."]
pub mod postgres {
    pub type Db = sqlx::Postgres;
    pub use super::sql::postgres::*;
    #[path = "handlers.rs"]
    pub mod handlers;
    #[path = "shown.rs"]
    pub mod shown;
}

/// A bare server that runs.
pub struct Bare {
    pub address: SocketAddr,
    handle: ServerHandle,
}

impl Bare {
    pub fn start(runtime: &Handle, url: &str, template: Template) -> Outcome<Bare> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let template = web::Data::new(template);
        let server = if url.starts_with("sqlite:") {
            let (readers, writer) = runtime.block_on(sqlite_pools(url))?;
            let pools = web::Data::new(sqlite::handlers::Pools { readers, writer });
            HttpServer::new(move || {
                App::new().app_data(pools.clone()).app_data(template.clone()).configure(sqlite::handlers::routes)
            })
            .workers(WORKERS)
            .disable_signals()
            .listen(listener)?
            .run()
        } else {
            let pool = runtime.block_on(postgres_pool(url))?;
            let pools = web::Data::new(postgres::handlers::Pools { readers: pool.clone(), writer: pool });
            HttpServer::new(move || {
                App::new().app_data(pools.clone()).app_data(template.clone()).configure(postgres::handlers::routes)
            })
            .workers(WORKERS)
            .disable_signals()
            .listen(listener)?
            .run()
        };
        let handle = server.handle();
        let runtime = runtime.clone();
        std::thread::spawn(move || runtime.block_on(server));
        Ok(Bare { address, handle })
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// As persistence `db.rs` sets them.
async fn sqlite_pools(url: &str) -> Outcome<(sqlx::SqlitePool, sqlx::SqlitePool)> {
    let connect = url
        .parse::<SqliteConnectOptions>()?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .statement_cache_capacity(256)
        .pragma("mmap_size", "134217728")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let pool = || SqlitePoolOptions::new().test_before_acquire(false).max_lifetime(None).idle_timeout(None);
    let writer = pool().max_connections(1).connect_with(connect.clone().pragma("cache_size", "-32768")).await?;
    let readers = pool()
        .max_connections(4)
        .connect_with(connect.pragma("cache_size", "-8192").pragma("query_only", "ON"))
        .await?;
    Ok((readers, writer))
}

async fn postgres_pool(url: &str) -> Outcome<sqlx::PgPool> {
    let connect = url
        .parse::<PgConnectOptions>()?
        .application_name("bare")
        .options([("timezone", "UTC")])
        .statement_cache_capacity(256)
        .disable_statement_logging();
    Ok(PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .max_lifetime(Duration::from_secs(1800))
        .test_before_acquire(false)
        .connect_with(connect)
        .await?)
}
