use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::calendars;
pub use crate::entity::calendars::Model as StoredCalendar;
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
    Ok(calendar)
}

pub async fn update(tx: &impl ConnectionTrait, calendar: StoredCalendar) -> Result<StoredCalendar, DbErr> {
    calendars::Entity::update(calendar.into_active_model().reset_all()).exec(tx).await
}
