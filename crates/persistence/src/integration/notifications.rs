//! What users should know, one row a user and event.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::events::Recorded;
use crate::entity::notifications;
use crate::support::{Page, PageRequest, insert_rows, new_id, page_by_id, to_json};

/// Notifications of one statement: SQLite takes 32,766 parameters, and one has nine.
const BATCH: usize = 2000;

/// Tells users of events; who has been told before is not told again.
pub async fn tell(db: &impl ConnectionTrait, told: &[(&Recorded, Vec<Uuid>)]) -> Result<(), DbErr> {
    let mut rows = Vec::new();
    for (recorded, users) in told.iter().filter(|(_, users)| !users.is_empty()) {
        let (subject, subject_id) = recorded.event.subject();
        let data = to_json(&recorded.event)?;
        rows.extend(users.iter().map(|user| notifications::Model {
            id: new_id(recorded.occurred_at),
            user_id: *user,
            event_id: recorded.id,
            kind: recorded.event.kind().to_owned(),
            subject: subject.to_string(),
            subject_id,
            data: data.clone(),
            created_at: recorded.occurred_at,
            read_at: None,
        }));
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH));
        let once = OnConflict::columns([notifications::Column::EventId, notifications::Column::UserId])
            .do_nothing()
            .to_owned();
        insert_rows::<notifications::ActiveModel>(db, rows, &[], Some(once)).await?;
        rows = rest;
    }
    Ok(())
}

/// A user's notifications, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    user: Uuid,
    unread_only: bool,
    page: PageRequest,
) -> Result<Page<notifications::Model>, DbErr> {
    let mut select = notifications::Entity::find().filter(notifications::Column::UserId.eq(user));
    if unread_only {
        select = select.filter(notifications::Column::ReadAt.is_null());
    }
    Ok(page_by_id!(select, notifications::Column::Id, page, db))
}

/// Marks one as read; `None` where the user has no such notification.
pub async fn mark_read(
    tx: &impl ConnectionTrait,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<notifications::Model>, DbErr> {
    let found = notifications::Entity::find_by_id(id).filter(notifications::Column::UserId.eq(user)).one(tx).await?;
    let Some(mut notification) = found else { return Ok(None) };
    if notification.read_at.is_none() {
        notification.read_at = Some(now);
        notifications::Entity::update(notification.clone().into_active_model().reset_all()).exec(tx).await?;
    }
    Ok(Some(notification))
}
