//! An import in a program that is killed in its midst.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::imports::{IMPORTS, counts};
use crate::support::app::Database;
use crate::support::builders::id;
use crate::support::program::{Program, database, run};

const ROWS: usize = 12_000;
/// What a dead program has begun is taken up once its claim has run out.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until the import is so far.
async fn wait(program: &Program, import: &str, enough: impl Fn(&Value) -> bool) -> Value {
    let admin = program.admin().await;
    let end = Instant::now() + PATIENCE;
    loop {
        let now = admin.get(&format!("{IMPORTS}/{import}")).await.expect(200);
        if enough(&now) {
            return now;
        }
        assert!(Instant::now() < end, "{now:#}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn killed(kind: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = database(kind, folder.path()).await;
    let settings = [("HUIYIN_DATABASE_URL", url.as_str()), ("HUIYIN_JWT_SECRET", "a secret that all starts share")];
    let mut program = Program::start(folder.path(), &settings).await;
    let admin = program.admin().await;
    let mut list = "客户编号,客户名称,客户类型,手机\n".to_owned();
    for n in 0..ROWS {
        list.push_str(&format!("N{n},客户{n},个人,138{n:08}\n"));
    }
    let import = id(&admin.upload(IMPORTS, "list.csv", list.as_bytes(), &[]).await.expect(202));
    for share in [1, ROWS as i64 / 2] {
        let seen = wait(&program, &import, |now| now["progress"]["rows_done"].as_i64() >= Some(share)).await;
        assert_eq!(seen["status"], "running", "killed too late: {seen:#}");
        program.kill();
        program = Program::start(folder.path(), &settings).await;
    }
    let done = wait(&program, &import, |now| now["status"] != "running").await;
    assert_eq!(done["status"], "completed", "{done:#}");
    assert_eq!(counts(&done), [ROWS as i64, 0, 0, 0, 0]);
    let admin = program.admin().await;
    let file = admin
        .post("/api/v1/customers/exports", json!({ "format": "csv", "columns": ["number", "name", "external_ids"] }))
        .await;
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(file.text.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), ROWS, "no row is in twice, and none is missing");
    for column in 0..3 {
        let different: BTreeSet<&str> = rows.iter().map(|row| row.get(column).unwrap()).collect();
        assert_eq!(different.len(), ROWS);
    }
    program.kill();
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped_sqlite() {
    run(killed(Database::Sqlite));
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped_postgres() {
    run(killed(Database::Postgres));
}
