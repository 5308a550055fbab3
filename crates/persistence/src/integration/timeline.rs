//! What happened around each customer (时间线): written with the events, read in pages by one index.

use std::collections::HashMap;

use huiyin_domain::event::Subject;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, QueryTrait};
use serde::Serialize;

pub use crate::entity::timeline_entries::Model as Entry;
use crate::entity::{events, feedback, timeline_entries};
use crate::support::{Page, PageRequest, page_by_id};

/// An event, and the customer in whose timeline it stands.
#[derive(Debug, Serialize)]
pub(super) struct Concern {
    pub id: Uuid,
    pub customer_id: Uuid,
}

impl Concern {
    pub fn entry(&self, event: events::Model) -> Entry {
        let events::Model { id, kind, subject, subject_id, data, actor_id, occurred_at, .. } = event;
        Entry { id, customer_id: self.customer_id, kind, subject, subject_id, data, actor_id, occurred_at }
    }
}

/// The events that concern a customer: what happens to a customer, whatever names one as `customer_id`, and what happens
/// to the feedback of one. One statement to look up whose a feedback is, where the event does not say.
pub(super) async fn concerns_of(db: &impl ConnectionTrait, events: &[&events::Model]) -> Result<Vec<Concern>, DbErr> {
    let feedback = || events.iter().filter(|event| event.subject == Subject::Feedback.as_str());
    // The first event of a feedback says whose it is, or that it is nobody's; those beside it need not ask.
    let told: HashMap<Uuid, Option<Uuid>> = feedback()
        .filter(|event| event.data["data"].get("customer_id").is_some())
        .map(|event| (event.subject_id, named(event)))
        .collect();
    let silent = feedback().map(|event| event.subject_id).filter(|id| !told.contains_key(id)).collect();
    let mut owners = owners_of_feedback(db, silent).await?;
    owners.extend(told.into_iter().filter_map(|(id, owner)| Some((id, owner?))));
    let concerns = events.iter().filter_map(|event| {
        let customer_id = named(event).or_else(|| owners.get(&event.subject_id).copied())?;
        Some(Concern { id: event.id, customer_id })
    });
    Ok(concerns.collect())
}

/// The customer whom an event names.
fn named(event: &events::Model) -> Option<Uuid> {
    if event.subject == Subject::Customer.as_str() {
        return Some(event.subject_id);
    }
    event.data["data"]["customer_id"].as_str().and_then(|text| Uuid::try_parse(text).ok())
}

async fn owners_of_feedback(db: &impl ConnectionTrait, mut ids: Vec<Uuid>) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid)> = feedback::Entity::find()
        .select_only()
        .columns([feedback::Column::Id, feedback::Column::CustomerId])
        .filter(feedback::Column::Id.is_in(ids))
        .filter(feedback::Column::CustomerId.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The timeline of a customer, newest first, perhaps only what is about one sort of thing, or of one kind of event. The
/// caller has found the customer within its scope.
pub async fn list(
    db: &impl ConnectionTrait,
    customer: Uuid,
    subject: Option<&str>,
    kind: Option<&str>,
    page: PageRequest,
) -> Result<Page<Entry>, DbErr> {
    use timeline_entries::Column as C;
    // A kind begins with its subject, by which the index goes.
    let subject = subject.or_else(|| kind.and_then(|kind| kind.split('.').next()));
    let select = timeline_entries::Entity::find()
        .filter(C::CustomerId.eq(customer))
        .apply_if(subject, |q, v| q.filter(C::Subject.eq(v)))
        .apply_if(kind, |q, v| q.filter(C::Kind.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}
