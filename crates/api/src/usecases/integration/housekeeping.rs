//! What is not needed any more goes, once an hour.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::imports;
use huiyin_persistence::follow_up::sweep as follow_up;
use huiyin_persistence::identity::{logins, sessions};
use huiyin_persistence::integration::idempotency;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::Result;

const EVERY: TimeDelta = TimeDelta::hours(1);
/// For how long a request may be sent again under its key.
const KEEP_KEYS: TimeDelta = TimeDelta::days(7);
const KEEP_ATTEMPTS: TimeDelta = TimeDelta::days(1);
/// Pieces of a file whose upload broke off.
const KEEP_CHUNKS: TimeDelta = TimeDelta::days(1);
/// A stolen refresh token is recognised as long as its session is kept.
const KEEP_SESSIONS: TimeDelta = TimeDelta::days(30);

/// The timer of the next round.
pub fn next(at: DateTime<Utc>) -> NewTimer {
    let unique_key = TimerKind::Housekeeping.to_string();
    NewTimer {
        kind: TimerKind::Housekeeping,
        subject_id: Uuid::nil(),
        unique_key,
        due_at: at,
        payload: serde_json::Value::Null,
    }
}

pub async fn clean(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let keys = idempotency::prune(&tx, now - KEEP_KEYS).await?;
    let attempts = logins::prune(&tx, now - KEEP_ATTEMPTS).await?;
    let sessions = sessions::prune(&tx, now - KEEP_SESSIONS).await?;
    let chunks = imports::prune_chunks(&tx, now - KEEP_CHUNKS).await?;
    let mornings = follow_up::forget_mornings(&tx, app.local_date(now)).await?;
    timers::set(&tx, now, vec![next(now + EVERY)]).await?;
    tx.commit().await?;
    tracing::debug!(keys, attempts, sessions, chunks, mornings, "housekeeping");
    Ok(())
}
