//! How often follow-ups may be put off: one setting of the deployment, changed by administrators.

use huiyin_domain::event::Event;
use huiyin_domain::follow_up::task::TaskLimits;
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::integration::{events, settings};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

const NAME: &str = "follow_up_limits";
/// What events of this setting are about.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);

/// The setting with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub version: i64,
    pub limits: TaskLimits,
}

fn read(text: &str) -> Result<Limits> {
    serde_json::from_str(text).map_err(|error| Error::broken(NAME, error))
}

fn write(limits: Limits) -> Result<String> {
    serde_json::to_string(&limits).map_err(|error| Error::broken(NAME, error))
}

fn initial() -> Limits {
    Limits { version: 1, limits: TaskLimits::default() }
}

pub async fn limits(db: &impl ConnectionTrait) -> Result<Limits> {
    settings::get(db, NAME).await?.map_or_else(|| Ok(initial()), |text| read(&text))
}

/// Sets them anew; what was put off more often already stays so.
pub async fn put(app: &App, command: &Command, limits: TaskLimits) -> Result<Limits> {
    transact(app, command, async |tx| {
        let before = read(&settings::lock(tx, NAME, &write(initial())?).await?)?;
        command.check_version(before.version)?;
        if before.limits == limits {
            return Ok(before);
        }
        let after = Limits { version: before.version + 1, limits };
        settings::set(tx, NAME, write(after)?).await?;
        let TaskLimits { attempts, postponements, days } = limits;
        let event = Event::FollowUpLimitsChanged { setting_id: ID, attempts, postponements, days };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}
