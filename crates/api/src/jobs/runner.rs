//! Claims timers that are due and consumes new events, in a thread of its own; any number of copies may do so.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed};
use tokio::sync::watch;

use crate::usecases::App;
use crate::usecases::customers::{attachments, stocktakes, todos};
use crate::usecases::feedback::deadlines;
use crate::usecases::integration::{housekeeping, notifications};
use crate::usecases::sla::calendars;
use crate::usecases::support::Result;
use crate::usecases::tiering::{churn, churn_scoring, runs};

const CLAIM: u64 = 100;
/// One job at a time, and a run of tiers that streams while it stores.
const CONNECTIONS: u32 = 4;
/// A claim outlives a batch by far; a copy that dies gives its timers back after this.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Timers that come due by the clock alone are noticed this soon.
const POLL: Duration = Duration::from_secs(1);
/// Commits in quick succession are looked at together.
const GATHER: Duration = Duration::from_millis(50);

/// Runs jobs until `stop` changes. The thread has its own runtime: jobs do not slow the threads that serve requests.
pub fn spawn(app: Arc<App>, mut stop: watch::Receiver<bool>) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("jobs".to_owned()).spawn(move || {
        runtime.block_on(async {
            let app = app.for_this_thread(CONNECTIONS);
            while !*stop.borrow() {
                if let Err(error) = run_due(&app).await {
                    tracing::error!(%error, "jobs failed; they are tried again");
                }
                tokio::select! {
                    _ = app.jobs_wanted.notified() => tokio::time::sleep(GATHER).await,
                    _ = tokio::time::sleep(POLL) => {}
                    _ = stop.changed() => {}
                }
            }
        });
    })
}

/// Does everything that is due now, and what becomes due by it.
pub async fn run_due(app: &App) -> Result<()> {
    loop {
        let fired = fire_timers(app, app.clock.now()).await?;
        let consumed = notifications::consume(app, app.clock.now()).await?;
        if fired + consumed == 0 {
            return Ok(());
        }
    }
}

async fn fire_timers(app: &App, now: DateTime<Utc>) -> Result<usize> {
    // A look without a write first: most of the time nothing is due.
    if timers::next_due(&app.db).await?.is_none_or(|due| due > now) {
        return Ok(0);
    }
    let tx = app.db.begin().await?;
    let claimed = timers::claim(&tx, app.copy, now, LEASE, CLAIM).await?;
    tx.commit().await?;
    for timer in &claimed {
        let kind = timer.kind;
        metrics::counter!("timers_fired_total", "kind" => kind.as_str()).increment(1);
        if let Err(error) = fire(app, timer).await {
            let retry_at = now + back_off(timer.attempts);
            tracing::warn!(%error, %kind, attempts = timer.attempts + 1, "timer failed");
            timers::postpone(&app.db, timer, now, retry_at, Some(&error.to_string())).await?;
        }
    }
    Ok(claimed.len())
}

/// 2, 4, 8 … seconds, an hour at most.
fn back_off(attempts: i32) -> TimeDelta {
    TimeDelta::seconds((2i64 << attempts.clamp(0, 11)).min(3600))
}

async fn fire(app: &App, timer: &Claimed) -> Result<()> {
    match timer.kind {
        TimerKind::SlaWarning | TimerKind::SlaBreach | TimerKind::SlaEscalation | TimerKind::PromiseReminder => {
            deadlines::fire(app, timer).await
        }
        TimerKind::ObjectRemoval => attachments::sweep(app, timer).await,
        TimerKind::TodoReminder => todos::remind(app, timer).await,
        TimerKind::TieringRun => runs::compute(app, timer).await,
        TimerKind::StocktakeFill => stocktakes::fill(app, timer).await,
        TimerKind::StocktakeReminder => stocktakes::remind(app, timer).await,
        TimerKind::ChurnScoring => churn_scoring::score(app, timer).await,
        TimerKind::ChurnRefit => churn::refit(app, timer).await,
        TimerKind::CalendarRecompute => calendars::recompute(app, timer).await,
        TimerKind::Housekeeping => housekeeping::clean(app, timer).await,
    }
}
