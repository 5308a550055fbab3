//! Answers kept by `Idempotency-Key`, in the transaction of what they answered.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel};

use crate::entity::idempotency_keys;

/// What a key stands for so far.
#[derive(Debug)]
pub enum Reservation {
    /// First seen now; the work is ours.
    New,
    /// Done before, with this request and this result.
    Done { fingerprint: String, result: Option<serde_json::Value> },
}

/// Reserves a key. A second transaction with the same key waits here for the first to end.
pub async fn reserve(
    tx: &impl ConnectionTrait,
    actor_id: Uuid,
    key: &str,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> Result<Reservation, DbErr> {
    let row = idempotency_keys::Model {
        actor_id,
        key: key.to_owned(),
        fingerprint: fingerprint.to_owned(),
        result: None,
        created_at: now,
    };
    let conflict =
        OnConflict::columns([idempotency_keys::Column::ActorId, idempotency_keys::Column::Key]).do_nothing().to_owned();
    let inserted = idempotency_keys::Entity::insert(row.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(tx)
        .await?;
    if inserted == 1 {
        return Ok(Reservation::New);
    }
    let done = find(tx, actor_id, key).await?;
    let done = done.ok_or_else(|| DbErr::RecordNotFound("idempotency key".to_owned()))?;
    Ok(Reservation::Done { fingerprint: done.fingerprint, result: done.result })
}

/// What is kept under a key.
pub async fn find(
    db: &impl ConnectionTrait,
    actor_id: Uuid,
    key: &str,
) -> Result<Option<idempotency_keys::Model>, DbErr> {
    idempotency_keys::Entity::find_by_id((actor_id, key.to_owned())).one(db).await
}

/// Keeps the result under the reserved key.
pub async fn complete(
    tx: &impl ConnectionTrait,
    actor_id: Uuid,
    key: &str,
    result: serde_json::Value,
) -> Result<(), DbErr> {
    idempotency_keys::Entity::update_many()
        .col_expr(idempotency_keys::Column::Result, Expr::value(result))
        .filter(idempotency_keys::Column::ActorId.eq(actor_id))
        .filter(idempotency_keys::Column::Key.eq(key))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Forgets keys older than `before`.
pub async fn prune(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let gone =
        idempotency_keys::Entity::delete_many().filter(idempotency_keys::Column::CreatedAt.lt(before)).exec(db).await?;
    Ok(gone.rows_affected)
}
