//! The program itself, killed, stopped and started again: nothing acknowledged is lost, nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Client;
use crate::support::app::{ADMIN_PASSWORD, Database};
use crate::support::builders::{COMPLAINT, department, id, order};
use crate::support::program::{PATIENCE, Program, database, run};

/// Small and different in each run; which moment is hit does not matter, as long as all are hit some day.
fn random(below: u64) -> u64 {
    uuid::Uuid::new_v4().as_u128() as u64 % below
}

/// One request that may be sent again until it is answered.
#[derive(Debug, Clone)]
enum Work {
    /// A message of a channel; its id makes it one.
    Message(String),
    /// Without an id of a channel; the Idempotency-Key makes it one.
    Keyed(String),
    /// Orders of these numbers.
    Orders(std::ops::Range<usize>),
}

impl Work {
    async fn send(&self, http: &reqwest::Client, url: &str, token: &str) -> Option<Value> {
        let request = match self {
            Work::Message(message) => http
                .post(format!("{url}/api/v1/feedback"))
                .json(&json!({ "channel": "app", "channel_message_id": message, "content": COMPLAINT })),
            Work::Keyed(key) => http
                .post(format!("{url}/api/v1/feedback"))
                .header("idempotency-key", key)
                .json(&json!({ "channel": "hotline", "content": format!("{COMPLAINT}，编号{key}") })),
            Work::Orders(numbers) => {
                let line =
                    |n| order(&format!("SO-{n}"), &format!("{}", n % 40), "2026-10-01T02:00:00Z", "10.00").to_string();
                let lines: Vec<String> = numbers.clone().map(line).collect();
                http.post(format!("{url}/api/v1/orders/bulk"))
                    .header("content-type", "application/x-ndjson")
                    .body(lines.join("\n"))
            }
        };
        let answer = request.bearer_auth(token).send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        assert!(status == 200 || status == 201, "{self:?}: {status} {text}");
        Some(serde_json::from_str(&text).unwrap())
    }
}

/// What has been acknowledged.
#[derive(Default)]
struct Ledger {
    /// Feedback by message id or key.
    feedback: BTreeMap<String, Value>,
    orders: Vec<std::ops::Range<usize>>,
}

impl Ledger {
    fn note(&mut self, work: Work, answer: Value, again: bool) {
        match work {
            Work::Message(name) | Work::Keyed(name) => {
                let before = self.feedback.insert(name, answer.clone());
                assert!(before.is_none_or(|before| before["id"] == answer["id"]), "the same feedback as before");
            }
            Work::Orders(numbers) => {
                let stored = answer["created"].as_u64().unwrap() + answer["updated"].as_u64().unwrap();
                assert_eq!(stored, numbers.len() as u64, "{answer}");
                assert!(again || answer["created"] == stored, "new orders were known: {answer}");
                self.orders.push(numbers);
            }
        }
    }
}

/// Sends request after request until the program dies; answers what was acknowledged, and the request that was not.
async fn keep_sending(
    url: &str,
    token: &str,
    mut next: impl FnMut() -> Work,
    acknowledged: &AtomicUsize,
) -> (Vec<(Work, Value)>, Work) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut done = Vec::new();
    loop {
        let work = next();
        match work.send(&http, url, token).await {
            Some(answer) => {
                acknowledged.fetch_add(1, Ordering::Relaxed);
                done.push((work, answer));
            }
            None => return (done, work),
        }
    }
}

