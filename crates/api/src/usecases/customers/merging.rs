//! Two customers that are the same become one (C12): everything of one follows to the other, and its id leads there.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use huiyin_domain::audit::AuditAction;
use huiyin_domain::customers::{MergeSide, PROFILE_FIELDS, decides_on};
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::merging::{self, Customer};
use huiyin_persistence::customers::{changes, profiles};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::{ConnectionTrait, Tx};
use serde_json::{Value, json};
use uuid::Uuid;

use super::changes::supersede;
use super::draft::changed_fields;
use super::fields::{take_over, value};
use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Error, Result, again, transact};

/// Whatever was attached to the merged one in the very moment of the merge has been stored by then.
const SWEEP_AFTER: TimeDelta = TimeDelta::minutes(1);
/// A note is no longer than this (C0).
const NOTE: usize = 10_000;

/// Merges `from` into `into`; answers the survivor. `sides` says of single fields whose value stays: the survivor's
/// unless it has none.
pub async fn merge(
    app: &App,
    command: &Command,
    into: Uuid,
    from: Uuid,
    sides: BTreeMap<String, MergeSide>,
) -> Result<Customer> {
    if into == from {
        return Err(Fault::new(Code::MergeWithItself).at("/from").into());
    }
    let lost = |error: &Error| matches!(error, Error::Db(error) if error.to_string().contains("deadlock detected"));
    again(lost, async || transact(app, command, async |tx| merge_in(tx, command, into, from, &sides).await).await).await
}

async fn merge_in(
    tx: &Tx,
    command: &Command,
    into: Uuid,
    from: Uuid,
    sides: &BTreeMap<String, MergeSide>,
) -> Result<Customer> {
    let both = merging::lock_both(tx, into, from).await?;
    let before = there(tx, command, &both, into, None).await?;
    let merged = there(tx, command, &both, from, Some("/from")).await?;
    if [&before, &merged].iter().any(|customer| !decides_on(&command.actor, customer.department_id)) {
        return Err(Code::NotYourDepartment.into());
    }
    command.check_version(before.version)?;
    for request in changes::lock_pending(tx, from).await? {
        supersede(tx, command, request, Vec::new()).await?;
    }
    let after = united(before.clone(), &merged, sides)?;
    let fields = changed_fields(&before, &after);
    let version = merged.version + 1;
    profiles::update(tx, Customer { merged_into: Some(into), updated_at: command.now, version, ..merged }).await?;
    let version = before.version + 1;
    let survivor = profiles::update(tx, Customer { updated_at: command.now, version, ..after }).await?;
    merging::follow(tx, from, into).await?;
    let sweep = NewTimer {
        kind: TimerKind::MergeSweep,
        subject_id: from,
        unique_key: format!("merge_sweep:{from}"),
        due_at: command.now + SWEEP_AFTER,
        payload: Value::Null,
    };
    timers::set(tx, command.now, vec![sweep]).await?;
    let audited = Audited {
        action: AuditAction::CustomersMerged,
        subject: (Subject::Customer, into),
        reason: None,
        details: json!({ "from": from, "fields": fields }),
    };
    audit::record(tx, command, audited).await?;
    let event = Event::CustomerMerged { customer_id: into, from, fields };
    events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok(survivor)
}

/// One of the two, if it is within reach and not merged away.
async fn there(tx: &Tx, command: &Command, both: &[Customer], id: Uuid, pointer: Option<&str>) -> Result<Customer> {
    let at = |fault: Fault| match pointer {
        Some(pointer) => fault.at(pointer),
        None => fault,
    };
    let found = both.iter().find(|customer| customer.id == id);
    match found {
        Some(customer) if merging::reaches(tx, command.scope(), id).await? => Ok(customer.clone()),
        _ => Err(at(missing(tx, command.scope(), id).await?).into()),
    }
}

/// Why a customer that is to be changed is not there: nobody knows it, or it was merged into another.
pub async fn missing(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Fault> {
    Ok(match merging::survivor(db, scope, id).await? {
        Some(into) => Fault::new(Code::CustomerMerged).with("into", into),
        None => Fault::new(Code::CustomerNotFound),
    })
}

fn united(mut into: Customer, from: &Customer, sides: &BTreeMap<String, MergeSide>) -> Result<Customer> {
    let homeless = into.owner_id.is_none() && into.department_id.is_none();
    for field in PROFILE_FIELDS {
        let taken = match sides.get(field) {
            Some(side) => *side == MergeSide::From,
            // Owner and department belong together.
            None if matches!(field, "owner_id" | "department_id") => homeless,
            None => is_empty(&value(&into, field)?),
        };
        if taken {
            take_over(&mut into, from, field);
        }
    }
    if !sides.contains_key("note") {
        into.note = both_notes(into.note, from.note.as_deref());
    }
    let mut custom = from.custom.as_object().cloned().unwrap_or_default();
    let kept = |key: &String| sides.get(&format!("custom.{key}")) != Some(&MergeSide::From);
    let own = into.custom.as_object().cloned().unwrap_or_default();
    custom.extend(own.into_iter().filter(|(key, _)| kept(key) || !custom.contains_key(key)).collect::<Vec<_>>());
    into.custom = Value::Object(custom);
    into.last_activity_at = into.last_activity_at.max(from.last_activity_at);
    Ok(into)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Nothing that was noted of one is lost, as long as there is room.
fn both_notes(own: Option<String>, other: Option<&str>) -> Option<String> {
    match (own, other) {
        (Some(own), Some(other)) if !own.contains(other) => {
            let both = format!("{own}\n{other}");
            Some(if both.chars().count() <= NOTE { both } else { own })
        }
        (own, other) => own.or_else(|| other.map(str::to_owned)),
    }
}

/// What somebody attached to the merged one while it was merged follows as well.
pub async fn sweep(app: &App, timer: &Claimed) -> Result<()> {
    let tx = app.db.begin().await?;
    let Some(into) = merging::survivor(&tx, Scope::All, timer.subject_id).await? else {
        timers::complete(&tx, timer).await?;
        return Ok(tx.commit().await?);
    };
    merging::lock_both(&tx, into, timer.subject_id).await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let late = merging::follow(&tx, timer.subject_id, into).await?;
    tx.commit().await?;
    if late > 0 {
        tracing::info!(from = %timer.subject_id, %into, late, "what came late followed to the survivor");
    }
    Ok(())
}
