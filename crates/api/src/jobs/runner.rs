//! Claims timers that are due and consumes new events, in a thread of its own; any number of copies may do so.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed};
use tokio::sync::{Notify, watch};

use super::sweep::sweep;
use crate::usecases::App;
use crate::usecases::customers::{attachments, changes, duplicates, imports, merging, stocktakes, todos};
use crate::usecases::feedback::{absence, classifier, deadlines, demands, parts};
use crate::usecases::follow_up::absence as follow_up_absence;
use crate::usecases::follow_up::{alarms, arrivals, following as task_following, generation, plan_steps, verification};
use crate::usecases::integration::{housekeeping, notifications};
use crate::usecases::sla::recompute;
use crate::usecases::support::{Error, Result};
use crate::usecases::tiering::{churn, churn_scoring, following, lifecycle, membership, runs, schedule};

const CLAIM: u64 = 100;
/// Long work is claimed singly: the claims of what waits behind it would run out.
const CLAIM_LONG: u64 = 1;
/// One job at a time, and a run of tiers that streams while it stores.
const CONNECTIONS: u32 = 4;
/// A claim outlives a batch by far; a copy that dies gives its timers back after this.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Timers that come due by the clock alone are noticed this soon.
const POLL: Duration = Duration::from_secs(1);
/// Commits in quick succession are looked at together.
const GATHER: Duration = Duration::from_millis(50);

/// Short jobs and events, or the long ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Short,
    Long,
}

impl Lane {
    /// The kinds that it fires one by one.
    fn kinds(self) -> Vec<TimerKind> {
        let single = TimerKind::ALL.iter().copied().filter(|kind| !kind.is_swept());
        single.filter(|kind| kind.is_long() == (self == Lane::Long)).collect()
    }
}

/// Runs jobs until `stop` changes. The threads have their own runtimes: jobs do not slow the threads that serve
/// requests, and what takes minutes does not hold up what takes milliseconds.
pub fn spawn(app: Arc<App>, stop: watch::Receiver<bool>) -> std::io::Result<std::thread::JoinHandle<()>> {
    // A commit wakes one thread; the one with the short jobs passes it on.
    let passed_on = Arc::new(Notify::new());
    let long = spawn_lane(app.clone(), stop.clone(), Lane::Long, passed_on.clone())?;
    let short = spawn_lane(app, stop, Lane::Short, passed_on)?;
    std::thread::Builder::new().name("jobs end".to_owned()).spawn(move || {
        for lane in [short, long] {
            if lane.join().is_err() {
                tracing::error!("the jobs have panicked");
            }
        }
    })
}

