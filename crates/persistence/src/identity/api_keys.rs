use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::api_keys;
pub use crate::entity::api_keys::Model as ApiKey;
use crate::support::{Page, PageRequest, page_by_id};

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<ApiKey>, DbErr> {
    Ok(page_by_id!(api_keys::Entity::find(), api_keys::Column::Id, page, db))
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<ApiKey>, DbErr> {
    api_keys::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// A key that may be used now, by the hash of its secret.
pub async fn usable(db: &impl ConnectionTrait, key_hash: &str, now: DateTime<Utc>) -> Result<Option<ApiKey>, DbErr> {
    let unexpired =
        Condition::any().add(api_keys::Column::ExpiresAt.is_null()).add(api_keys::Column::ExpiresAt.gt(now));
    api_keys::Entity::find()
        .filter(api_keys::Column::KeyHash.eq(key_hash))
        .filter(api_keys::Column::RevokedAt.is_null())
        .filter(unexpired)
        .one(db)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, key: ApiKey) -> Result<ApiKey, DbErr> {
    api_keys::Entity::insert(key.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(key)
}

pub async fn update(tx: &impl ConnectionTrait, key: ApiKey) -> Result<ApiKey, DbErr> {
    api_keys::Entity::update(key.into_active_model().reset_all()).exec(tx).await
}
