//! Purchase intents (线索): found in follow-ups, worked on until they are won or lost.

use chrono::NaiveDate;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::{LeadStatus, in_hands_of};
use huiyin_domain::money::Money;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::follow_up::leads::{self, Lead};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// What a customer might buy.
#[derive(Debug, Clone)]
pub struct NewLead {
    pub title: String,
    pub note: Option<String>,
    pub product_line: Option<String>,
    pub expected_amount: Option<Money>,
    pub expected_on: Option<NaiveDate>,
    /// The customer's owner unless said; whoever found it where there is none.
    pub owner_id: Option<Uuid>,
}

/// What is said anew. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub title: Option<String>,
    pub note: Option<Option<String>>,
    pub product_line: Option<Option<String>>,
    pub expected_amount: Option<Option<Money>>,
    pub expected_on: Option<Option<NaiveDate>>,
    pub owner_id: Option<Uuid>,
    pub status: Option<LeadStatus>,
}

/// Leads of a customer that are not stored yet, and what is wrong with them.
pub async fn prepare(
    tx: &Tx,
    command: &Command,
    customer: &Customer,
    record: Uuid,
    new: Vec<NewLead>,
) -> Result<(Vec<Lead>, Vec<Fault>)> {
    let now = command.now;
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    // The owner may have left since the customer was given to him.
    let fallback = match customer.owner_id {
        Some(owner) => users::active(tx, owner).await?.map(|user| user.id),
        None => None,
    };
    for (index, lead) in new.into_iter().enumerate() {
        let owner_id = lead.owner_id.or(fallback).or(command.actor.user_id());
        let owner = match owner_id {
            Some(owner) => users::active(tx, owner).await?,
            None => None,
        };
        if owner.is_none() && lead.owner_id.is_some() {
            faults.push(Fault::new(Code::UserNotFound).at(format!("/leads/{index}/owner_id")));
        }
        rows.push(Lead {
            id: new_id(now),
            customer_id: customer.id,
            record_id: Some(record),
            title: lead.title.trim().to_owned(),
            note: lead.note,
            product_line: lead.product_line,
            expected_amount: lead.expected_amount.map(Money::minor),
            expected_on: lead.expected_on,
            status: LeadStatus::Open.to_string(),
            close_reason: None,
            department_id: owner.as_ref().and_then(|owner| owner.department_id).or(customer.department_id),
            owner_id: owner.map(|owner| owner.id),
            created_by: command.actor.user_id(),
            closed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        });
    }
    Ok((rows, faults))
}

/// Stores leads; the caller appends the events.
pub async fn give(tx: &Tx, rows: Vec<Lead>) -> Result<Vec<Event>> {
    let found = |row: &Lead| Event::LeadCreated {
        lead_id: row.id,
        customer_id: row.customer_id,
        record_id: row.record_id,
        owner_id: row.owner_id,
    };
    let happened = rows.iter().map(found).collect();
    leads::insert(tx, rows).await?;
    Ok(happened)
}

/// Loads a lead that is still worked on, for one who may change it.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<Lead> {
    let row = leads::lock(tx, command.scope(), id).await?.ok_or(Code::LeadNotFound)?;
    command.check_version(row.version)?;
    in_hands_of(&command.actor, &[row.owner_id, row.created_by], row.owner_id, row.department_id)?;
    stored::<LeadStatus>(&row.status)?.check_open()?;
    Ok(row)
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: Change) -> Result<Lead> {
    transact(app, command, async |tx| {
        let before = take(tx, command, id).await?;
        let mut after = before.clone();
        if let Some(title) = change.title {
            after.title = title.trim().to_owned();
        }
        after.note = change.note.unwrap_or(after.note);
        after.product_line = change.product_line.unwrap_or(after.product_line);
        after.expected_amount = change.expected_amount.map_or(after.expected_amount, |amount| amount.map(Money::minor));
        after.expected_on = change.expected_on.unwrap_or(after.expected_on);
        after.status = change.status.map_or(after.status, |status| status.to_string());
        after.owner_id = change.owner_id.or(after.owner_id);
        if after.owner_id != before.owner_id
            && let Some(owner) = after.owner_id
        {
            let owner = users::active(tx, owner).await?;
            let owner = owner.ok_or_else(|| Fault::new(Code::UserNotFound).at("/owner_id"))?;
            after.department_id = owner.department_id.or(after.department_id);
        }
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        let row = store(tx, command, after).await?;
        let event = Event::LeadUpdated { lead_id: id, customer_id: row.customer_id, owner_id: row.owner_id, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

fn changed_fields(before: &Lead, after: &Lead) -> Vec<String> {
    let changes = [
        ("title", before.title != after.title),
        ("note", before.note != after.note),
        ("product_line", before.product_line != after.product_line),
        ("expected_amount", before.expected_amount != after.expected_amount),
        ("expected_on", before.expected_on != after.expected_on),
        ("owner_id", before.owner_id != after.owner_id),
        ("status", before.status != after.status),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}

async fn store(tx: &Tx, command: &Command, row: Lead) -> Result<Lead> {
    Ok(leads::update(tx, Lead { updated_at: command.now, version: row.version + 1, ..row }).await?)
}

/// The customer has bought, or will not, and why.
pub async fn close(app: &App, command: &Command, id: Uuid, status: LeadStatus, reason: String) -> Result<Lead> {
    transact(app, command, async |tx| {
        let row = take(tx, command, id).await?;
        let closed =
            Lead { status: status.to_string(), close_reason: Some(reason), closed_at: Some(command.now), ..row };
        let row = store(tx, command, closed).await?;
        let event = Event::LeadClosed { lead_id: id, customer_id: row.customer_id, owner_id: row.owner_id, status };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}
