//! Whatever happens later is a row here, written in the transaction that makes it due and removed in the
//! transaction of its effect: exactly once, whoever dies in between.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::timer::TimerKind;
use sea_orm::prelude::*;
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict, Query};
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, Set};
use serde::{Deserialize, Serialize};

use crate::entity::timers;
use crate::support::{filled_up, insert_rows, new_id};

/// Attempts after which a timer is set aside for a person to look at.
pub const MAX_ATTEMPTS: i32 = 12;

/// A timer to set.
#[derive(Debug, Clone)]
pub struct NewTimer {
    pub kind: TimerKind,
    pub subject_id: Uuid,
    /// Two timers with one key are one timer.
    pub unique_key: String,
    pub due_at: DateTime<Utc>,
    pub payload: serde_json::Value,
}

/// A timer that has been claimed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claimed {
    pub id: Uuid,
    pub kind: TimerKind,
    pub subject_id: Uuid,
    pub due_at: DateTime<Utc>,
    pub payload: serde_json::Value,
    pub attempts: i32,
    pub owner: Uuid,
}

/// Sets timers; one whose key exists is moved to the new time and payload.
pub async fn set(db: &impl ConnectionTrait, now: DateTime<Utc>, new: Vec<NewTimer>) -> Result<(), DbErr> {
    if new.is_empty() {
        return Ok(());
    }
    let rows = new.into_iter().map(|timer| row(timer, now).into_active_model());
    timers::Entity::insert_many(rows).on_conflict(moved()).exec_without_returning(db).await?;
    Ok(())
}

/// The same for any number of timers; of two with one key the later in the list is set.
pub async fn set_many(db: &impl ConnectionTrait, now: DateTime<Utc>, new: Vec<NewTimer>) -> Result<(), DbErr> {
    let by_key: BTreeMap<String, NewTimer> = new.into_iter().map(|timer| (timer.unique_key.clone(), timer)).collect();
    let mut rows: Vec<_> = by_key.into_values().map(|timer| row(timer, now)).collect();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        insert_rows::<timers::ActiveModel>(db, rows, &[], Some(moved())).await?;
        rows = rest;
    }
    Ok(())
}

/// Sets timers as [`set_many`] does, but leaves with those there are what has been noted with them.
pub async fn wake(db: &impl ConnectionTrait, now: DateTime<Utc>, new: Vec<NewTimer>) -> Result<(), DbErr> {
    let rows = new.into_iter().map(|timer| row(timer, now)).collect();
    let kept = OnConflict::column(timers::Column::UniqueKey).update_columns(MOVED).to_owned();
    insert_rows::<timers::ActiveModel>(db, rows, &[], Some(kept)).await
}

/// Timers of one statement: SQLite takes 32,766 parameters, and a timer has eleven.
const BATCH: usize = 2000;

fn row(timer: NewTimer, now: DateTime<Utc>) -> timers::Model {
    timers::Model {
        id: new_id(now),
        kind: timer.kind.to_string(),
        subject_id: timer.subject_id,
        unique_key: timer.unique_key,
        due_at: timer.due_at,
        payload: timer.payload,
        attempts: 0,
        lease_owner: None,
        lease_until: None,
        failed_at: None,
        last_error: None,
    }
}

/// A new id as well: whoever has claimed the old one finds it gone and does not fire it.
fn moved() -> OnConflict {
    let columns = MOVED.into_iter().chain([timers::Column::Payload]);
    OnConflict::column(timers::Column::UniqueKey).update_columns(columns).to_owned()
}

const MOVED: [timers::Column; 7] = [
    timers::Column::Id,
    timers::Column::DueAt,
    timers::Column::Attempts,
    timers::Column::LeaseOwner,
    timers::Column::LeaseUntil,
    timers::Column::FailedAt,
    timers::Column::LastError,
];

/// Whether there is a timer with this key, claimed or not.
pub async fn exists(db: &impl ConnectionTrait, key: &str) -> Result<bool, DbErr> {
    Ok(timers::Entity::find().filter(timers::Column::UniqueKey.eq(key)).one(db).await?.is_some())
}

/// Removes timers by key; those that do not exist are no error.
pub async fn cancel(db: &impl ConnectionTrait, keys: Vec<String>) -> Result<(), DbErr> {
    if keys.is_empty() {
        return Ok(());
    }
    timers::Entity::delete_many().filter(timers::Column::UniqueKey.is_in(keys)).exec(db).await.map(|_| ())
}

