use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, JoinType, QuerySelect};

use super::pool::Feedback;
pub use crate::entity::feedback_receipts::Model as Receipt;
use crate::entity::{feedback, feedback_receipts};

/// Keeps a receipt; one that is kept already stays as it is.
pub async fn keep(tx: &impl ConnectionTrait, row: Receipt) -> Result<(), DbErr> {
    let known = OnConflict::column(feedback_receipts::Column::TokenHash).do_nothing().to_owned();
    let insert = feedback_receipts::Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(tx).await.map(|_| ())
}

/// The feedback that a token was given out for; whoever holds the token may know of it.
pub async fn feedback_of(db: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Feedback>, DbErr> {
    let receipt = feedback_receipts::Entity::belongs_to(feedback::Entity)
        .from(feedback_receipts::Column::FeedbackId)
        .to(feedback::Column::Id)
        .into();
    feedback::Entity::find()
        .join_rev(JoinType::InnerJoin, receipt)
        .filter(feedback_receipts::Column::TokenHash.eq(token_hash))
        .one(db)
        .await
}
