//! Whose turn it is within a department.

use std::collections::HashMap;

use huiyin_domain::feedback::Candidate;
use huiyin_domain::identity::{Away, Role};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::{dispatch_given, dispatch_turns, feedback, users};

/// People of one department that are looked at.
const PEOPLE: u64 = 1000;

/// Begins a turn of the department: whoever else would give something to one of its people waits until this
/// transaction ends.
pub async fn take(tx: &impl ConnectionTrait, department_id: Uuid) -> Result<i64, DbErr> {
    let first = dispatch_turns::Model { department_id, turn: 1 };
    let later = OnConflict::column(dispatch_turns::Column::DepartmentId)
        .value(
            dispatch_turns::Column::Turn,
            Expr::col((dispatch_turns::Entity, dispatch_turns::Column::Turn)).add(1i64),
        )
        .to_owned();
    let row =
        dispatch_turns::Entity::insert(first.into_active_model()).on_conflict(later).exec_with_returning(tx).await?;
    Ok(row.turn)
}

/// Notes who was given something in a turn.
pub async fn given(tx: &impl ConnectionTrait, department_id: Uuid, user_id: Uuid, turn: i64) -> Result<(), DbErr> {
    let row = dispatch_given::Model { department_id, user_id, turn };
    let again = OnConflict::columns([dispatch_given::Column::DepartmentId, dispatch_given::Column::UserId])
        .update_column(dispatch_given::Column::Turn)
        .to_owned();
    dispatch_given::Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}

/// The agents of a department who are present, with their turns and, where it is asked for, their open feedback.
pub async fn candidates(
    db: &impl ConnectionTrait,
    department: Uuid,
    away: &Away,
    with_loads: bool,
) -> Result<Vec<Candidate>, DbErr> {
    let people: Vec<Uuid> = users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::Column::DepartmentId.eq(department))
        .filter(users::Column::Role.eq(Role::Agent.as_str()))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .limit(PEOPLE)
        .into_tuple()
        .all(db)
        .await?;
    let present: Vec<Uuid> = people.into_iter().filter(|user| !away.contains_key(user)).collect();
    if present.is_empty() {
        return Ok(Vec::new());
    }
    let given: Vec<(Uuid, i64)> = dispatch_given::Entity::find()
        .select_only()
        .columns([dispatch_given::Column::UserId, dispatch_given::Column::Turn])
        .filter(dispatch_given::Column::DepartmentId.eq(department))
        .into_tuple()
        .all(db)
        .await?;
    let given: HashMap<Uuid, i64> = given.into_iter().collect();
    let open = if with_loads { loads(db, &present).await? } else { HashMap::new() };
    let candidate = |user: Uuid| Candidate {
        user,
        open: open.get(&user).copied().unwrap_or_default(),
        last_turn: given.get(&user).copied(),
    };
    Ok(present.into_iter().map(candidate).collect())
}

/// Open feedback in the hands of each: read from an index that has only what is open.
async fn loads(db: &impl ConnectionTrait, people: &[Uuid]) -> Result<HashMap<Uuid, i64>, DbErr> {
    use feedback::Column as C;
    let rows: Vec<(Uuid, i64)> = feedback::Entity::find()
        .select_only()
        .column(C::HandlerId)
        .column_as(C::Id.count(), "open")
        .filter(C::HandlerId.is_in(people.iter().copied()))
        .filter(C::WorkKey.is_not_null())
        .group_by(C::HandlerId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
