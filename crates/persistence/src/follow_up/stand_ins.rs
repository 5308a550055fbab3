//! Open tasks in the hands of those who are away, and of those who stand in for them.

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use super::tasks::Task;
use crate::entity::follow_up_tasks;

/// What a person has in hand and could be given to somebody else, locked, in order of id.
pub async fn in_hands_of(tx: &impl ConnectionTrait, user: Uuid, after: Uuid, limit: u64) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    follow_up_tasks::Entity::find()
        .filter(C::AssigneeId.eq(user))
        .filter(C::WorkKey.is_not_null())
        .filter(C::Id.gt(after))
        .order_by_asc(C::Id)
        .limit(limit)
        .lock_exclusive()
        .all(tx)
        .await
}

/// Those for whom others have open tasks in hand.
pub async fn stood_in_for(db: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::InsteadOf)
        .distinct()
        .filter(C::WorkKey.is_not_null())
        .filter(C::InsteadOf.is_not_null())
        .into_tuple()
        .all(db)
        .await
}

/// What was meant for a person, is in others' hands and not begun, locked, in order of id.
pub async fn meant_for(tx: &impl ConnectionTrait, user: Uuid, after: Uuid, limit: u64) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    follow_up_tasks::Entity::find()
        .filter(C::InsteadOf.eq(user))
        .filter(C::InsteadOf.is_not_null())
        .filter(C::WorkKey.is_not_null())
        .filter(C::State.eq(huiyin_domain::follow_up::TaskState::Pending.as_str()))
        .filter(C::Id.gt(after))
        .order_by_asc(C::Id)
        .limit(limit)
        .lock_exclusive()
        .all(tx)
        .await
}
