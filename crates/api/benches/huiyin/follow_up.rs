//! A plan over a million customers: how long it takes to make the tasks of a day, and to foretell those of a month.
//! PostgreSQL only: there the promise is made.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use huiyin::jobs;
use huiyin::usecases::follow_up::generation;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::Outcome;
use crate::flat::fill;
use crate::place::{Api, Backend, Place, run};
use crate::report::{figure, heading};

const CUSTOMERS: usize = 1_000_000;
/// In so many days each customer has one: thirty thousand a day.
const DAYS: usize = 33;
const GENERATION: Duration = Duration::from_secs(5);
const PREVIEW: Duration = Duration::from_secs(2);
/// Owners of the customers, and agents of the department.
const PEOPLE: usize = 50;

pub fn measure(runtime: &Handle) -> Outcome<()> {
    println!("\nfollow-up plans over {CUSTOMERS} customers");
    let place = runtime.block_on(Place::fresh(Backend::Postgres))?;
    let api = runtime.block_on(Api::start(runtime, &place))?;
    let department = runtime.block_on(async {
        let began = Instant::now();
        fill(&place.url, CUSTOMERS).await?;
        let department = people(&api, &place.url).await?;
        println!("stored in {:.0} s", began.elapsed().as_secs_f64());
        Ok::<_, Box<dyn std::error::Error>>(department)
    })?;
    runtime.block_on(api.stop())?;
    // Signed in anew: loading takes longer than a token lives.
    let api = runtime.block_on(Api::start(runtime, &place))?;
    heading();
    runtime.block_on(async {
        let condition = json!({ "field": "annual_amount", "op": "is_not_empty" });
        for (what, about) in [("everybody", json!({ "all": [] })), ("four fifths, by condition", condition)] {
            foretell(&api, what, &about).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    for (what, assignment) in [
        ("owners", json!({ "to": "owner" })),
        ("by turn", json!({ "to": "round_robin", "department_id": department })),
        ("least loaded", json!({ "to": "least_loaded", "department_id": department })),
    ] {
        generate(&api, what, &assignment)?;
    }
    runtime.block_on(api.stop())?;
    runtime.block_on(place.remove())
}

/// Agents of customer service, among whom the customers are.
async fn people(api: &Api, url: &str) -> Outcome<Value> {
    let departments = api.get("/api/v1/departments?limit=200").await?;
    let all = departments["items"].as_array().ok_or("no departments")?;
    let department = &all.iter().find(|one| one["code"] == "customer_service").ok_or("no customer service")?["id"];
    let id = department.as_str().ok_or("no id")?;
    let users = format!(
        "INSERT INTO users (id, username, username_key, display_name, role, data_scope, department_id, password_hash, active, created_at, updated_at)
         SELECT gen_random_uuid(), 'a' || n, 'a' || n, 'a' || n, 'agent', 'own', '{id}', 'none', TRUE, now(), now() FROM generate_series(1, {PEOPLE}) n"
    );
    run(url, users).await?;
    let owners = format!(
        "UPDATE customers SET department_id = '{id}', owner_id = agents.ids[1 + get_byte(uuid_send(customers.id), 13) % {PEOPLE}]
         FROM (SELECT array_agg(id ORDER BY id) AS ids FROM users WHERE role = 'agent') AS agents"
    );
    run(url, owners).await?;
    run(url, "VACUUM ANALYZE".to_owned()).await?;
    // What filling has left to write is not what is measured.
    run(url, "CHECKPOINT".to_owned()).await?;
    Ok(department.clone())
}

/// Everybody has a day of the own in every so many days; and a contract that ends, and one day for all.
fn touchpoints() -> Value {
    let today = Utc::now().date_naive();
    let every = json!({ "kind": "every", "every": { "amount": DAYS, "unit": "days" }, "from": today, "until": null, "spread": true });
    json!([{ "name": "轮访", "trigger": every, "window_days": 2 }])
}

async fn foretell(api: &Api, what: &str, condition: &Value) -> Outcome<()> {
    let body = json!({ "condition": condition, "touchpoints": touchpoints(), "days": 30 });
    let mut times = Vec::new();
    let mut total = Value::Null;
    for _ in 0..5 {
        let began = Instant::now();
        total = api.post("/api/v1/follow-up-plans/preview", &body).await?["total"].clone();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let took = times[times.len() / 2];
    let what = format!("preview of 30 days, {what}, {total} tasks");
    let value = format!("{:.2} s", took.as_secs_f64());
    figure(Some(Backend::Postgres), &what, value, "≤ 2 s", Some(took <= PREVIEW));
    Ok(())
}

/// In a thread's own runtime with connections of its own, as the binary does it.
fn generate(api: &Api, what: &str, assignment: &Value) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = api.app.for_this_thread(4);
        let body = json!({
            "name": what, "condition": { "all": [] }, "method": "phone", "touchpoints": touchpoints(), "assignment": assignment, "start": true,
        });
        let plan = api.post("/api/v1/follow-up-plans", &body).await?;
        let began = Instant::now();
        let now = app.clock.now();
        let claimed =
            timers::claim(&app.db, &[TimerKind::FollowUpSweep], app.copy, now, TimeDelta::minutes(10), 1).await?;
        for timer in &claimed {
            generation::sweep(&app, timer).await?;
        }
        let took = began.elapsed();
        let id = plan["id"].as_str().ok_or("no plan")?;
        let progress = api.get(&format!("/api/v1/follow-up-plans/{id}/progress")).await?;
        let made = progress["pending"].as_i64().unwrap_or_default();
        if made < 25_000 {
            return Err(format!("{made} tasks were made: {progress}").into());
        }
        let met = Some(took <= GENERATION);
        let value = format!("{:.2} s", took.as_secs_f64());
        figure(Some(Backend::Postgres), &format!("{made} tasks of a day, {what}"), value, "≤ 5 s", met);
        let began = Instant::now();
        jobs::run_due(&app).await?;
        let value = format!("{:.1} s", began.elapsed().as_secs_f64());
        figure(Some(Backend::Postgres), "until all have read of them", value, "", None);
        Ok(app.db.close().await?)
    })
}
