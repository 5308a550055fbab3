//! What follow-up tasks follow: a customer's tier, and that two customers were the same.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::CancelCause;
use huiyin_persistence::Tx;
use huiyin_persistence::follow_up::tasks;
use huiyin_persistence::integration::events;
use uuid::Uuid;

use super::tasks::cancel_all;
use crate::usecases::App;
use crate::usecases::support::Result;

const CONSUMER: &str = "follow_up_tasks";
const BATCH: u64 = 500;

/// Reads on in the events; answers how many there were.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let mut tiers = BTreeMap::new();
    let mut happened = Vec::new();
    for recorded in &batch {
        match &recorded.event {
            // The last word of the batch counts.
            Event::CustomerTierChanged { customer_id, to, .. } => {
                tiers.insert(*customer_id, *to);
            }
            Event::CustomerMerged { customer_id, from, .. } => {
                happened.extend(cancel_doubled(&tx, *customer_id, *from, now).await?);
            }
            _ => {}
        }
    }
    let mut by_tier: BTreeMap<Option<&str>, Vec<Uuid>> = BTreeMap::new();
    for (customer, tier) in &tiers {
        by_tier.entry(tier.map(|tier| tier.as_str())).or_default().push(*customer);
    }
    for (tier, customers) in by_tier {
        tasks::follow_tiers(&tx, customers, tier).await?;
    }
    events::append(&tx, None, now, &happened).await?;
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

/// The survivor is asked once, where both had a task for the same occasion.
async fn cancel_doubled(tx: &Tx, into: Uuid, from: Uuid, now: DateTime<Utc>) -> Result<Vec<Event>> {
    let doubled = tasks::doubled_by_merge(tx, from, into).await?;
    let open = tasks::lock_open(tx, doubled).await?;
    cancel_all(tx, None, open, CancelCause::Merged, None, now).await
}
