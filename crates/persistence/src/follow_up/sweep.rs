//! Many tasks at once, as the clock needs it.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, CaseStatement, Func, LockBehavior, LockType, OnConflict};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, ExprTrait, FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect,
    Statement,
};
use serde::Serialize;

use super::tasks::{self, Task};
use crate::entity::{follow_up_mornings, follow_up_tasks};
use crate::support::{filled_up, json};

/// Of which the clock has something to say, and not tried in vain a short while ago.
fn rings(now: DateTime<Utc>) -> Condition {
    use follow_up_tasks::Column as C;
    Condition::all()
        .add(C::AlarmAt.is_not_null())
        .add(C::AlarmAt.lte(now))
        .add(C::AlarmRetryAt.is_null().or(C::AlarmRetryAt.lte(now)))
}

/// Tasks of which the clock has something to say, the longest waiting first.
pub async fn ringing(db: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(rings(now))
        .order_by_asc(C::AlarmAt)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Locks those of these tasks of which there is something to say still. What somebody else holds is left for the next
/// time: whoever works on it may be moving its time.
pub async fn lock_ringing(tx: &impl ConnectionTrait, ids: Vec<Uuid>, now: DateTime<Utc>) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    follow_up_tasks::Entity::find()
        .filter(C::Id.is_in(filled_up(ids)))
        .filter(rings(now))
        .order_by_asc(C::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx)
        .await
}

/// Of these people those who have not been told on this day yet; from now on they have.
pub async fn tell_in_the_morning(
    tx: &impl ConnectionTrait,
    people: HashSet<Uuid>,
    on: NaiveDate,
) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_mornings::Column as C;
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut people: Vec<Uuid> = people.into_iter().collect();
    people.sort_unstable();
    let rows = people.into_iter().map(|user_id| follow_up_mornings::Model { user_id, told_on: on }.into_active_model());
    let once = OnConflict::columns([C::UserId, C::ToldOn]).do_nothing().to_owned();
    let told = follow_up_mornings::Entity::insert_many(rows).on_conflict(once).exec_with_returning_keys(tx).await?;
    Ok(told.into_iter().map(|(user, _)| user).collect())
}

/// Forgets who was told on days before this one.
pub async fn forget_mornings(tx: &impl ConnectionTrait, before: NaiveDate) -> Result<u64, DbErr> {
    let gone = follow_up_mornings::Entity::delete_many().filter(follow_up_mornings::Column::ToldOn.lt(before));
    Ok(gone.exec(tx).await?.rows_affected)
}

/// What is before somebody.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Ahead {
    pub assignee_id: Uuid,
    pub open: i64,
    pub ending: i64,
    pub overdue: i64,
}

/// What is before each of these people: open tasks that begin before `today_ends`, those of them that end up to `soon`,
/// and those whose time has passed.
pub async fn ahead(
    db: &impl ConnectionTrait,
    people: Vec<Uuid>,
    now: DateTime<Utc>,
    today_ends: DateTime<Utc>,
    soon: DateTime<Utc>,
) -> Result<Vec<Ahead>, DbErr> {
    use follow_up_tasks::Column as C;
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let counted = |condition: Expr| {
        let one = CaseStatement::new().case(condition, 1).finally(0);
        Expr::from(Func::sum(one)).cast_as(Alias::new("bigint"))
    };
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::AssigneeId)
        .column_as(C::Id.count(), "open")
        .expr_as(counted(C::DueBy.gte(now).and(C::DueBy.lte(soon))), "ending")
        .expr_as(counted(C::DueBy.lt(now)), "overdue")
        .filter(C::AssigneeId.is_in(filled_up(people)))
        .filter(C::WorkKey.is_not_null())
        .filter(C::DueFrom.lt(today_ends))
        .group_by(C::AssigneeId)
        .into_model()
        .all(db)
        .await
}

/// Stores when there is something to say again of tasks that are locked, and how far up it has been told.
pub async fn rung(tx: &impl ConnectionTrait, rows: Vec<Task>) -> Result<(), DbErr> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return tasks::save(tx, rows).await;
    }
    let sql = "UPDATE follow_up_tasks SET alarm_at = told.alarm_at, alarm_retry_at = NULL, escalation = told.escalation \
               FROM json_to_recordset(CAST($1 AS json)) AS told(id uuid, alarm_at timestamptz, escalation integer) \
               WHERE follow_up_tasks.id = told.id";
    let told: Vec<Told> = rows.iter().map(Told::of).collect();
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [json(&told)?])).await.map(|_| ())
}

#[derive(Serialize)]
struct Told {
    id: Uuid,
    alarm_at: Option<DateTime<Utc>>,
    escalation: i32,
}

impl Told {
    fn of(task: &Task) -> Told {
        Told { id: task.id, alarm_at: task.alarm_at, escalation: task.escalation }
    }
}

/// Looks at these tasks later; what there was to say of them is still to be said.
pub async fn put_off(db: &impl ConnectionTrait, ids: Vec<Uuid>, until: DateTime<Utc>) -> Result<(), DbErr> {
    use follow_up_tasks::Column as C;
    let later = follow_up_tasks::Entity::update_many().col_expr(C::AlarmRetryAt, Expr::value(until));
    later.filter(C::Id.is_in(ids)).exec(db).await.map(|_| ())
}
