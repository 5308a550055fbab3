//! Stores tiers: what has not changed is left alone, each move is kept in the history and told once.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::tiering::{Tier, TierCause};
use huiyin_persistence::Tx;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::tiering::history::{self, TierMove};
use huiyin_persistence::tiering::tiers::{self, CustomerTier};
use uuid::Uuid;

use super::yardstick::says_the_same;
use crate::usecases::support::Result;

/// Customers of one transaction: short enough that SQLite's other writers do not wait long.
pub const BATCH: usize = 32_000 / history::COLUMNS;

/// Why tiers change, and by which run.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    pub cause: TierCause,
    pub run_id: Uuid,
    pub as_of: NaiveDate,
}

/// Stores the tiers of customers and takes them from those that are `gone`. Compared with what is stored is in this
/// transaction, so doing it again changes nothing and tells nothing.
pub async fn store(tx: &Tx, now: DateTime<Utc>, reason: Reason, rows: Vec<CustomerTier>, gone: &[Uuid]) -> Result<()> {
    // In order of id: two that meet wait for each other instead of blocking each other for good.
    let after: BTreeMap<Uuid, Option<CustomerTier>> =
        gone.iter().map(|id| (*id, None)).chain(rows.into_iter().map(|row| (row.customer_id, Some(row)))).collect();
    let ids: Vec<Uuid> = after.keys().copied().collect();
    let before = tiers::lock(tx, &ids).await?;
    let (mut kept, mut removed, mut moves, mut told) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (customer_id, after) in after {
        let before = before.get(&customer_id);
        if before.zip(after.as_ref()).is_some_and(|(before, after)| says_the_same(before, after)) {
            continue;
        }
        let from: Option<Tier> = before.map(|tier| stored(&tier.tier)).transpose()?;
        let to: Option<Tier> = after.as_ref().map(|tier| stored(&tier.tier)).transpose()?;
        if from != to {
            moves.push(tier_move(customer_id, from, after.as_ref(), reason, now));
            told.push(Event::CustomerTierChanged { customer_id, from, to, cause: reason.cause });
        }
        match after {
            Some(tier) => kept.push(tier),
            None => removed.push(customer_id),
        }
    }
    tiers::store(tx, kept).await?;
    tiers::remove(tx, &removed).await?;
    history::insert(tx, moves).await?;
    Ok(events::append(tx, None, now, &told).await?)
}

fn tier_move(
    customer_id: Uuid,
    from: Option<Tier>,
    after: Option<&CustomerTier>,
    reason: Reason,
    now: DateTime<Utc>,
) -> TierMove {
    TierMove {
        id: new_id(now),
        customer_id,
        from_tier: from.map(|tier| tier.to_string()),
        to_tier: after.map(|tier| tier.tier.clone()),
        cause: reason.cause.to_string(),
        run_id: reason.run_id,
        as_of: reason.as_of,
        rfm_class: after.map(|tier| tier.rfm_class.clone()),
        rule: after.and_then(|tier| tier.rule),
        tag: after.and_then(|tier| tier.tag.clone()),
        last_on: after.map(|tier| tier.last_on),
        frequency: after.map(|tier| tier.frequency),
        monetary: after.map(|tier| tier.monetary),
        r: after.map(|tier| tier.r),
        f: after.map(|tier| tier.f),
        m: after.map(|tier| tier.m),
        changed_at: now,
    }
}
