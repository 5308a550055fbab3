//! Showing masked data for a stated reason. Each time stands in the audit log, a repeated request too.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::audit::{AuditAction, PersonalField};
use huiyin_domain::event::{Event, Subject};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts::{self, Contact};
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::{audit as log, events};
use huiyin_persistence::support::new_id;
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::integration::audit::{self, Audited};
use crate::usecases::support::{Command, Error, Result, transact};

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
    let customer =
        async || profiles::find(&app.db, command.scope(), id).await?.ok_or(Error::from(Code::CustomerNotFound));
    customer().await?;
    log_it(app, command, Shown { customer: id, contact: None, fields, reason: &reason }).await?;
    customer().await
}

/// The contact whose data is to be shown, for the same reasons and within the same limit.
pub async fn reveal_contact(
    app: &App,
    command: &Command,
    id: Uuid,
    fields: &[PersonalField],
    reason: String,
) -> Result<Contact> {
    let contact =
        async || contacts::find(&app.db, command.scope(), id).await?.ok_or(Error::from(Code::ContactNotFound));
    let customer = contact().await?.customer_id;
    log_it(app, command, Shown { customer, contact: Some(id), fields, reason: &reason }).await?;
    contact().await
}

/// Whose data is shown, and why.
struct Shown<'a> {
    customer: Uuid,
    contact: Option<Uuid>,
    fields: &'a [PersonalField],
    reason: &'a str,
}

/// Writes it into the log before anything is shown; once more where the request is one that was answered before.
async fn log_it(app: &App, command: &Command, shown: Shown<'_>) -> Result<()> {
    let this_time = new_id(command.now);
    let done = transact(app, command, async |tx| {
        within_limit(tx, command).await?;
        record(tx, command, &shown, false).await?;
        Ok(this_time)
    })
    .await?;
    if done != this_time {
        let tx = app.db.begin().await?;
        record(&tx, command, &shown, true).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn record(tx: &Tx, command: &Command, shown: &Shown<'_>, repeated: bool) -> Result<()> {
    let names: Vec<String> = shown.fields.iter().map(PersonalField::to_string).collect();
    let mut details = json!({ "fields": names, "repeated": repeated });
    if let Some(contact) = shown.contact {
        details["contact_id"] = json!(contact);
    }
    let audited = Audited {
        action: AuditAction::PersonalDataRevealed,
        subject: (Subject::Customer, shown.customer),
        reason: Some(shown.reason.to_owned()),
        details,
    };
    audit::record(tx, command, audited).await?;
    let event = Event::PersonalDataRevealed { customer_id: shown.customer, fields: names };
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
