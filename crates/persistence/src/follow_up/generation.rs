//! Making the tasks of an occasion, for many customers a statement.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::TaskState;
use huiyin_domain::follow_up::sweep::Whom;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{LockType, OnConflict, Query, SelectStatement};
use sea_orm::{
    Condition, ConnectionTrait, ExprTrait, FromQueryResult, IntoActiveModel, Order, QueryOrder, QuerySelect,
};
use serde::Serialize;

use super::audience::{Audience, meant};
use super::plans::{Plan, Touchpoint};
use super::tasks::{self, Task};
use crate::customers::profiles;
use crate::entity::{customers, follow_up_expected, follow_up_plans, follow_up_tasks, follow_up_touchpoints};
use crate::support::{filled_up, insert_of_records};

/// Tasks of one statement on PostgreSQL, where they travel as one parameter.
pub const BATCH_POSTGRES: usize = 5_000;

/// A customer to be contacted.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Candidate {
    pub id: Uuid,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub tier: Option<String>,
}

/// Whoever has a task of one of these occasions is none.
#[derive(Debug, Clone)]
pub struct Met {
    pub plan_id: Uuid,
    pub touchpoint_id: Uuid,
    pub occasions: Vec<String>,
}

/// Whom an occasion is for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub audience: &'a Audience,
    pub whom: &'a Whom,
    pub met: Option<Met>,
    /// Beside that, as a reader's scope.
    pub within: Condition,
}

/// No narrower than the plan itself: for whoever makes its tasks.
pub fn everybody() -> Condition {
    Condition::all()
}

/// Whom a reader reaches. `personal` where the audience tells personal data: then those whose data the reader sees, and
/// nobody where there are none.
pub fn reached(scope: Scope, personal: Option<Option<Scope>>) -> Condition {
    let reached = Condition::all().add(profiles::visible(scope));
    match personal {
        None => reached,
        Some(Some(within)) => reached.add(profiles::visible(within)),
        Some(None) => reached.add(Expr::cust("FALSE")),
    }
}

fn own(column: customers::Column) -> Expr {
    Expr::col((customers::Entity, column))
}

impl Met {
    fn row_of_customer(&self) -> SelectStatement {
        use follow_up_tasks::Column as C;
        let task = |column: C| Expr::col((follow_up_tasks::Entity, column));
        Query::select()
            .expr(Expr::val(1))
            .from(follow_up_tasks::Entity)
            .and_where(task(C::PlanId).eq(self.plan_id))
            .and_where(task(C::TouchpointId).eq(self.touchpoint_id))
            .and_where(task(C::CustomerId).equals((customers::Entity, customers::Column::Id)))
            .and_where(task(C::Occasion).is_in(self.occasions.iter().map(String::as_str)))
            .to_owned()
    }
}

impl Asked<'_> {
    /// True for those customers.
    pub fn condition(&self, backend: sea_orm::DbBackend) -> Condition {
        let met = self.met.as_ref().map(|met| Expr::exists(met.row_of_customer()).not());
        Condition::all()
            .add(own(customers::Column::MergedInto).is_null())
            .add(self.audience.expression(backend))
            .add_option(meant(self.whom, backend))
            .add_option(met)
            .add(self.within.clone())
    }
}

/// The next candidates after `after`, in order of id and at most `limit`. Fewer: there are no more.
pub async fn candidates(
    db: &impl ConnectionTrait,
    asked: &Asked<'_>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Candidate>, DbErr> {
    let tier = Expr::cust("(SELECT tier FROM customer_tiers WHERE customer_tiers.customer_id = customers.id)");
    let mut select = Query::select();
    select
        .expr_as(own(customers::Column::Id), "id")
        .expr_as(own(customers::Column::OwnerId), "owner_id")
        .expr_as(own(customers::Column::DepartmentId), "department_id")
        .expr_as(tier, "tier")
        .from(customers::Entity)
        .cond_where(asked.condition(db.get_database_backend()))
        .order_by_expr(own(customers::Column::Id), Order::Asc)
        .limit(limit);
    if let Some(after) = after {
        select.and_where(own(customers::Column::Id).gt(after));
    }
    db.query_all(&select).await?.iter().map(|row| Candidate::from_query_result(row, "")).collect()
}

