use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect};

use crate::entity::tiering_settings;
pub use crate::entity::tiering_settings::Model as Setting;

pub async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<Setting>, DbErr> {
    tiering_settings::Entity::find().filter(tiering_settings::Column::Name.eq(name)).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, name: &str) -> Result<Option<Setting>, DbErr> {
    tiering_settings::Entity::find().filter(tiering_settings::Column::Name.eq(name)).lock_exclusive().one(tx).await
}

/// Stores a setting that has no value yet.
pub async fn make(tx: &impl ConnectionTrait, setting: Setting) -> Result<(), DbErr> {
    let once = OnConflict::column(tiering_settings::Column::Name).do_nothing().to_owned();
    let insert = tiering_settings::Entity::insert(setting.into_active_model()).on_conflict(once);
    insert.exec_without_returning(tx).await.map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, setting: Setting) -> Result<Setting, DbErr> {
    tiering_settings::Entity::update(setting.into_active_model().reset_all()).exec(tx).await
}
