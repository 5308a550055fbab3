//! What users should know, one row a user and event.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::{Asterisk, OnConflict, Query};
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::events::Recorded;
use crate::entity::{notification_mutes, notifications};
use crate::support::{Page, PageRequest, filled_up, insert_rows, new_id, page_by_id, to_json};

/// Notifications of one statement: SQLite takes 32,766 parameters, and one has nine.
const BATCH: usize = 2000;

/// Unread notifications are counted up to here; more than that nobody counts.
pub const COUNTED: u64 = 1000;

/// Tells users of events; who has been told before is not told again, nor who does not want to know.
pub async fn tell(db: &impl ConnectionTrait, told: &[(&Recorded, Vec<Uuid>)]) -> Result<(), DbErr> {
    let told = || told.iter().filter(|(_, users)| !users.is_empty());
    let muted = muted_by(db, told().map(|(recorded, _)| recorded.event.kind()).collect()).await?;
    let mut rows = Vec::new();
    for (recorded, users) in told() {
        let kind = recorded.event.kind();
        let muted = muted.get(kind);
        let (subject, subject_id) = recorded.event.subject();
        let data = to_json(&recorded.event)?;
        let wanted = users.iter().filter(|user| !muted.is_some_and(|muted| muted.contains(user)));
        rows.extend(wanted.map(|user| notifications::Model {
            id: new_id(recorded.occurred_at),
            user_id: *user,
            event_id: recorded.id,
            kind: kind.to_owned(),
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

/// Who does not want to be told of these kinds of events.
async fn muted_by(db: &impl ConnectionTrait, kinds: HashSet<&str>) -> Result<HashMap<String, HashSet<Uuid>>, DbErr> {
    use notification_mutes::Column as C;
    if kinds.is_empty() {
        return Ok(HashMap::new());
    }
    let of_kinds = C::Kind.is_in(filled_up(kinds.into_iter().collect()));
    let rows = notification_mutes::Entity::find().filter(of_kinds).all(db).await?;
    let mut muted: HashMap<String, HashSet<Uuid>> = HashMap::new();
    for row in rows {
        muted.entry(row.kind).or_default().insert(row.user_id);
    }
    Ok(muted)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub unread: bool,
    pub kind: Option<String>,
}

/// A user's notifications, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    user: Uuid,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<notifications::Model>, DbErr> {
    use notifications::Column as C;
    let select = notifications::Entity::find()
        .filter(C::UserId.eq(user))
        .apply_if(filter.unread.then_some(()), |q, ()| q.filter(C::ReadAt.is_null()))
        .apply_if(filter.kind, |q, v| q.filter(C::Kind.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// How many a user has not read, at most [`COUNTED`].
pub async fn unread(db: &impl ConnectionTrait, user: Uuid) -> Result<i64, DbErr> {
    use notifications::Column as C;
    let some = Query::select()
        .column(C::Id)
        .from(notifications::Entity)
        .and_where(C::UserId.eq(user))
        .and_where(C::ReadAt.is_null())
        .limit(COUNTED)
        .to_owned();
    let count = Query::select().expr_as(Expr::col(Asterisk).count(), "unread").from_subquery(some, "found").to_owned();
    let row = db.query_one(&count).await?;
    row.map_or(Ok(0), |row| row.try_get("", "unread"))
}

/// One of a user's own.
pub async fn find(db: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<Option<notifications::Model>, DbErr> {
    notifications::Entity::find_by_id(id).filter(notifications::Column::UserId.eq(user)).one(db).await
}

/// Marks one as read; `None` where the user has no such notification.
pub async fn mark_read(
    tx: &impl ConnectionTrait,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<notifications::Model>, DbErr> {
    let Some(mut notification) = find(tx, user, id).await? else { return Ok(None) };
    if notification.read_at.is_none() {
        notification.read_at = Some(now);
        notifications::Entity::update(notification.clone().into_active_model().reset_all()).exec(tx).await?;
    }
    Ok(Some(notification))
}

/// Marks all of a user's as read, those that are newer than `up_to` excepted; answers how many it were.
pub async fn mark_all_read(
    tx: &impl ConnectionTrait,
    user: Uuid,
    up_to: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    use notifications::Column as C;
    let update = notifications::Entity::update_many()
        .col_expr(C::ReadAt, Expr::value(now))
        .filter(C::UserId.eq(user))
        .filter(C::ReadAt.is_null())
        .apply_if(up_to, |q, v| q.filter(C::Id.lte(v)));
    Ok(update.exec(tx).await?.rows_affected)
}

/// The kinds of events of which a user does not want to be told.
pub async fn muted(db: &impl ConnectionTrait, user: Uuid) -> Result<HashSet<String>, DbErr> {
    use notification_mutes::Column as C;
    let mutes = notification_mutes::Entity::find().select_only().column(C::Kind).filter(C::UserId.eq(user));
    Ok(mutes.into_tuple::<String>().all(db).await?.into_iter().collect())
}

/// Puts these in the place of whatever a user had muted. The caller holds the lock of the user.
pub async fn mute(tx: &impl ConnectionTrait, user: Uuid, kinds: &HashSet<String>) -> Result<(), DbErr> {
    notification_mutes::Entity::delete_many().filter(notification_mutes::Column::UserId.eq(user)).exec(tx).await?;
    let rows = kinds.iter().map(|kind| notification_mutes::Model { user_id: user, kind: kind.clone() }).collect();
    insert_rows::<notification_mutes::ActiveModel>(tx, rows, &[], None).await
}
