use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel};

use crate::entity::feedback_root_causes;
pub use crate::entity::feedback_root_causes::Model as RootCause;

/// Of a feedback that the caller has found within its scope.
pub async fn find(db: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Option<RootCause>, DbErr> {
    feedback_root_causes::Entity::find_by_id(feedback_id).one(db).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: RootCause) -> Result<RootCause, DbErr> {
    feedback_root_causes::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: RootCause) -> Result<RootCause, DbErr> {
    feedback_root_causes::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}
