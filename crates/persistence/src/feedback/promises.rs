use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::feedback_promises;
pub use crate::entity::feedback_promises::Model as Promise;
use crate::support::{Page, PageRequest, page_by_id};

/// The promises of a feedback, newest first. The caller has found the feedback within its scope.
pub async fn list(db: &impl ConnectionTrait, feedback_id: Uuid, page: PageRequest) -> Result<Page<Promise>, DbErr> {
    let select = feedback_promises::Entity::find().filter(feedback_promises::Column::FeedbackId.eq(feedback_id));
    Ok(page_by_id!(select, feedback_promises::Column::Id, page, db))
}

pub async fn insert(tx: &impl ConnectionTrait, row: Promise) -> Result<(), DbErr> {
    feedback_promises::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}
