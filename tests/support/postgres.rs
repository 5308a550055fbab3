//! The PostgreSQL server of the tests: the one that `HUIYIN_TEST_POSTGRES_URL` names, or else a throw-away cluster of
//! this process, started by `scripts/throwaway-postgres.sh` and gone when the process is, however it ends.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

pub struct Server {
    /// Everything before the name of the database, and everything after it (`?sslmode=…`).
    base: String,
    options: String,
    admin_database: String,
    /// Its open standard input keeps the cluster alive.
    _cluster: Option<Child>,
}

/// Starts the server on first use. Never skips: without a server the test fails and says how to get one.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("HUIYIN_TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => Server::at(&url, None),
        _ => start_cluster().and_then(|(url, cluster)| Server::at(&url, Some(cluster))),
    });
    server.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

impl Server {
    fn at(url: &str, cluster: Option<Child>) -> Result<Self, String> {
        let (location, options) = match url.split_once('?') {
            Some((location, options)) => (location, format!("?{options}")),
            None => (url, String::new()),
        };
        let (base, database) = location
            .rsplit_once('/')
            .filter(|(base, _)| base.contains("://") && !base.ends_with('/'))
            .ok_or_else(|| format!("not postgres://user:password@host:port/database: {url}"))?;
        Ok(Self { base: base.to_owned(), options, admin_database: database.to_owned(), _cluster: cluster })
    }

    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.options)
    }

    pub fn admin_url(&self) -> String {
        self.url(&self.admin_database)
    }

    /// Creates a database, empty or as a copy of `template`, which nobody may be connected to at that time.
    pub async fn create_database(&self, name: &str, template: Option<&str>) {
        // Two copies of one template at a time refuse each other.
        static COPYING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _one_at_a_time = match template {
            Some(_) => Some(COPYING.lock().await),
            None => None,
        };
        let source = template.unwrap_or("template0");
        // Copying files is several times faster than the default, which writes everything through the log.
        let statement = format!(r#"CREATE DATABASE "{name}" TEMPLATE "{source}" ENCODING 'UTF8' STRATEGY FILE_COPY"#);
        for attempt in 0.. {
            match self.execute(&statement).await {
                // A pool that was just closed may still have connections that are on their way out.
                Err(error) if attempt < 100 && is_in_use(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
                result => return result.unwrap_or_else(|error| panic!("{statement}: {error}")),
            }
        }
    }

    async fn execute(&self, statement: &str) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.admin_url()).await?;
        connection.execute(AssertSqlSafe(statement.to_owned())).await?;
        connection.close().await
    }
}

fn is_in_use(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some("55006")
}

/// A name that no other test, in this process or another, has for its database.
pub fn unique_database_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    static START: OnceLock<u128> = OnceLock::new();
    let start = START.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros());
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("huiyin_{}_{start:x}_{number}", std::process::id())
}

fn start_cluster() -> Result<(String, Child), String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/throwaway-postgres.sh");
    let mut cluster = Command::new(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{script}: {error}"))?;
    let mut url = String::new();
    if let Some(output) = cluster.stdout.take() {
        BufReader::new(output).read_line(&mut url).map_err(|error| format!("{script}: {error}"))?;
    }
    if url.is_empty() {
        return Err("no PostgreSQL for the tests (the reason is above): install version 15 or newer \
             (Debian: apt-get install postgresql) or name a server in HUIYIN_TEST_POSTGRES_URL"
            .to_owned());
    }
    Ok((url.trim_end().to_owned(), cluster))
}
