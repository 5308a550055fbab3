//! One application a test, served on a port of its own, with a clock that the test steers. Jobs run when the test says so.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin::app::App;
use huiyin::clock::SteeredClock;
use huiyin::config::Config;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::client::Client;
use super::postgres;

/// Which database a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// Where a story begins: Tuesday, 20 October 2026, 10:00 in Shanghai.
pub fn beginning() -> DateTime<Utc> {
    "2026-10-20T02:00:00Z".parse().unwrap()
}

/// A running application.
pub struct Running {
    pub app: Arc<App>,
    pub clock: Arc<SteeredClock>,
    pub database: Database,
    pub url: String,
    config: Config,
    server: actix_web::dev::ServerHandle,
    /// Removed with the test.
    _folder: TempDir,
}

/// Runs a story on one database.
pub fn run<F: Future<Output = ()>>(database: Database, story: impl FnOnce(Running) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let running = Running::start(database).await;
        story(running).await;
    });
}

impl Running {
    pub async fn start(database: Database) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite://{}", folder.path().join("huiyin.db").display()),
            Database::Postgres => {
                let name = postgres::unique_database_name();
                postgres::server().create_database(&name, Some(template().await)).await;
                postgres::server().url(&name)
            }
        };
        let config = config(folder.path(), &url, &[]);
        let clock = Arc::new(SteeredClock::at(beginning()));
        let (app, _) = App::open(config.clone(), clock.clone()).await.unwrap();
        let (url, server) = listen(app.clone());
        Running { app, clock, database, url, config, server, _folder: folder }
    }

    /// A second copy of the program on the same database, with the same clock.
    pub async fn second_copy(&self) -> Running {
        self.second_copy_with(&[]).await
    }

    /// A second copy that is set up differently.
    pub async fn second_copy_with(&self, more: &[(&str, &str)]) -> Running {
        let config = match more {
            [] => self.config.clone(),
            more => config(&self.config.data_dir, &self.config.database_url, more),
        };
        let (app, first) = App::open(config.clone(), self.clock.clone()).await.unwrap();
        assert!(first.is_none(), "the database is not empty any more");
        let (url, server) = listen(app.clone());
        Running {
            app,
            clock: self.clock.clone(),
            database: self.database,
            url,
            config,
            server,
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A client that has not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// The first administrator, signed in.
    pub async fn admin(&self) -> Client {
        self.sign_in("admin", ADMIN_PASSWORD).await
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Client {
        let body = serde_json::json!({ "username": username, "password": password });
        let answer = self.anonymous().post("/api/v1/auth/login", body).await.expect(200);
        self.anonymous().with_token(answer["access_token"].as_str().unwrap())
    }

    /// Lets time pass, and what becomes due by it happen. Access tokens live for a quarter of an hour: sign in anew
    /// after longer steps.
    pub async fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
        self.settle().await;
    }

    pub async fn until(&self, moment: &str) {
        self.clock.set(moment.parse().unwrap());
        self.settle().await;
    }

    /// Everything that is due now happens.
    pub async fn settle(&self) {
        huiyin::jobs::run_due(&self.app).await.unwrap();
        // Transaction ids are shared by all databases of a PostgreSQL server: an event waits until whatever was
        // running when it was stored has ended, in the databases of other tests too.
        while self.events_are_waiting().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            huiyin::jobs::run_due(&self.app).await.unwrap();
        }
    }

    async fn events_are_waiting(&self) -> bool {
        if self.database == Database::Sqlite {
            return false;
        }
        let mut connection = PgConnection::connect(&self.config.database_url).await.unwrap();
        let unread =
            "SELECT EXISTS (SELECT FROM events WHERE tx >= coalesce((SELECT min(window_from) FROM event_cursors), 0))";
        let waiting = sqlx::query_scalar(unread).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        waiting
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not awaited: the runtime of the test ends with it.
        drop(self.server.stop(false));
    }
}

fn listen(app: Arc<App>) -> (String, actix_web::dev::ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = huiyin::http::serve(app, listener).unwrap();
    let handle = server.handle();
    tokio::task::spawn_local(server);
    (url, handle)
}

/// Settings of a test, with more laid over them.
pub fn config(folder: &Path, url: &str, more: &[(&str, &str)]) -> Config {
    let data = folder.display().to_string();
    let own = [
        ("HUIYIN_LISTEN", "127.0.0.1:0"),
        ("HUIYIN_DATABASE_URL", url),
        ("HUIYIN_DATA_DIR", &data),
        ("HUIYIN_ADMIN_PASSWORD", ADMIN_PASSWORD),
        ("HUIYIN_RATE_LIMIT", "off"),
        ("HUIYIN_WORKERS", "1"),
        ("HUIYIN_DATABASE_CONNECTIONS", "4"),
        ("HUIYIN_SQLITE_SYNC", "normal"),
    ];
    let environment = own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_sources(Path::new("/nonexistent"), &environment).unwrap().0
}

/// A PostgreSQL database with the schema, but without a single row: each test's own is a copy.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = postgres::unique_database_name();
            postgres::server().create_database(&name, None).await;
            let options = huiyin_persistence::DbOptions {
                url: postgres::server().url(&name),
                max_connections: 2,
                sqlite_full_sync: false,
            };
            let db = huiyin_persistence::Db::connect(&options).await.unwrap();
            db.migrate().await.unwrap();
            db.close().await.unwrap();
            name
        })
        .await
}