async fn killed_under_load(kind: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = database(kind, folder.path()).await;
    let settings = [("HUIYIN_DATABASE_URL", url.as_str()), ("HUIYIN_JWT_SECRET", "a secret that all starts share")];
    let mut program = Program::start(folder.path(), &settings).await;
    let admin = program.admin().await;
    let me = admin.get("/api/v1/me").await.expect(200)["user"]["id"].clone();
    let research = department(&admin, "research").await;
    admin.patch(&format!("/api/v1/departments/{research}"), json!({ "head_user_id": me })).await.expect(200);
    let scopes = json!({ "name": "ERP", "scopes": ["feedback:create", "feedback:read", "orders:write"] });
    let key = admin.post("/api/v1/api-keys", scopes).await.expect(201)["secret"].as_str().unwrap().to_owned();

    let mut ledger = Ledger::default();
    let mut orders = 0..;
    for round in 0..3 {
        let acknowledged = AtomicUsize::new(0);
        let (mut first, mut second, mut third) = (0.., 0.., 0..);
        let message = |client: &str, n: Option<i32>| format!("{round}-{client}-{}", n.unwrap());
        let loads = async {
            tokio::join!(
                keep_sending(&program.url, &key, || Work::Message(message("a", first.next())), &acknowledged),
                keep_sending(&program.url, &key, || Work::Message(message("b", second.next())), &acknowledged),
                keep_sending(&program.url, &key, || Work::Keyed(message("c", third.next())), &acknowledged),
                keep_sending(
                    &program.url,
                    &key,
                    || {
                        let from: usize = orders.next().unwrap() * 40;
                        Work::Orders(from..from + 40)
                    },
                    &acknowledged
                ),
            )
        };
        let pid = program.process.id().to_string();
        let executioner = async {
            let enough = 10 + random(50) as usize;
            while acknowledged.load(Ordering::Relaxed) < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // In the midst of a request rather than right after one.
            tokio::time::sleep(Duration::from_micros(random(20_000))).await;
            assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        };
        let ((a, b, c, d), ()) = tokio::join!(loads, executioner);
        drop(program);
        program = Program::start(folder.path(), &settings).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        for (done, open) in [a, b, c, d] {
            for (work, answer) in done {
                ledger.note(work, answer, false);
            }
            // Nobody knows whether this one was stored; sent again, it is stored once.
            let answer = open.send(&http, &program.url, &key).await.unwrap();
            ledger.note(open, answer, true);
        }
        check(&program, &key, &ledger).await;
    }
}