/// Claims timers of these kinds that are due for `owner` until `now + lease`. Cost grows with what is due. On
/// PostgreSQL copies skip each other's rows; on SQLite the one writer does the same.
pub async fn claim(
    db: &impl ConnectionTrait,
    kinds: &[TimerKind],
    owner: Uuid,
    now: DateTime<Utc>,
    lease: TimeDelta,
    limit: u64,
) -> Result<Vec<Claimed>, DbErr> {
    let free = Expr::col(timers::Column::LeaseUntil).is_null().or(Expr::col(timers::Column::LeaseUntil).lt(now));
    let due = Query::select()
        .column(timers::Column::Id)
        .from(timers::Entity)
        .and_where(Expr::col(timers::Column::FailedAt).is_null())
        .and_where(Expr::col(timers::Column::Kind).is_in(kinds.iter().map(|kind| kind.as_str())))
        .and_where(Expr::col(timers::Column::DueAt).lte(now))
        .and_where(free)
        .order_by(timers::Column::DueAt, sea_orm::Order::Asc)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    let mut claimed = timers::Entity::update_many()
        .col_expr(timers::Column::LeaseOwner, Expr::value(owner))
        .col_expr(timers::Column::LeaseUntil, Expr::value(now + lease))
        .filter(timers::Column::Id.in_subquery(due))
        .exec_with_returning(db)
        .await?;
    claimed.sort_by_key(|timer| timer.due_at);
    claimed
        .into_iter()
        .map(|timer| {
            let kind = crate::support::stored(&timer.kind)?;
            Ok(Claimed {
                id: timer.id,
                kind,
                subject_id: timer.subject_id,
                due_at: timer.due_at,
                payload: timer.payload,
                attempts: timer.attempts,
                owner,
            })
        })
        .collect()
}

/// Removes a claimed timer in the transaction of its effect. `false`: it has been cancelled, moved or taken over
/// meanwhile, and nothing may be done for it.
pub async fn complete(tx: &impl ConnectionTrait, timer: &Claimed) -> Result<bool, DbErr> {
    let done = timers::Entity::delete_many()
        .filter(timers::Column::Id.eq(timer.id))
        .filter(timers::Column::LeaseOwner.eq(timer.owner))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Removes claimed timers in the transaction of their effects; answers those that were still there. The others have
/// been cancelled, moved or taken over meanwhile, and nothing may be done for them.
pub async fn complete_all(tx: &impl ConnectionTrait, claimed: &[Claimed]) -> Result<HashSet<Uuid>, DbErr> {
    let Some(first) = claimed.first() else { return Ok(HashSet::new()) };
    let done = timers::Entity::delete_many()
        .filter(timers::Column::Id.is_in(filled_up(claimed.iter().map(|timer| timer.id).collect())))
        .filter(timers::Column::LeaseOwner.eq(first.owner))
        .exec_with_returning(tx)
        .await?;
    Ok(done.into_iter().map(|timer| timer.id).collect())
}

/// Keeps a claim while long work goes on. `false`: the claim has been lost.
pub async fn renew(db: &impl ConnectionTrait, timer: &Claimed, until: DateTime<Utc>) -> Result<bool, DbErr> {
    let renewed = timers::Entity::update_many()
        .col_expr(timers::Column::LeaseUntil, Expr::value(until))
        .filter(timers::Column::Id.eq(timer.id))
        .filter(timers::Column::LeaseOwner.eq(timer.owner))
        .exec(db)
        .await?;
    Ok(renewed.rows_affected == 1)
}

/// Keeps a claim, and notes with it how far its work has come, for whoever takes it up should this one die. `false`: the
/// claim has been lost.
pub async fn note(
    tx: &impl ConnectionTrait,
    timer: &Claimed,
    until: DateTime<Utc>,
    payload: serde_json::Value,
) -> Result<bool, DbErr> {
    let noted = timers::Entity::update_many()
        .col_expr(timers::Column::LeaseUntil, Expr::value(until))
        .col_expr(timers::Column::Payload, Expr::value(payload))
        .filter(timers::Column::Id.eq(timer.id))
        .filter(timers::Column::LeaseOwner.eq(timer.owner))
        .exec(tx)
        .await?;
    Ok(noted.rows_affected == 1)
}

/// Gives a claimed timer back, to be tried again at `retry_at`, or for good when it has failed too often.
pub async fn postpone(
    db: &impl ConnectionTrait,
    timer: &Claimed,
    now: DateTime<Utc>,
    retry_at: DateTime<Utc>,
    error: Option<&str>,
) -> Result<(), DbErr> {
    let attempts = timer.attempts + i32::from(error.is_some());
    let failed_at = (attempts >= MAX_ATTEMPTS).then_some(now);
    timers::Entity::update_many()
        .set(timers::ActiveModel {
            due_at: Set(retry_at),
            attempts: Set(attempts),
            lease_owner: Set(None),
            lease_until: Set(None),
            failed_at: Set(failed_at),
            last_error: Set(error.map(|text| text.chars().take(500).collect())),
            ..Default::default()
        })
        .filter(timers::Column::Id.eq(timer.id))
        .filter(timers::Column::LeaseOwner.eq(timer.owner))
        .exec(db)
        .await
        .map(|_| ())
}

/// Whether a timer of these kinds is due, claimed or not. Only what is due is looked at: of what comes later there may
/// be millions.
pub async fn any_due(db: &impl ConnectionTrait, kinds: &[TimerKind], now: DateTime<Utc>) -> Result<bool, DbErr> {
    use sea_orm::{QueryOrder, QuerySelect};
    let first: Option<Uuid> = timers::Entity::find()
        .select_only()
        .column(timers::Column::Id)
        .filter(timers::Column::FailedAt.is_null())
        .filter(timers::Column::DueAt.lte(now))
        .filter(timers::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
        .order_by_asc(timers::Column::DueAt)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(first.is_some())
}
