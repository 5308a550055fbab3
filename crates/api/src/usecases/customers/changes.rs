//! Edits of protected fields: an agent's waits for somebody who decides (C9). Those of contacts begin and end in
//! `contact_changes`; what happens in between is the same.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use huiyin_domain::audit::{AuditAction, PersonalField};
use huiyin_domain::customers::{self as rules, ChangeStatus, Changes, FieldChange, decides_on, stale};
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::changes::{self, ChangeRequest};
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::contact_changes;
use super::draft::{Profile, changed_fields, fields_for, merge};
use super::fields::{requested, says, value, without};
use super::profiles::{check_changed, write};
use super::protection::protection;
use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Error, Result, transact};

/// Within this time somebody should have decided.
const DECIDE_WITHIN: TimeDelta = TimeDelta::hours(24);

/// What has become of an edit.
#[derive(Debug, Serialize, Deserialize)]
pub enum Edited {
    Done(Box<Customer>),
    /// All that is protected waits; the rest is done.
    Waits(Box<Asked>),
}

/// A request with its customer as it is now.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub request: ChangeRequest,
    pub customer: Customer,
}

/// Does what of an edit may be done at once, and asks for the rest. The customer is locked.
pub async fn edit(tx: &Tx, command: &Command, before: Customer, profile: Profile) -> Result<Edited> {
    command.check_version(before.version)?;
    if decides_on(&command.actor, before.department_id) {
        return Ok(Edited::Done(Box::new(write(tx, command, before, profile, None).await?.0)));
    }
    let custom = fields_for(tx, &profile, false).await?;
    let after = merge(before.clone(), profile.clone(), &custom, false).map_err(Error::Faults)?;
    let protected = protection(tx).await?.fields;
    let mut waiting = protected.of(changed_fields(&before, &after));
    if !command.actor.sees_personal_data(before.owner_id, before.department_id) {
        // An edit that waits only where it changes something would tell whoever guesses right what is masked.
        let unseen = PersonalField::ALL.iter().map(PersonalField::to_string).filter(|field| says(&profile, field));
        waiting.extend(protected.of(unseen.filter(|field| !waiting.contains(field)).collect::<Vec<_>>()));
    }
    let (Some(requester), false) = (command.actor.user_id(), waiting.is_empty()) else {
        return Ok(Edited::Done(Box::new(write(tx, command, before, profile, None).await?.0)));
    };
    check_changed(tx, &before, &after).await?;
    let mut wanted = Changes::new();
    for field in &waiting {
        wanted.insert(field.clone(), FieldChange { from: value(&before, field)?, to: value(&after, field)? });
    }
    let about = About { customer_id: before.id, contact_id: None };
    let known = already_asked(tx, requester, about, &wanted).await?;
    let (customer, applied) = write(tx, command, before, without(&profile, &waiting)?, None).await?;
    let request = match known {
        Some(request) => request,
        None => ask(tx, command, requester, about, wanted, applied).await?,
    };
    Ok(Edited::Waits(Box::new(Asked { request, customer })))
}

/// Whose fields a request is about: the customer's, or those of one of its contacts.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub customer_id: Uuid,
    pub contact_id: Option<Uuid>,
}

/// The requester's own pending request for the very same, if there is one; a field that waits for any other is refused.
pub async fn already_asked(tx: &Tx, requester: Uuid, about: About, wanted: &Changes) -> Result<Option<ChangeRequest>> {
    let fields: Vec<String> = wanted.keys().cloned().collect();
    let waiting = changes::waiting(tx, about.customer_id, about.contact_id, &fields).await?;
    let Some((_, first)) = waiting.first() else { return Ok(None) };
    let known = changes::find(tx, Scope::All, *first).await?;
    if let Some(known) = known.filter(|known| known.requested_by == requester)
        && from_json::<Changes>(&known.changes)? == *wanted
    {
        return Ok(Some(known));
    }
    let names: Vec<&str> = waiting.iter().map(|(field, _)| field.as_str()).collect();
    let names = names.join(", ");
    let refused = waiting.iter().map(|(field, request)| {
        Fault::new(Code::ChangeRequestPending)
            .at(format!("/{}", field.replace('.', "/")))
            .with("fields", &names)
            .with("request", request)
    });
    Err(Error::Faults(refused.collect()))
}

