//! Showing masked data for a stated reason. Each time stands in the audit log, a repeated request too.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::audit::{AuditAction, PersonalField};
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::{audit as log, events};
use huiyin_persistence::support::new_id;
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Result, transact};

/// Reveals of one user within [`WINDOW`].
const LIMIT: usize = 60;
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// The customer whose data is to be shown; nothing of it is kept under the idempotency key.
pub async fn reveal(
    app: &App,
    command: &Command,
    id: Uuid,
    fields: &[PersonalField],
    reason: String,
) -> Result<Customer> {
    let this_time = new_id(command.now);
    let done = transact(app, command, async |tx| {
        profiles::find(tx, command.scope(), id).await?.ok_or(Code::CustomerNotFound)?;
        within_limit(tx, command).await?;
        record(tx, command, id, fields, &reason, false).await?;
        Ok(this_time)
    })
    .await?;
    let customer = profiles::find(&app.db, command.scope(), id).await?.ok_or(Code::CustomerNotFound)?;
    if done != this_time {
        let tx = app.db.begin().await?;
        record(&tx, command, id, fields, &reason, true).await?;
        tx.commit().await?;
    }
    Ok(customer)
}

async fn record(
    tx: &Tx,
    command: &Command,
    id: Uuid,
    fields: &[PersonalField],
    reason: &str,
    repeated: bool,
) -> Result<()> {
    let names: Vec<String> = fields.iter().map(PersonalField::to_string).collect();
    let audited = Audited {
        action: AuditAction::PersonalDataRevealed,
        subject: (Subject::Customer, id),
        reason: Some(reason.to_owned()),
        details: json!({ "fields": names, "repeated": repeated }),
    };
    audit::record(tx, command, audited).await?;
    let event = Event::PersonalDataRevealed { customer_id: id, fields: names };
    Ok(events::append(tx, command.actor.user_id(), command.now, &[event]).await?)
}

/// The user's row is locked, so that reveals at the same moment count each other.
async fn within_limit(tx: &Tx, command: &Command) -> Result<()> {
    users::lock(tx, Scope::All, command.actor.id).await?;
    let since = command.now - WINDOW;
    let times = log::times(tx, command.actor.id, AuditAction::PersonalDataRevealed, since, LIMIT as u64).await?;
    match times.get(LIMIT - 1) {
        Some(oldest) => Err(too_many(*oldest, command.now).into()),
        None => Ok(()),
    }
}

fn too_many(oldest: DateTime<Utc>, now: DateTime<Utc>) -> Fault {
    let seconds = (oldest + WINDOW - now).num_seconds().max(0) + 1;
    Fault::new(Code::RevealLimit).with("limit", LIMIT).with("seconds", seconds)
}
