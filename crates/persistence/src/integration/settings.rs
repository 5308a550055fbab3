//! What the deployment remembers of itself.

use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect};

use crate::entity::settings;

/// The value of a setting; where it has none yet, `initial` becomes it.
pub async fn get_or_set(tx: &impl ConnectionTrait, name: &str, initial: &str) -> Result<String, DbErr> {
    let row = settings::Model { name: name.to_owned(), value: initial.to_owned() };
    let once = OnConflict::column(settings::Column::Name).do_nothing().to_owned();
    settings::Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(tx).await?;
    let found = settings::Entity::find_by_id(name.to_owned()).one(tx).await?;
    Ok(found.map_or_else(|| initial.to_owned(), |row| row.value))
}

/// The value of a setting, if it has one.
pub async fn get(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, DbErr> {
    Ok(settings::Entity::find_by_id(name.to_owned()).one(db).await?.map(|row| row.value))
}

/// The value of a setting that is about to be replaced, locked until the transaction ends; where it has none yet,
/// `initial` becomes it.
pub async fn lock(tx: &impl ConnectionTrait, name: &str, initial: &str) -> Result<String, DbErr> {
    get_or_set(tx, name, initial).await?;
    let found = settings::Entity::find_by_id(name.to_owned()).lock_exclusive().one(tx).await?;
    Ok(found.map_or_else(|| initial.to_owned(), |row| row.value))
}

pub async fn set(tx: &impl ConnectionTrait, name: &str, value: String) -> Result<(), DbErr> {
    let row = settings::Model { name: name.to_owned(), value };
    settings::Entity::update(row.into_active_model().reset_all()).exec(tx).await.map(|_| ())
}
