use std::collections::HashMap;

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::feedback_communications;
pub use crate::entity::feedback_communications::Model as Communication;
use crate::support::{Page, PageRequest, page_by_id};

/// The communications of a feedback, newest first. The caller has found the feedback within its scope.
pub async fn list(
    db: &impl ConnectionTrait,
    feedback_id: Uuid,
    page: PageRequest,
) -> Result<Page<Communication>, DbErr> {
    let select =
        feedback_communications::Entity::find().filter(feedback_communications::Column::FeedbackId.eq(feedback_id));
    Ok(page_by_id!(select, feedback_communications::Column::Id, page, db))
}

pub async fn insert(tx: &impl ConnectionTrait, row: Communication) -> Result<Communication, DbErr> {
    feedback_communications::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

/// What was said in these. The caller has found their feedback within its scope.
pub async fn contents(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, DbErr> {
    use feedback_communications::Column as C;
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let select = feedback_communications::Entity::find().select_only().columns([C::Id, C::Content]);
    let rows: Vec<(Uuid, String)> = select.filter(C::Id.is_in(ids.iter().copied())).into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}

/// Whether a word with the customer that showed both solution and improvement was recorded since `resolved_at`.
pub async fn shown_since(
    tx: &impl ConnectionTrait,
    feedback_id: Uuid,
    resolved_at: DateTimeUtc,
) -> Result<bool, DbErr> {
    use feedback_communications::Column as C;
    let shown = feedback_communications::Entity::find()
        .filter(C::FeedbackId.eq(feedback_id))
        .filter(C::CreatedAt.gte(resolved_at))
        .filter(C::SolutionShown.eq(true))
        .filter(C::ImprovementShown.eq(true));
    Ok(shown.limit(1).one(tx).await?.is_some())
}
