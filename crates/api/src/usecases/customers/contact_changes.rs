//! Edits of what is protected of a contact: an agent's waits as that of a customer does (C9).

use std::collections::BTreeMap;

use huiyin_domain::audit::PersonalField;
use huiyin_domain::customers::{Changes, FieldChange, decides_on, stale};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts::{self, Contact};
use huiyin_persistence::customers::{changes, profiles::Customer};
use huiyin_persistence::support::to_json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::changes::{About, Applied, Asked, already_asked, ask, supersede};
use super::contacts::{Person, birthday_of, changed_fields, merge, write};
use super::protection::protection;
use crate::usecases::support::{Command, Error, Result};

/// What has become of an edit.
#[derive(Debug, Serialize, Deserialize)]
pub enum Edited {
    Done(Box<Contact>),
    /// All that is protected waits; the rest is done.
    Waits(Box<Asked>),
}

/// Does what of an edit may be done at once, and asks for the rest. Customer and contact are locked.
pub async fn edit(tx: &Tx, command: &Command, customer: Customer, before: Contact, person: Person) -> Result<Edited> {
    if decides_on(&command.actor, customer.department_id) {
        return Ok(Edited::Done(Box::new(write(tx, command, before, person).await?.0)));
    }
    let after = merge(before.clone(), person.clone())?;
    let protected = protection(tx).await?.fields;
    let mut waiting = protected.of_contact(changed_fields(&before, &after));
    if !command.actor.sees_personal_data(customer.owner_id, customer.department_id) {
        // An edit that waits only where it changes something would tell whoever guesses right what is masked.
        let said = to_json(&person)?;
        let unseen = PersonalField::ALL.iter().map(PersonalField::to_string).filter(|field| said.get(field).is_some());
        waiting.extend(protected.of_contact(unseen.filter(|field| !waiting.contains(field)).collect()));
    }
    let (Some(requester), false) = (command.actor.user_id(), waiting.is_empty()) else {
        return Ok(Edited::Done(Box::new(write(tx, command, before, person).await?.0)));
    };
    let mut wanted = Changes::new();
    for field in &waiting {
        wanted.insert(field.clone(), FieldChange { from: value(&before, field)?, to: value(&after, field)? });
    }
    let about = About { customer_id: customer.id, contact_id: Some(before.id) };
    let known = already_asked(tx, requester, about, &wanted).await?;
    let (_, applied) = write(tx, command, before, without(&person, &waiting)?).await?;
    let request = match known {
        Some(request) => request,
        None => ask(tx, command, requester, about, wanted, applied).await?,
    };
    Ok(Edited::Waits(Box::new(Asked { request, customer })))
}

/// Does what was asked for, unless the contact is no more what it was.
pub async fn apply(tx: &Tx, command: &Command, contact: Uuid, wanted: &Changes) -> Result<Applied> {
    let Some(before) = contacts::lock(tx, Scope::All, contact).await? else {
        return Ok(Applied::Stale(wanted.keys().cloned().collect()));
    };
    let mut now = BTreeMap::new();
    for field in wanted.keys() {
        now.insert(field.clone(), value(&before, field)?);
    }
    let moved = stale(wanted, &now);
    if !moved.is_empty() {
        return Ok(Applied::Stale(moved.into_iter().map(str::to_owned).collect()));
    }
    let body: Map<String, Value> = wanted.iter().map(|(field, change)| (field.clone(), change.to.clone())).collect();
    write(tx, command, before, read(Value::Object(body))?).await?;
    Ok(Applied::Done(None))
}

/// What was asked for of a contact that is removed can never be done.
pub async fn forget(tx: &Tx, command: &Command, contact: &Contact) -> Result<()> {
    for request in changes::lock_pending(tx, contact.customer_id).await? {
        if request.contact_id == Some(contact.id) {
            supersede(tx, command, request, Vec::new()).await?;
        }
    }
    Ok(())
}

/// The value of a field as it stands in the contact's body.
fn value(contact: &Contact, field: &str) -> Result<Value> {
    Ok(match field {
        "name" => json!(contact.name),
        "position" => json!(contact.position),
        "phone" => json!(contact.phone),
        "email" => json!(contact.email),
        "birthday" => to_json(&birthday_of(contact))?,
        "note" => json!(contact.note),
        other => return Err(Error::broken("field of a contact", other)),
    })
}

fn without(person: &Person, fields: &[String]) -> Result<Person> {
    let mut body = to_json(person)?;
    if let Some(body) = body.as_object_mut() {
        body.retain(|field, _| !fields.contains(field));
    }
    read(body)
}

fn read(body: Value) -> Result<Person> {
    serde_json::from_value(body).map_err(|error| Error::broken("contact", error))
}