async fn pages(client: &Client, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=200{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn check(program: &Program, key: &str, ledger: &Ledger) {
    let admin = program.admin().await;
    let stored = pages(&admin, "/api/v1/feedback").await;
    let ids = |rows: &mut dyn Iterator<Item = &Value>| rows.map(id).collect::<BTreeSet<String>>();
    assert_eq!(ids(&mut stored.iter()), ids(&mut ledger.feedback.values()), "what was acknowledged, and nothing else");
    let numbers: BTreeSet<&str> = stored.iter().map(|row| row["number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), stored.len(), "each has a number of its own");
    for (name, acknowledged) in &ledger.feedback {
        let now = stored.iter().find(|row| row["id"] == acknowledged["id"]).unwrap();
        assert_eq!(now["deadlines"], acknowledged["deadlines"], "{name}");
    }
    for row in stored.iter().take(40) {
        let history = admin.get(&format!("/api/v1/feedback/{}/history", id(row))).await.expect(200);
        let kinds: Vec<&Value> = history["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
        assert_eq!(kinds, ["feedback.received", "feedback.assigned"]);
    }

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for numbers in &ledger.orders {
        let answer = Work::Orders(numbers.clone()).send(&http, &program.url, key).await.unwrap();
        assert_eq!((&answer["created"], &answer["updated"]), (&json!(0), &json!(numbers.len())), "known, each of them");
    }

    // The jobs catch up: the head of the department is told of each feedback, once.
    let end = Instant::now() + PATIENCE;
    let told = loop {
        let told = pages(&admin, "/api/v1/me/notifications").await;
        if told.len() >= stored.len() || Instant::now() > end {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let subjects: BTreeSet<&str> = told.iter().map(|told| told["subject_id"].as_str().unwrap()).collect();
    assert_eq!((told.len(), subjects.len()), (stored.len(), stored.len()));
}

#[test]
fn a_kill_under_load_loses_nothing_and_doubles_nothing_sqlite() {
    run(killed_under_load(Database::Sqlite));
}

#[test]
fn a_kill_under_load_loses_nothing_and_doubles_nothing_postgres() {
    run(killed_under_load(Database::Postgres));
}

async fn killed_while_starting(kind: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = database(kind, folder.path()).await;
    let settings = [("HUIYIN_DATABASE_URL", url.as_str())];
    for attempt in 0..12u64 {
        let mut process = Program::command(folder.path(), &settings).spawn().unwrap();
        tokio::time::sleep(Duration::from_micros(attempt * 6_000 + random(6_000))).await;
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let program = Program::start(folder.path(), &settings).await;
    let admin = program.admin().await;
    assert_eq!(admin.get("/api/v1/users").await.expect(200)["items"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get("/api/v1/departments").await.expect(200)["items"].as_array().unwrap().len(), 4);
    assert_eq!(admin.get("/api/v1/sla/policies").await.expect(200)["items"].as_array().unwrap().len(), 2);
    program.kill();
}

#[test]
fn a_first_start_that_is_killed_can_be_repeated_sqlite() {
    run(killed_while_starting(Database::Sqlite));
}

#[test]
fn a_first_start_that_is_killed_can_be_repeated_postgres() {
    run(killed_while_starting(Database::Postgres));
}

#[test]
fn two_that_start_at_once_on_an_empty_database_make_one_deployment() {
    run(async {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let url = database(Database::Postgres, here.path()).await;
        let settings = [("HUIYIN_DATABASE_URL", url.as_str()), ("HUIYIN_JWT_SECRET", "a secret that both share")];
        let start = |folder: std::path::PathBuf| {
            let settings = settings.map(|(name, value)| (name, value.to_owned()));
            std::thread::spawn(move || Program::spawn(&folder, &settings.each_ref().map(|(n, v)| (*n, v.as_str()))))
        };
        let both = [start(here.path().to_owned()), start(there.path().to_owned())].map(|thread| thread.join().unwrap());
        for program in &both {
            program.ready().await;
        }
        let admin = both[0].admin().await;
        assert_eq!(
            admin.get("/api/v1/users").await.expect(200)["items"].as_array().unwrap().len(),
            1,
            "one administrator"
        );
        assert_eq!(admin.get("/api/v1/departments").await.expect(200)["items"].as_array().unwrap().len(), 4);
        let elsewhere = both[1].admin().await.get("/api/v1/me").await.expect(200);
        assert_eq!(elsewhere["user"]["id"], admin.get("/api/v1/me").await.expect(200)["user"]["id"]);
    });
}

#[test]
fn a_stop_finishes_the_requests_under_way() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Program::start(folder.path(), &[]).await;
        let admin = program.admin().await;
        let scopes = json!({ "name": "ERP", "scopes": ["orders:write"] });
        let key = admin.post("/api/v1/api-keys", scopes).await.expect(201)["secret"].as_str().unwrap().to_owned();
        let address = program.url.strip_prefix("http://").unwrap().to_owned();

        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let chunk = |number: &str| {
            let line = format!("{}\n", order(number, "10086", "2026-10-01T02:00:00Z", "10.00"));
            format!("{:x}\r\n{line}\r\n", line.len())
        };
        let head = format!(
            "POST /api/v1/orders/bulk HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(format!("{head}{}", chunk("SO-1")).as_bytes()).unwrap();
        // Served by the one worker after it: it has read the first part by now.
        Client::new(&program.url).get("/health/live").await.expect(200);

        program.terminate();
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(&address).is_ok() {
            assert!(Instant::now() < end, "it still takes new connections");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stream.write_all(format!("{}0\r\n\r\n", chunk("SO-2")).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"created\":2"), "{answer}");
        assert_eq!(program.wait().code(), Some(0));
    });
}

#[test]
fn the_generated_secret_is_the_owners_alone_and_outlives_the_process() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let first = Program::start(folder.path(), &[]).await;
        let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
        let answer = Client::new(&first.url).post("/api/v1/auth/login", body).await.expect(200);
        first.kill();
        let file = folder.path().join("data/jwt_secret");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::read_to_string(&file).unwrap().len() >= 32);

        let second = Program::start(folder.path(), &[]).await;
        let before = Client::new(&second.url).with_token(answer["access_token"].as_str().unwrap());
        before.get("/api/v1/me").await.expect(200);
    });
}

#[test]
fn a_wrong_setting_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("HUIYIN_LISTEN", "nowhere"),
        ("HUIYIN_DATABASE_URL", "mysql://localhost/huiyin"),
        ("HUIYIN_TIME_ZONE", "Mars/Olympus"),
        ("HUIYIN_RATE_LIMIT", "sometimes"),
        ("HUIYIN_JWT_SECRET", "short"),
        ("HUIYIN_ADMIN_PASSWORD", "short"),
        ("HUIYIN_DATA_DIR", "/proc/no/such/folder"),
    ];
    for (name, value) in cases {
        let output = Program::command(folder.path(), &[(name, value)]).output().unwrap();
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {reason}");
        assert!(reason.contains(name), "{name} is not named: {reason}");
    }
}
