//! What events have brought and what is yet to come: one row for each customer, touchpoint and occasion, gone once its task
//! is made.
//!
//! A table of its own and no timers: they are claimed by the hundred with nothing but an index over the due time, without
//! leases, and what is dropped stays known.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ConnectionTrait, ExprTrait, FromQueryResult, QueryOrder, QuerySelect};

pub use crate::entity::follow_up_expected::Model as Expected;
use crate::entity::{feedback, follow_up_expected, follow_up_tasks, orders};
use crate::support::{filled_up, insert_rows};

/// Rows of one statement: SQLite takes 32,766 parameters, and one has eight.
const BATCH: usize = 4_000;

/// Notes what is to come. What is known already stays as it is, and what has its task is not noted again.
pub async fn note(tx: &impl ConnectionTrait, rows: Vec<Expected>) -> Result<(), DbErr> {
    use follow_up_expected::Column as C;
    let made = made(tx, &rows).await?;
    let key = |row: &Expected| (row.touchpoint_id, row.customer_id, row.occasion.clone());
    let mut seen = HashSet::new();
    let mut rows: Vec<Expected> =
        rows.into_iter().filter(|row| !made.contains(&key(row)) && seen.insert(key(row))).collect();
    let known = OnConflict::columns([C::TouchpointId, C::CustomerId, C::Occasion]).do_nothing().to_owned();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        insert_rows::<follow_up_expected::ActiveModel>(tx, rows, &[], Some(known.clone())).await?;
        rows = rest;
    }
    Ok(())
}

/// Which of these have their task.
async fn made(tx: &impl ConnectionTrait, rows: &[Expected]) -> Result<HashSet<(Uuid, Uuid, String)>, DbErr> {
    use follow_up_tasks::Column as C;
    let mut made = HashSet::new();
    for part in rows.chunks(BATCH) {
        let touchpoints: HashSet<Uuid> = part.iter().map(|row| row.touchpoint_id).collect();
        let customers: HashSet<Uuid> = part.iter().map(|row| row.customer_id).collect();
        let found: Vec<(Option<Uuid>, Option<Uuid>, Option<String>)> = follow_up_tasks::Entity::find()
            .select_only()
            .columns([C::TouchpointId, C::CustomerId, C::Occasion])
            .filter(C::TouchpointId.is_in(touchpoints))
            .filter(C::CustomerId.is_in(filled_up(customers.into_iter().collect())))
            .into_tuple()
            .all(tx)
            .await?;
        made.extend(
            found.into_iter().filter_map(|(touchpoint, customer, occasion)| Some((touchpoint?, customer?, occasion?))),
        );
    }
    Ok(made)
}

/// Whose turn comes next at a touchpoint, those due first: all, or those that are due by `until`. Whoever takes the rows
/// holds these customers before, as whoever merges them does.
pub async fn next_customers(
    db: &impl ConnectionTrait,
    touchpoint: Uuid,
    until: Option<DateTime<Utc>>,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_expected::Column as C;
    let mut next = follow_up_expected::Entity::find()
        .select_only()
        .column(C::CustomerId)
        .filter(C::TouchpointId.eq(touchpoint))
        .filter(C::DroppedAt.is_null())
        .order_by_asc(C::DueAt)
        .limit(limit);
    if let Some(until) = until {
        next = next.filter(C::DueAt.lte(until));
    }
    let mut customers: Vec<Uuid> = next.into_tuple().all(db).await?;
    customers.sort_unstable();
    customers.dedup();
    Ok(customers)
}

