//! A fresh database, and the real server on it.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use huiyin::app::App;
use huiyin::clock::SystemClock;
use huiyin::config::Config;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::Outcome;

/// Threads of each server, and connections of each pool: the same on both sides.
pub const WORKERS: usize = 2;
pub const CONNECTIONS: u32 = 12;

pub const PASSWORD: &str = "correct horse battery";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub const ALL: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

    pub fn name(self) -> &'static str {
        match self {
            Backend::Sqlite => "SQLite",
            Backend::Postgres => "PostgreSQL",
        }
    }
}

/// A database that nobody has used before; gone with its end.
pub struct Place {
    pub backend: Backend,
    pub url: String,
    folder: TempDir,
    dropped: Option<(String, String)>,
}

impl Place {
    pub async fn fresh(backend: Backend) -> Outcome<Place> {
        // Beside the build, because a folder for temporary files may lie in memory, where nothing has to reach a disk.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        if backend == Backend::Sqlite {
            let url = format!("sqlite://{}", folder.path().join("huiyin.db").display());
            return Ok(Place { backend, url, folder, dropped: None });
        }
        let admin = std::env::var("HUIYIN_DATABASE_URL").map_err(|_| "HUIYIN_DATABASE_URL: use `make bench`")?;
        let (base, _) = admin.rsplit_once('/').ok_or("HUIYIN_DATABASE_URL names no database")?;
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        run(&admin, format!("CREATE DATABASE \"{name}\"")).await?;
        Ok(Place { backend, url: format!("{base}/{name}"), folder, dropped: Some((admin, name)) })
    }

    /// A PostgreSQL database that is there already, and stays.
    pub fn known(url: &str) -> Outcome<Place> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        Ok(Place { backend: Backend::Postgres, url: url.to_owned(), folder, dropped: None })
    }

    pub async fn remove(self) -> Outcome<()> {
        match self.dropped {
            Some((admin, name)) => run(&admin, format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await,
            None => Ok(()),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings of the server, as its environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (format!("HUIYIN_{name}"), value.to_owned());
        vec![
            pair("LISTEN", "127.0.0.1:0"),
            pair("DATABASE_URL", &self.url),
            pair("DATABASE_CONNECTIONS", &CONNECTIONS.to_string()),
            pair("DATA_DIR", &self.folder().display().to_string()),
            pair("ADMIN_PASSWORD", PASSWORD),
            pair("RATE_LIMIT", "off"),
            pair("WORKERS", &WORKERS.to_string()),
            pair("LOG", "warn"),
        ]
    }
}

/// One statement on a connection of its own.
pub async fn run(url: &str, statement: String) -> Outcome<()> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(connection.close().await?)
}

/// The real server. Jobs run where a measurement says so.
pub struct Api {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub token: String,
    http: reqwest::Client,
    handle: ServerHandle,
}

impl Api {
    pub async fn start(runtime: &Handle, place: &Place) -> Outcome<Api> {
        let environment = place.environment().into_iter().collect();
        let (config, _) = Config::from_sources(&PathBuf::from("/nonexistent/huiyin.toml"), &environment)?;
        let (app, _) = App::open(config, Arc::new(SystemClock)).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = huiyin::http::serve(app.clone(), listener)?;
        let handle = server.handle();
        let runtime = runtime.clone();
        std::thread::spawn(move || runtime.block_on(server));
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut api = Api { app, address, token: String::new(), http, handle };
        let login = json!({ "username": "admin", "password": PASSWORD });
        let tokens = api.post("/api/v1/auth/login", &login).await?;
        api.token = tokens["access_token"].as_str().ok_or("no token")?.to_owned();
        Ok(api)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.send(path, "application/json", body.to_string()).await
    }

    pub async fn send(&self, path: &str, content_type: &str, body: String) -> Outcome<Value> {
        let request = self.http.post(format!("http://{}{path}", self.address)).bearer_auth(&self.token);
        let response = request.header("content-type", content_type).body(body).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            return Err(format!("{path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    pub async fn get(&self, path: &str) -> Outcome<Value> {
        let request = self.http.get(format!("http://{}{path}", self.address)).bearer_auth(&self.token);
        Ok(serde_json::from_str(&request.send().await?.error_for_status()?.text().await?)?)
    }

    pub async fn stop(self) -> Outcome<()> {
        self.handle.stop(false).await;
        Ok(self.app.db.close().await?)
    }
}
