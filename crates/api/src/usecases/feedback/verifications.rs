//! Some working days after a resolution somebody asks the customer whether it holds (二次回访).

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::verification::{Consequence, answered_by, asker, decide, next_attempt, window};
use huiyin_domain::feedback::{VerificationOutcome, VerificationState};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::{Calendar, Span};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::feedback::verifications::{self, Verification};
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{new_id, stored};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

use super::reopening::{dispatch_again, open_again, settle};
use super::step::{store, ticket};
use crate::usecases::App;
use crate::usecases::sla::policies;
use crate::usecases::support::{Command, Result, transact};

/// The department that asks where nobody in particular is to, if there is one of this code.
const CUSTOMER_SERVICE: &str = "customer_service";

fn key(kind: TimerKind, id: Uuid) -> String {
    format!("{kind}:{id}")
}

fn keys(id: Uuid) -> Vec<String> {
    vec![key(TimerKind::VerificationDue, id), key(TimerKind::VerificationOverdue, id)]
}

fn alarms(row: &Verification) -> Vec<NewTimer> {
    let alarm = |kind, due_at| NewTimer {
        kind,
        subject_id: row.id,
        unique_key: key(kind, row.id),
        due_at,
        payload: serde_json::Value::Null,
    };
    vec![alarm(TimerKind::VerificationDue, row.due_from), alarm(TimerKind::VerificationOverdue, row.due_by)]
}

/// The calendar by which a feedback's deadlines go; that of the policy in force where it has none.
async fn calendar(app: &App, tx: &Tx, feedback: &Feedback) -> Result<Option<Arc<Calendar>>> {
    let effective = match feedback.policy_id {
        Some(policy) => policies::by_id(app, tx, policy).await?,
        None => policies::in_force(app, tx).await?,
    };
    Ok(effective.map(|effective| effective.calendar.clone()))
}

/// Makes the verification of a resolution, with its timers.
pub async fn begin(app: &App, tx: &Tx, feedback: &Feedback, now: DateTime<Utc>) -> Result<Event> {
    let calendar = calendar(app, tx, feedback).await?;
    let span = window(calendar.as_deref(), now);
    let (assignee_id, department_id) = whose(tx, feedback).await?;
    let row = Verification {
        id: new_id(now),
        feedback_id: feedback.id,
        round: feedback.reopened_times,
        handler_id: feedback.handler_id,
        department_id,
        assignee_id,
        resolved_at: now,
        due_from: span.from,
        due_by: span.to,
        state: VerificationState::Open.to_string(),
        attempts: 0,
        log: json!([]),
        outcome: None,
        score: None,
        note: None,
        answered_by: None,
        answered_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    timers::set(tx, now, alarms(&row)).await?;
    let row = verifications::insert(tx, row).await?;
    Ok(Event::VerificationCreated {
        verification_id: row.id,
        feedback_id: feedback.id,
        customer_id: feedback.customer_id,
        assignee_id,
        department_id,
        due_from: row.due_from,
        due_by: row.due_by,
    })
}

/// Who asks: whoever took the feedback in, or else the customer's owner, but not the handler; where neither can, the
/// people of customer service, or of the department that resolved it.
async fn whose(tx: &Tx, feedback: &Feedback) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let owner = match feedback.customer_id {
        Some(customer) => profiles::find(tx, Scope::All, customer).await?.and_then(|customer| customer.owner_id),
        None => None,
    };
    let candidates: Vec<Uuid> = feedback.reporter_id.into_iter().chain(owner).collect();
    let active = users::active_among(tx, &candidates).await?;
    let candidates: Vec<Uuid> = candidates.into_iter().filter(|candidate| active.contains(candidate)).collect();
    if let Some(assignee) = asker(&candidates, feedback.handler_id) {
        let department = users::active(tx, assignee).await?.and_then(|user| user.department_id);
        return Ok((Some(assignee), department));
    }
    let service = departments::by_code(tx, CUSTOMER_SERVICE).await?.map(|department| department.id);
    Ok((None, service.or(feedback.department_id)))
}

/// Ends the open verification of a feedback that was closed or reopened otherwise.
pub async fn cancel(tx: &Tx, feedback_id: Uuid, now: DateTime<Utc>) -> Result<Option<Event>> {
    let Some(row) = verifications::lock_open(tx, feedback_id).await? else { return Ok(None) };
    timers::cancel(tx, keys(row.id)).await?;
    let event = Event::VerificationCancelled { verification_id: row.id, feedback_id };
    let (state, version) = (VerificationState::Cancelled.to_string(), row.version + 1);
    verifications::update(tx, Verification { state, updated_at: now, version, ..row }).await?;
    Ok(Some(event))
}

