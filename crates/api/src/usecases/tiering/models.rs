use huiyin_domain::event::Event;
use huiyin_domain::tiering::TierModel;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::to_json;
use huiyin_persistence::tiering::models::{self, StoredModel};

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Replaces the table by which scores become tiers. Customers move at the next run.
pub async fn replace(app: &App, command: &Command, model: TierModel) -> Result<StoredModel> {
    let faults = model.faults();
    if !faults.is_empty() {
        return Err(Error::Faults(faults));
    }
    transact(app, command, async |tx| {
        let before = models::lock_active(tx).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
        command.check_version(before.version)?;
        let version = before.version + 1;
        let after = StoredModel { model: to_json(&model)?, updated_at: command.now, version, ..before };
        let after = models::update(tx, after).await?;
        events::append(
            tx,
            command.actor.user_id(),
            command.now,
            &[Event::TieringModelChanged { model_id: after.id, version }],
        )
        .await?;
        Ok(after)
    })
    .await
}
