//! The handler's promise, its revisions, and the explanation that is owed when it was missed by days.

use chrono::{DateTime, Datelike, SubsecRound, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::{DELAY_AFTER, DelayExplanation, ExplanationStatus, REMIND_BEFORE};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::ClockKind;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::explanations::{self, Explanation};
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::feedback::promises::{self, Promise};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::sla::clocks;
use huiyin_persistence::support::{new_id, stored};
use uuid::Uuid;

use super::View;
use super::step::{lock, store, take, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// The keys of the timers about a promise: a new promise moves them.
fn keys(feedback: Uuid) -> [String; 2] {
    [TimerKind::PromiseReminder, TimerKind::DelayExplanation].map(|kind| format!("{kind}:{feedback}"))
}

/// A promise that is being made.
#[derive(Debug)]
pub struct NewPromise {
    pub from: Option<DateTime<Utc>>,
    pub to: DateTime<Utc>,
    /// The SLA's resolve deadline.
    pub bound: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub explanation_id: Option<Uuid>,
}

/// Keeps a promise, and lets its timers follow it.
pub async fn keep(tx: &Tx, command: &Command, feedback_id: Uuid, new: NewPromise) -> Result<()> {
    let now = command.now;
    let [reminder, explanation] = keys(feedback_id);
    let payload = serde_json::json!({ "promised_at": new.to });
    let timer = |kind, unique_key, due_at| NewTimer {
        kind,
        subject_id: feedback_id,
        unique_key,
        due_at,
        payload: payload.clone(),
    };
    let mut due = vec![timer(TimerKind::PromiseReminder, reminder, (new.to - REMIND_BEFORE).max(now))];
    // A promise for the end of time is never missed: SQLite sorts years of four digits only.
    let explain_at = new.to.checked_add_signed(DELAY_AFTER).filter(|at| at.year() <= 9999);
    due.extend(explain_at.map(|at| timer(TimerKind::DelayExplanation, explanation, at)));
    timers::set(tx, now, due).await?;
    let row = Promise {
        id: new_id(now),
        feedback_id,
        promised_from: new.from,
        promised_to: new.to,
        bound: new.bound,
        reason: new.reason,
        explanation_id: new.explanation_id,
        made_by: command.actor.user_id(),
        made_at: now,
    };
    Ok(promises::insert(tx, row).await?)
}

/// The promise is kept: nothing about it is due any more.
pub async fn kept(tx: &Tx, feedback_id: Uuid) -> Result<()> {
    Ok(timers::cancel(tx, keys(feedback_id).into()).await?)
}

/// The SLA's resolve deadline, if there is one now.
pub async fn bound(tx: &Tx, feedback_id: Uuid) -> Result<Option<DateTime<Utc>>> {
    Ok(clocks::find_kind(tx, feedback_id, ClockKind::Resolve).await?.and_then(|clock| clock.due_at))
}

/// Promises another time, and says why.
pub async fn revise(app: &App, command: &Command, id: Uuid, to: DateTime<Utc>, reason: String) -> Result<View> {
    let to = to.trunc_subsecs(6);
    take(app, command, id, async |tx, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let (from, bound) = (ticket.promised_at, bound(tx, id).await?);
        let owed = row.explanation_owed_since.is_some();
        let step = ticket.revise_promise(to, owed, bound, command.now)?;
        keep(tx, command, id, NewPromise { from, to, bound, reason: Some(reason), explanation_id: None }).await?;
        Ok(step)
    })
    .await
}

/// Explains why the promise was missed; the new time waits for the department head.
pub async fn explain(
    app: &App,
    command: &Command,
    id: Uuid,
    reason: String,
    promised_at: Option<DateTime<Utc>>,
) -> Result<Explanation> {
    let now = command.now;
    transact(app, command, async |tx| {
        let row = lock(tx, command, id).await?;
        command.check_version(row.version)?;
        let ticket = ticket(&row)?;
        ticket.worked_on_by(&command.actor)?;
        let to = promised_at.map(|at| at.trunc_subsecs(6));
        let (promised_from, promised_to) = ticket.explain_delay(row.explanation_owed_since.is_some(), to, now)?;
        if let Some(waiting) = explanations::pending(tx, id).await? {
            return Err(Fault::new(Code::ExplanationPending).with("explanation", waiting.id).into());
        }
        let explanation = Explanation {
            id: new_id(now),
            feedback_id: id,
            promised_from,
            promised_to,
            reason,
            status: ExplanationStatus::Pending.to_string(),
            given_by: command.actor.user_id(),
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let explanation = explanations::insert(tx, explanation).await?;
        let event = Event::FeedbackDelayExplained {
            feedback_id: id,
            explanation_id: explanation.id,
            promised_at: explanation.promised_to,
        };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(explanation)
    })
    .await
}

/// The department head accepts it: the new time is promised, and nothing is owed any more.
pub async fn approve(app: &App, command: &Command, id: Uuid) -> Result<Explanation> {
    transact(app, command, async |tx| {
        let (row, explanation) = to_decide(tx, command, id).await?;
        let approved = Event::FeedbackExplanationApproved {
            feedback_id: row.id,
            explanation_id: id,
            given_by: explanation.given_by,
        };
        let bound = bound(tx, row.id).await?;
        let step = match explanation.promised_to {
            Some(to) => ticket(&row)?.approve_delay(to, bound, command.now)?.map(|step| (to, step)),
            None => None,
        };
        let settled = Feedback { explanation_owed_since: None, ..row };
        match step {
            Some((to, step)) => {
                let (from, reason) = (settled.promised_at, Some(explanation.reason.clone()));
                let new = NewPromise { from, to, bound, reason, explanation_id: Some(id) };
                keep(tx, command, settled.id, new).await?;
                store(app, tx, command, settled, step, vec![approved]).await?;
            }
            None => {
                let version = settled.version + 1;
                pool::update(tx, Feedback { updated_at: command.now, version, ..settled }).await?;
                events::append(tx, command.actor.user_id(), command.now, &[approved]).await?;
            }
        }
        decide(tx, command, explanation, ExplanationStatus::Approved, None).await
    })
    .await
}

/// The department head does not accept it: another one is owed.
pub async fn reject(app: &App, command: &Command, id: Uuid, reason: String) -> Result<Explanation> {
    transact(app, command, async |tx| {
        let (row, explanation) = to_decide(tx, command, id).await?;
        let event = Event::FeedbackExplanationRejected {
            feedback_id: row.id,
            explanation_id: id,
            given_by: explanation.given_by,
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        decide(tx, command, explanation, ExplanationStatus::Rejected, Some(reason)).await
    })
    .await
}

/// The explanation with its feedback, which is locked, if the actor may decide on it now.
async fn to_decide(tx: &Tx, command: &Command, id: Uuid) -> Result<(Feedback, Explanation)> {
    let found = explanations::find(tx, command.scope(), id).await?.ok_or(Code::ExplanationNotFound)?;
    let row = pool::lock(tx, command.scope(), found.feedback_id).await?.ok_or(Code::ExplanationNotFound)?;
    // Whoever writes it holds that lock: this is how it stands now.
    let explanation = explanations::find(tx, Scope::All, id).await?.ok_or(Code::ExplanationNotFound)?;
    let rules = DelayExplanation {
        status: stored(&explanation.status)?,
        given_by: explanation.given_by,
        department: row.department_id,
    };
    rules.decidable_by(&command.actor)?;
    Ok((row, explanation))
}

async fn decide(
    tx: &Tx,
    command: &Command,
    explanation: Explanation,
    status: ExplanationStatus,
    decision_reason: Option<String>,
) -> Result<Explanation> {
    let decided = Explanation {
        status: status.to_string(),
        decided_by: command.actor.user_id(),
        decided_at: Some(command.now),
        decision_reason,
        updated_at: command.now,
        version: explanation.version + 1,
        ..explanation
    };
    Ok(explanations::update(tx, decided).await?)
}
