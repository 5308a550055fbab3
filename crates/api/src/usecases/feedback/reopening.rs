//! The two ways on from a resolution: the customer agrees, or does not.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Step, Strategy, Ticket};
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::communications;
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::feedback::rounds::{self, Round};
use huiyin_persistence::identity::users;
use huiyin_persistence::support::from_json;

use super::place::{Wanted, deputy_of, place};
use super::route::told;
use crate::usecases::support::{Command, Result};

/// The customer says that it is settled. Whoever was not told what has been done cannot have said so.
pub async fn settle(tx: &Tx, command: &Command, ticket: Ticket, row: &mut Feedback) -> Result<Step> {
    let step = ticket.confirm()?;
    if let Some(resolved_at) = row.resolved_at
        && !communications::shown_since(tx, row.id, resolved_at).await?
    {
        return Err(Code::SolutionNotShown.into());
    }
    row.closed_at = Some(command.now);
    Ok(step)
}

/// The customer says that it is not. The round that has ended is kept: who handled it, and when.
pub async fn open_again(
    tx: &Tx,
    command: &Command,
    mut ticket: Ticket,
    row: &mut Feedback,
    reason: String,
) -> Result<Step> {
    if let Some(handler) = ticket.handler {
        ticket.deputy = deputy_of(tx, handler, command.now).await?;
    }
    let step = ticket.reopen(reason.clone())?;
    let ended = Round {
        feedback_id: row.id,
        round: step.ticket.reopened_times,
        department_id: row.department_id,
        handler_id: row.handler_id,
        accepted_at: row.accepted_at,
        promised_at: row.promised_at,
        resolved_at: row.resolved_at,
        closed_at: row.closed_at,
        solution: row.solution.clone(),
        improvement: row.improvement.clone(),
        reopened_at: command.now,
        reopened_by: command.actor.user_id(),
        reason,
    };
    rounds::insert(tx, ended).await?;
    row.closed_at = None;
    row.resolved_at = None;
    row.escalation_level = 0;
    row.escalated_at = None;
    Ok(step)
}

/// Gives a reopened feedback back to its department, and to whoever handled it, where that is still one of its people (in
/// place of one who is away, to whoever stands in); otherwise whoever there accepts it first has it.
pub async fn dispatch_again(
    tx: &Tx,
    row: &Feedback,
    mut reopened: Step,
    now: DateTime<Utc>,
) -> Result<(Step, Option<Event>)> {
    let Some(department) = reopened.ticket.department else { return Ok((reopened, None)) };
    let handler = match reopened.ticket.handler {
        Some(handler) => users::active(tx, handler).await?,
        None => None,
    };
    let handler = handler.filter(|user| user.department_id == Some(department)).map(|user| user.id);
    let placed = place(tx, Wanted { department, strategy: Strategy::Person, person: handler }, now).await?;
    let again = reopened.ticket.assign(department, placed.handler, from_json(&row.collaborators)?, None)?;
    let again = told(again, None, placed);
    reopened.clocks.extend(again.clocks);
    let step = Step { ticket: again.ticket, event: again.event, clocks: reopened.clocks };
    Ok((step, Some(reopened.event)))
}
