//! Clocks: the present state in one row, the ledger beside it.

use chrono::{DateTime, Utc};
use huiyin_domain::sla::{ClockKind, Entry};
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use crate::entity::sla_clocks::Model as StoredClock;
use crate::entity::{sla_clock_entries, sla_clocks};
use crate::support::{filled_up, from_json, insert_pair, to_json};

/// The clocks of a feedback.
pub async fn of_feedback(db: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Vec<StoredClock>, DbErr> {
    sla_clocks::Entity::find()
        .filter(sla_clocks::Column::FeedbackId.eq(feedback_id))
        .order_by_asc(sla_clocks::Column::Id)
        .all(db)
        .await
}

pub async fn of_feedbacks(db: &impl ConnectionTrait, feedback: &[Uuid]) -> Result<Vec<StoredClock>, DbErr> {
    if feedback.is_empty() {
        return Ok(Vec::new());
    }
    let these = sla_clocks::Column::FeedbackId.is_in(feedback.iter().copied());
    sla_clocks::Entity::find().filter(these).order_by_asc(sla_clocks::Column::Id).all(db).await
}

pub async fn of_ids(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<StoredClock>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sla_clocks::Entity::find().filter(sla_clocks::Column::Id.is_in(filled_up(ids))).all(db).await
}

/// Their deadlines were found to have passed. The caller holds the locks of their feedbacks.
pub async fn breach(tx: &impl ConnectionTrait, ids: Vec<Uuid>, now: DateTime<Utc>) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    sla_clocks::Entity::update_many()
        .col_expr(sla_clocks::Column::BreachedAt, Expr::value(now))
        .filter(sla_clocks::Column::Id.is_in(filled_up(ids)))
        .exec(tx)
        .await
        .map(|_| ())
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredClock>, DbErr> {
    sla_clocks::Entity::find_by_id(id).one(db).await
}

pub async fn find_kind(
    db: &impl ConnectionTrait,
    feedback_id: Uuid,
    kind: ClockKind,
) -> Result<Option<StoredClock>, DbErr> {
    sla_clocks::Entity::find()
        .filter(sla_clocks::Column::FeedbackId.eq(feedback_id))
        .filter(sla_clocks::Column::Kind.eq(kind.as_str()))
        .one(db)
        .await
}

/// Open clocks that go by a calendar, in order of id.
pub async fn open_by_calendar(
    db: &impl ConnectionTrait,
    calendar_id: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<StoredClock>, DbErr> {
    let mut select = sla_clocks::Entity::find()
        .filter(sla_clocks::Column::CalendarId.eq(calendar_id))
        .filter(sla_clocks::Column::StoppedAt.is_null());
    if let Some(after) = after {
        select = select.filter(sla_clocks::Column::Id.gt(after));
    }
    select.order_by_asc(sla_clocks::Column::Id).limit(limit).all(db).await
}

/// The ledger of a clock, oldest entry first.
pub async fn ledger(db: &impl ConnectionTrait, clock_id: Uuid) -> Result<Vec<Entry>, DbErr> {
    let rows = sla_clock_entries::Entity::find()
        .filter(sla_clock_entries::Column::ClockId.eq(clock_id))
        .order_by_asc(sla_clock_entries::Column::Position)
        .all(db)
        .await?;
    rows.iter().map(|row| from_json(&row.entry)).collect()
}

/// Stores new clocks with their first entries.
pub async fn insert(tx: &impl ConnectionTrait, clocks: Vec<(StoredClock, Entry)>) -> Result<(), DbErr> {
    if clocks.is_empty() {
        return Ok(());
    }
    let first = |(clock, entry): &(StoredClock, Entry)| entry_row(clock.id, 0, entry);
    let entries = clocks.iter().map(first).collect::<Result<Vec<_>, _>>()?;
    let rows = clocks.into_iter().map(|(clock, _)| clock).collect();
    insert_pair::<sla_clocks::ActiveModel, sla_clock_entries::ActiveModel>(tx, rows, &[], entries).await
}

/// Stores the changed state of a clock and appends to its ledger. The caller holds the lock of the feedback.
pub async fn append(tx: &impl ConnectionTrait, mut clock: StoredClock, entry: &Entry) -> Result<StoredClock, DbErr> {
    let row = entry_row(clock.id, clock.entries, entry)?.into_active_model();
    sla_clock_entries::Entity::insert(row).exec_without_returning(tx).await?;
    clock.entries += 1;
    update(tx, clock).await
}

pub async fn update(tx: &impl ConnectionTrait, clock: StoredClock) -> Result<StoredClock, DbErr> {
    sla_clocks::Entity::update(clock.into_active_model().reset_all()).exec(tx).await
}

fn entry_row(clock_id: Uuid, position: i32, entry: &Entry) -> Result<sla_clock_entries::Model, DbErr> {
    Ok(sla_clock_entries::Model { clock_id, position, entry: to_json(entry)? })
}
