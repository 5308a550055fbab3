//! Customers that leave the house as a file are noted, whoever takes them; unmasked personal data in the audit log too.

use huiyin_domain::audit::AuditAction;
use huiyin_domain::event::{Event, Subject};
use huiyin_persistence::integration::events;
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Result};

/// What has left.
#[derive(Debug, Clone)]
pub struct Exported {
    pub id: Uuid,
    pub format: &'static str,
    pub rows: i64,
    /// Rows whose personal data was masked.
    pub masked: i64,
    /// Columns with personal data.
    pub personal: Vec<&'static str>,
}

/// The command is of the beginning; it is noted when it has ended.
pub async fn record(app: &App, command: &Command, exported: Exported) -> Result<()> {
    let Exported { id, format, rows, masked, personal } = exported;
    let command = Command { now: app.clock.now(), ..command.clone() };
    let event = Event::CustomersExported { export_id: id, format: format.to_owned(), rows, masked };
    let tx = app.db.begin().await?;
    if rows > masked && !personal.is_empty() {
        let audited = Audited {
            action: AuditAction::PersonalDataExported,
            subject: (Subject::Export, id),
            reason: None,
            details: json!({ "fields": personal, "format": format, "rows": rows - masked }),
        };
        audit::record(&tx, &command, audited).await?;
    }
    events::append(&tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok(tx.commit().await?)
}
