//! Who should know of what has happened: the first consumer of the outbox.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{Role, Scope};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::entity::notifications::Model as Notification;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::identity::{departments, users};
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

/// Who a feedback concerns.
#[derive(PartialEq, Eq)]
enum Who {
    Handler,
    Head,
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
        _ => {}
    }
    if let Some(owner) = owner_of_todo(&recorded.event) {
        // Nobody has to be told of what he gave himself.
        let told = users::active(tx, owner).await?.filter(|user| Some(user.id) != recorded.actor_id);
        return Ok(told.into_iter().map(|user| user.id).collect());
    }
    if let Some(part) = of_part(&recorded.event) {
        return part_people(tx, part, recorded.actor_id).await;
    }
    let wanted: &[Who] = match &recorded.event {
        Event::FeedbackAssigned { handler_id: Some(_), .. } | Event::FeedbackPromiseReminder { .. } => &[Who::Handler],
        Event::FeedbackAssigned { .. } => &[Who::Head],
        Event::FeedbackSlaWarning { .. } | Event::FeedbackSlaBreached { .. } | Event::FeedbackReopened { .. } => {
            &[Who::Handler, Who::Head]
        }
        Event::FeedbackPartFinished { .. } | Event::FeedbackPartRejected { .. } => &[Who::Handler, Who::Head],
        Event::FeedbackEscalated { .. } => &[Who::Head],
        Event::FeedbackRejected { .. } | Event::FeedbackResolved { .. } | Event::FeedbackClosed { .. } => {
            &[Who::Reporter]
        }
        _ => return Ok(Vec::new()),
    };
    let Some(feedback) = pool::find(tx, Scope::All, recorded.event.subject().1).await? else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    if feedback.department_id.is_none() && wanted.contains(&Who::Head) {
        // Nobody has it yet, so nobody of a department can be told: those who decide where it goes are.
        let directors = users::active_of_role(tx, Role::Director, DIRECTORS).await?;
        told.extend(directors.into_iter().map(|user| user.id).filter(|id| Some(*id) != recorded.actor_id));
    }
    for who in wanted {
        let user = match who {
            Who::Handler => feedback.handler_id,
            Who::Reporter => feedback.reporter_id,
            Who::Head => match feedback.department_id {
                Some(department) => {
                    departments::find(tx, department).await?.and_then(|department| department.head_user_id)
                }
                None => None,
            },
        };
        // Nobody has to be told of what he did himself.
        let Some(user) = user.filter(|user| Some(*user) != recorded.actor_id && !told.contains(user)) else { continue };
        if users::active(tx, user).await?.is_some() {
            told.push(user);
        }
    }
    Ok(told)
}

/// The department that is told of its part, and who there has it.
fn of_part(event: &Event) -> Option<(Uuid, Option<Uuid>)> {
    match event {
        Event::FeedbackPartAdded { department_id, handler_id, .. }
        | Event::FeedbackPartCancelled { department_id, handler_id, .. }
        | Event::FeedbackPartReminded { department_id, handler_id, .. }
        | Event::FeedbackPartOverdue { department_id, handler_id, .. } => Some((*department_id, *handler_id)),
        _ => None,
    }
}

/// Who has the part, and the head of the department.
async fn part_people(tx: &Tx, part: (Uuid, Option<Uuid>), actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    let (department, handler) = part;
    let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
    let mut told = Vec::new();
    for user in handler.into_iter().chain(head) {
        if Some(user) != actor && !told.contains(&user) && users::active(tx, user).await?.is_some() {
            told.push(user);
        }
    }
    Ok(told)
}

/// People who are told of one change request at most.
const DECIDERS: u64 = 20;

/// Who decides on protected fields of a customer: head and managers of its department; administrators where there are
/// none.
async fn deciders(tx: &Tx, customer_id: Uuid, actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    let customer = profiles::find(tx, Scope::All, customer_id).await?;
    let mut told = Vec::new();
    if let Some(department) = customer.and_then(|customer| customer.department_id) {
        told = users::active_managers(tx, department, DECIDERS).await?;
        let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
        if let Some(head) = head.filter(|head| told.iter().all(|user| user.id != *head)) {
            told.extend(users::active(tx, head).await?);
        }
    }
    if told.is_empty() {
        told = users::active_of_role(tx, Role::Admin, DECIDERS).await?;
    }
    Ok(told.into_iter().map(|user| user.id).filter(|id| Some(*id) != actor).collect())
}

/// Marks one of one's own notifications as read.
pub async fn mark_read(app: &App, command: &Command, id: Uuid) -> Result<Notification> {
    transact(app, command, async |tx| {
        let read = notifications::mark_read(tx, command.actor.id, id, command.now).await?;
        read.ok_or_else(|| Code::NotificationNotFound.into())
    })
    .await
}
