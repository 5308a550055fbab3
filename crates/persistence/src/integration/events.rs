//! The outbox. Appended to in the transaction of the change; read by consumers in order, at least once.
//!
//! On PostgreSQL a position is handed out before its transaction commits, so "everything above the last position"
//! would skip what commits late. Readers therefore go by windows of transaction ids: a window ends at the oldest
//! transaction still running, and is read in order of position. Transactions that lock
//! their subject before they write anything keep its order. One that has written before it waits (an idempotency key,
//! another subject) may, while a third one is open, be delivered ahead of what it has waited for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbBackend, IntoActiveModel, QueryOrder, QuerySelect, Set, Statement};

use super::timeline;
use crate::entity::{event_cursors, events, timeline_entries};
use crate::support::{from_json, insert_rows, json, new_id, quoted, to_json};

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
    // SQLite takes 32,766 parameters, and an entry of a timeline has eight.
    let batch = if db.get_database_backend() == DbBackend::Postgres { 10_000 } else { 4_000 };
    for part in happened.chunks(batch) {
        let rows = part.iter().map(|event| row(actor, now, event)).collect::<Result<Vec<_>, DbErr>>()?;
        let told = part.iter().zip(&rows).filter(|(event, _)| event.in_timeline()).map(|(_, row)| row);
        let concerns = timeline::concerns_of(db, &told.collect::<Vec<_>>()).await?;
        store(db, rows, concerns).await?;
    }
    Ok(())
}

/// Stores events, and in the timelines of customers those that concern one. On PostgreSQL by one statement, in which what
/// happened travels once: whoever waits for a commit waits for each way there and back.
async fn store(
    db: &impl ConnectionTrait,
    rows: Vec<events::Model>,
    concerns: Vec<timeline::Concern>,
) -> Result<(), DbErr> {
    // Position and transaction are the database's to say.
    let left_out = [events::Column::Seq, events::Column::Tx];
    if db.get_database_backend() != DbBackend::Postgres || concerns.is_empty() {
        let known: HashMap<Uuid, &timeline::Concern> = concerns.iter().map(|one| (one.id, one)).collect();
        let told = rows.iter().filter_map(|row| Some(known.get(&row.id)?.entry(row.clone()))).collect();
        insert_rows::<events::ActiveModel>(db, rows, &left_out, None).await?;
        return insert_rows::<timeline_entries::ActiveModel>(db, told, &[], None).await;
    }
    let columns = quoted::<events::Entity>(&left_out).join(", ");
    let sql = format!(
        "WITH appended AS (INSERT INTO events ({columns}) SELECT {columns} \
         FROM json_populate_recordset(NULL::events, CAST($1 AS json)) RETURNING {columns}) \
         INSERT INTO timeline_entries (customer_id, {columns}) SELECT customer_id, {columns} FROM appended \
         JOIN json_to_recordset(CAST($2 AS json)) AS concerns(id uuid, customer_id uuid) USING (id)"
    );
    let values = [json(&rows)?, json(&concerns)?];
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await.map(|_| ())
}

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
