//! Computing tiers: one statement adds up the orders, the domain places each customer, batches store what has changed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::tiering::{RunStatus, TierCause};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::integration::{events, leases};
use huiyin_persistence::support::{from_json, new_id, stored};
use huiyin_persistence::tiering::figures::{self, Total};
use huiyin_persistence::tiering::models;
use huiyin_persistence::tiering::runs::{self, Run};
use huiyin_persistence::tiering::tiers;
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use super::changes::{self, BATCH, Reason};
use super::yardstick::{Tags, Yardstick, says_the_same};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Only one run computes at a time: two would mix their results.
pub const LEASE: &str = "tiering";
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(1);

/// Orders a run; it begins as soon as a worker is free.
pub async fn order(app: &App, command: &Command, as_of: NaiveDate) -> Result<Run> {
    transact(app, command, async |tx| order_in(tx, command.now, command.actor.user_id(), as_of, TierCause::Run).await)
        .await
}

/// Orders a run by the model that is active in this transaction.
pub async fn order_in(
    tx: &Tx,
    now: DateTime<Utc>,
    created_by: Option<Uuid>,
    as_of: NaiveDate,
    cause: TierCause,
) -> Result<Run> {
    let model = models::active(tx).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
    let run = Run {
        id: new_id(now),
        as_of,
        status: RunStatus::Pending.to_string(),
        model: model.model,
        customers_total: None,
        customers_done: 0,
        error: None,
        created_by,
        created_at: now,
        started_at: None,
        finished_at: None,
        model_id: Some(model.id),
        cause: cause.to_string(),
        reference: None,
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
}

/// Does a run that was ordered. Done twice, it comes to the same result: a copy that takes over from one that died
/// begins anew, finds what is stored already, and tells no move a second time.
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
    let mut yardstick = Yardstick::new(&app.db, from_json(&run.model)?, run.as_of).await?;
    let totals = figures::totals(&app.db, yardstick.window()).await?;
    if !keep(app, &app.db, timer, app.clock.now()).await? {
        return Ok(());
    }
    yardstick.calibrate(&totals);
    let tags = yardstick.tags(&app.db, None).await?;
    let total = totals.len() as i64;
    let run = Run { customers_total: Some(total), reference: Some(yardstick.reference), ..run };
    let Plan { changed, gone } = plan(app, &run, &yardstick, &totals, &tags).await?;

    let reason = Reason { cause: stored(&run.cause)?, run_id: run.id, as_of: yardstick.reference };
    let mut done = total - changed.len() as i64;
    for part in changed.chunks(BATCH) {
        let now = app.clock.now();
        let rows = part.iter().map(|index| yardstick.tier(&totals[*index], &tags, &run, &run.cause, now)).collect();
        let tx = app.db.begin().await?;
        if !keep(app, &tx, timer, now).await? {
            return Ok(());
        }
        changes::store(&tx, now, reason, rows, &[]).await?;
        done += part.len() as i64;
        runs::update(&tx, Run { customers_done: done, ..run.clone() }).await?;
        tx.commit().await?;
    }
    for part in gone.chunks(BATCH) {
        let now = app.clock.now();
        let tx = app.db.begin().await?;
        if !keep(app, &tx, timer, now).await? {
            return Ok(());
        }
        changes::store(&tx, now, reason, Vec::new(), part).await?;
        tx.commit().await?;
    }
    complete(app, timer, run, &yardstick).await
}

/// What a run has to write.
struct Plan {
    /// Customers (numbers of their totals) of whom something else is to be said.
    changed: Vec<usize>,
    /// Customers that have a tier, but no order that counts any more.
    gone: Vec<Uuid>,
}

/// Most customers stand where they stood: those are not written again.
async fn plan(app: &App, run: &Run, yardstick: &Yardstick, totals: &[Total], tags: &Tags) -> Result<Plan> {
    let now = app.clock.now();
    let mut plan = Plan { changed: Vec::new(), gone: Vec::new() };
    tiers::compare(&app.db, totals, |index, before| match (index, before) {
        (Some(index), Some(before)) => {
            if !says_the_same(&yardstick.tier(&totals[index], tags, run, "", now), before) {
                plan.changed.push(index);
            }
        }
        (Some(index), None) => plan.changed.push(index),
        (None, Some(before)) => plan.gone.push(before.customer_id),
        (None, None) => {}
    })
    .await?;
    Ok(plan)
}

/// `false`: the claim is lost, somebody else does the run now.
async fn keep(app: &App, tx: &impl ConnectionTrait, timer: &Claimed, now: DateTime<Utc>) -> Result<bool> {
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

async fn complete(app: &App, timer: &Claimed, run: Run, yardstick: &Yardstick) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    runs::keep_scales(&tx, run.id, &yardstick.scales).await?;
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
