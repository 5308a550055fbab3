//! Failed sign-ins, counted by user name whether or not such a user exists: a lock tells nothing.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect};

use crate::entity::login_attempts;

/// Until when the name is locked, if it is.
pub async fn locked_until(
    db: &impl ConnectionTrait,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let row = login_attempts::Entity::find_by_id(key.to_owned()).one(db).await?;
    Ok(row.and_then(|row| row.locked_until).filter(|until| *until > now))
}

/// Counts a failure and answers how many there have been in a row. The row stays locked until the transaction ends.
pub async fn count_failure(tx: &impl ConnectionTrait, key: &str, now: DateTime<Utc>) -> Result<i32, DbErr> {
    let first = login_attempts::Model { username_key: key.to_owned(), failures: 0, locked_until: None, last_at: now };
    let once = OnConflict::column(login_attempts::Column::UsernameKey).do_nothing().to_owned();
    login_attempts::Entity::insert(first.into_active_model()).on_conflict(once).exec_without_returning(tx).await?;
    let Some(mut row) = login_attempts::Entity::find_by_id(key.to_owned()).lock_exclusive().one(tx).await? else {
        return Ok(1);
    };
    row.failures = row.failures.saturating_add(1);
    row.last_at = now;
    let failures = row.failures;
    login_attempts::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
    Ok(failures)
}

pub async fn lock_until(tx: &impl ConnectionTrait, key: &str, until: DateTime<Utc>) -> Result<(), DbErr> {
    login_attempts::Entity::update_many()
        .col_expr(login_attempts::Column::LockedUntil, Expr::value(until))
        .filter(login_attempts::Column::UsernameKey.eq(key))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Forgets the failures of a name.
pub async fn clear(tx: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    login_attempts::Entity::delete_by_id(key.to_owned()).exec(tx).await.map(|_| ())
}

/// Forgets names without a failure since `before`.
pub async fn prune(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let gone = login_attempts::Entity::delete_many().filter(login_attempts::Column::LastAt.lt(before)).exec(db).await?;
    Ok(gone.rows_affected)
}
