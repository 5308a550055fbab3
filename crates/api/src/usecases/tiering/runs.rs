//! Computing tiers: one statement adds up the orders, the domain scores, batches store.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::tiering::{Figures, RunStatus, Scored, TierModel, score};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::integration::{events, leases};
use huiyin_persistence::support::{from_json, new_id};
use huiyin_persistence::tiering::models;
use huiyin_persistence::tiering::runs::{self, Run};
use huiyin_persistence::tiering::tiers::{self, CustomerTier, Total};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Only one run computes at a time: two would mix their results.
const LEASE: &str = "tiering";
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(1);
/// Tiers of one transaction: short enough that SQLite's other writers do not wait long.
const BATCH: usize = 32_000 / tiers::COLUMNS;

/// Orders a run; it begins as soon as a worker is free.
pub async fn order(app: &App, command: &Command, as_of: NaiveDate) -> Result<Run> {
    let now = command.now;
    transact(app, command, async |tx| {
        let model = models::active(tx).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
        let run = Run {
            id: new_id(now),
            as_of,
            status: RunStatus::Pending.to_string(),
            model: model.model,
            customers_total: None,
            customers_done: 0,
            error: None,
            created_by: command.actor.user_id(),
            created_at: now,
            started_at: None,
            finished_at: None,
        };
        let run = runs::insert(tx, run).await?;
        let timer = NewTimer {
            kind: TimerKind::TieringRun,
            subject_id: run.id,
            unique_key: format!("tiering_run:{}", run.id),
            due_at: now,
            payload: serde_json::Value::Null,
        };
        timers::set(tx, now, vec![timer]).await?;
        Ok(run)
    })
    .await
}

/// Does a run that was ordered. Done twice, it comes to the same result: a copy that takes over from one that died
/// begins anew.
pub async fn compute(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    if !leases::take(&app.db, LEASE, app.copy, now, now + LEASE_FOR).await? {
        return Ok(timers::postpone(&app.db, timer, now, now + RETRY_AFTER, None).await?);
    }
    let outcome = compute_leased(app, timer).await;
    leases::release(&app.db, LEASE, app.copy).await?;
    let Err(error) = outcome else { return Ok(()) };
    if timer.attempts + 1 < timers::MAX_ATTEMPTS {
        return Err(error);
    }
    tracing::error!(%error, run = %timer.subject_id, "tiering run failed for good");
    fail(app, timer).await
}

async fn compute_leased(app: &App, timer: &Claimed) -> Result<()> {
    let Some(run) = begin(app, timer.subject_id).await? else {
        return finish_timer(app, timer).await;
    };
    let model: TierModel = from_json(&run.model)?;
    let totals = tiers::totals(&app.db, run.as_of).await?;
    let scored = score(&totals.iter().map(|total| figures(&run, total)).collect::<Vec<_>>());
    let run = Run { customers_total: Some(totals.len() as i64), ..run };
    let rows: Vec<(&Total, &Scored)> = totals.iter().zip(&scored).collect();
    let mut done = 0;
    for part in rows.chunks(BATCH) {
        let now = app.clock.now();
        let rows = part.iter().map(|(total, scored)| tier(&run, &model, total, scored, now)).collect();
        let tx = app.db.begin().await?;
        if !keep(app, &tx, timer, now).await? {
            return Ok(());
        }
        tiers::store(&tx, rows).await?;
        done += part.len() as i64;
        runs::update(&tx, Run { customers_done: done, ..run.clone() }).await?;
        tx.commit().await?;
    }
    complete(app, timer, run).await
}

/// `false`: the claim is lost, somebody else does the run now.
async fn keep(app: &App, tx: &huiyin_persistence::Tx, timer: &Claimed, now: DateTime<Utc>) -> Result<bool> {
    let until = now + LEASE_FOR;
    Ok(timers::renew(tx, timer, until).await? && leases::take(tx, LEASE, app.copy, now, until).await?)
}

async fn begin(app: &App, id: Uuid) -> Result<Option<Run>> {
    let tx = app.db.begin().await?;
    let Some(run) = runs::lock(&tx, id).await? else { return Ok(None) };
    if [RunStatus::Completed.as_str(), RunStatus::Failed.as_str()].contains(&run.status.as_str()) {
        return Ok(None);
    }
    let started_at = Some(app.clock.now());
    let run =
        runs::update(&tx, Run { status: RunStatus::Running.to_string(), started_at, customers_done: 0, ..run }).await?;
    tx.commit().await?;
    Ok(Some(run))
}

fn figures(run: &Run, total: &Total) -> Figures {
    let days = (run.as_of - total.last_on).num_days();
    Figures {
        recency_days: i32::try_from(days).unwrap_or(i32::MAX),
        frequency: total.frequency,
        monetary: total.monetary,
    }
}

fn tier(run: &Run, model: &TierModel, total: &Total, scored: &Scored, now: DateTime<Utc>) -> CustomerTier {
    let scores = scored.scores;
    let (tier, rule) = model.tier(scores);
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let [r_worse, f_worse, m_worse] = scored.worse.map(count);
    CustomerTier {
        customer_id: total.customer_id,
        run_id: run.id,
        tier: tier.to_string(),
        rfm_class: model.class(scores).to_string(),
        rule: rule.and_then(|rule| i32::try_from(rule).ok()),
        recency_days: figures(run, total).recency_days,
        frequency: total.frequency,
        monetary: total.monetary,
        r: scores.r.into(),
        f: scores.f.into(),
        m: scores.m.into(),
        r_worse,
        f_worse,
        m_worse,
        computed_at: now,
    }
}

async fn complete(app: &App, timer: &Claimed, run: Run) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    tiers::remove_others(&tx, run.id).await?;
    let customers = run.customers_total.unwrap_or_default();
    let run =
        Run { status: RunStatus::Completed.to_string(), customers_done: customers, finished_at: Some(now), ..run };
    runs::update(&tx, run).await?;
    events::append(&tx, None, now, &[Event::TieringCompleted { run_id: timer.subject_id, customers }]).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

async fn finish_timer(app: &App, timer: &Claimed) -> Result<()> {
    let tx = app.db.begin().await?;
    timers::complete(&tx, timer).await?;
    Ok(tx.commit().await?)
}

/// The reason stands in the log; the run says only that it failed and where to look.
async fn fail(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let run = runs::lock(&tx, timer.subject_id).await?.ok_or(Code::TieringRunNotFound)?;
    if timers::complete(&tx, timer).await? {
        let error = Some("internal error, see the log".to_owned());
        runs::update(&tx, Run { status: RunStatus::Failed.to_string(), error, finished_at: Some(now), ..run }).await?;
        events::append(&tx, None, now, &[Event::TieringFailed { run_id: timer.subject_id }]).await?;
    }
    Ok(tx.commit().await?)
}
