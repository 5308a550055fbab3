//! What the handler does, and what the customer says to it.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::feedback::{Direction, Method};
use huiyin_domain::sla::ClockKind;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::feedback::communications::{self, Communication};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::sla::clocks;
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use super::View;
use super::parts::resolvable;
use super::step::{lock, take, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// How long before the promised time its giver is reminded.
const REMIND_BEFORE: TimeDelta = TimeDelta::minutes(30);

/// The key of the reminder of a promise: a new promise moves it.
pub fn promise_key(feedback: Uuid) -> String {
    format!("promise_reminder:{feedback}")
}

/// Takes the feedback over and promises when it will be resolved.
pub async fn accept(app: &App, command: &Command, id: Uuid, promised_at: DateTime<Utc>) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let bound = clocks::find_kind(tx, id, ClockKind::Resolve).await?.and_then(|clock| clock.due_at);
        let step = ticket.accept(command.actor.user_id(), promised_at, bound, command.now)?;
        row.accepted_at = Some(command.now);
        let due_at = (promised_at - REMIND_BEFORE).max(command.now);
        let payload = serde_json::json!({ "promised_at": promised_at });
        let reminder =
            NewTimer { kind: TimerKind::PromiseReminder, subject_id: id, unique_key: promise_key(id), due_at, payload };
        timers::set(tx, command.now, vec![reminder]).await?;
        Ok(step)
    })
    .await
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
        resolvable(tx, id).await?;
        row.solution = Some(solution);
        row.improvement = Some(improvement);
        row.resolved_at = Some(command.now);
        timers::cancel(tx, vec![promise_key(id)]).await?;
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
        let row = lock(tx, command, id).await?;
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
