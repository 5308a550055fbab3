//! Settings of tiering that change at run time, each a row with a version.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, to_json};
use huiyin_persistence::tiering::settings::{self, Setting};
use huiyin_persistence::{ConnectionTrait, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// A setting as it is, and its version.
pub async fn read<T: DeserializeOwned>(db: &impl ConnectionTrait, name: &str) -> Result<(T, i64)> {
    let row = settings::find(db, name).await?.ok_or_else(|| missing(name))?;
    Ok((from_json(&row.value)?, row.version))
}

/// Stores the first value of a setting; one that it has already stays.
pub async fn make(tx: &Tx, name: &str, value: &impl Serialize, now: DateTime<Utc>) -> Result<()> {
    let row = Setting {
        id: new_id(now),
        name: name.to_owned(),
        value: to_json(value)?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    Ok(settings::make(tx, row).await?)
}

/// Replaces a setting; `then` is done in the same transaction where it has changed.
pub async fn replace<T: Serialize + DeserializeOwned>(
    app: &App,
    command: &Command,
    name: &str,
    value: T,
    then: impl AsyncFnOnce(&Tx) -> Result<()>,
) -> Result<(T, i64)> {
    let now = command.now;
    transact(app, command, async |tx| {
        let before = settings::lock(tx, name).await?.ok_or_else(|| missing(name))?;
        command.check_version(before.version)?;
        let json = to_json(&value)?;
        if json == before.value {
            return Ok((value, before.version));
        }
        let after = Setting { value: json, updated_at: now, version: before.version + 1, ..before };
        let after = settings::update(tx, after).await?;
        let changed = Event::TieringSettingChanged { setting_id: after.id, name: name.to_owned() };
        events::append(tx, command.actor.user_id(), now, &[changed]).await?;
        then(tx).await?;
        Ok((value, after.version))
    })
    .await
}

fn missing(name: &str) -> Error {
    Error::Internal(format!("no setting {name}"))
}
