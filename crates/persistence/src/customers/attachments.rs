use huiyin_domain::customers::AttachmentSubject;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::reach::through_customer;
use crate::entity::attachments;
pub use crate::entity::attachments::Model as Attachment;
use crate::support::{Page, PageRequest, page_by_id};

/// The files of a customer and of whatever belongs to it, newest first. The caller has found the customer within its
/// scope.
pub async fn list(
    db: &impl ConnectionTrait,
    customer: Uuid,
    subject: Option<AttachmentSubject>,
    page: PageRequest,
) -> Result<Page<Attachment>, DbErr> {
    use attachments::Column as C;
    let select = attachments::Entity::find()
        .filter(C::CustomerId.eq(customer))
        .apply_if(subject, |q, v| q.filter(C::SubjectKind.eq(v.as_str())));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// The files of these things, oldest first.
pub async fn of_subjects(db: &impl ConnectionTrait, subjects: &[Uuid]) -> Result<Vec<Attachment>, DbErr> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    attachments::Entity::find()
        .filter(attachments::Column::SubjectId.is_in(subjects.iter().copied()))
        .order_by_asc(attachments::Column::Id)
        .all(db)
        .await
}

/// A file of a customer, or of what belongs to it; not of a feedback, which is not reached through its customer.
pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Attachment>, DbErr> {
    attachments::Entity::find_by_id(id)
        .filter(attachments::Column::SubjectKind.ne(AttachmentSubject::Feedback.as_str()))
        .filter(through_customer(attachments::Column::CustomerId, scope))
        .one(db)
        .await
}

/// Whether there is such a row, in whatever scope: to know whether its bytes are needed.
pub async fn exists(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(attachments::Entity::find_by_id(id).one(db).await?.is_some())
}

pub async fn insert(tx: &impl ConnectionTrait, row: Attachment) -> Result<Attachment, DbErr> {
    attachments::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

/// `false`: somebody else has removed it.
pub async fn delete(tx: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(attachments::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}