pub async fn ask(
    tx: &Tx,
    command: &Command,
    requester: Uuid,
    about: About,
    wanted: Changes,
    applied: Vec<String>,
) -> Result<ChangeRequest> {
    let now = command.now;
    let About { customer_id, contact_id } = about;
    let due_at = now + DECIDE_WITHIN;
    let fields: Vec<String> = wanted.keys().cloned().collect();
    let request = ChangeRequest {
        id: new_id(now),
        customer_id,
        contact_id,
        changes: to_json(&wanted)?,
        applied: to_json(&applied)?,
        requested_by: requester,
        status: ChangeStatus::Pending.to_string(),
        due_at,
        decided_by: None,
        decided_at: None,
        reason: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let request = changes::insert(tx, request).await?;
    if !changes::reserve(tx, &request, &fields).await? {
        return Err(Code::ConcurrentChange.into());
    }
    let timer = NewTimer {
        kind: TimerKind::ChangeRequestOverdue,
        subject_id: request.id,
        unique_key: timer_key(request.id),
        due_at,
        payload: serde_json::Value::Null,
    };
    timers::set(tx, now, vec![timer]).await?;
    let event = Event::ChangeRequestCreated { change_request_id: request.id, customer_id, fields, due_at };
    events::append(tx, Some(requester), now, &[event]).await?;
    Ok(request)
}

fn timer_key(request: Uuid) -> String {
    format!("change_request:{request}")
}

/// What a decision has come to.
#[derive(Debug, Serialize, Deserialize)]
enum Decision {
    Made(Box<Asked>),
    /// These fields have changed since; the request is superseded.
    Stale(Vec<String>),
}

/// What has come of doing what was asked for.
pub enum Applied {
    /// The customer after it, where it is the customer that has changed.
    Done(Option<Box<Customer>>),
    /// Nothing: these fields have changed since.
    Stale(Vec<String>),
}

async fn apply(tx: &Tx, command: &Command, customer: Customer, wanted: &Changes, requester: Uuid) -> Result<Applied> {
    let mut now = BTreeMap::new();
    for field in wanted.keys() {
        now.insert(field.clone(), value(&customer, field)?);
    }
    let moved = stale(wanted, &now);
    if !moved.is_empty() {
        return Ok(Applied::Stale(moved.into_iter().map(str::to_owned).collect()));
    }
    let (customer, _) = write(tx, command, customer, requested(wanted)?, Some(requester)).await?;
    Ok(Applied::Done(Some(Box::new(customer))))
}

/// Does what was asked for, once, unless one of the fields has changed since.
pub async fn approve(app: &App, command: &Command, id: Uuid) -> Result<Asked> {
    let decision = transact(app, command, async |tx| {
        let Asked { request, customer } = take(tx, command, id).await?;
        rules_of(&request, &customer)?.decidable_by(&command.actor)?;
        command.check_version(request.version)?;
        let wanted: Changes = from_json(&request.changes)?;
        let requester = request.requested_by;
        let done = match request.contact_id {
            Some(contact) => contact_changes::apply(tx, command, contact, &wanted).await?,
            None => apply(tx, command, customer.clone(), &wanted, requester).await?,
        };
        let customer = match done {
            Applied::Done(changed) => changed.map_or(customer, |changed| *changed),
            Applied::Stale(moved) => {
                supersede(tx, command, request, moved.clone()).await?;
                return Ok(Decision::Stale(moved));
            }
        };
        let request = close(tx, command, request, ChangeStatus::Approved, None).await?;
        let fields = wanted.into_keys().collect();
        let event = Event::ChangeRequestApproved {
            change_request_id: id,
            customer_id: customer.id,
            fields,
            requested_by: requester,
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(Decision::Made(Box::new(Asked { request, customer })))
    })
    .await?;
    match decision {
        Decision::Made(asked) => Ok(*asked),
        Decision::Stale(fields) => Err(Fault::new(Code::ChangeRequestStale).with("fields", fields.join(", ")).into()),
    }
}

pub async fn reject(app: &App, command: &Command, id: Uuid, reason: String) -> Result<Asked> {
    transact(app, command, async |tx| {
        let Asked { request, customer } = take(tx, command, id).await?;
        rules_of(&request, &customer)?.decidable_by(&command.actor)?;
        command.check_version(request.version)?;
        let request = close(tx, command, request, ChangeStatus::Rejected, Some(reason)).await?;
        let event = Event::ChangeRequestRejected {
            change_request_id: id,
            customer_id: customer.id,
            requested_by: request.requested_by,
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(Asked { request, customer })
    })
    .await
}

/// The requester takes it back.
pub async fn withdraw(app: &App, command: &Command, id: Uuid) -> Result<Asked> {
    transact(app, command, async |tx| {
        let Asked { request, customer } = take(tx, command, id).await?;
        rules_of(&request, &customer)?.withdrawable_by(&command.actor)?;
        command.check_version(request.version)?;
        let request = close(tx, command, request, ChangeStatus::Withdrawn, None).await?;
        let event = Event::ChangeRequestWithdrawn { change_request_id: id, customer_id: customer.id };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(Asked { request, customer })
    })
    .await
}

/// The request and its customer, locked, the customer first as every edit does.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<Asked> {
    let found = changes::find(tx, command.scope(), id).await?.ok_or(Code::ChangeRequestNotFound)?;
    // Whoever reaches the request may not reach the customer any more, as its requester.
    let customer = profiles::lock(tx, Scope::All, found.customer_id).await?.ok_or(Code::ConcurrentChange)?;
    let request = changes::lock(tx, Scope::All, id).await?.ok_or(Code::ChangeRequestNotFound)?;
    Ok(Asked { request, customer })
}

fn rules_of(request: &ChangeRequest, customer: &Customer) -> Result<rules::ChangeRequest> {
    Ok(rules::ChangeRequest {
        status: stored(&request.status)?,
        requested_by: request.requested_by,
        department: customer.department_id,
    })
}

async fn close(
    tx: &Tx,
    command: &Command,
    request: ChangeRequest,
    status: ChangeStatus,
    reason: Option<String>,
) -> Result<ChangeRequest> {
    let action = match status {
        ChangeStatus::Approved => Some(AuditAction::ChangeRequestApproved),
        ChangeStatus::Rejected => Some(AuditAction::ChangeRequestRejected),
        _ => None,
    };
    if let Some(action) = action {
        let fields: Vec<String> = from_json::<Changes>(&request.changes)?.into_keys().collect();
        let audited = Audited {
            action,
            subject: (Subject::Customer, request.customer_id),
            reason: reason.clone(),
            details: json!({ "change_request": request.id, "requested_by": request.requested_by, "fields": fields }),
        };
        audit::record(tx, command, audited).await?;
    }
    changes::release(tx, request.id).await?;
    timers::cancel(tx, vec![timer_key(request.id)]).await?;
    let closed = ChangeRequest {
        status: status.to_string(),
        decided_by: command.actor.user_id(),
        decided_at: Some(command.now),
        reason,
        updated_at: command.now,
        version: request.version + 1,
        ..request
    };
    Ok(changes::update(tx, closed).await?)
}

/// The customer is not any more what it was when the request was made.
pub async fn supersede(tx: &Tx, command: &Command, request: ChangeRequest, fields: Vec<String>) -> Result<()> {
    let request = close(tx, command, request, ChangeStatus::Superseded, None).await?;
    let event = Event::ChangeRequestSuperseded {
        change_request_id: request.id,
        customer_id: request.customer_id,
        fields,
        requested_by: request.requested_by,
    };
    Ok(events::append(tx, command.actor.user_id(), command.now, &[event]).await?)
}

/// Nobody has decided in time: those who should are told, once.
pub async fn overdue(app: &App, timer: &Claimed) -> Result<()> {
    let tx = app.db.begin().await?;
    let request = changes::lock(&tx, Scope::All, timer.subject_id).await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    if let Some(request) = request.filter(|request| request.status == ChangeStatus::Pending.as_str()) {
        let (customer_id, due_at) = (request.customer_id, request.due_at);
        let event = Event::ChangeRequestOverdue { change_request_id: request.id, customer_id, due_at };
        events::append(&tx, None, app.clock.now(), &[event]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
