//! Who is in which segment: looked at for all customers on schedule, and for one soon after something happened to it.
//!
//! Whoever changes members of a segment has it locked before he reads: of two who look at once, the second sees what the
//! first has done. Each change is told in the transaction that makes it.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::fault::Code;
use huiyin_domain::tiering::condition::{Condition, Moment};
use huiyin_domain::tiering::{RefreshState, SegmentStatus};
use huiyin_persistence::Tx;
use huiyin_persistence::integration::events::{self, Recorded};
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::tiering::segments::{self, Segment};
use huiyin_persistence::tiering::{facts, members};
use uuid::Uuid;

use super::segments::{condition, hours, order, timer};
use crate::usecases::App;
use crate::usecases::support::Result;

const CONSUMER: &str = "segments";
/// Events that are looked at together.
const EVENTS: u64 = 500;
/// Changes of one transaction. SQLite's other writers wait for it; on PostgreSQL only whoever changes the segment or
/// looks at single customers does, and each transaction reads a part of the customers again.
const BATCH_SQLITE: u64 = 4_000;
const BATCH_POSTGRES: u64 = 10_000;
const LEASE_FOR: TimeDelta = TimeDelta::minutes(1);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Enter,
    Leave,
}

fn told(change: Change, segment_id: Uuid, customers: &[Uuid]) -> Vec<Event> {
    let event = |customer_id: &Uuid| match change {
        Change::Enter => Event::SegmentEntered { customer_id: *customer_id, segment_id },
        Change::Leave => Event::SegmentLeft { customer_id: *customer_id, segment_id },
    };
    customers.iter().map(event).collect()
}

/// Holds all customers against a segment's condition. Begun anew after an interruption it finds what is left to do.
pub async fn refresh(app: &App, claimed: &Claimed) -> Result<()> {
    let outcome = refresh_claimed(app, claimed).await;
    let Err(error) = outcome else { return Ok(()) };
    if claimed.attempts + 1 < timers::MAX_ATTEMPTS {
        return Err(error);
    }
    tracing::error!(%error, segment = %claimed.subject_id, "refreshing a segment failed for good");
    let tx = app.db.begin().await?;
    let Some(segment) = segments::lock(&tx, claimed.subject_id).await? else { return Ok(()) };
    if timers::complete(&tx, claimed).await? {
        segments::update(&tx, Segment { refresh_state: RefreshState::Failed.to_string(), ..segment }).await?;
    }
    Ok(tx.commit().await?)
}

