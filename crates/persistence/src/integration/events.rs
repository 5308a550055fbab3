//! The outbox. Appended to in the transaction of the change; read by consumers in order, at least once.
//!
//! On PostgreSQL a position is handed out before its transaction commits, so "everything above the last position"
//! would skip what commits late. Readers therefore go by windows of transaction ids: a window ends at the oldest
//! transaction still running, and is read in order of position. Transactions that lock
//! their subject before they write anything keep its order. One that has written before it waits (an idempotency key,
//! another subject) may, while a third one is open, be delivered ahead of what it has waited for.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbBackend, IntoActiveModel, QueryOrder, QuerySelect, Set, Statement};

use super::timeline;
use crate::entity::{event_cursors, events, timeline_entries};
use crate::support::{from_json, insert_pair, new_id, to_json};

/// An event with its place in the outbox.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub seq: i64,
    pub id: Uuid,
    pub event: Event,
    pub actor_id: Option<Uuid>,
    pub occurred_at: DateTime<Utc>,
}

/// Appends events, in the transaction of what they tell of.
pub async fn append(
    db: &impl ConnectionTrait,
    actor: Option<Uuid>,
    now: DateTime<Utc>,
    happened: &[Event],
) -> Result<(), DbErr> {
    for part in happened.chunks(BATCH) {
        let mut rows = Vec::with_capacity(part.len());
        let mut entries = Vec::with_capacity(part.len());
        for event in part {
            let row = row(actor, now, event)?;
            if event.in_timeline() {
                entries.push(row.clone());
            }
            rows.push(row);
        }
        // Position and transaction are the database's to say.
        let left_out = [events::Column::Seq, events::Column::Tx];
        let entries = timeline::entries_of(db, entries).await?;
        insert_pair::<events::ActiveModel, timeline_entries::ActiveModel>(db, rows, &left_out, entries).await?;
    }
    Ok(())
}

/// Events of one statement: SQLite takes 32,766 parameters, and an entry of a timeline has eight.
const BATCH: usize = 4000;

fn row(actor: Option<Uuid>, now: DateTime<Utc>, event: &Event) -> Result<events::Model, DbErr> {
    let (subject, subject_id) = event.subject();
    Ok(events::Model {
        seq: 0,
        tx: 0,
        id: new_id(now),
        kind: event.kind().to_owned(),
        subject: subject.to_string(),
        subject_id,
        data: to_json(event)?,
        actor_id: actor,
        occurred_at: now,
    })
}

fn recorded(row: events::Model) -> Result<Recorded, DbErr> {
    Ok(Recorded {
        seq: row.seq,
        id: row.id,
        event: from_json(&row.data)?,
        actor_id: row.actor_id,
        occurred_at: row.occurred_at,
    })
}

/// What happened to one subject, oldest first, at most `limit` events after position `after`.
pub async fn of_subject(
    db: &impl ConnectionTrait,
    subject_id: Uuid,
    after: i64,
    limit: u64,
) -> Result<Vec<Recorded>, DbErr> {
    let rows = events::Entity::find()
        .filter(events::Column::SubjectId.eq(subject_id))
        .filter(events::Column::Seq.gt(after))
        .order_by_asc(events::Column::Seq)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(recorded).collect()
}

/// Locks the cursor of a consumer (made at its first use) and answers the next events, at most `limit`, with the
/// cursor to [`advance`] to in the same transaction. No events and no new cursor: nothing has happened.
pub async fn next_batch(
    tx: &impl ConnectionTrait,
    consumer: &str,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<(Vec<Recorded>, Option<event_cursors::Model>), DbErr> {
    let start =
        event_cursors::Model { consumer: consumer.to_owned(), window_from: 0, window_to: 0, seq: 0, updated_at: now };
    event_cursors::Entity::insert(start.into_active_model())
        .on_conflict(OnConflict::column(event_cursors::Column::Consumer).do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    let cursor = event_cursors::Entity::find_by_id(consumer.to_owned()).lock_exclusive().one(tx).await?;
    let Some(mut cursor) = cursor else { return Ok((Vec::new(), None)) };
    let before = cursor.clone();

    if tx.get_database_backend() == DbBackend::Sqlite {
        // One writer: positions are in order of commit.
        let rows = events::Entity::find()
            .filter(events::Column::Seq.gt(cursor.seq))
            .order_by_asc(events::Column::Seq)
            .limit(limit)
            .all(tx)
            .await?;
        cursor.seq = rows.last().map_or(cursor.seq, |row| row.seq);
        return finish(rows, cursor, &before);
    }
    if cursor.window_from == cursor.window_to {
        cursor.window_to = horizon(tx).await?.max(cursor.window_from);
        cursor.seq = 0;
    }
    let rows = events::Entity::find()
        .filter(events::Column::Tx.gte(cursor.window_from))
        .filter(events::Column::Tx.lt(cursor.window_to))
        .filter(events::Column::Seq.gt(cursor.seq))
        .order_by_asc(events::Column::Seq)
        .limit(limit)
        .all(tx)
        .await?;
    match rows.last() {
        Some(last) if rows.len() as u64 == limit => cursor.seq = last.seq,
        _ => (cursor.window_from, cursor.seq) = (cursor.window_to, 0),
    }
    finish(rows, cursor, &before)
}

type Batch = (Vec<Recorded>, Option<event_cursors::Model>);

fn finish(
    rows: Vec<events::Model>,
    cursor: event_cursors::Model,
    before: &event_cursors::Model,
) -> Result<Batch, DbErr> {
    // An empty step is kept only where it ends a window that had been read in part.
    let moved = (cursor != *before && (!rows.is_empty() || before.seq != 0)).then_some(cursor);
    Ok((rows.into_iter().map(recorded).collect::<Result<_, _>>()?, moved))
}

/// Every transaction below this id has ended (PostgreSQL).
async fn horizon(tx: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon";
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("horizon".to_owned()))?.try_get("", "horizon")
}

/// Remembers that everything up to the cursor has been consumed.
pub async fn advance(tx: &impl ConnectionTrait, cursor: event_cursors::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let row = event_cursors::ActiveModel { updated_at: Set(now), ..cursor.into_active_model().reset_all() };
    event_cursors::Entity::update(row).exec(tx).await.map(|_| ())
}

/// Consumers that are known, with the time of their last step: the figure behind "how far behind are we".
pub async fn cursors(db: &impl ConnectionTrait) -> Result<Vec<event_cursors::Model>, DbErr> {
    event_cursors::Entity::find().all(db).await
}
