//! What the handler does, and what the customer says to it.

use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Direction, Method};
use huiyin_domain::identity::Scope;
use huiyin_persistence::feedback::communications::{self, Communication};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use super::View;
use super::promises::{self, NewPromise};
use super::step::{take, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Takes the feedback over and promises when it will be resolved.
pub async fn accept(app: &App, command: &Command, id: Uuid, promised_at: DateTime<Utc>) -> Result<View> {
    let to = promised_at.trunc_subsecs(6);
    let accepted = take(app, command, id, async |tx, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let (from, bound) = (ticket.promised_at, promises::bound(tx, id).await?);
        let step = ticket.accept(command.actor.user_id(), to, bound, command.now)?;
        row.accepted_at = Some(command.now);
        let new = NewPromise { from, to, bound, reason: None, explanation_id: None };
        promises::keep(tx, command, id, new).await?;
        Ok(step)
    });
    match accepted.await {
        Err(error) if error.is(Code::FeedbackNotFound) && taken(app, command, id).await? => {
            Err(Code::FeedbackTaken.into())
        }
        outcome => outcome,
    }
}

/// Whether somebody else of the caller's department has it: with his acceptance it left the scope of those for whom it
/// lay in the pool, and they are told so instead of that there is no such feedback.
async fn taken(app: &App, command: &Command, id: Uuid) -> Result<bool> {
    let Scope::Own { user, department: Some(department) } = command.scope() else { return Ok(false) };
    let found = pool::find(&app.db, Scope::Department { user, department }, id).await?;
    Ok(found.is_some_and(|feedback| feedback.handler_id.is_some()))
}

pub async fn start(app: &App, command: &Command, id: Uuid) -> Result<View> {
    take(app, command, id, async |_, ticket, _| {
        ticket.worked_on_by(&command.actor)?;
        Ok(ticket.start()?)
    })
    .await
}

/// The customer has to answer something first: the resolve clock stands still.
pub async fn await_customer(app: &App, command: &Command, id: Uuid) -> Result<View> {
    take(app, command, id, async |_, ticket, _| {
        ticket.worked_on_by(&command.actor)?;
        Ok(ticket.await_customer()?)
    })
    .await
}

/// The customer has answered.
pub async fn resume(app: &App, command: &Command, id: Uuid) -> Result<View> {
    take(app, command, id, async |_, ticket, _| {
        ticket.worked_on_by(&command.actor)?;
        Ok(ticket.resume()?)
    })
    .await
}

/// Gives the solution, and what will be done so that it does not happen again.
pub async fn resolve(app: &App, command: &Command, id: Uuid, solution: String, improvement: String) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let step = ticket.resolve()?;
        row.solution = Some(solution);
        row.improvement = Some(improvement);
        row.resolved_at = Some(command.now);
        promises::kept(tx, id).await?;
        Ok(step)
    })
    .await
}

/// The customer says that it is settled.
pub async fn confirm(app: &App, command: &Command, id: Uuid) -> Result<View> {
    take(app, command, id, async |_, ticket, row| {
        row.closed_at = Some(command.now);
        Ok(ticket.confirm()?)
    })
    .await
}

/// The customer says that it is not. The times of the first round stay in the history; those shown are of this round.
pub async fn reopen(app: &App, command: &Command, id: Uuid, reason: String) -> Result<View> {
    take(app, command, id, async |_, ticket, row| {
        row.closed_at = None;
        row.resolved_at = None;
        row.escalation_level = 0;
        row.escalated_at = None;
        Ok(ticket.reopen(reason)?)
    })
    .await
}

/// A word with the customer.
#[derive(Debug)]
pub struct NewCommunication {
    pub method: Method,
    pub direction: Direction,
    pub content: String,
    /// When it was; now unless given.
    pub communicated_at: Option<DateTime<Utc>>,
}

/// Records a word with the customer.
pub async fn communicate(app: &App, command: &Command, id: Uuid, new: NewCommunication) -> Result<Communication> {
    transact(app, command, async |tx| {
        let row = pool::lock(tx, command.scope(), id).await?.ok_or(Code::FeedbackNotFound)?;
        let communication = Communication {
            id: new_id(command.now),
            feedback_id: id,
            method: new.method.to_string(),
            direction: new.direction.to_string(),
            content: new.content,
            communicated_at: new.communicated_at.unwrap_or(command.now),
            recorded_by: command.actor.user_id(),
            created_at: command.now,
        };
        let event = ticket(&row)?.communicate(communication.id, new.method)?;
        let communication = communications::insert(tx, communication).await?;
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(communication)
    })
    .await
}
