//! Some working days after a resolution somebody asks the customer whether it holds (二次回访): a follow-up task, made and
//! cancelled after what happens to the feedback, and what the customer says leads back to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::case::mask_text;
use huiyin_domain::feedback::verification::{Consequence, asker, consequence, occasion, window};
use huiyin_domain::feedback::{Awaiting, Priority, State, VerificationOutcome};
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::{CancelCause, FollowUpMethod, TaskOrigin, TaskPriority, TaskState};
use huiyin_domain::identity::{Away, Scope};
use huiyin_domain::sla::Calendar;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::follow_up::tasks::Task;
use huiyin_persistence::follow_up::verification;
use huiyin_persistence::identity::{absences, departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::stored;
use uuid::Uuid;

use super::settings;
use super::tasks::{NewTask, cancel, new_task};
use crate::usecases::App;
use crate::usecases::feedback::verified;
use crate::usecases::sla::policies;
use crate::usecases::support::{Command, Result};

const CONSUMER: &str = "verification";
const BATCH: u64 = 500;

/// The department that asks where nobody in particular is to, if there is one of this code.
const CUSTOMER_SERVICE: &str = "customer_service";

/// Of a long complaint so much is noted in the task; all of it stands in the feedback.
const NOTED: usize = 500;

/// Lets the verification follow-ups follow the next events of feedback; answers how many events there were. Not the event
/// counts, but how the feedback is by now: read twice or late, it leads to the same.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let moved = batch.iter().filter_map(|recorded| moved(&recorded.event)).collect();
    let happened = follow(app, &tx, moved, now).await?;
    events::append(&tx, None, now, &happened).await?;
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

fn moved(event: &Event) -> Option<Uuid> {
    match event {
        Event::FeedbackResolved { feedback_id, .. }
        | Event::FeedbackClosed { feedback_id, .. }
        | Event::FeedbackReopened { feedback_id, .. } => Some(*feedback_id),
        _ => None,
    }
}

/// The feedback is locked before its tasks, as by whoever records what the customer said. Nobody else makes tasks of this
/// origin, and of two copies that consume, one waits for the other's cursor: those seen here are all there are.
async fn follow(app: &App, tx: &Tx, moved: BTreeSet<Uuid>, now: DateTime<Utc>) -> Result<Vec<Event>> {
    let mut happened = Vec::new();
    if moved.is_empty() {
        return Ok(happened);
    }
    let ids: Vec<Uuid> = moved.into_iter().collect();
    let all = pool::lock_all(tx, ids.clone()).await?;
    let tasks = verification::lock_of(tx, ids).await?;
    let away = absences::away(tx, now).await?;
    let script_id = settings::read(tx).await?.verification_script_id;
    for feedback in all {
        let wanted = round_of(&feedback)?;
        let known: Vec<&Task> = tasks.iter().filter(|task| task.feedback_id == Some(feedback.id)).collect();
        for task in known.iter().filter(|task| task.occasion != wanted) {
            if stored::<TaskState>(&task.state)?.is_open() {
                let (_, event) = cancel(tx, None, Task::clone(task), CancelCause::FeedbackMoved, None, now).await?;
                happened.push(event);
            }
        }
        if let Some(occasion) = wanted.filter(|wanted| known.iter().all(|task| task.occasion.as_ref() != Some(wanted)))
        {
            let task = to_ask(app, tx, &feedback, occasion, &away, now).await?;
            let (_, events) = new_task(app, tx, now, NewTask { script_id, ..task }).await?;
            happened.extend(events);
        }
    }
    Ok(happened)
}

/// Of which round the customer is to be asked; none where the feedback does not wait for that word.
fn round_of(feedback: &Feedback) -> Result<Option<String>> {
    let awaiting = feedback.awaiting.as_deref().map(stored::<Awaiting>).transpose()?;
    let waits =
        stored::<State>(&feedback.state)? == State::AwaitingCustomer && awaiting == Some(Awaiting::Confirmation);
    Ok(waits.then(|| occasion(feedback.id, feedback.reopened_times)))
}

/// The task of asking the customer of a feedback.
async fn to_ask(
    app: &App,
    tx: &Tx,
    feedback: &Feedback,
    occasion: String,
    away: &Away,
    now: DateTime<Utc>,
) -> Result<NewTask> {
    let calendar = calendar(app, tx, feedback).await?;
    let due = window(calendar.as_deref(), feedback.resolved_at.unwrap_or(now));
    let hands = whose(tx, feedback, away).await?;
    let priority = match stored(&feedback.priority)? {
        Priority::Urgent | Priority::Important => TaskPriority::High,
        Priority::Normal => TaskPriority::Normal,
    };
    Ok(NewTask {
        origin: TaskOrigin::Verification,
        plan_id: None,
        touchpoint_id: None,
        customer_id: feedback.customer_id,
        occasion: Some(occasion),
        feedback_id: Some(feedback.id),
        source_record_id: None,
        title: format!("二次回访：{}", feedback.number),
        note: Some(note(feedback)),
        method: FollowUpMethod::Phone,
        script_id: None,
        priority,
        tier: None,
        hands,
        due_from: due.from,
        due_by: due.to,
        created_by: None,
        prompted_by: None,
    })
}

/// What it was about and what was done, with phone numbers and mail addresses masked.
fn note(feedback: &Feedback) -> String {
    let mut content: String = feedback.content.chars().take(NOTED).collect();
    if content.len() < feedback.content.len() {
        content.push('…');
    }
    let parts =
        [("反馈", Some(content)), ("解决方案", feedback.solution.clone()), ("改进措施", feedback.improvement.clone())];
    let told = parts.into_iter().filter_map(|(name, text)| Some(format!("{name}：{}", text?)));
    mask_text(&told.collect::<Vec<_>>().join("\n"))
}

/// The calendar by which a feedback's deadlines go; that of the policy in force where it has none.
async fn calendar(app: &App, tx: &Tx, feedback: &Feedback) -> Result<Option<Arc<Calendar>>> {
    let effective = match feedback.policy_id {
        Some(policy) => policies::by_id(app, tx, policy).await?,
        None => policies::in_force(app, tx).await?,
    };
    Ok(effective.map(|effective| effective.calendar.clone()))
}

/// Who asks: whoever took the feedback in, or else the customer's owner, but not the handler, and in place of one who is
/// away whoever stands in; where none of them can, the people of customer service, or of the department that resolved it.
async fn whose(tx: &Tx, feedback: &Feedback, away: &Away) -> Result<Hands> {
    let owner = match feedback.customer_id {
        Some(customer) => profiles::find(tx, Scope::All, customer).await?.and_then(|customer| customer.owner_id),
        None => None,
    };
    let candidates: Vec<Uuid> = feedback.reporter_id.into_iter().chain(owner).collect();
    let active = users::active_among(tx, &candidates).await?;
    let candidates: Vec<Uuid> = candidates.into_iter().filter(|candidate| active.contains(candidate)).collect();
    if let Some(asker) = asker(&candidates, feedback.handler_id, away) {
        let department = users::active(tx, asker.user).await?.and_then(|user| user.department_id);
        return Ok(Hands { assignee: Some(asker.user), department, instead_of: asker.instead_of });
    }
    let service = departments::by_code(tx, CUSTOMER_SERVICE).await?.map(|department| department.id);
    Ok(Hands { assignee: None, department: service.or(feedback.department_id), instead_of: None })
}

/// Of what the customer said so much is the reason of reopening.
const REASON: usize = 500;

/// Lets the feedback follow what came of asking its customer: satisfied closes it, dissatisfied reopens it and dispatches
/// it again; where the customer could not be asked, the department head decides. The caller holds the locks of feedback and
/// task, and closes the task in the same transaction.
pub async fn answered(
    app: &App,
    tx: &Tx,
    command: &Command,
    task: &Task,
    outcome: VerificationOutcome,
    score: Option<i16>,
    note: String,
) -> Result<()> {
    let consequence = consequence(outcome, score)?;
    if consequence == Consequence::LeaveToHead {
        let left = left_to_head(tx, task).await?;
        return Ok(events::append(tx, command.actor.user_id(), command.now, left.as_slice()).await?);
    }
    let id = task.feedback_id.ok_or(Code::FeedbackNotFound)?;
    // Whoever is to ask need not be within reach of the feedback otherwise.
    let feedback = pool::lock(tx, Scope::All, id).await?.ok_or(Code::FeedbackNotFound)?;
    if task.occasion != round_of(&feedback)? {
        let fault = Fault::new(Code::FeedbackState).with("state", &feedback.state).with("action", "verify");
        return Err(fault.into());
    }
    let said = Event::FeedbackVerified { feedback_id: id, task_id: task.id, outcome, score };
    match consequence {
        Consequence::Reopen => verified::fails(app, tx, command, feedback, reason(&note), said).await?,
        _ => verified::holds(app, tx, command, feedback, said).await?,
    };
    Ok(())
}

/// Why the customer is not satisfied, as the history of the feedback tells it; the record has all of it.
fn reason(note: &str) -> String {
    let told: String = mask_text(note.trim()).chars().take(REASON).collect();
    if told.is_empty() { "二次回访：客户不满意".to_owned() } else { told }
}

/// That the head of the department is to decide, since the customer could not be asked; nothing where the feedback does not
/// wait for that word any more. The feedback is looked at as it is, locked or not: somebody who settles it at this moment
/// spares the head the decision.
pub async fn left_to_head(tx: &Tx, task: &Task) -> Result<Option<Event>> {
    let Some(feedback) = pool::of_ids(tx, task.feedback_id.into_iter().collect()).await?.pop() else { return Ok(None) };
    if task.occasion != round_of(&feedback)? {
        return Ok(None);
    }
    let Task { id: task_id, attempts, .. } = *task;
    let department_id = feedback.department_id;
    Ok(Some(Event::FeedbackUnverified { feedback_id: feedback.id, task_id, attempts, department_id }))
}
