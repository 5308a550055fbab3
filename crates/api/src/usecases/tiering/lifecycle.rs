//! Lifecycle stages follow their rule: once a day for all, soon for whom an order or the contract changes.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::tiering::{LifecycleBounds, LifecycleRule};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::tiering::lifecycle;
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use super::settings;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result};

pub const NAME: &str = "lifecycle";
/// Customers of one transaction.
const BATCH: u64 = 2000;
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);

pub async fn read(db: &impl ConnectionTrait) -> Result<(LifecycleRule, i64)> {
    settings::read(db, NAME).await
}

/// Replaces the rule; customers follow in the background.
pub async fn replace(app: &App, command: &Command, rule: LifecycleRule) -> Result<(LifecycleRule, i64)> {
    let faults = rule.faults();
    if !faults.is_empty() {
        return Err(Error::Faults(faults));
    }
    settings::replace(app, command, NAME, rule, async |tx| {
        Ok(timers::set(tx, command.now, vec![sweep_timer(command.now)]).await?)
    })
    .await
}

pub fn sweep_timer(at: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::LifecycleSweep,
        subject_id: Uuid::nil(),
        unique_key: "lifecycle_sweep".to_owned(),
        due_at: at,
        payload: serde_json::Value::Null,
    }
}

/// Moves all customers to the stage where they belong. Only those that are elsewhere are touched, so whoever takes
/// over goes on where it ended.
pub async fn sweep(app: &App, timer: &Claimed) -> Result<()> {
    let bounds = bounds(app, &app.db, app.clock.now()).await?;
    let mut after = None;
    loop {
        // Looked for without a transaction: on SQLite that would keep everybody else from writing.
        let found = lifecycle::misplaced(&app.db, &bounds, after, BATCH).await?;
        let ids: Vec<Uuid> = found.iter().map(|found| found.customer_id).collect();
        let now = app.clock.now();
        let tx = app.db.begin().await?;
        if !timers::renew(&tx, timer, now + LEASE_FOR).await? {
            return Ok(());
        }
        place(&tx, &bounds, &ids, now).await?;
        after = ids.last().copied().filter(|_| ids.len() as u64 == BATCH);
        if after.is_none() {
            timers::complete(&tx, timer).await?;
        }
        tx.commit().await?;
        app.jobs_wanted.notify_one();
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Moves these customers to the stage where they belong.
pub async fn follow(app: &App, tx: &Tx, customers: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    let bounds = bounds(app, tx, now).await?;
    place(tx, &bounds, customers, now).await
}

async fn bounds(app: &App, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<LifecycleBounds> {
    Ok(read(db).await?.0.bounds(app.local_date(now)))
}

async fn place(tx: &Tx, bounds: &LifecycleBounds, customers: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    let moved = lifecycle::lock_misplaced(tx, bounds, customers).await?;
    lifecycle::place(tx, &moved).await?;
    let told: Vec<Event> = moved
        .iter()
        .map(|moved| Event::CustomerLifecycleChanged { customer_id: moved.customer_id, from: moved.from, to: moved.to })
        .collect();
    Ok(events::append(tx, None, now, &told).await?)
}
