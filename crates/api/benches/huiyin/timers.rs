//! How fast deadlines that have passed are dealt with, and that it is what is due that costs, not what is open.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use huiyin::jobs;
use serde_json::json;
use tokio::runtime::Handle;

use crate::Outcome;
use crate::place::{Api, Backend, Place, run};
use crate::report::{figure, heading};

const FEW: usize = 25_000;
const MANY: usize = 1_000_000;
/// Timers that are due at once.
const DUE: usize = 20_000;
const PER_SECOND: f64 = 5000.0;

/// Twenty thousand due timers among few and among a million open feedbacks, on PostgreSQL.
pub fn measure(runtime: &Handle) -> Outcome<()> {
    heading();
    let mut speeds = Vec::new();
    for open in [FEW, MANY] {
        let place = runtime.block_on(Place::fresh(Backend::Postgres))?;
        let api = runtime.block_on(Api::start(runtime, &place))?;
        runtime.block_on(fill(&api, &place, open))?;
        let (fired, swept, told) = sweep(&api)?;
        if fired != DUE {
            return Err(format!("{fired} timers were fired, not {DUE}").into());
        }
        let per_second = fired as f64 / swept.as_secs_f64();
        let what = format!("{fired} due timers, {open} open feedbacks, timers/s");
        let met = Some(per_second >= PER_SECOND);
        figure(Some(Backend::Postgres), &what, format!("{per_second:.0}"), "≥ 5000", met);
        figure(
            Some(Backend::Postgres),
            "until all are told of them, s",
            format!("{:.1}", told.as_secs_f64()),
            "",
            None,
        );
        speeds.push(per_second);
        runtime.block_on(api.stop())?;
        runtime.block_on(place.remove())?;
    }
    let slower = speeds[0] / speeds[1];
    figure(
        Some(Backend::Postgres),
        "how much slower among a million",
        format!("{slower:.2}"),
        "≤ 2",
        Some(slower <= 2.0),
    );
    Ok(())
}

/// In a thread's own runtime with connections of its own, as the binary does it. Answers how many were fired, in what
/// time, and the time until every event was consumed.
fn sweep(api: &Api) -> Outcome<(usize, Duration, Duration)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = api.app.for_this_thread(4);
        let (started, mut fired) = (Instant::now(), 0);
        loop {
            match jobs::sweep(&app, app.clock.now()).await? {
                0 => break,
                more => fired += more,
            }
        }
        let swept = started.elapsed();
        jobs::run_due(&app).await?;
        app.db.close().await?;
        Ok((fired, swept, started.elapsed()))
    })
}

/// One feedback taken in as everybody's is, copied by statements with whatever columns there are: of every ten that are
/// due, four are warned of, four missed, one escalated, one promised for now.
async fn fill(api: &Api, place: &Place, open: usize) -> Outcome<()> {
    let customer = api.post("/api/v1/customers", &json!({ "name": "某公司" })).await?;
    let body = json!({
        "channel": "hotline", "content": "系统登录不上，一直报错，影响我们开单", "customer_id": customer["id"],
        "subtype": "product_function", "priority": "urgent",
    });
    let feedback = api.post("/api/v1/feedback", &body).await?;
    let template = feedback["id"].as_str().ok_or("no feedback")?;
    jobs::run_due(&api.app).await?;
    let id = |sort: u8| format!("('01900000-000{sort}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid");
    let (feedback_id, clock_id, timer_id) = (id(2), id(3), id(4));
    // The same in every statement: a reminder is of the very promise that stands.
    let past = format!("timestamptz '{}'", (Utc::now() - TimeDelta::minutes(1)).format("%FT%TZ"));
    let statements = [
        format!(
            "INSERT INTO feedback SELECT (jsonb_populate_record(f, jsonb_build_object('id', {feedback_id}, 'number', 'B' || n, \
             'promised_at', CASE WHEN n <= {DUE} AND n % 10 = 9 THEN {past} END))).* \
             FROM feedback f, generate_series(1, {open}) n WHERE f.id = '{template}'"
        ),
        format!(
            "INSERT INTO sla_clocks SELECT (jsonb_populate_record(c, jsonb_build_object('id', {clock_id}, 'feedback_id', {feedback_id}, \
             'due_at', CASE WHEN n <= {DUE} THEN {past} ELSE now() + interval '30 days' END, \
             'breached_at', CASE WHEN n <= {DUE} AND n % 10 = 8 THEN {past} END))).* \
             FROM sla_clocks c, generate_series(1, {open}) n WHERE c.feedback_id = '{template}' AND c.kind = 'respond'"
        ),
        format!(
            "INSERT INTO timers (id, kind, subject_id, unique_key, due_at, payload) \
             SELECT {timer_id}, kind, {feedback_id}, kind || ':' || {clock_id}, \
             CASE WHEN n <= {DUE} THEN {past} ELSE now() + interval '30 days' END, \
             CASE WHEN kind = 'promise_reminder' THEN jsonb_build_object('promised_at', {past}) \
             ELSE jsonb_build_object('clock_id', {clock_id}) END \
             FROM (SELECT n, CASE WHEN n > {DUE} THEN 'sla_breach' WHEN n % 10 < 4 THEN 'sla_warning' \
             WHEN n % 10 < 8 THEN 'sla_breach' WHEN n % 10 = 8 THEN 'sla_escalation' ELSE 'promise_reminder' END AS kind \
             FROM generate_series(1, {open}) n) s"
        ),
        "VACUUM ANALYZE feedback".to_owned(),
        "VACUUM ANALYZE sla_clocks".to_owned(),
        "VACUUM ANALYZE timers".to_owned(),
        "CHECKPOINT".to_owned(),
    ];
    for statement in statements {
        run(&place.url, statement).await?;
    }
    Ok(())
}
