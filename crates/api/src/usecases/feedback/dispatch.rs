//! Where a feedback goes: triage, assignment, and back.

use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Mood, Priority, State, Subtype};
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::feedback::routing;
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, stored, to_json};
use uuid::Uuid;

use super::View;
use super::classifier;
use super::step::{follow_customer, missing, store, take, ticket};
use crate::usecases::App;
use crate::usecases::sla::clocks;
use crate::usecases::support::{Command, Result, transact};

/// A person's word on what a feedback is. Deadlines follow the priority; one that waited for triage is dispatched.
/// What was changed is kept for the classifier to learn.
pub async fn triage(
    app: &App,
    command: &Command,
    id: Uuid,
    subtype: Subtype,
    priority: Priority,
    mood: Option<Mood>,
) -> Result<View> {
    transact(app, command, async |tx| {
        let row = pool::lock(tx, command.scope(), id).await?.ok_or(Code::FeedbackNotFound)?;
        command.check_version(row.version)?;
        if stored::<State>(&row.state)? == State::Closed {
            let fault = huiyin_domain::fault::Fault::new(Code::FeedbackState)
                .with("state", &row.state)
                .with("action", "triage");
            return Err(fault.into());
        }
        let event = Event::FeedbackTriaged {
            feedback_id: id,
            feedback_type: subtype.feedback_type(),
            subtype,
            priority,
            previous_subtype: stored(&row.subtype)?,
            previous_priority: stored(&row.priority)?,
            mood,
            previous_mood: mood.and(Some(stored(&row.mood)?)),
        };
        let before = row.clone();
        let changed = Feedback {
            kind: subtype.feedback_type().to_string(),
            subtype: subtype.to_string(),
            priority: priority.to_string(),
            mood: mood.map_or(row.mood, |mood| mood.to_string()),
            needs_review: false,
            classified_by: "person".to_owned(),
            confidence: 1.0,
            ..row
        };
        classifier::remember(app, tx, command, &before, &changed).await?;
        let waiting = stored::<State>(&changed.state)? == State::New;
        let rule = if waiting { routing::find(tx, subtype).await? } else { None };
        if let Some(rule) = rule {
            clocks::retarget(app, tx, &changed, command.now).await?;
            let step = ticket(&changed)?.assign(rule.department_id, None, from_json(&rule.collaborators)?, None)?;
            let changed = Feedback { collaborators: rule.collaborators, ..changed };
            return store(app, tx, command, changed, step, vec![event]).await;
        }
        let version = changed.version + 1;
        let feedback = pool::update(tx, Feedback { updated_at: command.now, version, ..changed }).await?;
        follow_customer(tx, &feedback).await?;
        let clocks = clocks::retarget(app, tx, &feedback, command.now).await?;
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(View { feedback, clocks })
    })
    .await
}

/// Where a feedback is to go.
#[derive(Debug)]
pub struct Assignment {
    pub department_id: Uuid,
    pub handler_id: Option<Uuid>,
    pub collaborators: Vec<Uuid>,
    pub reason: Option<String>,
}

/// Gives it to a department, and perhaps to one person there.
pub async fn assign(app: &App, command: &Command, id: Uuid, to: Assignment) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| {
        check(tx, &to).await?;
        row.collaborators = to_json(&to.collaborators)?;
        // Somebody has looked at it and said where it belongs.
        row.needs_review = false;
        Ok(ticket.assign(to.department_id, to.handler_id, to.collaborators, to.reason)?)
    })
    .await
}

async fn check(tx: &Tx, to: &Assignment) -> Result<()> {
    if departments::find(tx, to.department_id).await?.is_none() {
        return Err(missing(Code::DepartmentNotFound, "/department_id").into());
    }
    if departments::count_existing(tx, &to.collaborators).await? < to.collaborators.len() {
        return Err(missing(Code::DepartmentNotFound, "/collaborators").into());
    }
    let Some(handler) = to.handler_id else { return Ok(()) };
    let user = users::active(tx, handler).await?.ok_or_else(|| missing(Code::UserNotFound, "/handler_id"))?;
    if user.department_id != Some(to.department_id) {
        return Err(missing(Code::HandlerOutsideDepartment, "/handler_id").into());
    }
    Ok(())
}

/// The department says that it is not its own: back to dispatch.
pub async fn reject(app: &App, command: &Command, id: Uuid, reason: String) -> Result<View> {
    take(app, command, id, async |_, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        row.collaborators = serde_json::json!([]);
        Ok(ticket.reject(reason)?)
    })
    .await
}