async fn refresh_claimed(app: &App, claimed: &Claimed) -> Result<()> {
    let Some((tx, segment)) = locked(app, claimed).await? else { return Ok(()) };
    if segment.status != SegmentStatus::Active.as_str() {
        timers::complete(&tx, claimed).await?;
        return Ok(tx.commit().await?);
    }
    let condition = condition(&segment)?;
    segments::update(&tx, Segment { refresh_state: RefreshState::Running.to_string(), ..segment }).await?;
    tx.commit().await?;

    let batch = if app.db.is_sqlite() { BATCH_SQLITE } else { BATCH_POSTGRES };
    for change in [Change::Enter, Change::Leave] {
        let mut after = None;
        loop {
            let Some(changed) = step(app, claimed, &condition, change, after, batch).await? else { return Ok(()) };
            after = changed.last().copied().or(after);
            if (changed.len() as u64) < batch {
                break;
            }
        }
    }

    let Some((tx, segment)) = locked(app, claimed).await? else { return Ok(()) };
    let now = app.clock.now();
    timers::complete(&tx, claimed).await?;
    timers::set(&tx, now, vec![timer(segment.id, now + hours(&segment))]).await?;
    let refreshed = Event::SegmentRefreshed { segment_id: segment.id, members: segment.members };
    events::append(&tx, None, now, &[refreshed]).await?;
    let done = Segment { refresh_state: RefreshState::Idle.to_string(), refreshed_at: Some(now), ..segment };
    segments::update(&tx, done).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// A transaction that has the segment locked and its claim renewed. `None`: the claim is lost, because somebody else has
/// taken over or the segment has been changed.
async fn locked(app: &App, claimed: &Claimed) -> Result<Option<(Tx, Segment)>> {
    let tx = app.db.begin().await?;
    let segment = segments::lock(&tx, claimed.subject_id).await?.ok_or(Code::SegmentNotFound)?;
    let kept = timers::renew(&tx, claimed, app.clock.now() + LEASE_FOR).await?;
    Ok(kept.then_some((tx, segment)))
}

async fn step(
    app: &App,
    claimed: &Claimed,
    condition: &Condition,
    change: Change,
    after: Option<Uuid>,
    batch: u64,
) -> Result<Option<Vec<Uuid>>> {
    let Some((tx, segment)) = locked(app, claimed).await? else { return Ok(None) };
    // Bound anew each time: by an earlier moment, what has happened since would be yet to come.
    let now = app.clock.now();
    let predicate = condition.bind(Moment { now, zone: app.config.time_zone });
    let changed = match change {
        Change::Enter => members::enter(&tx, segment.id, &predicate, after, batch, now).await?,
        Change::Leave => members::leave(&tx, segment.id, &predicate, after, batch).await?,
    };
    keep(&tx, segment, change, &changed, now).await?;
    tx.commit().await?;
    Ok(Some(changed))
}

/// Counts and tells what has changed. The segment is locked.
async fn keep(tx: &Tx, segment: Segment, change: Change, customers: &[Uuid], now: DateTime<Utc>) -> Result<Segment> {
    if customers.is_empty() {
        return Ok(segment);
    }
    let count = i64::try_from(customers.len()).unwrap_or_default();
    let members = segment.members + if change == Change::Enter { count } else { -count };
    events::append(tx, None, now, &told(change, segment.id, customers)).await?;
    Ok(segments::update(tx, Segment { members, ..segment }).await?)
}

/// Looks at the customers to whom the next events happened; answers how many events there were.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, EVENTS, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let customers = concerned(&tx, &batch).await?;
    let tiers_changed = batch
        .iter()
        .any(|recorded| matches!(recorded.event, Event::TieringCompleted { .. } | Event::ChurnModelScored { .. }));
    if tiers_changed || !customers.is_empty() {
        let active = segments::lock_all(&tx, SegmentStatus::Active.as_str()).await?;
        let active = if tiers_changed { order_those_of_tiers(&tx, active, now).await? } else { active };
        look_at(app, &tx, active, &customers).await?;
    }
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

/// The customers that these events may have changed. What tells of a membership follows from such a change.
async fn concerned(tx: &Tx, batch: &[Recorded]) -> Result<Vec<Uuid>> {
    let mut customers = HashSet::new();
    let mut feedback = HashSet::new();
    for Recorded { event, .. } in batch {
        // Nor does any condition compare what is planned for a customer.
        let planned = matches!(event.subject(), (Subject::FollowUpTask | Subject::FollowUpPlan, _));
        if planned || matches!(event, Event::SegmentEntered { .. } | Event::SegmentLeft { .. }) {
            continue;
        }
        customers.extend(event.customer());
        if let Event::CustomerMerged { from, .. } = event {
            customers.insert(*from);
        }
        if let (Subject::Feedback, id) = event.subject() {
            feedback.insert(id);
        }
    }
    let feedback: Vec<Uuid> = feedback.into_iter().collect();
    customers.extend(facts::customers_of_feedback(tx, &feedback).await?);
    Ok(customers.into_iter().collect())
}

/// A computation of tiers changes all customers without telling of each.
async fn order_those_of_tiers(tx: &Tx, active: Vec<Segment>, now: DateTime<Utc>) -> Result<Vec<Segment>> {
    let mut all = Vec::with_capacity(active.len());
    for segment in active {
        let follows = condition(&segment)?.depends_on_tiers();
        all.push(if follows { order(tx, segment, now).await? } else { segment });
    }
    Ok(all)
}

async fn look_at(app: &App, tx: &Tx, active: Vec<Segment>, customers: &[Uuid]) -> Result<()> {
    if active.is_empty() || customers.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let known = facts::load(tx, customers).await?;
    let memberships = members::of(tx, customers).await?;
    let moment = Moment { now, zone: app.config.time_zone };
    for segment in active {
        let predicate = condition(&segment)?.bind(moment);
        let (mut entered, mut left) = (Vec::new(), Vec::new());
        for customer in customers {
            // One that was merged into another is nobody any more.
            let meant = known.get(customer).is_some_and(|facts| predicate.holds(facts));
            match (memberships.contains(&(segment.id, *customer)), meant) {
                (false, true) => entered.push(*customer),
                (true, false) => left.push(*customer),
                _ => {}
            }
        }
        members::add(tx, segment.id, &entered, now).await?;
        members::remove(tx, segment.id, &left).await?;
        let segment = keep(tx, segment, Change::Enter, &entered, now).await?;
        keep(tx, segment, Change::Leave, &left, now).await?;
    }
    Ok(())
}
