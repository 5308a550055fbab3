//! The binary as a process of its own, for what no application inside the test can show: kills, signals, exit codes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::app::{ADMIN_PASSWORD, Database};
use super::{Client, postgres};

/// How long is waited for what must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a story that is no application's inside the test.
pub fn run(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

/// Where an empty database is for a program with this folder.
pub async fn database(kind: Database, folder: &Path) -> String {
    match kind {
        Database::Sqlite => format!("sqlite://{}", folder.join("huiyin.db").display()),
        Database::Postgres => {
            let name = postgres::unique_database_name();
            postgres::server().create_database(&name, None).await;
            postgres::server().url(&name)
        }
    }
}

/// A process of the binary. Dropped, it is killed.
pub struct Program {
    pub process: Child,
    pub url: String,
    /// Held open: a program that may no longer speak stumbles over its next line.
    _output: BufReader<ChildStdout>,
}

impl Program {
    pub fn command(folder: &Path, more: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
        command.arg("serve").current_dir(folder).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
        command
            .env("HUIYIN_LISTEN", "127.0.0.1:0")
            .env("HUIYIN_DATA_DIR", folder.join("data"))
            .env("HUIYIN_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .env("HUIYIN_RATE_LIMIT", "off")
            .env("HUIYIN_WORKERS", "1")
            .env("HUIYIN_LOG", "error");
        command.envs(more.iter().copied());
        command
    }

    /// Starts it and waits until it says that it is ready.
    pub async fn start(folder: &Path, more: &[(&str, &str)]) -> Program {
        let program = Self::spawn(folder, more);
        program.ready().await;
        program
    }

    /// Starts it and reads from its output where it serves.
    pub fn spawn(folder: &Path, more: &[(&str, &str)]) -> Program {
        let mut process = Self::command(folder, more).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.by_ref().lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("Huiyin serves on ").map(str::to_owned));
        let Some(url) = url else {
            let mut reason = String::new();
            process.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
            panic!("it did not start: {reason}");
        };
        Program { process, url, _output: output }
    }

    pub async fn ready(&self) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = http.get(format!("{}/health/ready", self.url)).send().await;
            match answer {
                Ok(answer) if answer.status() == 200 => return,
                _ if Instant::now() > end => panic!("not ready after {PATIENCE:?}"),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    pub async fn admin(&self) -> Client {
        Client::new(&self.url).with_token(&self.admins_token().await)
    }

    pub async fn admins_token(&self) -> String {
        let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
        let answer = Client::new(&self.url).post("/api/v1/auth/login", body).await.expect(200);
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// `kill -9`: no destructor runs, no buffer is flushed.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn terminate(&self) {
        let signal = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(signal.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.process.try_wait().unwrap() {
                Some(status) => return status,
                None if Instant::now() > end => panic!("it still runs after {PATIENCE:?}"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
