use std::collections::HashMap;

use huiyin_domain::customers::AttachmentSubject;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use super::pool;
use crate::customers::attachments;
pub use crate::customers::attachments::Attachment;
use crate::entity::attachments::{Column, Entity};
use crate::support::{Page, PageRequest, page_by_id};

/// A file, whatever it belongs to: through a customer within reach, or, where `of_feedback` is wanted, through a
/// feedback within reach. One look by key each; an OR over both would read every feedback within reach.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: Scope,
    of_feedback: bool,
    id: Uuid,
) -> Result<Option<Attachment>, DbErr> {
    let of_customer = attachments::find(db, scope, id).await?;
    if of_customer.is_some() || !of_feedback {
        return Ok(of_customer);
    }
    let kind = Column::SubjectKind.eq(AttachmentSubject::Feedback.as_str());
    let Some(row) = Entity::find_by_id(id).filter(kind).one(db).await? else { return Ok(None) };
    Ok(pool::find(db, scope, row.subject_id).await?.map(|_| row))
}

/// The files of a feedback, newest first. The caller has found the feedback within its scope.
pub async fn list(db: &impl ConnectionTrait, feedback_id: Uuid, page: PageRequest) -> Result<Page<Attachment>, DbErr> {
    let select = Entity::find()
        .filter(Column::SubjectId.eq(feedback_id))
        .filter(Column::SubjectKind.eq(AttachmentSubject::Feedback.as_str()));
    Ok(page_by_id!(select, Column::Id, page, db))
}

/// What these files are called. The caller has found what they belong to within its scope.
pub async fn names(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let select = Entity::find().select_only().columns([Column::Id, Column::FileName]);
    let rows: Vec<(Uuid, String)> = select.filter(Column::Id.is_in(ids.iter().copied())).into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}
