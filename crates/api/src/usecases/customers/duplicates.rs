//! Keeps the list of likely duplicates: a consumer of the outbox, so that no write waits for it.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::{duplicates, profiles};
use huiyin_persistence::integration::events;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

const CONSUMER: &str = "duplicates";
const BATCH: u64 = 500;
/// Customers are compared by these alone.
const COMPARED: [&str; 4] = ["kind", "name", "phone", "email"];

/// Compares the customers of the next events with others; answers how many events there were.
pub async fn consume(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let (batch, cursor) = events::next_batch(&tx, CONSUMER, BATCH, now).await?;
    let Some(cursor) = cursor else { return Ok(0) };
    let touched: Vec<Uuid> = batch.iter().flat_map(|recorded| concerned(&recorded.event)).collect();
    duplicates::refresh(&tx, &touched, now).await?;
    events::advance(&tx, cursor, now).await?;
    tx.commit().await?;
    Ok(batch.len())
}

fn concerned(event: &Event) -> Vec<Uuid> {
    match event {
        Event::CustomerCreated { customer_id, .. } => vec![*customer_id],
        Event::CustomerUpdated { customer_id, fields, .. }
            if fields.iter().any(|field| COMPARED.contains(&field.as_str())) =>
        {
            vec![*customer_id]
        }
        Event::CustomerMerged { customer_id, from, .. } => vec![*customer_id, *from],
        _ => Vec::new(),
    }
}

/// Remembers that two customers are not the same.
pub async fn dismiss(app: &App, command: &Command, one: Uuid, other: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        for (id, pointer) in [(one, "/a"), (other, "/b")] {
            let found = profiles::find(tx, command.scope(), id).await?;
            found.ok_or_else(|| Fault::new(Code::CustomerNotFound).at(pointer))?;
        }
        if one == other {
            return Err(Fault::new(Code::MergeWithItself).at("/b").into());
        }
        if duplicates::dismiss(tx, one, other, command.actor.user_id(), command.now).await? {
            let event = Event::DuplicateDismissed { customer_id: one, other };
            events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        }
        Ok(())
    })
    .await
}
