//! The pool of feedback with a million open and ten million closed: what a department's work list takes, and what intake
//! costs above the bare insert of the same rows. PostgreSQL only: there the promise is made.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::place::{Api, Backend, PASSWORD, Place, run};
use crate::report::{self, figure};
use crate::requests::intake;
use crate::{Options, Outcome};

const OPEN: usize = 1_000_000;
const CLOSED: usize = 10_000_000;
/// Rows of one statement: what a statement does in memory stays small, and progress is seen.
pub const BATCH: usize = 500_000;
/// Agents of each department, among whom four fifths of the open feedback are.
pub const AGENTS: usize = 50;
pub const REQUESTS: usize = 400;
const WARM_UP: usize = 20;
pub const AIM: Duration = Duration::from_millis(20);

pub fn measure(runtime: &Handle, options: &Options) -> Outcome<()> {
    println!("\n{OPEN} open and {CLOSED} closed feedback, one request at a time, the 99th of a hundred of {REQUESTS}");
    // What has been filled before can be measured again: filling takes half an hour.
    let filled = std::env::var("HUIYIN_BENCH_POOL").ok();
    let place = match &filled {
        Some(url) => Place::known(url)?,
        None => runtime.block_on(Place::fresh(Backend::Postgres))?,
    };
    if filled.is_none() {
        let api = runtime.block_on(Api::start(runtime, &place))?;
        runtime.block_on(async {
            let began = Instant::now();
            people(&api).await?;
            fill(&place.url).await?;
            println!("stored in {:.0} s", began.elapsed().as_secs_f64());
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        runtime.block_on(api.stop())?;
    }
    // Signed in anew: loading takes longer than a token lives.
    let api = runtime.block_on(Api::start(runtime, &place))?;
    runtime.block_on(lists(&api))?;
    runtime.block_on(api.stop())?;
    report::heading();
    intake(runtime, &place, options)?;
    runtime.block_on(place.remove())
}

/// A manager and agents for each department but the last.
pub async fn people(api: &Api) -> Outcome<()> {
    let departments = api.get("/api/v1/departments?limit=200").await?;
    for department in departments["items"].as_array().into_iter().flatten() {
        let (id, code) = (&department["id"], department["code"].as_str().unwrap_or_default());
        let person = |name: String, role: &str| json!({ "username": name, "display_name": name, "password": PASSWORD, "role": role, "department_id": id });
        api.post("/api/v1/users", &person(format!("{code}.manager"), "manager")).await?;
        api.post("/api/v1/users", &person(format!("{code}.agent"), "agent")).await?;
    }
    // The others need no password of their own, which takes a tenth of a second each.
    let others = format!(
        "INSERT INTO users (id, username, username_key, display_name, role, data_scope, department_id, password_hash, active, created_at, updated_at)
         SELECT gen_random_uuid(), d.code || n, d.code || n, d.code || n, 'agent', 'own', d.id, 'none', TRUE, now(), now()
         FROM departments d, generate_series(2, {AGENTS}) n"
    );
    run(&api.app.config.database_url, others).await
}

/// Feedback as the API stores it, as far as the lists and the clocks of a page look at it.
async fn fill(url: &str) -> Outcome<()> {
    run(url, "CREATE TABLE bench_people AS SELECT department_id, array_agg(id ORDER BY id) AS agents FROM users WHERE role = 'agent' GROUP BY department_id".to_owned()).await?;
    run(url, "CREATE TABLE bench_departments AS SELECT array_agg(id ORDER BY id) AS ids FROM departments".to_owned())
        .await?;
    for first in (0..CLOSED).step_by(BATCH) {
        run(url, rows(first, first + BATCH, false)).await?;
    }
    for first in (CLOSED..CLOSED + OPEN).step_by(BATCH) {
        run(url, rows(first, first + BATCH, true)).await?;
    }
    let clocks = format!(
        "INSERT INTO sla_clocks (id, feedback_id, kind, calendar_id, state, target_value, target_unit, started_at, due_at, provisional, entries)
         SELECT gen_random_uuid(), f.id, 'resolve', (SELECT id FROM calendars LIMIT 1), 'running', 7, 'days', f.received_at,
             to_timestamp((f.work_key & {}) / 1000.0), FALSE, 1
         FROM feedback f WHERE f.work_key IS NOT NULL",
        (1_u64 << 50) - 1
    );
    run(url, clocks).await?;
    for table in ["feedback", "sla_clocks", "users"] {
        run(url, format!("VACUUM ANALYZE {table}")).await?;
    }
    Ok(())
}

/// One in ten urgent, three important; due over six weeks; a fifth in nobody's hands, one in a hundred of no department.
fn rows(first: usize, end: usize, open: bool) -> String {
    let id = "(lpad(to_hex(1760000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid";
    let (state, work_key, closed_at) = match open {
        true => (
            "CASE WHEN nowhere THEN 'new' WHEN handler IS NULL THEN 'assigned' ELSE 'in_progress' END",
            "(rank::bigint << 50) + (extract(epoch FROM now())::bigint + (n * 7919 % 3600000)) * 1000",
            "NULL::timestamptz",
        ),
        false => ("'closed'", "NULL::bigint", "now()"),
    };
    format!(
        "INSERT INTO feedback (id, number, channel, content, kind, subtype, priority, mood, confidence, needs_review, evidence, classified_by, state,
             department_id, handler_id, collaborators, received_at, closed_at, work_key, created_at, updated_at)
         SELECT {id}, 'B' || n, 'hotline', '系统登录不上，一直报错，影响我们开单，请尽快处理', 'complaint', 'product_function',
             (ARRAY['urgent','important','normal'])[rank + 1], 'dissatisfied', 0.9, nowhere, '[]', 'rules', {state},
             CASE WHEN nowhere THEN NULL ELSE department END, handler, '[]', now() - (n % 400) * interval '1 hour', {closed_at}, {work_key}, now(), now()
         FROM (
             SELECT n, rank, department, {open} AND n % 100 = 7 AS nowhere,
                 CASE WHEN n / (4 * {AGENTS}) % 5 = 0 OR ({open} AND n % 100 = 7) THEN NULL ELSE people.agents[(1 + n / 4 % {AGENTS})::int] END AS handler
             FROM (SELECT n, (CASE WHEN n % 10 = 0 THEN 0 WHEN n % 10 < 4 THEN 1 ELSE 2 END) AS rank,
                     (SELECT ids[(1 + n % array_length(ids, 1))::int] FROM bench_departments) AS department
                 FROM generate_series({first}::bigint, {last}) AS n) AS numbered
             JOIN bench_people AS people ON people.department_id = department
         ) AS spread",
        last = end - 1,
    )
}

pub async fn token(api: &Api, username: &str) -> Outcome<String> {
    let tokens = api.post("/api/v1/auth/login", &json!({ "username": username, "password": PASSWORD })).await?;
    Ok(tokens["access_token"].as_str().ok_or("no token")?.to_owned())
}

/// Each view, the first page and one far behind it.
async fn lists(api: &Api) -> Outcome<()> {
    for (who, view) in [
        ("customer_service.manager", "department"),
        ("customer_service.manager", "department&priority=normal"),
        ("customer_service.agent", "unassigned"),
        ("customer_service.agent", "department"),
        ("customer_service.agent", "mine"),
        ("admin", "triage"),
        ("admin", "department"),
    ] {
        let token = token(api, who).await?;
        let path = format!("/api/v1/feedback/work-list?limit=50&view={view}");
        let (p99, rows) = ninety_ninth(api, &token, &path).await?;
        let role = who.split('.').next_back().unwrap_or_default();
        let what = format!("work list, {view} of {role}, {rows} rows, p99 ms");
        let value = format!("{:.1}", p99.as_secs_f64() * 1e3);
        figure(Some(Backend::Postgres), &what, value, &format!("≤ {}", AIM.as_millis()), Some(p99 <= AIM));
    }
    Ok(())
}

/// Pages in turn, as somebody leafs through the list.
pub async fn ninety_ninth(api: &Api, token: &str, path: &str) -> Outcome<(Duration, usize)> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let (mut times, mut cursor, mut rows) = (Vec::with_capacity(REQUESTS), String::new(), 0);
    for n in 0..WARM_UP + REQUESTS {
        let began = Instant::now();
        let request = http.get(format!("http://{}{path}{cursor}", api.address)).bearer_auth(token);
        let text = request.send().await?.error_for_status()?.text().await?;
        let took = began.elapsed();
        let page: Value = serde_json::from_str(&text)?;
        rows = rows.max(page["items"].as_array().map_or(0, Vec::len));
        cursor = page["next_cursor"].as_str().map_or(String::new(), |next| format!("&cursor={next}"));
        if n >= WARM_UP {
            times.push(took);
        }
    }
    if rows == 0 {
        return Err(format!("{path}: nothing on the list").into());
    }
    times.sort_unstable();
    Ok((times[times.len() * 99 / 100], rows))
}
