//! Where a feedback goes: triage, assignment, and back.

use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Mood, Priority, Rejection, State, Step, Strategy, Subtype};
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, stored, to_json};
use serde_json::json;
use uuid::Uuid;

use super::View;
use super::classifier;
use super::place::{Wanted, check, place};
use super::route::{route, told};
use super::step::{follow_customer, in_order, lock, store, take};
use crate::usecases::App;
use crate::usecases::sla::recompute;
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
        let row = lock(tx, command, id).await?;
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
        let mut changed = Feedback {
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
        // What is new, and what was sent back, goes where the rules say; everything else stays where it is.
        let waiting = matches!(stored::<State>(&changed.state)?, State::New | State::Rejected);
        let step = if waiting { route(app, tx, &mut changed, command.now).await? } else { None };
        let clocks = recompute::retarget(app, tx, command, &changed).await?;
        if let Some(step) = step {
            return store(app, tx, command, changed, step, vec![event]).await;
        }
        let changed = in_order(changed, &clocks)?;
        let version = changed.version + 1;
        let feedback = pool::update(tx, Feedback { updated_at: command.now, version, ..changed }).await?;
        follow_customer(tx, &feedback).await?;
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(View { feedback, clocks })
    })
    .await
}

/// Where a feedback is to go.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub department_id: Uuid,
    pub handler_id: Option<Uuid>,
    /// How somebody is found where nobody is named; the department's pool unless given.
    pub strategy: Option<Strategy>,
    pub collaborators: Vec<Uuid>,
    pub reason: Option<String>,
}

/// Gives it to a department, and perhaps to one person there: by name, or by turn. Who is away is given nothing: whoever
/// stands in is, else whoever is next.
pub async fn assign(app: &App, command: &Command, id: Uuid, to: Assignment) -> Result<View> {
    take(app, command, id, async |tx, ticket, row| {
        check_assignment(tx, &to).await?;
        let strategy = to.handler_id.map_or(to.strategy.unwrap_or(Strategy::Pool), |_| Strategy::Person);
        // Asked before a turn is taken: a state that does not allow it must not cost anybody a turn.
        let step = ticket.assign(to.department_id, to.handler_id, to.collaborators.clone(), to.reason)?;
        let wanted = Wanted { department: to.department_id, strategy, person: to.handler_id };
        let placed = place(tx, wanted, command.now).await?;
        row.collaborators = to_json(&to.collaborators)?;
        row.proposed_departments = json!([]);
        // Somebody has looked at it and said where it belongs.
        row.needs_review = false;
        Ok(told(in_hands_of(step, placed.handler), None, placed))
    })
    .await
}

/// The step, with the handler who was found.
fn in_hands_of(mut step: Step, handler: Option<Uuid>) -> Step {
    step.ticket.handler = handler;
    if let Event::FeedbackAssigned { handler_id, .. } = &mut step.event {
        *handler_id = handler;
    }
    step
}

/// What an assignment names is there.
pub async fn check_assignment(db: &impl ConnectionTrait, to: &Assignment) -> Result<()> {
    check(db, Some(to.department_id), &to.collaborators, to.handler_id).await
}

/// The department says that it is not its own: back to dispatch, where no rule sends it there again.
pub async fn reject(app: &App, command: &Command, id: Uuid, reason: String) -> Result<View> {
    take(app, command, id, async |_, ticket, row| {
        ticket.worked_on_by(&command.actor)?;
        let mut rejections: Vec<Rejection> = from_json(&row.rejections)?;
        rejections.push(Rejection {
            department_id: row.department_id,
            rejected_by: command.actor.user_id(),
            reason: reason.clone(),
            rejected_at: command.now,
        });
        row.rejections = to_json(&rejections)?;
        row.collaborators = json!([]);
        Ok(ticket.reject(reason)?)
    })
    .await
}
