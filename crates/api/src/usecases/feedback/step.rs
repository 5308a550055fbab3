//! What every transition of a feedback does: load and lock within scope, let the domain decide, store, move the
//! clocks, tell.

use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::{Awaiting, State, Step, Ticket, work_key};
use huiyin_persistence::customers::figures;
use huiyin_persistence::feedback::explanations;
use huiyin_persistence::feedback::parts as stored_parts;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::clocks::StoredClock;
use huiyin_persistence::support::stored;
use huiyin_persistence::{DbErr, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::aftermath;
use super::parts::{self, Moved};
use crate::usecases::App;
use crate::usecases::sla::book::{Book, Cause};
use crate::usecases::sla::clocks;
use crate::usecases::support::{Command, Result, transact};

/// A feedback with its clocks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    pub feedback: Feedback,
    pub clocks: Vec<StoredClock>,
}

/// The part of a stored feedback that the rules look at.
pub fn ticket(row: &Feedback) -> Result<Ticket, DbErr> {
    Ok(Ticket {
        id: row.id,
        state: stored::<State>(&row.state)?,
        awaiting: row.awaiting.as_deref().map(stored::<Awaiting>).transpose()?,
        department: row.department_id,
        handler: row.handler_id,
        deputy: row.deputy_id,
        first_handler: row.first_handler_id,
        promised_at: row.promised_at,
        reopened_times: row.reopened_times,
    })
}

/// Lays what the rules decided over the stored feedback.
pub fn lay_over(row: Feedback, ticket: &Ticket) -> Feedback {
    Feedback {
        state: ticket.state.to_string(),
        awaiting: ticket.awaiting.map(|awaiting| awaiting.to_string()),
        department_id: ticket.department,
        handler_id: ticket.handler,
        deputy_id: ticket.deputy,
        first_handler_id: ticket.first_handler,
        promised_at: ticket.promised_at,
        // The explanation of a promise that is void is owed by nobody any more.
        explanation_owed_since: row.explanation_owed_since.filter(|_| ticket.promised_at.is_some()),
        reopened_times: ticket.reopened_times,
        ..row
    }
}

/// Locks a feedback for a step of the whole. A department that merely collaborates sees it, and is told that it is not
/// its own.
pub async fn lock(tx: &Tx, command: &Command, id: Uuid) -> Result<Feedback> {
    match pool::lock(tx, command.scope(), id).await? {
        Some(row) => Ok(row),
        None if pool::find(tx, command.scope(), id).await?.is_some() => Err(Code::NotYours.into()),
        None => Err(Code::FeedbackNotFound.into()),
    }
}

/// Gives a feedback its place in the order of work; what is closed has none.
pub fn in_order(row: Feedback, of: &[StoredClock]) -> Result<Feedback, DbErr> {
    let open = stored::<State>(&row.state)? != State::Closed;
    let place = work_key(stored(&row.priority)?, clocks::next_due(of));
    Ok(Feedback { work_key: open.then_some(place), ..row })
}

/// One transition by request: `decide` asks the domain, and may write columns that go with it.
pub async fn take(
    app: &App,
    command: &Command,
    id: Uuid,
    decide: impl AsyncFnOnce(&Tx, Ticket, &mut Feedback) -> Result<Step>,
) -> Result<View> {
    transact(app, command, async |tx| {
        let row = lock(tx, command, id).await?;
        command.check_version(row.version)?;
        let mut changed = row.clone();
        let step = decide(tx, ticket(&row)?, &mut changed).await?;
        store(app, tx, command, changed, step, Vec::new()).await
    })
    .await
}

/// Stores a step: row, clocks, parts, events.
pub async fn store(
    app: &App,
    tx: &Tx,
    command: &Command,
    row: Feedback,
    step: Step,
    mut before: Vec<Event>,
) -> Result<View> {
    if row.explanation_owed_since.is_some() && step.ticket.promised_at.is_none() {
        explanations::supersede(tx, row.id, command.now).await?;
    }
    let version = row.version + 1;
    let row = Feedback { updated_at: command.now, version, ..lay_over(row, &step.ticket) };
    // The clocks first: what is due next says where it stands in the order of work.
    let cause = Cause { event: step.event.kind(), actor: command.actor.user_id() };
    let mut book = Book::load(app, tx, vec![row.id], cause, command.now).await?;
    book.apply(&row, &step.clocks).await?;
    let listed = match &step.event {
        Event::FeedbackAssigned { collaborators, .. } => Some(collaborators.as_slice()),
        _ => None,
    };
    let known = stored_parts::of_feedback(tx, row.id).await?;
    let moved = Moved { feedback: &row, ticket: &step.ticket, listed, before: known };
    let told = parts::follow(tx, &mut book, command, moved).await?;
    let clocks = book.finish().await?;
    let feedback = pool::update(tx, in_order(row, &clocks)?).await?;
    // Whatever else happens to it does not change what the customer's feedback adds up to.
    if matches!(step.event, Event::FeedbackClosed { .. } | Event::FeedbackReopened { .. }) || !before.is_empty() {
        follow_customer(tx, &feedback).await?;
    }
    before.push(step.event);
    before.extend(told);
    let more = aftermath::follow(tx, &feedback, &before, command.now).await?;
    before.extend(more);
    events::append(tx, command.actor.user_id(), command.now, &before).await?;
    Ok(View { feedback, clocks })
}

/// Counts the feedback of its customer anew.
pub async fn follow_customer(tx: &Tx, feedback: &Feedback) -> Result<()> {
    match feedback.customer_id {
        Some(customer) => Ok(figures::follow_feedback(tx, &[customer]).await?),
        None => Ok(()),
    }
}

/// A fault at a field.
pub fn missing(code: Code, pointer: &str) -> Fault {
    Fault::new(code).at(pointer.to_owned())
}
