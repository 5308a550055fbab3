//! Contacts (联系人): people at a customer.

use huiyin_domain::customers::{Birthday, Email, Phone, normalise_name};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts::{self, Contact};
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::contact_changes::{Edited, edit, forget};
use super::draft::{birthday_fault, said};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// What may be said about a contact. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub position: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Option<Birthday>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_primary: Option<bool>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub note: Option<Option<String>>,
}

pub async fn create(app: &App, command: &Command, customer: Uuid, person: Person) -> Result<Contact> {
    transact(app, command, async |tx| {
        // Locked: the primary contact is changed by one at a time.
        let customer = profiles::lock(tx, command.scope(), customer).await?.ok_or(Code::CustomerNotFound)?;
        let contact = merge(blank(customer.id, command.now), person)?;
        let mut happened = Vec::new();
        if contact.is_primary {
            happened.extend(dethrone(tx, command, &contact).await?);
        }
        let contact = contacts::insert(tx, contact).await.map_err(unique_as(Code::ConcurrentChange))?;
        happened.push(Event::ContactCreated { contact_id: contact.id, customer_id: customer.id });
        events::append(tx, command.actor.user_id(), command.now, &happened).await?;
        Ok(contact)
    })
    .await
}

/// A contact of whom nothing is known yet.
fn blank(customer_id: Uuid, now: chrono::DateTime<chrono::Utc>) -> Contact {
    Contact {
        id: new_id(now),
        customer_id,
        name: String::new(),
        name_key: String::new(),
        position: None,
        phone: None,
        phone_key: None,
        email: None,
        email_key: None,
        birthday_calendar: None,
        birthday_year: None,
        birthday_month: None,
        birthday_day: None,
        birthday_leap: false,
        is_primary: false,
        note: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

/// The first contact of a customer that is made in the same moment.
pub fn first_of(
    customer_id: Uuid,
    now: chrono::DateTime<chrono::Utc>,
    name: &str,
    position: Option<String>,
) -> Contact {
    let (name, name_key) = (name.trim().to_owned(), normalise_name(name));
    Contact { name, name_key, position, is_primary: true, ..blank(customer_id, now) }
}

/// Loads a contact that is about to change: its customer first, then itself, as a new one takes them.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<(Customer, Contact)> {
    let found = contacts::find(tx, command.scope(), id).await?.ok_or(Code::ContactNotFound)?;
    let customer = profiles::lock(tx, command.scope(), found.customer_id).await?.ok_or(Code::ContactNotFound)?;
    let contact = contacts::lock(tx, command.scope(), id).await?.ok_or(Code::ContactNotFound)?;
    command.check_version(contact.version)?;
    Ok((customer, contact))
}

/// Changes a contact, or asks for it where somebody else decides on what is protected.
pub async fn update(app: &App, command: &Command, id: Uuid, person: Person) -> Result<Edited> {
    transact(app, command, async |tx| {
        let (customer, before) = take(tx, command, id).await?;
        edit(tx, command, customer, before, person).await
    })
    .await
}

/// Changes a contact that is locked, as its customer is, whatever is protected; answers which fields have changed.
pub async fn write(tx: &Tx, command: &Command, before: Contact, person: Person) -> Result<(Contact, Vec<String>)> {
    let after = merge(before.clone(), person)?;
    let fields = changed_fields(&before, &after);
    if fields.is_empty() {
        return Ok((before, fields));
    }
    let mut happened = Vec::new();
    if after.is_primary && !before.is_primary {
        happened.extend(dethrone(tx, command, &after).await?);
    }
    let row = Contact { updated_at: command.now, version: before.version + 1, ..after };
    let row = contacts::update(tx, row).await.map_err(unique_as(Code::ConcurrentChange))?;
    let (contact_id, customer_id) = (row.id, row.customer_id);
    happened.push(Event::ContactUpdated { contact_id, customer_id, fields: fields.clone() });
    events::append(tx, command.actor.user_id(), command.now, &happened).await?;
    Ok((row, fields))
}

pub async fn delete(app: &App, command: &Command, id: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        let (_, contact) = take(tx, command, id).await?;
        forget(tx, command, &contact).await?;
        contacts::delete(tx, id).await?;
        let event = Event::ContactDeleted { contact_id: id, customer_id: contact.customer_id };
        Ok(events::append(tx, command.actor.user_id(), command.now, &[event]).await?)
    })
    .await
}

/// Whoever was the primary contact makes room for another.
async fn dethrone(tx: &Tx, command: &Command, by: &Contact) -> Result<Option<Event>> {
    let Some(former) = contacts::primary(tx, by.customer_id).await?.filter(|former| former.id != by.id) else {
        return Ok(None);
    };
    let version = former.version + 1;
    let row = contacts::update(tx, Contact { is_primary: false, updated_at: command.now, version, ..former }).await?;
    let fields = vec!["is_primary".to_owned()];
    Ok(Some(Event::ContactUpdated { contact_id: row.id, customer_id: row.customer_id, fields }))
}

/// Lays what is said over what is known; contact data is kept as entered and as it is matched.
pub fn merge(mut contact: Contact, person: Person) -> Result<Contact> {
    let mut faults = Vec::new();
    if let Some(name) = person.name {
        contact.name_key = normalise_name(&name);
        contact.name = name.trim().to_owned();
    }
    if let Some(phone) = person.phone {
        let key = phone.as_deref().map(Phone::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::PhoneInvalid).at("/phone"));
        }
        contact.phone_key = key.flatten().map(|phone| phone.to_string());
        contact.phone = phone.map(|text| text.trim().to_owned());
    }
    if let Some(email) = person.email {
        let key = email.as_deref().map(Email::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::InvalidFormat).at("/email").with("expected", "email"));
        }
        contact.email_key = key.flatten().map(|email| email.to_string());
        contact.email = email.map(|text| text.trim().to_owned());
    }
    if let Some(birthday) = person.birthday {
        faults.extend(birthday.and_then(|day| day.fault()).map(|fault| birthday_fault(fault).at("/birthday")));
        set_birthday(&mut contact, birthday);
    }
    contact.position = person.position.unwrap_or(contact.position);
    contact.note = person.note.unwrap_or(contact.note);
    contact.is_primary = person.is_primary.unwrap_or(contact.is_primary);
    if faults.is_empty() { Ok(contact) } else { Err(Error::Faults(faults)) }
}

fn set_birthday(contact: &mut Contact, birthday: Option<Birthday>) {
    contact.birthday_calendar = birthday.map(|birthday| birthday.calendar.to_string());
    contact.birthday_year = birthday.and_then(|birthday| birthday.year);
    contact.birthday_month = birthday.and_then(|birthday| i32::try_from(birthday.month).ok());
    contact.birthday_day = birthday.and_then(|birthday| i32::try_from(birthday.day).ok());
    contact.birthday_leap = birthday.is_some_and(|birthday| birthday.leap_month);
}

/// The stored birthday, if there is one.
pub fn birthday_of(contact: &Contact) -> Option<Birthday> {
    Some(Birthday {
        calendar: contact.birthday_calendar.as_deref()?.parse().ok()?,
        year: contact.birthday_year,
        month: u32::try_from(contact.birthday_month?).ok()?,
        day: u32::try_from(contact.birthday_day?).ok()?,
        leap_month: contact.birthday_leap,
    })
}

pub fn changed_fields(before: &Contact, after: &Contact) -> Vec<String> {
    let changes = [
        ("name", before.name != after.name),
        ("position", before.position != after.position),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("birthday", birthday_of(before) != birthday_of(after)),
        ("is_primary", before.is_primary != after.is_primary),
        ("note", before.note != after.note),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
