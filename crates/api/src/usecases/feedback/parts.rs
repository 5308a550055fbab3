//! What each department does for a feedback, on a clock of its own: the lead's part follows the feedback, collaborators
//! take, do and send back theirs.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::parts::{Begun, check_resolvable};
use huiyin_domain::feedback::{ClockMove, Part, PartRole, PartState, Ticket, parts as rules};
use huiyin_domain::identity::Scope;
use huiyin_domain::sla::{ClockKind, ClockState};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::feedback::parts::{self, Part as StoredPart};
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use huiyin_persistence::{DbErr, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::place::check;
use super::step::ticket;
use crate::usecases::App;
use crate::usecases::sla::book::{Book, Cause};
use crate::usecases::sla::policies;
use crate::usecases::support::{Command, Result, transact};

/// A part with its clock; without one where no policy was in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartView {
    pub part: StoredPart,
    pub clock: Option<StoredClock>,
}

/// What of a stored part the rules look at.
fn part_of(row: &StoredPart) -> Result<Part, DbErr> {
    Ok(Part {
        id: row.id,
        department: row.department_id,
        role: stored(&row.role)?,
        handler: row.handler_id,
        state: stored(&row.state)?,
        round: row.round,
    })
}

fn laid_over(row: StoredPart, part: &Part, now: DateTime<Utc>) -> StoredPart {
    let accepted = part.state == PartState::Accepted && row.accepted_at.is_none();
    StoredPart {
        handler_id: part.handler,
        state: part.state.to_string(),
        accepted_at: if accepted { Some(now) } else { row.accepted_at },
        ended_at: (!part.state.is_open()).then_some(now),
        updated_at: now,
        version: row.version + 1,
        ..row
    }
}

/// A step of a feedback that its parts follow.
pub struct Moved<'a> {
    pub feedback: &'a Feedback,
    pub ticket: &'a Ticket,
    /// The collaborators, where it was dispatched by this step.
    pub listed: Option<&'a [Uuid]>,
    /// Its parts before.
    pub before: Vec<StoredPart>,
}

/// Lets the parts of a feedback, and their clocks, follow its step; what collaborators have to be told of.
pub async fn follow(tx: &Tx, book: &mut Book<'_>, command: &Command, moved: Moved<'_>) -> Result<Vec<Event>> {
    let Moved { feedback, ticket, listed, before } = moved;
    let known = before.iter().map(part_of).collect::<Result<Vec<_>, _>>()?;
    let followed = rules::follow(&known, ticket, listed);
    let waits = ticket.stretch().is_some_and(|stretch| stretch.waits);
    let change = if waits { ClockMove::Pause } else { ClockMove::Resume };
    let mut told = Vec::new();
    for (row, part) in before.into_iter().zip(known).filter(|(_, part)| part.state.is_open()) {
        if let Some((_, state)) = followed.ended.iter().find(|(id, _)| *id == part.id) {
            let part = Part { state: *state, ..part };
            book.act_on_part(feedback, part.id, ClockMove::Stop).await?;
            parts::update(tx, laid_over(row, &part, command.now)).await?;
            if part.role == PartRole::Collaborator {
                told.push(cancelled(feedback.id, &part));
            }
            continue;
        }
        book.act_on_part(feedback, part.id, change).await?;
        if let Some(part) = followed.changed.iter().find(|now| now.id == part.id) {
            parts::update(tx, laid_over(row, part, command.now)).await?;
        }
    }
    let begun = followed.begun.iter().map(|begun| row_of(feedback, begun, command)).collect::<Vec<_>>();
    parts::insert(tx, begun.clone()).await?;
    for row in begun {
        begin_clock(book, feedback, row.id, waits, command.now).await?;
        if row.role == PartRole::Collaborator.as_str() {
            told.push(added(&row));
        }
    }
    Ok(told)
}

async fn begin_clock(
    book: &mut Book<'_>,
    feedback: &Feedback,
    part: Uuid,
    waits: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(policy) = book.policy(feedback).await? else { return Ok(()) };
    book.begin(&policy, feedback, ClockKind::Department, Some(part), now)?;
    if waits { book.act_on_part(feedback, part, ClockMove::Pause).await } else { Ok(()) }
}

