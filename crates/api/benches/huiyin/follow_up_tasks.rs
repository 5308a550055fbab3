//! Five million follow-up tasks, one of them open: what a page of each work list takes, and what a day's alarms. PostgreSQL
//! only: there the promise is made.

use std::time::Instant;

use huiyin::usecases::follow_up::alarms;
use serde_json::json;
use tokio::runtime::Handle;

use crate::Outcome;
use crate::place::{Api, Backend, Place, run};
use crate::pool::{AGENTS, AIM, BATCH, REQUESTS, ninety_ninth, people, token};
use crate::report::{figure, heading};

const OPEN: usize = 1_000_000;
const CLOSED: usize = 4_000_000;
const CUSTOMERS: usize = 100_000;
/// Tasks that come due at one moment.
const DUE: usize = 30_000;

pub fn measure(runtime: &Handle) -> Outcome<()> {
    println!(
        "\n{OPEN} open and {CLOSED} closed follow-up tasks, one request at a time, the 99th of a hundred of {REQUESTS}"
    );
    heading();
    let place = runtime.block_on(Place::fresh(Backend::Postgres))?;
    let api = runtime.block_on(Api::start(runtime, &place))?;
    runtime.block_on(async {
        let began = Instant::now();
        people(&api).await?;
        fill(&api, &place.url).await?;
        println!("stored in {:.0} s", began.elapsed().as_secs_f64());
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    runtime.block_on(api.stop())?;
    // Signed in anew: loading takes longer than a token lives.
    let api = runtime.block_on(Api::start(runtime, &place))?;
    runtime.block_on(lists(&api))?;
    runtime.block_on(cover(&api))?;
    runtime.block_on(ring(&api, &place.url))?;
    runtime.block_on(api.stop())?;
    runtime.block_on(place.remove())
}

/// Customers as copies of one, and tasks as the API stores them.
async fn fill(api: &Api, url: &str) -> Outcome<()> {
    let customer = api.post("/api/v1/customers", &json!({ "name": "某公司" })).await?;
    let template = customer["id"].as_str().ok_or("no customer")?;
    let customer_id = "('01900000-0002-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";
    let customers = format!(
        "INSERT INTO customers SELECT (jsonb_populate_record(c, jsonb_build_object('id', {customer_id}, 'number', 'B' || n))).* \
         FROM customers c, generate_series(0, {CUSTOMERS}) n WHERE c.id = '{template}'"
    );
    run(url, customers).await?;
    run(url, "CREATE TABLE bench_people AS SELECT department_id, array_agg(id ORDER BY id) AS agents FROM users WHERE role = 'agent' GROUP BY department_id".to_owned()).await?;
    run(url, "CREATE TABLE bench_departments AS SELECT array_agg(id ORDER BY id) AS ids FROM departments".to_owned())
        .await?;
    for first in (0..CLOSED).step_by(BATCH) {
        run(url, rows(first, first + BATCH, false)).await?;
    }
    for first in (CLOSED..CLOSED + OPEN).step_by(BATCH) {
        run(url, rows(first, first + BATCH, true)).await?;
    }
    for table in ["follow_up_tasks", "customers", "users"] {
        run(url, format!("VACUUM ANALYZE {table}")).await?;
    }
    run(url, "CHECKPOINT".to_owned()).await
}

/// One in ten high, six normal; due over six weeks; a fifth in nobody's hands; one in twenty for a customer of tier vip.
fn rows(first: usize, end: usize, open: bool) -> String {
    let id = "(lpad(to_hex(1760000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid";
    let customer = format!("('01900000-0002-7000-8000-' || lpad(to_hex(n % {CUSTOMERS}), 12, '0'))::uuid");
    let (state, work_key, closed_at, outcome, alarm_at) = match open {
        true => (
            "CASE WHEN n % 4 = 0 AND agent IS NOT NULL THEN 'in_progress' ELSE 'pending' END",
            "(rank::bigint << 50) + floor(extract(epoch FROM due_by) * 1000)::bigint",
            "NULL::timestamptz",
            "NULL",
            "greatest(due_by, now() + interval '1 day')",
        ),
        false => ("'completed'", "NULL::bigint", "due_by", "'reached'", "NULL::timestamptz"),
    };
    format!(
        "INSERT INTO follow_up_tasks (id, origin, customer_id, title, method, priority, tier, assignee_id, department_id,
             due_from, due_by, first_due_by, state, closed_at, outcome, work_key, alarm_at, created_at, updated_at)
         SELECT {id}, 'manual', {customer}, '购买后第 7 天回访', 'phone', (ARRAY['high','normal','low'])[rank + 1],
             CASE n / 4 % 20 WHEN 7 THEN 'vip' ELSE 'regular' END, agent, department, due_by - interval '1 day', due_by, due_by,
             {state}, {closed_at}, {outcome}, {work_key}, {alarm_at}, now(), now()
         FROM (
             SELECT n, rank, department, now() + (n * 7919 % 3600000 - 600000) * interval '1 second' AS due_by,
                 CASE WHEN n / (4 * {AGENTS}) % 5 = 0 THEN NULL ELSE people.agents[(1 + n / 4 % {AGENTS})::int] END AS agent
             FROM (SELECT n, (CASE WHEN n % 10 = 0 THEN 0 WHEN n % 10 < 7 THEN 1 ELSE 2 END) AS rank,
                     (SELECT ids[(1 + n % array_length(ids, 1))::int] FROM bench_departments) AS department
                 FROM generate_series({first}::bigint, {last}) AS n) AS numbered
             JOIN bench_people AS people ON people.department_id = department
         ) AS spread",
        last = end - 1,
    )
}

/// Each view and filter, page by page.
async fn lists(api: &Api) -> Outcome<()> {
    for (who, query) in [
        ("customer_service.agent", "work-list?view=mine"),
        ("customer_service.agent", "work-list?view=department"),
        ("customer_service.agent", "work-list?view=unassigned"),
        ("customer_service.manager", "work-list?view=department"),
        ("customer_service.manager", "work-list?view=department&overdue=true"),
        ("customer_service.manager", "work-list?view=department&priority=low"),
        ("customer_service.manager", "work-list?view=department&tier=vip"),
        ("customer_service.manager", "work-list?view=department&tier=vip&overdue=true"),
        ("admin", "work-list?view=department"),
        ("customer_service.agent", "?"),
        ("customer_service.manager", "?state=completed"),
        ("admin", "?"),
    ] {
        let token = token(api, who).await?;
        let path = format!("/api/v1/follow-up-tasks{}{query}&limit=50", if query.starts_with('?') { "" } else { "/" });
        let (p99, rows) = ninety_ninth(api, &token, &path.replace("?&", "?")).await?;
        let role = who.split('.').next_back().unwrap_or_default();
        let what = format!("{query} of {role}, {rows} rows, p99 ms");
        let value = format!("{:.1}", p99.as_secs_f64() * 1e3);
        figure(Some(Backend::Postgres), &what, value, &format!("≤ {}", AIM.as_millis()), Some(p99 <= AIM));
    }
    Ok(())
}

/// Coverage of all that was due in the last 90 days; what it may take is not promised.
async fn cover(api: &Api) -> Outcome<()> {
    for (who, query) in [("admin", ""), ("admin", "?by=day"), ("customer_service.manager", "?by=assignee")] {
        let token = token(api, who).await?;
        let began = Instant::now();
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()?
            .get(format!("http://{}/api/v1/follow-up/coverage{query}", api.address))
            .bearer_auth(token);
        let covered: serde_json::Value = answer.send().await?.error_for_status()?.json().await?;
        let role = who.split('.').next_back().unwrap_or_default();
        let what = format!("coverage{query} of {role}, {} tasks, s", covered["total"]["due"]);
        figure(Some(Backend::Postgres), &what, format!("{:.2}", began.elapsed().as_secs_f64()), "", None);
    }
    Ok(())
}

/// A day's tasks that come due at one moment, among a million open ones.
async fn ring(api: &Api, url: &str) -> Outcome<()> {
    let due = format!(
        "UPDATE follow_up_tasks SET due_by = now() - interval '1 minute', alarm_at = now() - interval '1 minute' \
         WHERE id IN (SELECT id FROM follow_up_tasks WHERE work_key IS NOT NULL AND due_by > now() LIMIT {DUE})"
    );
    run(url, due).await?;
    let (began, mut rung) = (Instant::now(), 0);
    loop {
        match alarms::sweep(&api.app, api.app.clock.now()).await? {
            0 => break,
            more => rung += more,
        }
    }
    if rung != DUE {
        return Err(format!("{rung} tasks were told of, not {DUE}").into());
    }
    let per_second = rung as f64 / began.elapsed().as_secs_f64();
    let what = format!("{rung} tasks due at once, tasks/s");
    figure(Some(Backend::Postgres), &what, format!("{per_second:.0}"), "≥ 5000", Some(per_second >= 5000.0));
    Ok(())
}
