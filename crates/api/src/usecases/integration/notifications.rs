//! Who should know of what has happened: the first consumer of the outbox.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::TaskOrigin;
use huiyin_domain::identity::Scope;
use huiyin_domain::notice::Notice;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::feedback::pool::{self, Feedback};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events::{self, Recorded};
use huiyin_persistence::integration::notifications;
use uuid::Uuid;

use super::audience::{self, Audience, Who};
use crate::usecases::App;
use crate::usecases::support::Result;

const CONSUMER: &str = "notifications";
const BATCH: u64 = 500;

/// Turns the next events into notifications; answers how many events there were. The cursor moves in the same
/// transaction, so nobody is told twice, and nobody is forgotten.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let concerned = batch.iter().filter(|recorded| !wanted(&recorded.event).is_empty());
    let feedback = pool::of_ids(&tx, concerned.map(|recorded| recorded.event.subject().1).collect()).await?;
    let feedback = feedback.into_iter().map(|feedback| (feedback.id, feedback)).collect();
    let mut audience = Audience::new(&tx);
    let mut told = Vec::new();
    for recorded in batch.iter().filter(|recorded| Notice::of(recorded.event.kind()).is_some()) {
        told.push((recorded, recipients(&tx, recorded, &feedback, &mut audience).await?));
    }
    notifications::tell(&tx, &told).await?;
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
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

async fn recipients(
    tx: &Tx,
    recorded: &Recorded,
    feedback: &HashMap<Uuid, Feedback>,
    audience: &mut Audience<'_>,
) -> Result<Vec<Uuid>> {
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
        Event::AbsenceRecorded { deputy_id: Some(deputy), .. }
        | Event::AbsenceChanged { deputy_id: Some(deputy), .. } => {
            let told = users::active(tx, *deputy).await?.filter(|user| Some(user.id) != recorded.actor_id);
            return Ok(told.into_iter().map(|user| user.id).collect());
        }
        // One for all tasks of a sweep: `follow_up_task.created` is not told of those of a plan.
        Event::FollowUpPlanTasksGiven { assignee_id, .. } => {
            return Ok(users::active(tx, *assignee_id).await?.into_iter().map(|user| user.id).collect());
        }
        Event::FeedbackExplanationApproved { given_by, .. } | Event::FeedbackExplanationRejected { given_by, .. } => {
            let Some(giver) = given_by.filter(|giver| Some(*giver) != recorded.actor_id) else { return Ok(Vec::new()) };
            return Ok(users::active(tx, giver).await?.map(|user| user.id).into_iter().collect());
        }
        Event::FollowUpTaskCreated { origin, assignee_id: Some(assignee), .. } if *origin != TaskOrigin::Plan => {
            return but_not(audience.in_whose_hands(Some(*assignee), None).await?, recorded.actor_id);
        }
        // What a deputy is given by the clock is told in the morning.
        Event::FollowUpTaskAssigned { assignee_id: Some(assignee), .. } if recorded.actor_id.is_some() => {
            return but_not(audience.in_whose_hands(Some(*assignee), None).await?, recorded.actor_id);
        }
        Event::FollowUpTaskOverdue { assignee_id, department_id, .. } => {
            return audience.in_whose_hands(*assignee_id, *department_id).await;
        }
        Event::FollowUpTaskEscalated { department_id, level, .. } => {
            return audience.above(*department_id, *level).await;
        }
        Event::FollowUpDayBegun { user_id, .. } => return audience.in_whose_hands(Some(*user_id), None).await,
        Event::AlertRaised { owner_id, department_id, .. } => {
            let heads = audience::heads_of(tx, *department_id).await?;
            return told_of(tx, owner_id.iter().copied().chain(heads), recorded.actor_id).await;
        }
        Event::LeadCreated { owner_id, .. } => {
            return told_of(tx, owner_id.iter().copied(), recorded.actor_id).await;
        }
        Event::LeadUpdated { owner_id, fields, .. } if fields.iter().any(|field| field == "owner_id") => {
            return told_of(tx, owner_id.iter().copied(), recorded.actor_id).await;
        }
        Event::FeedbackUnverified { department_id, .. } => return audience::heads_of(tx, *department_id).await,
        Event::DemandNotice { customer_id, .. } => {
            let customer = profiles::find(tx, Scope::All, *customer_id).await?;
            let Some(owner) = customer.and_then(|customer| customer.owner_id) else { return Ok(Vec::new()) };
            return Ok(users::active(tx, owner).await?.into_iter().map(|user| user.id).collect());
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
    let Some(feedback) = feedback.get(&recorded.event.subject().1) else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    for who in wanted(&recorded.event) {
        for user in audience.of(feedback, *who).await? {
            // Nobody has to be told of what he did himself, or twice.
            if Some(user) != recorded.actor_id && !told.contains(&user) {
                told.push(user);
            }
        }
    }
    Ok(told)
}

/// Those of these people who are active, each once, but for whoever did it.
async fn told_of(tx: &Tx, people: impl Iterator<Item = Uuid>, actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    let mut told = Vec::new();
    for user in people {
        if Some(user) != actor && !told.contains(&user) && users::active(tx, user).await?.is_some() {
            told.push(user);
        }
    }
    Ok(told)
}

/// Nobody has to be told of what he did himself.
fn but_not(told: Vec<Uuid>, actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    Ok(told.into_iter().filter(|user| Some(*user) != actor).collect())
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
    let heads = audience::heads_of(tx, Some(department)).await?;
    told_of(tx, handler.into_iter().chain(heads), actor).await
}

/// Who is told of what happens to a feedback.
fn wanted(event: &Event) -> &'static [Who] {
    match event {
        Event::FeedbackAssigned { handler_id: Some(_), .. } | Event::FeedbackPromiseReminder { .. } => &[Who::Handler],
        Event::FeedbackAssigned { .. } => &[Who::Head],
        Event::FeedbackPartFinished { .. } | Event::FeedbackPartRejected { .. } => &[Who::Handler, Who::Head],
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
        _ => &[],
    }
}

/// Who decides on protected fields of a customer: head and managers of its department; administrators where there are
/// none.
async fn deciders(tx: &Tx, customer_id: Uuid, actor: Option<Uuid>) -> Result<Vec<Uuid>> {
    let customer = profiles::find(tx, Scope::All, customer_id).await?;
    let told = audience::deciders(tx, customer.and_then(|customer| customer.department_id)).await?;
    Ok(told.into_iter().map(|user| user.id).filter(|id| Some(*id) != actor).collect())
}