fn spawn_lane(
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
    lane: Lane,
    passed_on: Arc<Notify>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let name = if lane == Lane::Long { "long jobs" } else { "jobs" };
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        runtime.block_on(async {
            let app = app.for_this_thread(CONNECTIONS);
            let mut stopped = stop.clone();
            while !*stop.borrow() {
                // Long work is left where it is: it is done in transactions that each take it on, and goes on from
                // the last one.
                let outcome = tokio::select! {
                    biased;
                    _ = stopped.changed(), if lane == Lane::Long => return,
                    outcome = run_lane(&app, lane) => outcome,
                };
                if let Err(error) = outcome {
                    tracing::error!(%error, "jobs failed; they are tried again");
                }
                tokio::select! {
                    _ = app.jobs_wanted.notified(), if lane == Lane::Short => {
                        passed_on.notify_one();
                        tokio::time::sleep(GATHER).await;
                    }
                    _ = passed_on.notified(), if lane == Lane::Long => tokio::time::sleep(GATHER).await,
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
        let done = run_lane(app, Lane::Short).await? + run_lane(app, Lane::Long).await?;
        if done == 0 {
            return Ok(());
        }
    }
}

async fn run_lane(app: &App, lane: Lane) -> Result<usize> {
    let mut done = 0;
    loop {
        let (swept, fired, consumed) = match lane {
            Lane::Short => (
                sweep(app, app.clock.now()).await? + alarms::sweep(app, app.clock.now()).await?,
                fire_timers(app, lane, app.clock.now()).await?,
                consume(app).await?,
            ),
            Lane::Long => (0, fire_timers(app, lane, app.clock.now()).await?, 0),
        };
        done += swept + fired + consumed;
        if swept + fired + consumed == 0 {
            return Ok(done);
        }
    }
}

/// Lets each consumer of events read on a little; each has a cursor of its own.
async fn consume(app: &App) -> Result<usize> {
    let told = notifications::consume(app, app.clock.now()).await?;
    let followed = following::consume(app, app.clock.now()).await?;
    let looked_at = membership::consume(app, app.clock.now()).await?;
    let compared = duplicates::consume(app, app.clock.now()).await?;
    let verified = verification::consume(app, app.clock.now()).await?;
    let tasks = task_following::consume(app, app.clock.now()).await?;
    let noted = arrivals::consume(app, app.clock.now()).await?;
    Ok(told + followed + looked_at + compared + verified + tasks + noted)
}

async fn fire_timers(app: &App, lane: Lane, now: DateTime<Utc>) -> Result<usize> {
    let kinds = lane.kinds();
    // A look without a write first: most of the time nothing is due.
    if !timers::any_due(&app.db, &kinds, now).await? {
        return Ok(0);
    }
    let tx = app.db.begin().await?;
    let limit = if lane == Lane::Long { CLAIM_LONG } else { CLAIM };
    let claimed = timers::claim(&tx, &kinds, app.copy, now, LEASE, limit).await?;
    tx.commit().await?;
    for timer in &claimed {
        let kind = timer.kind;
        metrics::counter!("timers_fired_total", "kind" => kind.as_str()).increment(1);
        if let Err(error) = fire(app, timer).await {
            put_off(app, timer, &error).await?;
        }
    }
    Ok(claimed.len())
}

/// A timer that has failed is tried again later.
pub(super) async fn put_off(app: &App, timer: &Claimed, error: &Error) -> Result<()> {
    let now = app.clock.now();
    let retry_at = now + back_off(timer.attempts);
    tracing::warn!(%error, kind = %timer.kind, attempts = timer.attempts + 1, "timer failed");
    Ok(timers::postpone(&app.db, timer, now, retry_at, Some(&error.to_string())).await?)
}

/// 2, 4, 8 … seconds, an hour at most.
fn back_off(attempts: i32) -> TimeDelta {
    TimeDelta::seconds((2i64 << attempts.clamp(0, 11)).min(3600))
}

/// Feedback last: it is what ends the timer.
async fn follow_absence(app: &App, timer: &Claimed) -> Result<()> {
    follow_up_absence::follow(app, timer).await?;
    absence::follow(app, timer).await
}

/// Boxed: whoever waits for one kind of work needs no room for all the others on his stack.
fn fire<'a>(app: &'a App, timer: &'a Claimed) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
    match timer.kind {
        TimerKind::SlaWarning
        | TimerKind::SlaBreach
        | TimerKind::SlaEscalation
        | TimerKind::PromiseReminder
        | TimerKind::DelayExplanation => Box::pin(deadlines::fire_all(app, std::slice::from_ref(timer))),
        TimerKind::ChangeRequestOverdue => Box::pin(changes::overdue(app, timer)),
        TimerKind::DemandNotice => Box::pin(demands::tell(app, timer)),
        TimerKind::MergeSweep => Box::pin(merging::sweep(app, timer)),
        TimerKind::ObjectRemoval => Box::pin(attachments::sweep(app, timer)),
        TimerKind::TodoReminder => Box::pin(todos::remind(app, timer)),
        TimerKind::TieringRun => Box::pin(runs::compute(app, timer)),
        TimerKind::StocktakeFill => Box::pin(stocktakes::fill(app, timer)),
        TimerKind::StocktakeReminder => Box::pin(stocktakes::remind(app, timer)),
        TimerKind::SegmentRefresh => Box::pin(membership::refresh(app, timer)),
        TimerKind::TieringFollow => Box::pin(following::catch_up(app, timer)),
        TimerKind::TieringDaily => Box::pin(schedule::fire(app, timer)),
        TimerKind::LifecycleSweep => Box::pin(lifecycle::sweep(app, timer)),
        TimerKind::ChurnScoring => Box::pin(churn_scoring::score(app, timer)),
        TimerKind::ChurnRefit => Box::pin(churn::refit(app, timer)),
        TimerKind::AbsenceFollow => Box::pin(follow_absence(app, timer)),
        TimerKind::PartReminder | TimerKind::PartOverdue => Box::pin(parts::fire(app, timer)),
        TimerKind::PolicyRecompute => Box::pin(recompute::by_policy(app, timer)),
        TimerKind::CalendarRecompute => Box::pin(recompute::by_calendar(app, timer)),
        TimerKind::CustomerImport => Box::pin(imports::run(app, timer)),
        TimerKind::ImportUndo => Box::pin(imports::undo(app, timer)),
        TimerKind::ClassifierLearning => Box::pin(classifier::learn_by_itself(app, timer)),
        TimerKind::FollowUpSweep => Box::pin(generation::sweep(app, timer)),
        TimerKind::PlanTaskCancel => Box::pin(plan_steps::cancel_open(app, timer)),
        TimerKind::Housekeeping => Box::pin(housekeeping::clean(app, timer)),
    }
}
