use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use crate::entity::calendars::Model as StoredCalendar;
use crate::entity::{calendar_versions, calendars};
use crate::support::{Page, PageRequest, page_by_id};

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<StoredCalendar>, DbErr> {
    Ok(page_by_id!(calendars::Entity::find(), calendars::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredCalendar>, DbErr> {
    calendars::Entity::find_by_id(id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredCalendar>, DbErr> {
    calendars::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, calendar: StoredCalendar) -> Result<StoredCalendar, DbErr> {
    calendars::Entity::insert(calendar.clone().into_active_model()).exec_without_returning(tx).await?;
    keep(tx, &calendar).await?;
    Ok(calendar)
}

pub async fn update(tx: &impl ConnectionTrait, calendar: StoredCalendar) -> Result<StoredCalendar, DbErr> {
    let calendar = calendars::Entity::update(calendar.into_active_model().reset_all()).exec(tx).await?;
    keep(tx, &calendar).await?;
    Ok(calendar)
}

/// Every version is kept: what has stopped is read by the one that it went by.
async fn keep(tx: &impl ConnectionTrait, calendar: &StoredCalendar) -> Result<(), DbErr> {
    let StoredCalendar { id, version, spec, updated_at, .. } = calendar.clone();
    let kept = calendar_versions::Model { calendar_id: id, version, spec, valid_from: updated_at };
    calendar_versions::Entity::insert(kept.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// What a calendar said in one of its versions.
pub async fn version(db: &impl ConnectionTrait, id: Uuid, version: i64) -> Result<Option<Json>, DbErr> {
    Ok(calendar_versions::Entity::find_by_id((id, version)).one(db).await?.map(|kept| kept.spec))
}
