use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::feedback_rounds;
pub use crate::entity::feedback_rounds::Model as Round;

/// Far more than a feedback is ever reopened.
const ROUNDS: u64 = 200;

/// The rounds before the present one, oldest first. The caller has found the feedback within its scope.
pub async fn of_feedback(db: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Vec<Round>, DbErr> {
    feedback_rounds::Entity::find()
        .filter(feedback_rounds::Column::FeedbackId.eq(feedback_id))
        .order_by_asc(feedback_rounds::Column::Round)
        .limit(ROUNDS)
        .all(db)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Round) -> Result<(), DbErr> {
    feedback_rounds::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}
