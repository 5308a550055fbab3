use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect};

pub use crate::entity::feedback_entries::Model as Entry;
pub use crate::entity::feedback_entry_figures::Model as Figures;
use crate::entity::{feedback_entries, feedback_entry_figures, feedback_receipts};
use crate::support::{Page, PageRequest, page_by_id};

/// Entry points are the deployment's, and nobody's own.
pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Entry>, DbErr> {
    Ok(page_by_id!(feedback_entries::Entity::find(), feedback_entries::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Entry>, DbErr> {
    feedback_entries::Entity::find_by_id(id).one(db).await
}

/// The entry point with this key, where it is open.
pub async fn open(db: &impl ConnectionTrait, key: &str) -> Result<Option<Entry>, DbErr> {
    feedback_entries::Entity::find()
        .filter(feedback_entries::Column::Key.eq(key))
        .filter(feedback_entries::Column::Active.eq(true))
        .one(db)
        .await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Entry>, DbErr> {
    feedback_entries::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Entry) -> Result<Entry, DbErr> {
    feedback_entries::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Entry) -> Result<Entry, DbErr> {
    feedback_entries::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Whether anything has come in by it.
pub async fn is_used(tx: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let used = feedback_receipts::Entity::find().filter(feedback_receipts::Column::EntryId.eq(id)).one(tx).await?;
    Ok(used.is_some())
}

pub async fn delete(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    feedback_entries::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}

/// What has come in by these; nothing where nothing has.
pub async fn figures(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Figures>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let these = feedback_entry_figures::Column::EntryId.is_in(ids.iter().copied());
    let rows = feedback_entry_figures::Entity::find().filter(these).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.entry_id, row)).collect())
}

/// One more has come in. The row is locked until the transaction ends: to be done last.
pub async fn count(tx: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    use feedback_entry_figures::Column as C;
    let row = Figures { entry_id: id, received: 1, last_received_at: now };
    let one_more = OnConflict::column(C::EntryId)
        .value(C::Received, Expr::col((feedback_entry_figures::Entity, C::Received)).add(1))
        .update_column(C::LastReceivedAt)
        .to_owned();
    feedback_entry_figures::Entity::insert(row.into_active_model())
        .on_conflict(one_more)
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}
