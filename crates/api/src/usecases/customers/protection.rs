//! Which fields are protected: one setting of the deployment, changed by administrators.

use std::collections::BTreeSet;

use huiyin_domain::audit::AuditAction;
use huiyin_domain::customers::ProtectedFields;
use huiyin_domain::event::{Event, Subject};
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::integration::events;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::integration::settings;
use crate::usecases::support::{Command, Result, transact};

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

pub async fn protection(db: &impl ConnectionTrait) -> Result<Protection> {
    settings::read(db, NAME).await
}

/// From now on these fields are protected; requests that wait go on waiting.
pub async fn protect(app: &App, command: &Command, fields: BTreeSet<String>) -> Result<Protection> {
    transact(app, command, async |tx| {
        let before: Protection = settings::lock(tx, NAME).await?;
        command.check_version(before.version)?;
        if before.fields.0 == fields {
            return Ok(before);
        }
        let names: Vec<String> = fields.iter().cloned().collect();
        let after = Protection { version: before.version + 1, fields: ProtectedFields(fields) };
        settings::set(tx, NAME, &after).await?;
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
