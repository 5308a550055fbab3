use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QuerySelect};

pub use crate::entity::sessions::Model as Session;
use crate::entity::{refresh_tokens, sessions};

pub async fn insert(tx: &impl ConnectionTrait, session: Session) -> Result<(), DbErr> {
    sessions::Entity::insert(session.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// A session that has neither ended nor expired.
pub async fn open(db: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<Option<Session>, DbErr> {
    sessions::Entity::find_by_id(id)
        .filter(sessions::Column::EndedAt.is_null())
        .filter(sessions::Column::ExpiresAt.gt(now))
        .one(db)
        .await
}

pub async fn add_token(
    tx: &impl ConnectionTrait,
    session_id: Uuid,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let token = refresh_tokens::Model { token_hash, session_id, created_at: now, used_at: None };
    refresh_tokens::Entity::insert(token.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// A refresh token that was presented.
#[derive(Debug)]
pub struct Presented {
    pub session: Session,
    /// It had been spent before: somebody else has a copy.
    pub reused: bool,
}

/// Spends a refresh token. Of two that present it at once, one finds it spent.
pub async fn spend_token(
    tx: &impl ConnectionTrait,
    token_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<Presented>, DbErr> {
    let Some(token) = refresh_tokens::Entity::find_by_id(token_hash.to_owned()).one(tx).await? else { return Ok(None) };
    let spent = refresh_tokens::Entity::update_many()
        .col_expr(refresh_tokens::Column::UsedAt, Expr::value(now))
        .filter(refresh_tokens::Column::TokenHash.eq(token_hash))
        .filter(refresh_tokens::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    let session = sessions::Entity::find_by_id(token.session_id).lock_exclusive().one(tx).await?;
    Ok(session.map(|session| Presented { session, reused: spent.rows_affected == 0 }))
}

/// Ends one session; one that has ended before keeps its reason.
pub async fn end(tx: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>, reason: &str) -> Result<(), DbErr> {
    end_where(tx, sessions::Column::Id.eq(id), now, reason).await
}

/// Ends all sessions of a user but one.
pub async fn end_all_but(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    keep: Option<Uuid>,
    now: DateTime<Utc>,
    reason: &str,
) -> Result<(), DbErr> {
    let mine = sessions::Column::UserId.eq(user_id);
    let which = match keep {
        Some(id) => mine.and(sessions::Column::Id.ne(id)),
        None => mine,
    };
    end_where(tx, which, now, reason).await
}

async fn end_where(tx: &impl ConnectionTrait, which: Expr, now: DateTime<Utc>, reason: &str) -> Result<(), DbErr> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::EndedAt, Expr::value(now))
        .col_expr(sessions::Column::EndReason, Expr::value(reason))
        .filter(which)
        .filter(sessions::Column::EndedAt.is_null())
        .exec(tx)
        .await
        .map(|_| ())
}

/// Forgets sessions that expired before `before`, with their tokens.
pub async fn prune(tx: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let old = sea_orm::sea_query::Query::select()
        .column(sessions::Column::Id)
        .from(sessions::Entity)
        .and_where(Expr::col(sessions::Column::ExpiresAt).lt(before))
        .to_owned();
    refresh_tokens::Entity::delete_many().filter(refresh_tokens::Column::SessionId.in_subquery(old)).exec(tx).await?;
    let gone = sessions::Entity::delete_many().filter(sessions::Column::ExpiresAt.lt(before)).exec(tx).await?;
    Ok(gone.rows_affected)
}
