//! Who of a department is there to be given something, and on whom something was given last.

use std::collections::HashMap;

use huiyin_domain::identity::Role;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::{follow_up_tasks, follow_up_turns, users};

/// People of one department that are looked at.
const PEOPLE: u64 = 1000;
/// Users of one statement.
const BATCH: usize = 10_000;

/// The active agents of a department, in order of their ids.
pub async fn agents(db: &impl ConnectionTrait, department: Uuid) -> Result<Vec<Uuid>, DbErr> {
    users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::Column::DepartmentId.eq(department))
        .filter(users::Column::Role.eq(Role::Agent.as_str()))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .limit(PEOPLE)
        .into_tuple()
        .all(db)
        .await
}

/// Those of these users who are active, with their departments.
pub async fn active(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Option<Uuid>>, DbErr> {
    let mut all = HashMap::new();
    for part in ids.chunks(BATCH) {
        let rows: Vec<(Uuid, Option<Uuid>)> = users::Entity::find()
            .select_only()
            .columns([users::Column::Id, users::Column::DepartmentId])
            .filter(users::Column::Id.is_in(part.iter().copied()))
            .filter(users::Column::Active.eq(true))
            .into_tuple()
            .all(db)
            .await?;
        all.extend(rows);
    }
    Ok(all)
}

/// Open follow-ups in the hands of each: read from an index that has only what is open.
pub async fn loads(db: &impl ConnectionTrait, people: &[Uuid]) -> Result<HashMap<Uuid, i64>, DbErr> {
    use follow_up_tasks::Column as C;
    let rows: Vec<(Uuid, i64)> = follow_up_tasks::Entity::find()
        .select_only()
        .column(C::AssigneeId)
        .column_as(C::Id.count(), "open")
        .filter(C::AssigneeId.is_in(people.iter().copied()))
        .filter(C::WorkKey.is_not_null())
        .group_by(C::AssigneeId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Takes the turn of a department: whoever else would give follow-ups to its people waits until this transaction ends.
/// Answers on whom one was given last.
pub async fn take_turn(tx: &impl ConnectionTrait, department: Uuid) -> Result<Option<Uuid>, DbErr> {
    use follow_up_turns::Column as C;
    let first = follow_up_turns::Model { department_id: department, user_id: None };
    // An update that changes nothing: it locks the row.
    let locked = OnConflict::column(C::DepartmentId)
        .value(C::UserId, Expr::col((follow_up_turns::Entity, C::UserId)))
        .to_owned();
    let row =
        follow_up_turns::Entity::insert(first.into_active_model()).on_conflict(locked).exec_with_returning(tx).await?;
    Ok(row.user_id)
}

/// On whom one was given last, without waiting.
pub async fn last_turn(db: &impl ConnectionTrait, department: Uuid) -> Result<Option<Uuid>, DbErr> {
    Ok(follow_up_turns::Entity::find_by_id(department).one(db).await?.and_then(|row| row.user_id))
}

pub async fn given(tx: &impl ConnectionTrait, department: Uuid, user: Uuid) -> Result<(), DbErr> {
    follow_up_turns::Entity::update_many()
        .col_expr(follow_up_turns::Column::UserId, Expr::value(user))
        .filter(follow_up_turns::Column::DepartmentId.eq(department))
        .exec(tx)
        .await
        .map(|_| ())
}