/// Those of these customers whom the plan is about now.
pub async fn among(
    db: &impl ConnectionTrait,
    audience: &Audience,
    customers: &[Uuid],
) -> Result<Vec<Candidate>, DbErr> {
    let mut found = Vec::new();
    for part in customers.chunks(10_000) {
        let ids = filled_up(part.to_vec());
        let within = Condition::all().add(own(customers::Column::Id).is_in(ids));
        let asked = Asked { audience, whom: &Whom::Everybody, met: None, within };
        found.extend(candidates(db, &asked, None, part.len() as u64).await?);
    }
    Ok(found)
}

/// What tasks of one occasion differ in.
#[derive(Serialize)]
struct Own<'a> {
    id: Uuid,
    customer_id: Option<Uuid>,
    occasion: Option<&'a str>,
    feedback_id: Option<Uuid>,
    tier: Option<&'a str>,
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
    instead_of: Option<Uuid>,
}

impl<'a> Own<'a> {
    /// That of a task, if it is the other one in everything else.
    fn beside(task: &'a Task, other: &Task) -> Option<Self> {
        let copy = Task {
            id: task.id,
            customer_id: task.customer_id,
            occasion: task.occasion.clone(),
            feedback_id: task.feedback_id,
            tier: task.tier.clone(),
            assignee_id: task.assignee_id,
            department_id: task.department_id,
            instead_of: task.instead_of,
            ..other.clone()
        };
        (copy == *task).then_some(Own {
            id: task.id,
            customer_id: task.customer_id,
            occasion: task.occasion.as_deref(),
            feedback_id: task.feedback_id,
            tier: task.tier.as_deref(),
            assignee_id: task.assignee_id,
            department_id: task.department_id,
            instead_of: task.instead_of,
        })
    }
}

/// Stores tasks; answers the ids of those whose occasion had none yet.
pub async fn insert(tx: &impl ConnectionTrait, wanted: &[Task]) -> Result<HashSet<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    let once = OnConflict::columns([C::PlanId, C::TouchpointId, C::CustomerId, C::Occasion]).do_nothing().to_owned();
    let postgres = tx.get_database_backend() == sea_orm::DbBackend::Postgres;
    let mut made = HashSet::new();
    for rows in wanted.chunks(if postgres { BATCH_POSTGRES } else { tasks::BATCH }) {
        if postgres {
            let first = rows.first();
            let alike: Option<Vec<Own>> = rows.iter().map(|row| Own::beside(row, first?)).collect();
            let mut insert = match alike {
                Some(alike) => insert_of_records::<follow_up_tasks::ActiveModel>(first, &alike, &[])?,
                None => insert_of_records::<follow_up_tasks::ActiveModel>(None, rows, &[])?,
            };
            insert.on_conflict(once.clone()).returning_col(C::Id);
            for row in tx.query_all(&insert).await? {
                made.insert(row.try_get("", "id")?);
            }
        } else {
            let rows = rows.iter().cloned().map(IntoActiveModel::into_active_model);
            let insert = follow_up_tasks::Entity::insert_many(rows).on_conflict(once.clone());
            made.extend(insert.exec_with_returning_keys(tx).await?);
        }
    }
    Ok(made)
}

/// Tasks of a plan: of all its touchpoints or of these, of all customers or of these.
#[derive(Debug, Clone, Copy)]
pub struct Among<'a> {
    pub plan: Uuid,
    pub touchpoints: Option<&'a [Uuid]>,
    pub customers: Option<&'a [Uuid]>,
}

/// The next pending tasks among these, at most `limit`, whose time has not run out and whose customers the plan is not
/// about any more. What somebody has begun is left to that person, and what was missed stays missed.
pub async fn leaving(
    db: &impl ConnectionTrait,
    among: Among<'_>,
    audience: &Audience,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    let task = |column: C| Expr::col((follow_up_tasks::Entity, column));
    let still = Query::select()
        .expr(Expr::val(1))
        .from(customers::Entity)
        .and_where(task(C::CustomerId).equals((customers::Entity, customers::Column::Id)))
        .and_where(audience.expression(db.get_database_backend()))
        .to_owned();
    let mut gone = follow_up_tasks::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(C::PlanId.eq(among.plan))
        .filter(C::State.eq(TaskState::Pending.as_str()))
        .filter(C::WorkKey.is_not_null())
        .filter(C::DueBy.gt(now))
        .filter(Expr::exists(still).not())
        .limit(limit);
    if let Some(touchpoints) = among.touchpoints {
        gone = gone.filter(C::TouchpointId.is_in(touchpoints.iter().copied()));
    }
    if let Some(customers) = among.customers {
        gone = gone.filter(C::CustomerId.is_in(filled_up(customers.to_vec())));
    }
    gone.into_tuple().all(db).await
}

