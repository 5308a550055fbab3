//! How far a plan has come. What is open is counted in an index that has nothing else and so stays small; what is closed
//! has been counted when it was closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, CaseStatement, Func, OnConflict};
use sea_orm::{ConnectionTrait, ExprTrait, FromQueryResult, QuerySelect};

use crate::entity::{follow_up_plan_closed, follow_up_tasks};
use crate::support::insert_rows;

/// Open tasks of a plan in one state.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Open {
    pub state: String,
    pub tasks: i64,
    /// Those whose time has passed.
    pub overdue: i64,
    /// Those whose time has not passed, but will have at the end of the day.
    pub due_today: i64,
}

/// Open tasks of a plan by state; `tomorrow` is when the day ends.
pub async fn open(
    db: &impl ConnectionTrait,
    plan: Uuid,
    now: DateTime<Utc>,
    tomorrow: DateTime<Utc>,
) -> Result<Vec<Open>, DbErr> {
    use follow_up_tasks::Column as C;
    let counted = |condition: Expr| {
        let one = CaseStatement::new().case(condition, 1).finally(0);
        Expr::from(Func::sum(one)).cast_as(Alias::new("bigint"))
    };
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::State)
        .column_as(C::Id.count(), "tasks")
        .expr_as(counted(C::DueBy.lt(now)), "overdue")
        .expr_as(counted(C::DueBy.gte(now).and(C::DueBy.lt(tomorrow))), "due_today")
        .filter(C::PlanId.eq(plan))
        .filter(C::WorkKey.is_not_null())
        .group_by(C::State)
        .into_model()
        .all(db)
        .await
}

/// Tasks of a plan by what they were closed as.
pub async fn closed(db: &impl ConnectionTrait, plan: Uuid) -> Result<BTreeMap<String, i64>, DbErr> {
    use follow_up_plan_closed::Column as C;
    let sum = Expr::from(Func::sum(C::Tasks.into_expr())).cast_as(Alias::new("bigint"));
    let rows: Vec<(String, i64)> = follow_up_plan_closed::Entity::find()
        .select_only()
        .column(C::ClosedAs)
        .expr_as(sum, "tasks")
        .filter(C::PlanId.eq(plan))
        .group_by(C::ClosedAs)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Somebody has closed tasks: plan, who (nil: nobody), as what, and how many. In this order, so that two who count at once
/// do not block each other for good.
pub async fn count_closed(tx: &impl ConnectionTrait, closed: BTreeMap<(Uuid, Uuid, String), i64>) -> Result<(), DbErr> {
    use follow_up_plan_closed::{Column as C, Entity, Model};
    let row = |((plan_id, closed_by, closed_as), tasks)| Model { plan_id, closed_by, closed_as, tasks };
    let more = Expr::col((Entity, C::Tasks)).add(Expr::col((Alias::new("excluded"), C::Tasks)));
    let mut added = OnConflict::columns([C::PlanId, C::ClosedBy, C::ClosedAs]);
    added.value(C::Tasks, more);
    let rows = closed.into_iter().map(row).collect();
    insert_rows::<follow_up_plan_closed::ActiveModel>(tx, rows, &[], Some(added)).await
}