fn row_of(feedback: &Feedback, begun: &Begun, command: &Command) -> StoredPart {
    let now = command.now;
    StoredPart {
        id: new_id(now),
        feedback_id: feedback.id,
        department_id: begun.department,
        role: begun.role.to_string(),
        handler_id: begun.handler,
        task: None,
        state: begun.state.to_string(),
        round: feedback.reopened_times,
        note: None,
        added_by: command.actor.user_id(),
        started_at: now,
        accepted_at: (begun.state == PartState::Accepted).then_some(now),
        ended_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

fn added(row: &StoredPart) -> Event {
    let StoredPart { feedback_id, id, department_id, handler_id, .. } = *row;
    Event::FeedbackPartAdded { feedback_id, part_id: id, department_id, handler_id }
}

fn cancelled(feedback_id: Uuid, part: &Part) -> Event {
    let Part { id, department, handler, .. } = *part;
    Event::FeedbackPartCancelled { feedback_id, part_id: id, department_id: department, handler_id: handler }
}

/// A feedback is not resolved while a collaborator works on it, unless the lead has cancelled that part.
pub async fn resolvable(tx: &Tx, feedback: Uuid) -> Result<()> {
    let parts = parts::of_feedback(tx, feedback).await?;
    let parts = parts.iter().map(part_of).collect::<Result<Vec<_>, _>>()?;
    Ok(check_resolvable(&parts)?)
}

/// What is asked of another department.
#[derive(Debug)]
pub struct NewPart {
    pub department_id: Uuid,
    pub handler_id: Option<Uuid>,
    pub task: Option<String>,
}

/// The lead asks another department for its part.
pub async fn add(app: &App, command: &Command, id: Uuid, new: NewPart) -> Result<PartView> {
    transact(app, command, async |tx| {
        let row = pool::lock_reachable(tx, command.scope(), id).await?.ok_or(Code::FeedbackNotFound)?;
        let ticket = ticket(&row)?;
        ticket.worked_on_by(&command.actor)?;
        command.check_version(row.version)?;
        let stretch = ticket.takes_parts()?;
        check(tx, Some(new.department_id), &[], new.handler_id).await?;
        let busy = |part: &StoredPart| part.department_id == new.department_id && part.ended_at.is_none();
        if stretch.department == new.department_id || parts::of_feedback(tx, id).await?.iter().any(busy) {
            return Err(Fault::new(Code::PartExists).at("/department_id").into());
        }
        let (role, state) = (PartRole::Collaborator, PartState::Open);
        let begun = Begun { department: new.department_id, role, handler: new.handler_id, state };
        let part = StoredPart { task: new.task, ..row_of(&row, &begun, command) };
        parts::insert(tx, vec![part.clone()]).await?;
        let feedback = list_anew(tx, row, command.now, |listed| listed.push(new.department_id)).await?;
        let cause = Cause { event: "feedback.part_added", actor: command.actor.user_id() };
        let mut book = Book::new(app, tx, cause, command.now);
        begin_clock(&mut book, &feedback, part.id, stretch.waits, command.now).await?;
        book.finish().await?;
        events::append(tx, command.actor.user_id(), command.now, &[added(&part)]).await?;
        view(tx, part).await
    })
    .await
}

/// The list of collaborators that is shown follows their parts.
async fn list_anew(
    tx: &Tx,
    row: Feedback,
    now: DateTime<Utc>,
    change: impl FnOnce(&mut Vec<Uuid>),
) -> Result<Feedback, DbErr> {
    let mut listed: Vec<Uuid> = from_json(&row.collaborators)?;
    change(&mut listed);
    listed.sort_unstable();
    listed.dedup();
    let version = row.version + 1;
    pool::update(tx, Feedback { collaborators: to_json(&listed)?, updated_at: now, version, ..row }).await
}

async fn view(tx: &Tx, part: StoredPart) -> Result<PartView> {
    let clocks = clocks::all_of(tx, vec![part.feedback_id]).await?;
    let clock = clocks.into_iter().find(|clock| clock.part_id == Some(part.id));
    Ok(PartView { part, clock })
}

/// What somebody does to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Accept,
    Finish,
    Reject,
    /// By the lead; the others by the collaborator.
    Cancel,
}

/// Takes, ends or cancels the part of a collaborator.
pub async fn act(
    app: &App,
    command: &Command,
    id: Uuid,
    part_id: Uuid,
    action: Action,
    note: Option<String>,
) -> Result<PartView> {
    transact(app, command, async |tx| {
        let feedback = pool::lock_reachable(tx, command.scope(), id).await?.ok_or(Code::FeedbackNotFound)?;
        let row = parts::find(tx, part_id).await?.filter(|row| row.feedback_id == id).ok_or(Code::PartNotFound)?;
        let part = part_of(&row)?;
        match action {
            Action::Cancel => ticket(&feedback)?.worked_on_by(&command.actor)?,
            _ => part.worked_on_by(&command.actor)?,
        }
        command.check_version(row.version)?;
        let part = match action {
            Action::Accept => part.accept(command.actor.user_id())?,
            Action::Finish => part.finish()?,
            Action::Reject => part.reject()?,
            Action::Cancel => part.cancel()?,
        };
        let event = told_of(action, id, &part);
        let now = command.now;
        if !part.state.is_open() {
            let cause = Cause { event: event.kind(), actor: command.actor.user_id() };
            let mut book = Book::load(app, tx, vec![id], cause, now).await?;
            book.act_on_part(&feedback, part_id, ClockMove::Stop).await?;
            book.finish().await?;
        }
        if matches!(action, Action::Reject | Action::Cancel) {
            list_anew(tx, feedback, now, |listed| listed.retain(|one| *one != part.department)).await?;
        }
        let row = StoredPart { note: note.or(row.note.clone()), ..laid_over(row, &part, now) };
        let row = parts::update(tx, row).await?;
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        view(tx, row).await
    })
    .await
}

fn told_of(action: Action, feedback_id: Uuid, part: &Part) -> Event {
    let (part_id, department_id, handler_id) = (part.id, part.department, part.handler);
    match action {
        Action::Accept => Event::FeedbackPartAccepted { feedback_id, part_id, department_id, handler_id },
        Action::Finish => Event::FeedbackPartFinished { feedback_id, part_id, department_id },
        Action::Reject => Event::FeedbackPartRejected { feedback_id, part_id, department_id },
        Action::Cancel => cancelled(feedback_id, part),
    }
}

/// Tells the department whose time runs out, or has passed, where the policy gives it one and is not switched off.
pub async fn fire(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    // The feedback first, as every transition does; then the timer.
    let Some(feedback) = pool::lock(&tx, Scope::All, timer.subject_id).await? else { return Ok(()) };
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let clock_id: Uuid = from_json(&timer.payload["clock_id"])?;
    let clock = clocks::find(&tx, clock_id).await?.filter(|clock| clock.state == ClockState::Running.as_str());
    let happened = match clock {
        Some(clock) => late(app, &tx, timer.kind, &feedback, clock, now).await?,
        None => None,
    };
    events::append(&tx, None, now, happened.as_slice()).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

async fn late(
    app: &App,
    tx: &Tx,
    kind: TimerKind,
    feedback: &Feedback,
    clock: StoredClock,
    now: DateTime<Utc>,
) -> Result<Option<Event>> {
    let Some(policy_id) = feedback.policy_id else { return Ok(None) };
    let speaks = policies::by_id(app, tx, policy_id).await?.is_some_and(|policy| policy.enabled);
    // A deadline may have moved after the timer was claimed; then a new timer stands in its place.
    let (Some(part_id), Some(due_at)) = (clock.part_id, clock.due_at.filter(|_| speaks)) else { return Ok(None) };
    let Some(part) = parts::find(tx, part_id).await? else { return Ok(None) };
    let (feedback_id, department_id, handler_id) = (feedback.id, part.department_id, part.handler_id);
    match kind {
        TimerKind::PartReminder => {
            Ok(Some(Event::FeedbackPartReminded { feedback_id, part_id, department_id, handler_id, due_at }))
        }
        TimerKind::PartOverdue if clock.breached_at.is_none() && due_at <= now => {
            clocks::update(tx, StoredClock { breached_at: Some(now), ..clock }).await?;
            Ok(Some(Event::FeedbackPartOverdue { feedback_id, part_id, department_id, handler_id, due_at }))
        }
        _ => Ok(None),
    }
}
