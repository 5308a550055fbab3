//! Up to which scores somebody is alerted, and what is asked in verification follow-ups: one setting of the deployment,
//! changed by administrators.

use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::record::Thresholds;
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::follow_up::scripts;
use huiyin_persistence::integration::events;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::settings;
use crate::usecases::support::{Command, Result, transact};

const NAME: &str = "follow_up";
/// What events of this setting are about.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0005);

/// The setting with its version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FollowUpSettings {
    pub version: i64,
    pub alerts: Thresholds,
    /// The script of verification follow-ups, if they have one.
    #[serde(default)]
    pub verification_script_id: Option<Uuid>,
}

impl Default for FollowUpSettings {
    fn default() -> Self {
        FollowUpSettings { version: 1, alerts: Thresholds::default(), verification_script_id: None }
    }
}

pub async fn read(db: &impl ConnectionTrait) -> Result<FollowUpSettings> {
    settings::read(db, NAME).await
}

/// From now on; alerts that were raised and tasks that were made stay.
pub async fn replace(
    app: &App,
    command: &Command,
    alerts: Thresholds,
    verification_script_id: Option<Uuid>,
) -> Result<FollowUpSettings> {
    transact(app, command, async |tx| {
        let before: FollowUpSettings = settings::lock(tx, NAME).await?;
        command.check_version(before.version)?;
        if let Some(script) = verification_script_id
            && scripts::find(tx, script).await?.is_none()
        {
            return Err(Fault::new(Code::ScriptNotFound).at("/verification_script_id").into());
        }
        let changes = [
            ("nps_alert_at_most", before.alerts.nps != alerts.nps),
            ("csat_alert_at_most", before.alerts.csat != alerts.csat),
            ("verification_script_id", before.verification_script_id != verification_script_id),
        ];
        let changed = changes.into_iter().filter(|(_, changed)| *changed);
        let fields: Vec<String> = changed.map(|(name, _)| name.to_owned()).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        let after = FollowUpSettings { version: before.version + 1, alerts, verification_script_id };
        settings::set(tx, NAME, &after).await?;
        let event = Event::FollowUpSettingsChanged { setting_id: ID, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}
