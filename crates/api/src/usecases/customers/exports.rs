//! Customers that leave the house as a file are noted, whoever takes them.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::identity::Actor;
use huiyin_persistence::integration::events;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::Result;

/// What has left.
#[derive(Debug, Clone)]
pub struct Exported {
    pub id: Uuid,
    pub format: &'static str,
    pub rows: i64,
    /// Rows whose personal data was masked.
    pub masked: i64,
}

pub async fn record(app: &App, actor: &Actor, now: DateTime<Utc>, exported: Exported) -> Result<()> {
    let Exported { id, format, rows, masked } = exported;
    let event = Event::CustomersExported { export_id: id, format: format.to_owned(), rows, masked };
    let tx = app.db.begin().await?;
    events::append(&tx, actor.user_id(), now, &[event]).await?;
    Ok(tx.commit().await?)
}