/// What the customer said, or that nobody was reached.
#[derive(Debug)]
pub struct Answer {
    pub outcome: VerificationOutcome,
    pub score: Option<i32>,
    pub note: String,
}

/// Records what came of asking the customer: satisfied closes the feedback, dissatisfied reopens it and dispatches it
/// again, and who was not reached is tried on the next working day, or left to the department head.
pub async fn answer(app: &App, command: &Command, id: Uuid, answer: Answer) -> Result<Verification> {
    let now = command.now;
    transact(app, command, async |tx| {
        let seen = verifications::find(tx, command.scope(), id).await?.ok_or(Code::VerificationNotFound)?;
        // The feedback first, as every transition does. Whoever is to ask need not be within reach of it otherwise.
        let feedback = pool::lock(tx, Scope::All, seen.feedback_id).await?.ok_or(Code::FeedbackNotFound)?;
        let row = verifications::lock(tx, id).await?.ok_or(Code::VerificationNotFound)?;
        command.check_version(row.version)?;
        answered_by(&command.actor, row.assignee_id, row.department_id)?;
        let consequence = decide(stored(&row.state)?, row.attempts, answer.outcome, answer.score)?;
        let calendar = calendar(app, tx, &feedback).await?;
        let again = (consequence == Consequence::TryAgain).then(|| next_attempt(calendar.as_deref(), now));
        let row = verifications::update(tx, after(row, command, &answer, again)).await?;
        timers::cancel(tx, keys(id)).await?;
        if again.is_some() {
            timers::set(tx, now, alarms(&row)).await?;
        }
        let answered = Event::VerificationAnswered {
            verification_id: id,
            feedback_id: feedback.id,
            customer_id: feedback.customer_id,
            outcome: answer.outcome,
            score: answer.score,
            attempt: row.attempts,
            next_from: again.map(|span| span.from),
        };
        let mut changed = feedback.clone();
        match consequence {
            Consequence::Close => {
                let step = settle(tx, command, ticket(&feedback)?, &mut changed).await?;
                store(app, tx, command, changed, step, vec![answered]).await?;
            }
            Consequence::Reopen => {
                let reopened = open_again(tx, command, ticket(&feedback)?, &mut changed, answer.note).await?;
                let (step, reopened) = dispatch_again(tx, &feedback, reopened, command.now).await?;
                let before = [answered].into_iter().chain(reopened).collect();
                store(app, tx, command, changed, step, before).await?;
            }
            Consequence::TryAgain => events::append(tx, command.actor.user_id(), now, &[answered]).await?,
            Consequence::GiveUp => {
                let department_id = feedback.department_id;
                let given_up =
                    Event::VerificationGivenUp { verification_id: id, feedback_id: feedback.id, department_id };
                events::append(tx, command.actor.user_id(), now, &[answered, given_up]).await?;
            }
        }
        Ok(row)
    })
    .await
}

/// The verification after an answer; `again` is when the next attempt is due.
fn after(mut row: Verification, command: &Command, answer: &Answer, again: Option<Span>) -> Verification {
    let by = command.actor.user_id();
    let tried = json!({ "at": command.now, "by": by, "outcome": answer.outcome, "note": answer.note });
    if let Some(log) = row.log.as_array_mut() {
        log.push(tried);
    }
    row.attempts += 1;
    row.updated_at = command.now;
    row.version += 1;
    match again {
        Some(span) => {
            row.due_from = span.from;
            row.due_by = span.to;
        }
        None => {
            row.state = VerificationState::Done.to_string();
            row.outcome = Some(answer.outcome.to_string());
            row.score = answer.score;
            row.note = Some(answer.note.clone());
            row.answered_by = by;
            row.answered_at = Some(command.now);
        }
    }
    row
}

/// It is time to ask, or has been for too long.
pub async fn remind(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(row) = verifications::lock(&tx, timer.subject_id).await? else { return Ok(()) };
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let Verification { id: verification_id, feedback_id, assignee_id, department_id, due_by, .. } = row;
    let open = stored::<VerificationState>(&row.state)? == VerificationState::Open;
    let event = match timer.kind {
        TimerKind::VerificationDue => {
            Event::VerificationDue { verification_id, feedback_id, assignee_id, department_id, due_by }
        }
        _ => Event::VerificationOverdue { verification_id, feedback_id, assignee_id, department_id, due_by },
    };
    if open {
        events::append(&tx, None, now, &[event]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
