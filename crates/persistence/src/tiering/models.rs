use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect};

use crate::entity::tiering_models;
pub use crate::entity::tiering_models::Model as StoredModel;

/// The model by which tiers are computed.
pub async fn active(db: &impl ConnectionTrait) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find().filter(tiering_models::Column::Active.eq(true)).one(db).await
}

pub async fn lock_active(tx: &impl ConnectionTrait) -> Result<Option<StoredModel>, DbErr> {
    tiering_models::Entity::find().filter(tiering_models::Column::Active.eq(true)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    tiering_models::Entity::insert(model.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(model)
}

pub async fn update(tx: &impl ConnectionTrait, model: StoredModel) -> Result<StoredModel, DbErr> {
    tiering_models::Entity::update(model.into_active_model().reset_all()).exec(tx).await
}
