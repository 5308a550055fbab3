//! The fields that an administrator adds to the profile. One that is in use by customers is switched off, not deleted.

use huiyin_domain::customers::CustomField;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::custom_fields::{self, StoredField};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, to_json};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

pub async fn create(app: &App, command: &Command, label: String, field: CustomField) -> Result<StoredField> {
    check(&field)?;
    transact(app, command, async |tx| {
        let now = command.now;
        let row = StoredField {
            id: new_id(now),
            label,
            kind: field.kind.to_string(),
            required: field.required,
            choices: to_json(&field.choices)?,
            active: true,
            created_at: now,
            updated_at: now,
            version: 1,
            key: field.key.clone(),
            pattern: field.pattern,
            minimum: field.minimum,
            maximum: field.maximum,
        };
        let taken = |error| match unique_as(Code::CustomFieldTaken)(error) {
            Error::Faults(_) => Fault::new(Code::CustomFieldTaken).at("/key").with("name", &field.key).into(),
            other => other,
        };
        let row = custom_fields::insert(tx, row).await.map_err(taken)?;
        let event = Event::CustomFieldCreated { custom_field_id: row.id, key: row.key.clone() };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// What may be changed of a definition; key and type stay, values of customers go by them.
#[derive(Debug, Default)]
pub struct FieldChange {
    pub label: Option<String>,
    pub required: Option<bool>,
    pub pattern: Option<Option<String>>,
    pub minimum: Option<Option<String>>,
    pub maximum: Option<Option<String>>,
    pub choices: Option<Vec<String>>,
    pub active: Option<bool>,
}

/// Values that are stored already stay as they are; they are held against the new definition when they are next written.
pub async fn update(app: &App, command: &Command, id: Uuid, change: FieldChange) -> Result<StoredField> {
    transact(app, command, async |tx| {
        let before = custom_fields::lock(tx, id).await?.ok_or(Code::CustomFieldNotFound)?;
        command.check_version(before.version)?;
        let after = StoredField {
            label: change.label.unwrap_or_else(|| before.label.clone()),
            required: change.required.unwrap_or(before.required),
            pattern: change.pattern.unwrap_or_else(|| before.pattern.clone()),
            minimum: change.minimum.unwrap_or_else(|| before.minimum.clone()),
            maximum: change.maximum.unwrap_or_else(|| before.maximum.clone()),
            choices: change
                .choices
                .map(|choices| to_json(&choices))
                .transpose()?
                .unwrap_or_else(|| before.choices.clone()),
            active: change.active.unwrap_or(before.active),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        check(&custom_fields::definition(&after)?)?;
        let after = StoredField { updated_at: command.now, version: before.version + 1, ..after };
        let after = custom_fields::update(tx, after).await?;
        let event = Event::CustomFieldUpdated { custom_field_id: after.id, key: after.key.clone() };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}

fn check(field: &CustomField) -> Result<()> {
    let faults = field.faults();
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}
