//! What the handler does, and what the customer says to it.

use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::case::resolution_notice;
use huiyin_domain::feedback::{Channel, Direction, Method};
use huiyin_domain::identity::Scope;
use huiyin_persistence::feedback::communications::{self, Communication};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored};
use uuid::Uuid;

use super::View;
use super::promises::{self, NewPromise};
use super::reopening::{open_again, settle};
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

/// What settles it, and how the customer is told.
#[derive(Debug)]
pub struct Resolution {
    pub solution: String,
    pub improvement: String,
    /// `None`: the customer is told later.
    pub told: Option<Told>,
}

/// How the customer is told of a resolution: as the channel suggests and in our words, unless said.
#[derive(Debug, Default)]
pub struct Told {
    pub method: Option<Method>,
    pub content: Option<String>,
    pub communicated_at: Option<DateTime<Utc>>,
}

/// Gives the solution, and what will be done so that it does not happen again. That the customer is shown both is
/// recorded with it, unless that is left for later.
pub async fn resolve(app: &App, command: &Command, id: Uuid, resolution: Resolution) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let mut step = ticket.resolve()?;
        if let (Some(told), Event::FeedbackResolved { communication_id, .. }) = (&resolution.told, &mut step.event) {
            let channel: Channel = stored(&row.channel)?;
            let notice = resolution_notice(&resolution.solution, &resolution.improvement);
            let word = Communication {
                id: new_id(command.now),
                feedback_id: id,
                method: told.method.unwrap_or(channel.method()).to_string(),
                direction: Direction::Outbound.to_string(),
                content: told.content.clone().unwrap_or(notice),
                communicated_at: told.communicated_at.unwrap_or(command.now),
                recorded_by: command.actor.user_id(),
                created_at: command.now,
                solution_shown: true,
                improvement_shown: true,
            };
            *communication_id = Some(communications::insert(tx, word).await?.id);
        }
        row.solution = Some(resolution.solution);
        row.improvement = Some(resolution.improvement);
        row.resolved_at = Some(command.now);
        promises::kept(tx, id).await?;
        Ok(step)
    })
    .await
}

/// The customer says that it is settled.
pub async fn confirm(app: &App, command: &Command, id: Uuid) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| settle(tx, command, ticket, row).await).await
}

/// The customer says that it is not. The times of the first round stay in its record; those shown are of this round.
pub async fn reopen(app: &App, command: &Command, id: Uuid, reason: String) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| open_again(tx, command, ticket, row, reason).await).await
}

/// A word with the customer.
#[derive(Debug)]
pub struct NewCommunication {
    pub method: Method,
    pub direction: Direction,
    pub content: String,
    /// When it was; now unless given.
    pub communicated_at: Option<DateTime<Utc>>,
    /// Whether the customer was told the solution, and what is done so that it does not happen again.
    pub solution_shown: bool,
    pub improvement_shown: bool,
}

/// Records a word with the customer.
pub async fn communicate(app: &App, command: &Command, id: Uuid, new: NewCommunication) -> Result<Communication> {
    transact(app, command, async |tx| {
        let row = pool::lock(tx, command.scope(), id).await?.ok_or(Code::FeedbackNotFound)?;
        if (new.solution_shown || new.improvement_shown) && row.resolved_at.is_none() {
            return Err(Code::NothingToShow.into());
        }
        let communication = Communication {
            id: new_id(command.now),
            feedback_id: id,
            method: new.method.to_string(),
            direction: new.direction.to_string(),
            content: new.content,
            communicated_at: new.communicated_at.unwrap_or(command.now),
            recorded_by: command.actor.user_id(),
            created_at: command.now,
            solution_shown: new.solution_shown,
            improvement_shown: new.improvement_shown,
        };
        let event = ticket(&row)?.communicate(communication.id, new.method)?;
        let communication = communications::insert(tx, communication).await?;
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(communication)
    })
    .await
}
