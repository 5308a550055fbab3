//! The audit log: rows are added and read; nothing changes them.

use chrono::{DateTime, Utc};
use huiyin_domain::audit::AuditAction;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::entity::audit_log;
pub use crate::entity::audit_log::Model as Entry;
use crate::support::{Page, PageRequest};

pub async fn append(tx: &impl ConnectionTrait, entry: Entry) -> Result<(), DbErr> {
    audit_log::Entity::insert(entry.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// What a list may be narrowed by; times from `from` on, and before `to`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub actor_id: Option<Uuid>,
    pub subject_id: Option<Uuid>,
    pub action: Option<AuditAction>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// Entries by time, the latest first.
pub async fn list(db: &impl ConnectionTrait, filter: Filter, page: PageRequest) -> Result<Page<Entry>, DbErr> {
    use audit_log::Column as C;
    let mut select = audit_log::Entity::find()
        .apply_if(filter.actor_id, |q, v| q.filter(C::ActorId.eq(v)))
        .apply_if(filter.subject_id, |q, v| q.filter(C::SubjectId.eq(v)))
        .apply_if(filter.action, |q, v| q.filter(C::Action.eq(v.as_str())))
        .apply_if(filter.from, |q, v| q.filter(C::At.gte(v)))
        .apply_if(filter.to, |q, v| q.filter(C::At.lt(v)));
    if let Some(before) = page.before {
        // Entries never go: the last one of the page before says where that ended.
        let Some(last) = audit_log::Entity::find_by_id(before).one(db).await? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let at_once = Condition::all().add(C::At.eq(last.at)).add(C::Id.lt(last.id));
        select = select.filter(C::At.lte(last.at)).filter(Condition::any().add(C::At.lt(last.at)).add(at_once));
    }
    let rows = select.order_by_desc(C::At).order_by_desc(C::Id).limit(page.limit + 1).all(db).await?;
    Ok(Page::from_overfetch(rows, page.limit, |row| row.id))
}

/// When each of the latest entries of this actor and action since `since` was made, newest first, at most `limit`.
pub async fn times(
    db: &impl ConnectionTrait,
    actor_id: Uuid,
    action: AuditAction,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<DateTime<Utc>>, DbErr> {
    audit_log::Entity::find()
        .select_only()
        .column(audit_log::Column::At)
        .filter(audit_log::Column::ActorId.eq(actor_id))
        .filter(audit_log::Column::Action.eq(action.as_str()))
        .filter(audit_log::Column::At.gt(since))
        .order_by_desc(audit_log::Column::At)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}
