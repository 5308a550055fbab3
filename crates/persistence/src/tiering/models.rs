use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::tiering_models;
pub use crate::entity::tiering_models::Model as StoredModel;
use crate::support::{Page, PageRequest, page_by_id};

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<StoredModel>, DbErr> {
    Ok(page_by_id!(tiering_models::Entity::find(), tiering_models::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find_by_id(id).one(db).await
}

/// The model by which tiers are computed.
pub async fn active(db: &impl ConnectionTrait) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find().filter(tiering_models::Column::Active.eq(true)).one(db).await
}

pub async fn lock_active(tx: &impl ConnectionTrait) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find().filter(tiering_models::Column::Active.eq(true)).lock_exclusive().one(tx).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    tiering_models::Entity::insert(model.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(model)
}

pub async fn update(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    tiering_models::Entity::update(model.into_active_model().reset_all()).exec(tx).await
}

pub async fn remove(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    tiering_models::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}
