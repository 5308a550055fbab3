//! Clocks: the present state in one row, the ledger beside it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::sla::{ClockKind, Entry};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, Iterable, QueryOrder, QuerySelect};

pub use crate::entity::sla_clock_entries::Model as Line;
pub use crate::entity::sla_clocks::Model as StoredClock;
use crate::entity::{sla_clock_entries, sla_clocks};
use crate::support::{even_parts, filled_up, from_json, insert_pair, insert_rows};

/// Rows of one statement: SQLite takes 32,766 parameters.
const BATCH: usize = 1024;

/// The clocks of a feedback, without those of its parts.
pub async fn of_feedback(db: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Vec<StoredClock>, DbErr> {
    sla_clocks::Entity::find()
        .filter(sla_clocks::Column::FeedbackId.eq(feedback_id))
        .filter(sla_clocks::Column::PartId.is_null())
        .order_by_asc(sla_clocks::Column::Id)
        .all(db)
        .await
}

/// The clocks of feedbacks, without those of their parts.
pub async fn of_feedbacks(db: &impl ConnectionTrait, feedback: &[Uuid]) -> Result<Vec<StoredClock>, DbErr> {
    if feedback.is_empty() {
        return Ok(Vec::new());
    }
    sla_clocks::Entity::find()
        .filter(sla_clocks::Column::FeedbackId.is_in(feedback.iter().copied()))
        .filter(sla_clocks::Column::PartId.is_null())
        .order_by_asc(sla_clocks::Column::Id)
        .all(db)
        .await
}

/// All clocks of feedbacks, those of their parts too.
pub async fn all_of(db: &impl ConnectionTrait, feedback: Vec<Uuid>) -> Result<Vec<StoredClock>, DbErr> {
    if feedback.is_empty() {
        return Ok(Vec::new());
    }
    let these = sla_clocks::Column::FeedbackId.is_in(filled_up(feedback));
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

/// The feedback's own clock of a kind.
pub async fn find_kind(
    db: &impl ConnectionTrait,
    feedback_id: Uuid,
    kind: ClockKind,
) -> Result<Option<StoredClock>, DbErr> {
    sla_clocks::Entity::find()
        .filter(sla_clocks::Column::FeedbackId.eq(feedback_id))
        .filter(sla_clocks::Column::Kind.eq(kind.as_str()))
        .filter(sla_clocks::Column::PartId.is_null())
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
    let mut lines = lines(db, vec![clock_id]).await?;
    lines.remove(&clock_id).unwrap_or_default().iter().map(entry).collect()
}

/// What a line of a ledger says.
pub fn entry(line: &Line) -> Result<Entry, DbErr> {
    from_json(&line.entry)
}

/// The ledgers of clocks, oldest entry first, with what brought each entry about.
pub async fn lines(db: &impl ConnectionTrait, clocks: Vec<Uuid>) -> Result<HashMap<Uuid, Vec<Line>>, DbErr> {
    let mut ledgers: HashMap<Uuid, Vec<Line>> = HashMap::new();
    if clocks.is_empty() {
        return Ok(ledgers);
    }
    let rows = sla_clock_entries::Entity::find()
        .filter(sla_clock_entries::Column::ClockId.is_in(filled_up(clocks)))
        .order_by_asc(sla_clock_entries::Column::ClockId)
        .order_by_asc(sla_clock_entries::Column::Position)
        .all(db)
        .await?;
    for line in rows {
        ledgers.entry(line.clock_id).or_default().push(line);
    }
    Ok(ledgers)
}

/// Stores new clocks, and appends to their ledgers and those of others.
pub async fn insert(tx: &impl ConnectionTrait, clocks: Vec<StoredClock>, mut lines: Vec<Line>) -> Result<(), DbErr> {
    let more = lines.split_off(lines.len().min(BATCH));
    insert_pair::<sla_clocks::ActiveModel, sla_clock_entries::ActiveModel>(tx, clocks, &[], lines).await?;
    for part in even_parts(more, BATCH) {
        insert_rows::<sla_clock_entries::ActiveModel>(tx, part, &[], None).await?;
    }
    Ok(())
}

/// Stores the changed state of clocks that exist. The caller holds the locks of their feedback.
pub async fn save(tx: &impl ConnectionTrait, clocks: Vec<StoredClock>) -> Result<(), DbErr> {
    use sla_clocks::Column as C;
    // What a clock belongs to never changes.
    let fixed = |column: &C| matches!(column, C::Id | C::FeedbackId | C::Kind | C::PartId | C::StartedAt);
    let changed: Vec<C> = C::iter().filter(|column| !fixed(column)).collect();
    for part in even_parts(clocks, BATCH) {
        let laid_over = OnConflict::column(C::Id).update_columns(changed.clone()).to_owned();
        insert_rows::<sla_clocks::ActiveModel>(tx, part, &[], Some(laid_over)).await?;
    }
    Ok(())
}

pub async fn update(tx: &impl ConnectionTrait, clock: StoredClock) -> Result<StoredClock, DbErr> {
    sla_clocks::Entity::update(clock.into_active_model().reset_all()).exec(tx).await
}
