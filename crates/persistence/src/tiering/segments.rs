use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::entity::segments;
pub use crate::entity::segments::Model as Segment;
use crate::support::{Page, PageRequest, page_by_id};

pub async fn list(
    db: &impl ConnectionTrait,
    status: Option<String>,
    page: PageRequest,
) -> Result<Page<Segment>, DbErr> {
    let select =
        segments::Entity::find().apply_if(status, |query, status| query.filter(segments::Column::Status.eq(status)));
    Ok(page_by_id!(select, segments::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Segment>, DbErr> {
    segments::Entity::find_by_id(id).one(db).await
}

/// Loads and locks a segment until the transaction ends. Whoever changes its members has it locked.
pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Segment>, DbErr> {
    segments::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// All segments of this status, locked, always in the same order.
pub async fn lock_all(tx: &impl ConnectionTrait, status: &str) -> Result<Vec<Segment>, DbErr> {
    segments::Entity::find()
        .filter(segments::Column::Status.eq(status))
        .order_by_asc(segments::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, segment: Segment) -> Result<Segment, DbErr> {
    segments::Entity::insert(segment.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(segment)
}

pub async fn update(tx: &impl ConnectionTrait, segment: Segment) -> Result<Segment, DbErr> {
    segments::Entity::update(segment.into_active_model().reset_all()).exec(tx).await
}
