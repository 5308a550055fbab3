//! Both databases behind one type, and the only place where connections are made and transactions begin.

use std::path::PathBuf;
use std::time::Duration;

use huiyin_migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, Statement, StreamTrait, TransactionOptions,
    TransactionTrait,
};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// An open transaction.
pub type Tx = DatabaseTransaction;

/// The key of the advisory lock under which one copy migrates while others wait.
const MIGRATION_LOCK: i64 = 0x4855_4959_494e;

/// How to reach a database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// `sqlite://path` or `postgres://user:password@host/database`.
    pub url: String,
    /// Connections of this copy to PostgreSQL.
    pub max_connections: u32,
    /// SQLite: whether an acknowledged write survives a power cut (FULL) or only a crash of the program (NORMAL).
    pub sqlite_full_sync: bool,
}

/// A database. Reading outside a transaction goes to the readers; on SQLite those refuse to write, so that nothing
/// is ever written beside the one writer.
#[derive(Debug, Clone)]
pub struct Db {
    backend: DbBackend,
    readers: DatabaseConnection,
    writer: DatabaseConnection,
    /// How further connections are made (PostgreSQL).
    connect: Option<PgConnectOptions>,
}

impl Db {
    /// Opens the database; a missing SQLite file is created with its folder. Nothing is migrated.
    pub async fn connect(options: &DbOptions) -> Result<Db, DbErr> {
        let failed = |error: sqlx::Error| DbErr::Custom(format!("cannot open the database: {error}"));
        if options.url.starts_with("sqlite:") {
            return Self::sqlite(options).await.map_err(failed);
        }
        let connect: PgConnectOptions = options.url.parse().map_err(failed)?;
        let connect = connect
            .application_name("huiyin")
            .options([("timezone", "UTC")])
            .statement_cache_capacity(256)
            .disable_statement_logging();
        // Asked once here, so that a wrong address is told at the start.
        let pool = postgres_pool(options.max_connections).connect_with(connect.clone()).await.map_err(failed)?;
        Ok(Self::postgres(pool, connect))
    }

    fn postgres(pool: PgPool, connect: PgConnectOptions) -> Db {
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Db { backend: DbBackend::Postgres, readers: connection.clone(), writer: connection, connect: Some(connect) }
    }

    /// A handle whose connections belong to the runtime of the calling thread. A connection of PostgreSQL wakes the
    /// thread that made it, wherever it is waited for: used by another one, each answer costs a switch of threads.
    /// SQLite has one writer for all, and threads of its own.
    pub fn for_this_thread(&self, max_connections: u32) -> Db {
        match &self.connect {
            Some(connect) => {
                Self::postgres(postgres_pool(max_connections).connect_lazy_with(connect.clone()), connect.clone())
            }
            None => self.clone(),
        }
    }

    async fn sqlite(options: &DbOptions) -> Result<Db, sqlx::Error> {
        let connect: SqliteConnectOptions = options.url.parse()?;
        let path: PathBuf = connect.get_filename().to_path_buf();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let synchronous = if options.sqlite_full_sync { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        let connect = connect
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .statement_cache_capacity(256)
            .pragma("mmap_size", "134217728")
            .pragma("temp_store", "MEMORY")
            .disable_statement_logging();
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(Duration::from_secs(30))
                .test_before_acquire(false)
                .max_lifetime(None)
                .idle_timeout(None)
        };
        // A load of many rows walks through the whole file: what the writer maps of it counts as memory of the program.
        let writing = connect.clone().pragma("cache_size", "-32768").pragma("mmap_size", "33554432");
        let writer = pool().max_connections(1).connect_with(writing).await?;
        let readers = pool()
            .max_connections(4)
            .connect_with(connect.create_if_missing(false).pragma("cache_size", "-8192").pragma("query_only", "ON"))
            .await?;
        Ok(Db {
            backend: DbBackend::Sqlite,
            readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
            connect: None,
        })
    }

    /// Brings the schema up to date. Several copies may do so at once: one migrates, the others wait.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        if self.backend == DbBackend::Sqlite {
            return Migrator::up(&self.writer, None).await;
        }
        let guard = self.writer.begin().await?;
        guard.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        Migrator::up(&self.writer, None).await?;
        guard.commit().await
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, DbErr> {
        let immediate = (self.backend == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
        self.writer.begin_with_options(options).await
    }

    /// The rows of a statement as they come, from one snapshot.
    pub async fn stream(&self, statement: Statement) -> Result<<DatabaseConnection as StreamTrait>::Stream<'_>, DbErr> {
        self.readers.stream_raw(statement).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.readers.ping().await
    }

    pub fn is_sqlite(&self) -> bool {
        self.backend == DbBackend::Sqlite
    }

    /// Closes all connections; SQLite folds its log into the file.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.readers.close_by_ref().await?;
        self.writer.close_by_ref().await
    }
}

fn postgres_pool(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(30))
        .max_lifetime(Duration::from_secs(1800))
        .test_before_acquire(false)
}

#[async_trait::async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.writer.execute_raw(stmt).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.writer.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.readers.query_one_raw(stmt).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.readers.query_all_raw(stmt).await
    }
}
