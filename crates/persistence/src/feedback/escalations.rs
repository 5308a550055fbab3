use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use crate::entity::feedback_escalations;
pub use crate::entity::feedback_escalations::Model as Escalation;
use crate::support::{Page, PageRequest, insert_rows, page_by_id};

/// The escalations of a feedback, newest first. The caller has found the feedback within its scope.
pub async fn list(db: &impl ConnectionTrait, feedback_id: Uuid, page: PageRequest) -> Result<Page<Escalation>, DbErr> {
    let select = feedback_escalations::Entity::find().filter(feedback_escalations::Column::FeedbackId.eq(feedback_id));
    Ok(page_by_id!(select, feedback_escalations::Column::Id, page, db))
}

pub async fn insert_all(tx: &impl ConnectionTrait, rows: Vec<Escalation>) -> Result<(), DbErr> {
    insert_rows::<feedback_escalations::ActiveModel>(tx, rows, &[], None).await
}
