//! What the clock does to a feedback: warns, tells of a breach, escalates, reminds of a promise. Each effect is
//! stored in the transaction that removes its timer.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::ClockState;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::{from_json, stored};
use uuid::Uuid;

use super::step::ticket;
use crate::usecases::App;
use crate::usecases::sla::clocks::escalate_later;
use crate::usecases::support::Result;

/// Escalation goes as far as the department head (level 1) here.
const DEPARTMENT_HEAD: i32 = 1;

/// Does what a timer about a feedback asks for, or nothing where it has become pointless.
pub async fn fire(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    // The feedback first, as every transition does; then the timer.
    let Some(feedback) = pool::lock(&tx, Scope::All, timer.subject_id).await? else { return Ok(()) };
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let happened = match timer.kind {
        TimerKind::PromiseReminder => remind(timer, &feedback)?,
        kind => {
            let clock_id: Uuid = from_json(&timer.payload["clock_id"])?;
            match clocks::find(&tx, clock_id).await?.filter(|clock| clock.state == ClockState::Running.as_str()) {
                Some(clock) => of_clock(app, &tx, kind, feedback, clock, now).await?,
                None => None,
            }
        }
    };
    events::append(&tx, None, now, happened.as_slice()).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// Only of the promise that still stands.
fn remind(timer: &Claimed, feedback: &Feedback) -> Result<Option<Event>> {
    let promised_at: DateTime<Utc> = from_json(&timer.payload["promised_at"])?;
    let open = !ticket(feedback)?.is_closed() && feedback.resolved_at.is_none();
    let stands = feedback.promised_at == Some(promised_at) && open;
    Ok(stands.then_some(Event::FeedbackPromiseReminder { feedback_id: feedback.id, promised_at }))
}

async fn of_clock(
    app: &App,
    tx: &Tx,
    kind: TimerKind,
    feedback: Feedback,
    clock: StoredClock,
    now: DateTime<Utc>,
) -> Result<Option<Event>> {
    let (feedback_id, which) = (feedback.id, stored(&clock.kind)?);
    // A deadline may have moved after the timer was claimed; then a new timer stands in its place.
    let Some(due_at) = clock.due_at else { return Ok(None) };
    match kind {
        TimerKind::SlaWarning => Ok(Some(Event::FeedbackSlaWarning { feedback_id, clock: which, due_at })),
        TimerKind::SlaBreach if clock.breached_at.is_none() && due_at <= now => {
            let clock = clocks::update(tx, StoredClock { breached_at: Some(now), ..clock }).await?;
            escalate_later(app, tx, &feedback, &clock, due_at, now).await?;
            Ok(Some(Event::FeedbackSlaBreached { feedback_id, clock: which, due_at }))
        }
        TimerKind::SlaEscalation if feedback.escalation_level < DEPARTMENT_HEAD => {
            let version = feedback.version + 1;
            pool::update(tx, Feedback { escalation_level: DEPARTMENT_HEAD, updated_at: now, version, ..feedback })
                .await?;
            Ok(Some(Event::FeedbackEscalated { feedback_id, clock: which, level: DEPARTMENT_HEAD }))
        }
        _ => Ok(None),
    }
}
