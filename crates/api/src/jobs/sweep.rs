//! Fires the timers about feedbacks, in batches: after a night without power thousands of deadlines have passed.

use chrono::{DateTime, Utc};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed};

use super::runner::{LEASE, put_off};
use crate::usecases::App;
use crate::usecases::feedback::deadlines;
use crate::usecases::support::Result;

/// Timers of one batch. Whoever wants one of its feedbacks waits for all of it, which is some tens of milliseconds.
pub const BATCH: u64 = 500;
/// Batches after which the events are looked at that they have brought about.
const BATCHES: usize = 20;

/// Fires what is due now, at most so many that everything else is not held up; answers how many there were.
pub async fn sweep(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let kinds: Vec<TimerKind> = TimerKind::ALL.iter().copied().filter(|kind| kind.is_swept()).collect();
    let mut fired = 0;
    for _ in 0..BATCHES {
        // A look without a write first: most of the time nothing is due.
        if !timers::any_due(&app.db, &kinds, now).await? {
            break;
        }
        let tx = app.db.begin().await?;
        let claimed = timers::claim(&tx, &kinds, app.copy, now, LEASE, BATCH).await?;
        tx.commit().await?;
        if claimed.is_empty() {
            break;
        }
        fired += claimed.len();
        for timer in &claimed {
            metrics::counter!("timers_fired_total", "kind" => timer.kind.as_str()).increment(1);
        }
        fire(app, claimed).await?;
    }
    Ok(fired)
}

/// All at once; where that fails, each half on its own, down to the one that cannot be fired and is put off.
async fn fire(app: &App, claimed: Vec<Claimed>) -> Result<()> {
    let mut parts = vec![claimed];
    while let Some(mut part) = parts.pop() {
        let Err(error) = deadlines::fire_all(app, &part).await else { continue };
        if let [timer] = part.as_slice() {
            put_off(app, timer, &error).await?;
            continue;
        }
        tracing::warn!(%error, timers = part.len(), "a batch of timers failed; its halves are tried");
        let rest = part.split_off(part.len() / 2);
        parts.push(rest);
        parts.push(part);
    }
    Ok(())
}
