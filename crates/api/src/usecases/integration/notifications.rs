//! Who should know of what has happened: the first consumer of the outbox.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{Role, Scope};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::entity::notifications::Model as Notification;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::identity::users::{self, User};
use huiyin_persistence::identity::departments;
use huiyin_persistence::integration::events::{self, Recorded};
use huiyin_persistence::integration::notifications;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

const CONSUMER: &str = "notifications";
const BATCH: u64 = 500;

/// Turns the next events into notifications; answers how many events there were. The cursor moves in the same
/// transaction, so nobody is told twice, and nobody is forgotten.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    for recorded in &batch {
        let told = recipients(&tx, recorded).await?;
        notifications::tell(&tx, &told, recorded).await?;
    }
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

/// Directors that are told of one feedback at most.
const DIRECTORS: u64 = 20;
/// People of a department that are told of what lies in its pool at most.
const POOL: u64 = 50;

/// Who a feedback concerns.
#[derive(PartialEq, Eq)]
enum Who {
    Handler,
    Head,
    /// Head and managers of the department; administrators where there are none.
    Deciders,
    /// Everybody in the department, as long as nobody there has taken it.
    Pool,
    /// Who stands above the department; administrators where nobody does.
    Director,
    Reporter,
}

/// Whose it is that something is to be done.
fn owner_of_todo(event: &Event) -> Option<Uuid> {
    match event {
        Event::TodoCreated { owner_id, .. }
        | Event::TodoReminded { owner_id, .. }
        | Event::TodoOverdue { owner_id, .. }
        | Event::StocktakeReminded { owner_id, .. } => Some(*owner_id),
        Event::TodoUpdated { owner_id, fields, .. } if fields.iter().any(|field| field == "owner_id") => {
            Some(*owner_id)
        }
        _ => None,
    }
}

async fn recipients(tx: &Tx, recorded: &Recorded) -> Result<Vec<Uuid>> {
    match &recorded.event {
        Event::ChangeRequestCreated { customer_id, .. } | Event::ChangeRequestOverdue { customer_id, .. } => {
            return deciders(tx, *customer_id, recorded.actor_id).await;
        }
        Event::ChangeRequestApproved { requested_by, .. }
        | Event::ChangeRequestRejected { requested_by, .. }
        | Event::ChangeRequestSuperseded { requested_by, .. } => {
            let requester = users::active(tx, *requested_by).await?;
            return Ok(requester.map(|user| user.id).filter(|id| Some(*id) != recorded.actor_id).into_iter().collect());
        }
        Event::FeedbackExplanationApproved { given_by, .. } | Event::FeedbackExplanationRejected { given_by, .. } => {
            let Some(giver) = given_by.filter(|giver| Some(*giver) != recorded.actor_id) else { return Ok(Vec::new()) };
            return Ok(users::active(tx, giver).await?.map(|user| user.id).into_iter().collect());
        }
        _ => {}
    }
    if let Some(owner) = owner_of_todo(&recorded.event) {
        // Nobody has to be told of what he gave himself.
        let told = users::active(tx, owner).await?.filter(|user| Some(user.id) != recorded.actor_id);
        return Ok(told.into_iter().map(|user| user.id).collect());
    }
    let wanted: &[Who] = match &recorded.event {
        Event::FeedbackAssigned { handler_id: Some(_), .. } | Event::FeedbackPromiseReminder { .. } => &[Who::Handler],
        Event::FeedbackAssigned { .. } => &[Who::Head],
        Event::FeedbackSlaWarning { .. } | Event::FeedbackExplanationOwed { .. } | Event::FeedbackReopened { .. } => {
            &[Who::Handler, Who::Head]
        }
        Event::FeedbackSlaBreached { .. } => &[Who::Handler, Who::Pool, Who::Head],
        Event::FeedbackEscalated { level: 1, .. } => &[Who::Head],
        Event::FeedbackEscalated { .. } => &[Who::Director],
        Event::FeedbackDelayExplained { .. } => &[Who::Deciders],
        Event::FeedbackPromiseRevised { .. } => &[Who::Head, Who::Reporter],
        Event::FeedbackRejected { .. } | Event::FeedbackResolved { .. } | Event::FeedbackClosed { .. } => {
            &[Who::Reporter]
        }
        _ => return Ok(Vec::new()),
    };
    let Some(feedback) = pool::find(tx, Scope::All, recorded.event.subject().1).await? else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    for who in wanted {
        for user in people(tx, &feedback, who).await? {
            // Nobody has to be told of what he did himself, or twice.
            if Some(user) != recorded.actor_id && !told.contains(&user) {
                told.push(user);
            }
        }
    }
    Ok(told)
}

/// Those of them who are active.
async fn people(tx: &Tx, feedback: &Feedback, who: &Who) -> Result<Vec<Uuid>> {
    let department = match (who, feedback.department_id) {
        (Who::Head | Who::Director, Some(department)) => departments::find(tx, department).await?,
        _ => None,
    };
    let found = match (who, feedback.department_id) {
        (Who::Handler, _) => active(tx, feedback.handler_id).await?,
        (Who::Reporter, _) => active(tx, feedback.reporter_id).await?,
        (Who::Head, Some(_)) => active(tx, department.and_then(|department| department.head_user_id)).await?,
        // Nobody has it yet, so nobody of a department can be told: those who decide where it goes are.
        (Who::Head, None) => users::active_of_role(tx, Role::Director, DIRECTORS).await?,
        (Who::Deciders, department) => heads(tx, department).await?,
        (Who::Pool, Some(department)) if feedback.handler_id.is_none() => {
            users::active_of_department(tx, department, POOL).await?
        }
        (Who::Pool, _) => Vec::new(),
        (Who::Director, _) => {
            let director = active(tx, department.and_then(|department| department.director_user_id)).await?;
            match director.is_empty() {
                true => users::active_of_role(tx, Role::Admin, DIRECTORS).await?,
                false => director,
            }
        }
    };
    Ok(found.into_iter().map(|user| user.id).collect())
}

async fn active(tx: &Tx, user: Option<Uuid>) -> Result<Vec<User>> {
    match user {
        Some(user) => Ok(users::active(tx, user).await?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

/// People who are told of one change request at most.
const DECIDERS: u64 = 20;

/// Who decides on protected fields of a customer: head and managers of its department; administrators where there are
/// none.
async fn deciders(tx: &Tx, customer_id: Uuid, actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    let customer = profiles::find(tx, Scope::All, customer_id).await?;
    let told = heads(tx, customer.and_then(|customer| customer.department_id)).await?;
    Ok(told.into_iter().map(|user| user.id).filter(|id| Some(*id) != actor).collect())
}

/// Head and managers of a department; administrators where there are none.
async fn heads(tx: &Tx, department: Option<Uuid>) -> Result<Vec<User>> {
    let mut told = Vec::new();
    if let Some(department) = department {
        told = users::active_managers(tx, department, DECIDERS).await?;
        let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
        if let Some(head) = head.filter(|head| told.iter().all(|user| user.id != *head)) {
            told.extend(users::active(tx, head).await?);
        }
    }
    if told.is_empty() {
        told = users::active_of_role(tx, Role::Admin, DECIDERS).await?;
    }
    Ok(told)
}

/// Marks one of one's own notifications as read.
pub async fn mark_read(app: &App, command: &Command, id: Uuid) -> Result<Notification> {
    transact(app, command, async |tx| {
        let read = notifications::mark_read(tx, command.actor.id, id, command.now).await?;
        read.ok_or_else(|| Code::NotificationNotFound.into())
    })
    .await
}
