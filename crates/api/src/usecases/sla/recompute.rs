//! When a policy or a calendar has changed, open deadlines follow, in the background and batch by batch: time used stays,
//! time left moves. What is closed keeps the deadline it had.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::feedback::work_key;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::feedback::work;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::{from_json, stored};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::book::{Book, Cause};
use super::clocks::next_due;
use crate::usecases::App;
use crate::usecases::support::{Command, Result};

/// A feedback that came in at the very moment of the change may have gone by the old rules and been committed after
/// the first look at what is open.
const SECOND_LOOK: TimeDelta = TimeDelta::seconds(30);

/// Feedbacks, or clocks, of one transaction.
const BATCH: u64 = 200;

/// How far a change has come.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// The last one done.
    after: Option<Uuid>,
    second: bool,
    /// Who changed it.
    actor: Option<Uuid>,
    /// The policy was switched on again: what has become late meanwhile is escalated from now on.
    revived: bool,
}

fn timer(kind: TimerKind, subject_id: Uuid, due_at: DateTime<Utc>, progress: Progress) -> NewTimer {
    let look = if progress.second { "second" } else { "first" };
    NewTimer { kind, subject_id, unique_key: format!("{kind}:{look}:{subject_id}"), due_at, payload: json!(progress) }
}

async fn order(tx: &Tx, command: &Command, kind: TimerKind, subject: Uuid, revived: bool) -> Result<()> {
    let first = Progress { actor: command.actor.user_id(), revived, ..Progress::default() };
    let second = Progress { second: true, revived: false, ..first };
    let (now, again) = (command.now, command.now + SECOND_LOOK);
    Ok(timers::set(tx, now, vec![timer(kind, subject, now, first), timer(kind, subject, again, second)]).await?)
}

/// Orders what follows from a changed policy.
pub async fn after_policy(tx: &Tx, command: &Command, policy: Uuid, revived: bool) -> Result<()> {
    order(tx, command, TimerKind::PolicyRecompute, policy, revived).await
}

/// Orders what follows from a changed calendar.
pub async fn after_calendar(tx: &Tx, command: &Command, calendar: Uuid) -> Result<()> {
    order(tx, command, TimerKind::CalendarRecompute, calendar, false).await
}

/// Gives the open clocks of a feedback the targets of its new priority.
pub async fn retarget(app: &App, tx: &Tx, command: &Command, feedback: &Feedback) -> Result<Vec<StoredClock>> {
    let cause = Cause { event: "feedback.triaged", actor: command.actor.user_id() };
    let mut book = Book::load(app, tx, vec![feedback.id], cause, command.now).await?;
    book.align_all(feedback, false).await?;
    book.finish().await
}

/// One batch of the open feedback of a policy; the timer for the next batch is set in the same transaction.
pub async fn by_policy(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let progress: Progress = from_json(&timer.payload)?;
    let ids = pool::open_by_policy(&app.db, timer.subject_id, progress.after, BATCH).await?;
    let last = ids.last().copied().filter(|_| ids.len() as u64 == BATCH);
    let tx = app.db.begin().await?;
    let feedback = pool::lock_all(&tx, ids.clone()).await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let cause = Cause { event: "policy.updated", actor: progress.actor };
    let mut book = Book::load(app, &tx, ids, cause, now).await?;
    for feedback in feedback.iter().filter(|row| row.closed_at.is_none()) {
        book.align_all(feedback, true).await?;
        if progress.revived {
            book.escalate_late(feedback);
        }
    }
    let clocks = book.finish().await?;
    place(&tx, feedback, clocks).await?;
    go_on(app, tx, timer, progress, last, now).await
}

/// One batch of the open clocks of a calendar.
pub async fn by_calendar(app: &App, claimed: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let progress: Progress = from_json(&claimed.payload)?;
    let batch = clocks::open_by_calendar(&app.db, claimed.subject_id, progress.after, BATCH).await?;
    let last = batch.last().map(|clock| clock.id).filter(|_| batch.len() as u64 == BATCH);
    let mut ids: Vec<Uuid> = batch.into_iter().map(|clock| clock.feedback_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let tx = app.db.begin().await?;
    let feedback = pool::lock_all(&tx, ids.clone()).await?;
    if !timers::complete(&tx, claimed).await? {
        return Ok(());
    }
    let cause = Cause { event: "calendar.updated", actor: progress.actor };
    let mut book = Book::load(app, &tx, ids, cause, now).await?;
    let feedback: HashMap<Uuid, _> = feedback.into_iter().map(|row| (row.id, row)).collect();
    book.follow_calendar(claimed.subject_id, &feedback).await?;
    let clocks = book.finish().await?;
    place(&tx, feedback.into_values(), clocks).await?;
    go_on(app, tx, claimed, progress, last, now).await
}

/// What is due at another time stands elsewhere in the order of work.
async fn place(tx: &Tx, feedback: impl IntoIterator<Item = Feedback>, clocks: Vec<StoredClock>) -> Result<()> {
    let mut of: HashMap<Uuid, Vec<StoredClock>> = HashMap::new();
    for clock in clocks {
        of.entry(clock.feedback_id).or_default().push(clock);
    }
    for feedback in feedback {
        let due = of.get(&feedback.id).and_then(|clocks| next_due(clocks));
        let key = work_key(stored(&feedback.priority)?, due);
        if feedback.work_key.as_ref().is_some_and(|known| *known != key) {
            work::place(tx, feedback.id, Some(key)).await?;
        }
    }
    Ok(())
}

async fn go_on(
    app: &App,
    tx: Tx,
    done: &Claimed,
    progress: Progress,
    last: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<()> {
    if last.is_some() {
        let next = Progress { after: last, ..progress };
        timers::set(&tx, now, vec![timer(done.kind, done.subject_id, now, next)]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