/// Loads a plan and keeps it from being paused, ended or changed until the transaction ends, beside others who do so.
pub async fn hold(tx: &impl ConnectionTrait, plan: Uuid) -> Result<Option<Plan>, DbErr> {
    follow_up_plans::Entity::find_by_id(plan).lock(LockType::Share).one(tx).await
}

/// The touchpoints of a plan that are in force, in order, and the retired ones of which something is yet to come.
pub async fn standing(db: &impl ConnectionTrait, plan: Uuid) -> Result<Vec<Touchpoint>, DbErr> {
    use follow_up_touchpoints::Column as C;
    let left = Query::select()
        .column(follow_up_expected::Column::TouchpointId)
        .from(follow_up_expected::Entity)
        .and_where(Expr::col(follow_up_expected::Column::DroppedAt).is_null())
        .to_owned();
    follow_up_touchpoints::Entity::find()
        .filter(C::PlanId.eq(plan))
        .filter(Condition::any().add(C::RetiredAt.is_null()).add(C::Id.in_subquery(left)))
        .order_by_asc(C::Position)
        .all(db)
        .await
}

/// The touchpoints of a plan that are in force no more.
pub async fn retired(db: &impl ConnectionTrait, plan: Uuid) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_touchpoints::Column as C;
    let retired = follow_up_touchpoints::Entity::find().select_only().column(C::Id);
    retired.filter(C::PlanId.eq(plan)).filter(C::RetiredAt.is_not_null()).into_tuple().all(db).await
}

/// The touchpoints in force that wait for one of these events, of plans in one of these states; the plans are held until
/// the transaction ends: what is noted for a touchpoint that is retired at this moment would be seen to by nobody.
pub async fn waiting_for(
    tx: &impl ConnectionTrait,
    events: Vec<&'static str>,
    statuses: [&'static str; 2],
) -> Result<Vec<(Touchpoint, Plan)>, DbErr> {
    use follow_up_touchpoints::Column as C;
    let waiting = || {
        let waiting = follow_up_touchpoints::Entity::find().filter(C::Event.is_in(events.iter().copied()));
        waiting.filter(C::RetiredAt.is_null()).order_by_asc(C::Id)
    };
    let seen = waiting().all(tx).await?;
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let plans = follow_up_plans::Entity::find()
        .filter(follow_up_plans::Column::Id.is_in(seen.iter().map(|touchpoint| touchpoint.plan_id)))
        .order_by_asc(follow_up_plans::Column::Id)
        .lock(LockType::Share)
        .all(tx)
        .await?;
    let touchpoints = waiting().all(tx).await?;
    let with_plan = touchpoints.into_iter().filter_map(|touchpoint| {
        let plan = plans.iter().find(|plan| plan.id == touchpoint.plan_id)?;
        statuses.contains(&plan.status.as_str()).then(|| (touchpoint, plan.clone()))
    });
    Ok(with_plan.collect())
}

/// The plans in this state that are about one of these segments, each with its segment.
pub async fn of_segments(
    db: &impl ConnectionTrait,
    segments: &[Uuid],
    status: &'static str,
) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    use follow_up_plans::Column as C;
    if segments.is_empty() {
        return Ok(Vec::new());
    }
    follow_up_plans::Entity::find()
        .select_only()
        .columns([C::SegmentId, C::Id])
        .filter(C::Status.eq(status))
        .filter(C::SegmentId.is_in(segments.iter().copied()))
        .into_tuple()
        .all(db)
        .await
}

/// The plans in this state that are about whoever meets a condition, and have tasks of these customers that nobody has
/// begun.
pub async fn by_condition(
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    status: &'static str,
) -> Result<Vec<Plan>, DbErr> {
    use follow_up_plans::Column as C;
    use follow_up_tasks::Column as T;
    let plans = || follow_up_plans::Entity::find().filter(C::Status.eq(status)).filter(C::Condition.is_not_null());
    if customers.is_empty() || plans().one(db).await?.is_none() {
        return Ok(Vec::new());
    }
    let waiting = Query::select()
        .column(T::PlanId)
        .from(follow_up_tasks::Entity)
        .and_where(Expr::col(T::CustomerId).is_in(filled_up(customers.to_vec())))
        .and_where(Expr::col(T::State).eq(TaskState::Pending.as_str()))
        .and_where(Expr::col(T::PlanId).is_not_null())
        .to_owned();
    plans().filter(C::Id.in_subquery(waiting)).order_by_asc(C::Id).all(db).await
}
