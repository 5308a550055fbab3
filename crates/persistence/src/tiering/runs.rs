use huiyin_domain::tiering::Scales;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use crate::entity::tiering_runs::Model as Run;
use crate::entity::{tiering_runs, tiering_scales};
use crate::support::{Page, PageRequest, from_json, page_by_id, to_json};

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Run>, DbErr> {
    Ok(page_by_id!(tiering_runs::Entity::find(), tiering_runs::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Run>, DbErr> {
    tiering_runs::Entity::find_by_id(id).one(db).await
}

/// The run by whose scales customers are scored, with them: the last one that was completed.
pub async fn standing(db: &impl ConnectionTrait) -> Result<Option<(Run, Scales)>, DbErr> {
    // There is one at most: each run that is completed takes the place of the one before.
    let Some(kept) = tiering_scales::Entity::find().one(db).await? else { return Ok(None) };
    let scales = from_json(&kept.scales)?;
    Ok(find(db, kept.run_id).await?.map(|run| (run, scales)))
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

/// Keeps the scales of a run that is completed, instead of those of the run before.
pub async fn keep_scales(tx: &impl ConnectionTrait, run_id: Uuid, scales: &Scales) -> Result<(), DbErr> {
    let others = tiering_scales::Column::RunId.ne(run_id);
    tiering_scales::Entity::delete_many().filter(others).exec(tx).await?;
    let row = tiering_scales::Model { run_id, scales: to_json(scales)? };
    let replace =
        OnConflict::column(tiering_scales::Column::RunId).update_column(tiering_scales::Column::Scales).to_owned();
    tiering_scales::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}
