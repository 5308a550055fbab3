//! How often follow-ups may be put off: one setting of the deployment, changed by administrators.

use huiyin_domain::event::Event;
use huiyin_domain::follow_up::task::TaskLimits;
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::integration::events;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::settings;
use crate::usecases::support::{Command, Result, transact};

const NAME: &str = "follow_up_limits";
/// What events of this setting are about.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);

/// The setting with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub version: i64,
    pub limits: TaskLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { version: 1, limits: TaskLimits::default() }
    }
}

pub async fn limits(db: &impl ConnectionTrait) -> Result<Limits> {
    settings::read(db, NAME).await
}

/// Sets them anew; what was put off more often already stays so.
pub async fn put(app: &App, command: &Command, limits: TaskLimits) -> Result<Limits> {
    transact(app, command, async |tx| {
        let before: Limits = settings::lock(tx, NAME).await?;
        command.check_version(before.version)?;
        if before.limits == limits {
            return Ok(before);
        }
        let after = Limits { version: before.version + 1, limits };
        settings::set(tx, NAME, &after).await?;
        let TaskLimits { attempts, postponements, days } = limits;
        let event = Event::FollowUpLimitsChanged { setting_id: ID, attempts, postponements, days };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}
