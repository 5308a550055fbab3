//! Which fields are protected: one setting of the deployment, changed by administrators.

use std::collections::BTreeSet;

use huiyin_domain::audit::AuditAction;
use huiyin_domain::customers::ProtectedFields;
use huiyin_domain::event::{Event, Subject};
use huiyin_persistence::integration::{events, settings};
use huiyin_persistence::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Error, Result, transact};

const NAME: &str = "protected_fields";
/// What events and audit entries of this setting are about.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

/// The setting with its version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Protection {
    pub version: i64,
    pub fields: ProtectedFields,
}

impl Default for Protection {
    fn default() -> Self {
        Protection { version: 1, fields: ProtectedFields::default() }
    }
}

fn read(text: &str) -> Result<Protection> {
    serde_json::from_str(text).map_err(|error| Error::broken(NAME, error))
}

fn write(protection: &Protection) -> Result<String> {
    serde_json::to_string(protection).map_err(|error| Error::broken(NAME, error))
}

pub async fn protection(db: &impl ConnectionTrait) -> Result<Protection> {
    let kept: Result<Option<String>, DbErr> = settings::get(db, NAME).await;
    kept?.map_or_else(|| Ok(Protection::default()), |text| read(&text))
}

/// From now on these fields are protected; requests that wait go on waiting.
pub async fn protect(app: &App, command: &Command, fields: BTreeSet<String>) -> Result<Protection> {
    transact(app, command, async |tx| {
        let before = read(&settings::lock(tx, NAME, &write(&Protection::default())?).await?)?;
        command.check_version(before.version)?;
        if before.fields.0 == fields {
            return Ok(before);
        }
        let names: Vec<String> = fields.iter().cloned().collect();
        let after = Protection { version: before.version + 1, fields: ProtectedFields(fields) };
        settings::set(tx, NAME, write(&after)?).await?;
        let audited = Audited {
            action: AuditAction::ProtectedFieldsChanged,
            subject: (Subject::Setting, ID),
            reason: None,
            details: json!({ "before": before.fields, "after": after.fields }),
        };
        audit::record(tx, command, audited).await?;
        let event = Event::ProtectedFieldsChanged { setting_id: ID, fields: names };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}
