use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::tiering::{TierCause, TierModel};
use huiyin_persistence::Tx;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, to_json};
use huiyin_persistence::tiering::models::{self, StoredModel};
use uuid::Uuid;

use super::runs::order_in;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, again, transact, unique_as};

/// Every contradiction of a model; `prefix` stands before the pointers.
pub fn check(model: &TierModel, prefix: &str) -> Result<()> {
    let faults = model.faults();
    if faults.is_empty() {
        return Ok(());
    }
    let placed = |fault: Fault| {
        let pointer = format!("{prefix}{}", fault.pointer.clone().unwrap_or_default());
        fault.at(pointer)
    };
    Err(Error::Faults(faults.into_iter().map(placed).collect()))
}

/// Replaces the model by which tiers are computed. Customers move at the next run.
pub async fn replace_active(app: &App, command: &Command, model: TierModel) -> Result<StoredModel> {
    check(&model, "")?;
    transact(app, command, async |tx| {
        let before = models::lock_active(tx).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
        let name = before.name.clone();
        write(tx, command, before, name, &model).await
    })
    .await
}

pub async fn create(app: &App, command: &Command, name: String, model: TierModel) -> Result<StoredModel> {
    check(&model, "/model")?;
    let now = command.now;
    let row = StoredModel {
        id: new_id(now),
        name,
        active: false,
        model: to_json(&model)?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        let row = models::insert(tx, row).await.map_err(unique_as(Code::NameTaken))?;
        let created = Event::TieringModelCreated { model_id: row.id };
        events::append(tx, command.actor.user_id(), now, &[created]).await?;
        Ok(row)
    })
    .await
}

/// Replaces name and rules of a model. Where it is active, customers move at the next run.
pub async fn replace(app: &App, command: &Command, id: Uuid, name: String, model: TierModel) -> Result<StoredModel> {
    check(&model, "/model")?;
    transact(app, command, async |tx| {
        let before = models::lock(tx, id).await?.ok_or(Code::TieringModelNotFound)?;
        write(tx, command, before, name, &model).await
    })
    .await
}

async fn write(
    tx: &Tx,
    command: &Command,
    before: StoredModel,
    name: String,
    model: &TierModel,
) -> Result<StoredModel> {
    command.check_version(before.version)?;
    let version = before.version + 1;
    let after = StoredModel { name, model: to_json(model)?, updated_at: command.now, version, ..before };
    let after = models::update(tx, after).await.map_err(unique_as(Code::NameTaken))?;
    let changed = Event::TieringModelChanged { model_id: after.id, version };
    events::append(tx, command.actor.user_id(), command.now, &[changed]).await?;
    Ok(after)
}

/// Makes a model the one by which tiers are computed, and orders a run by it for today. One that is active already
/// stays as it is, and nothing is ordered.
pub async fn activate(app: &App, command: &Command, id: Uuid) -> Result<StoredModel> {
    let work = async || transact(app, command, async |tx| activate_in(app, tx, command, id).await).await;
    again(Error::is_concurrent_change, work).await
}

async fn activate_in(app: &App, tx: &Tx, command: &Command, id: Uuid) -> Result<StoredModel> {
    let now = command.now;
    // Whoever activates another one at the same moment has locked it, and made it the former one meanwhile.
    let former = models::lock_active(tx).await?.ok_or(Code::ConcurrentChange)?;
    let chosen = if former.id == id { Some(former.clone()) } else { models::lock(tx, id).await? };
    let chosen = chosen.ok_or(Code::TieringModelNotFound)?;
    command.check_version(chosen.version)?;
    if chosen.active {
        return Ok(chosen);
    }
    let version = former.version + 1;
    models::update(tx, StoredModel { active: false, updated_at: now, version, ..former }).await?;
    let version = chosen.version + 1;
    let chosen = models::update(tx, StoredModel { active: true, updated_at: now, version, ..chosen }).await?;
    let run = order_in(tx, now, command.actor.user_id(), app.local_date(now), TierCause::Model).await?;
    let activated = Event::TieringModelActivated { model_id: chosen.id, run_id: run.id };
    events::append(tx, command.actor.user_id(), now, &[activated]).await?;
    Ok(chosen)
}

pub async fn remove(app: &App, command: &Command, id: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        let before = models::lock(tx, id).await?.ok_or(Code::TieringModelNotFound)?;
        command.check_version(before.version)?;
        if before.active {
            return Err(Code::TieringModelActive.into());
        }
        models::remove(tx, id).await?;
        let deleted = Event::TieringModelDeleted { model_id: id };
        Ok(events::append(tx, command.actor.user_id(), command.now, &[deleted]).await?)
    })
    .await
}