/// Takes the rows of these customers out: all, or those that are due by `until`. Their tasks are made in this transaction,
/// or they are stored again.
pub async fn take(
    tx: &impl ConnectionTrait,
    touchpoint: Uuid,
    customers: &[Uuid],
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Expected>, DbErr> {
    use follow_up_expected::Column as C;
    let mut these = follow_up_expected::Entity::delete_many()
        .filter(C::TouchpointId.eq(touchpoint))
        .filter(C::CustomerId.is_in(filled_up(customers.to_vec())))
        .filter(C::DroppedAt.is_null());
    if let Some(until) = until {
        these = these.filter(C::DueAt.lte(until));
    }
    let mut taken = these.exec_with_returning(tx).await?;
    taken.sort_by(|a, b| (a.due_at, a.customer_id, &a.occasion).cmp(&(b.due_at, b.customer_id, &b.occasion)));
    Ok(taken)
}

/// Takes back what was to come: it has turned out not to have happened, or not to last.
pub async fn withdraw(tx: &impl ConnectionTrait, customers: Vec<Uuid>, occasions: Vec<String>) -> Result<(), DbErr> {
    use follow_up_expected::Column as C;
    if customers.is_empty() || occasions.is_empty() {
        return Ok(());
    }
    follow_up_expected::Entity::delete_many()
        .filter(C::CustomerId.is_in(filled_up(customers)))
        .filter(C::DroppedAt.is_null())
        .filter(C::Occasion.is_in(filled_up(occasions)))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Stores rows that were taken out.
pub async fn put_back(tx: &impl ConnectionTrait, mut rows: Vec<Expected>) -> Result<(), DbErr> {
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        insert_rows::<follow_up_expected::ActiveModel>(tx, rows, &[], None).await?;
        rows = rest;
    }
    Ok(())
}

/// Drops what was due before `morning`; answers how many there were.
pub async fn skip(
    tx: &impl ConnectionTrait,
    touchpoint: Uuid,
    morning: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    use follow_up_expected::Column as C;
    let skipped = follow_up_expected::Entity::update_many()
        .col_expr(C::DroppedAt, Expr::value(now))
        .filter(C::TouchpointId.eq(touchpoint))
        .filter(C::DroppedAt.is_null())
        .filter(C::DueAt.lt(morning))
        .exec(tx)
        .await?;
    Ok(skipped.rows_affected)
}

/// Drops what was due before `morning` where something later of the same customer is due by `until` as well: that stands
/// for all. Answers how many there were.
pub async fn merge(
    tx: &impl ConnectionTrait,
    touchpoint: Uuid,
    morning: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    use follow_up_expected::Column as C;
    let other = |column: C| Expr::col(("other", column));
    let this = |column: C| Expr::col((follow_up_expected::Entity, column));
    let later = Query::select()
        .expr(Expr::val(1))
        .from_as(follow_up_expected::Entity, "other")
        .and_where(other(C::TouchpointId).eq(touchpoint))
        .and_where(other(C::CustomerId).equals((follow_up_expected::Entity, C::CustomerId)))
        .and_where(other(C::DroppedAt).is_null())
        .and_where(other(C::DueAt).lte(until))
        .and_where(
            Expr::tuple([other(C::DueAt), other(C::Occasion)]).gt(Expr::tuple([this(C::DueAt), this(C::Occasion)])),
        )
        .to_owned();
    let merged = follow_up_expected::Entity::update_many()
        .col_expr(C::DroppedAt, Expr::value(now))
        .filter(C::TouchpointId.eq(touchpoint))
        .filter(C::DroppedAt.is_null())
        .filter(C::DueAt.lt(morning))
        .filter(Expr::exists(later))
        .exec(tx)
        .await?;
    Ok(merged.rows_affected)
}

/// Removes all that is yet to come of a touchpoint: its plan has ended.
pub async fn clear(tx: &impl ConnectionTrait, touchpoint: Uuid) -> Result<(), DbErr> {
    use follow_up_expected::Column as C;
    follow_up_expected::Entity::delete_many().filter(C::TouchpointId.eq(touchpoint)).exec(tx).await.map(|_| ())
}

/// Forgets what was dropped before `until`.
pub async fn forget(tx: &impl ConnectionTrait, touchpoint: Uuid, until: DateTime<Utc>) -> Result<(), DbErr> {
    use follow_up_expected::Column as C;
    follow_up_expected::Entity::delete_many()
        .filter(C::TouchpointId.eq(touchpoint))
        .filter(C::DroppedAt.lt(until))
        .exec(tx)
        .await
        .map(|_| ())
}

/// When what happened to an order, as far as the order says.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Moments {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub status: String,
    pub ordered_at: DateTime<Utc>,
    pub paid_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub signed_at: Option<DateTime<Utc>>,
}

pub async fn orders(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Moments>, DbErr> {
    use orders::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    orders::Entity::find()
        .select_only()
        .columns([C::Id, C::CustomerId, C::Status, C::OrderedAt, C::PaidAt, C::DeliveredAt, C::SignedAt])
        .filter(C::Id.is_in(filled_up(ids)))
        .into_model()
        .all(db)
        .await
}

/// Whose a feedback is, and of what kind.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Raised {
    pub id: Uuid,
    pub customer_id: Option<Uuid>,
    pub kind: String,
}

pub async fn feedback(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Raised>, DbErr> {
    use feedback::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    feedback::Entity::find()
        .select_only()
        .columns([C::Id, C::CustomerId, C::Kind])
        .filter(C::Id.is_in(filled_up(ids)))
        .into_model()
        .all(db)
        .await
}
