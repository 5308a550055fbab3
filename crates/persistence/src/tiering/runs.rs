use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::tiering_runs;
pub use crate::entity::tiering_runs::Model as Run;
use crate::support::{Page, PageRequest, page_by_id};

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Run>, DbErr> {
    Ok(page_by_id!(tiering_runs::Entity::find(), tiering_runs::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Run>, DbErr> {
    tiering_runs::Entity::find_by_id(id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Run>, DbErr> {
    tiering_runs::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, run: Run) -> Result<Run, DbErr> {
    tiering_runs::Entity::insert(run.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(run)
}

pub async fn update(tx: &impl ConnectionTrait, run: Run) -> Result<Run, DbErr> {
    tiering_runs::Entity::update(run.into_active_model().reset_all()).exec(tx).await
}
