//! Tiers and lifecycle stages follow soon after an order, a tag or a contract has changed: a consumer of the outbox.
//!
//! A customer is placed by the model, the reference date and the scales of the standing run, the last one that was
//! completed. Where that run was for the day on which it was ordered (or a later one), the reference date moves on
//! with the calendar; where it was a look back, it stays, and later orders do not count. Thresholds need nothing else.
//! Quantiles compare with the customers of the run, not with each other: nobody else moves by an order, and the next
//! run compares anew.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::tiering::TierCause;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::integration::events::{self, Recorded};
use huiyin_persistence::integration::leases;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, new_id, to_json};
use huiyin_persistence::tiering::figures;
use huiyin_persistence::tiering::runs::{self, Run};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::changes::{self, Reason};
use super::lifecycle;
use super::runs::LEASE;
use super::yardstick::Yardstick;
use crate::usecases::App;
use crate::usecases::support::Result;

const CONSUMER: &str = "tiering";
const BATCH: u64 = 1000;
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(1);

/// Customers that something has happened to.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Touched {
    tiers: BTreeMap<Uuid, TierCause>,
    stages: BTreeSet<Uuid>,
}

impl Touched {
    fn of(batch: &[Recorded]) -> Self {
        let mut touched = Touched::default();
        for recorded in batch {
            match &recorded.event {
                Event::OrderCreated { customer_id, .. } | Event::OrderUpdated { customer_id, .. } => {
                    touched.tiers.insert(*customer_id, TierCause::Order);
                    touched.stages.insert(*customer_id);
                }
                Event::CustomerCreated { customer_id, .. } => {
                    touched.stages.insert(*customer_id);
                }
                Event::CustomerMerged { customer_id, .. } => {
                    touched.tiers.insert(*customer_id, TierCause::Order);
                    touched.stages.insert(*customer_id);
                }
                Event::CustomerUpdated { customer_id, fields, .. } => {
                    // An order of the customer became another one's.
                    if fields.iter().any(|field| field == "orders") {
                        touched.tiers.insert(*customer_id, TierCause::Order);
                        touched.stages.insert(*customer_id);
                    }
                    if fields.iter().any(|field| field == "tags") {
                        touched.tiers.entry(*customer_id).or_insert(TierCause::Tag);
                    }
                    if fields.iter().any(|field| field == "contract_end") {
                        touched.stages.insert(*customer_id);
                    }
                }
                _ => {}
            }
        }
        touched
    }

    fn nobody(&self) -> bool {
        self.tiers.is_empty() && self.stages.is_empty()
    }
}

/// Lets the customers of the next events follow; answers how many events there were. While a run computes they wait:
/// it would overwrite them with what it has read before.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let touched = Touched::of(&batch);
    if !touched.nobody() {
        // Not in the name of the copy: another thread of it may compute a run.
        let me = new_id(now);
        if leases::take(&tx, LEASE, me, now, now + LEASE_FOR).await? {
            follow(app, &tx, &touched, now).await?;
            leases::release(&tx, LEASE, me).await?;
        } else {
            timers::set(&tx, now, vec![later(&touched, now)?]).await?;
        }
    }
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

fn later(touched: &Touched, now: DateTime<Utc>) -> Result<NewTimer> {
    let id = new_id(now);
    Ok(NewTimer {
        kind: TimerKind::TieringFollow,
        subject_id: id,
        unique_key: format!("tiering_follow:{id}"),
        due_at: now + RETRY_AFTER,
        payload: to_json(touched)?,
    })
}

/// Lets those follow who had to wait.
pub async fn catch_up(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let touched: Touched = from_json(&timer.payload)?;
    let me = new_id(now);
    let tx = app.db.begin().await?;
    if !leases::take(&tx, LEASE, me, now, now + LEASE_FOR).await? {
        drop(tx);
        return Ok(timers::postpone(&app.db, timer, now, now + RETRY_AFTER, None).await?);
    }
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    follow(app, &tx, &touched, now).await?;
    leases::release(&tx, LEASE, me).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

async fn follow(app: &App, tx: &Tx, touched: &Touched, now: DateTime<Utc>) -> Result<()> {
    for cause in [TierCause::Order, TierCause::Tag] {
        let of_cause = touched.tiers.iter().filter(|(_, known)| **known == cause);
        let customers: Vec<Uuid> = of_cause.map(|(customer, _)| *customer).collect();
        place(app, tx, &customers, cause, now).await?;
    }
    let customers: Vec<Uuid> = touched.stages.iter().copied().collect();
    lifecycle::follow(app, tx, &customers, now).await
}

async fn place(app: &App, tx: &Tx, customers: &[Uuid], cause: TierCause, now: DateTime<Utc>) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    // Before the first run nobody has a tier.
    let Some((run, scales)) = runs::standing(tx).await? else { return Ok(()) };
    let as_of = seen_from(app, &run, now);
    let yardstick = Yardstick { scales, ..Yardstick::new(tx, from_json(&run.model)?, as_of).await? };
    let totals = figures::totals_of(tx, yardstick.window(), customers).await?;
    let tags = yardstick.tags(tx, Some(customers)).await?;
    let rows = totals.iter().map(|total| yardstick.tier(total, &tags, &run, cause.as_str(), now)).collect();
    let counted: BTreeSet<Uuid> = totals.iter().map(|total| total.customer_id).collect();
    let gone: Vec<Uuid> = customers.iter().copied().filter(|customer| !counted.contains(customer)).collect();
    let reason = Reason { cause, run_id: run.id, as_of: yardstick.reference };
    changes::store(tx, now, reason, rows, &gone).await
}

/// The day from which customers are seen by now.
fn seen_from(app: &App, run: &Run, now: DateTime<Utc>) -> NaiveDate {
    let current = run.as_of >= app.local_date(run.created_at);
    if current { run.as_of.max(app.local_date(now)) } else { run.as_of }
}
