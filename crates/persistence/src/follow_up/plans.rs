//! Plans and their touchpoints.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::{PlanStatus, TouchEvent};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::follow_up_plans::Model as Plan;
pub use crate::entity::follow_up_touchpoints::Model as Touchpoint;
use crate::entity::{follow_up_plans, follow_up_tasks, follow_up_touchpoints};
use crate::support::{Page, PageRequest, filled_up, page_by_id};

/// Plans of the own department, and those of no department, which are the whole firm's.
pub fn visible(scope: Scope) -> Condition {
    use follow_up_plans::Column as C;
    let own = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { department, .. } => Some(department),
        Scope::Own { department, .. } => department,
    };
    let own = own.map(|department| C::DepartmentId.eq(department));
    Condition::any().add(C::DepartmentId.is_null()).add_option(own)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<PlanStatus>,
    pub department_id: Option<Uuid>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Plan>, DbErr> {
    use follow_up_plans::Column as C;
    let select = follow_up_plans::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.status, |q, v| q.filter(C::Status.eq(v.as_str())))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Plan>, DbErr> {
    follow_up_plans::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a plan until the transaction ends. Whoever makes its tasks or changes its touchpoints has it locked.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Plan>, DbErr> {
    follow_up_plans::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, plan: Plan) -> Result<Plan, DbErr> {
    follow_up_plans::Entity::insert(plan.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(plan)
}

pub async fn update(tx: &impl ConnectionTrait, plan: Plan) -> Result<Plan, DbErr> {
    follow_up_plans::Entity::update(plan.into_active_model().reset_all()).exec(tx).await
}

/// What plans are called, whoever asks: for whoever has a task of theirs.
pub async fn names(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    use follow_up_plans::Column as C;
    let select = follow_up_plans::Entity::find().select_only().columns([C::Id, C::Name]);
    let rows: Vec<(Uuid, String)> = select.filter(C::Id.is_in(filled_up(ids))).into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}

/// The touchpoints of plans that are not retired, by plan and position.
pub async fn touchpoints_of(
    db: &impl ConnectionTrait,
    plans: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<Touchpoint>>, DbErr> {
    if plans.is_empty() {
        return Ok(HashMap::new());
    }
    use follow_up_touchpoints::Column as C;
    let rows = follow_up_touchpoints::Entity::find()
        .filter(C::PlanId.is_in(filled_up(plans)))
        .filter(C::RetiredAt.is_null())
        .order_by_asc(C::Position)
        .order_by_asc(C::Id)
        .all(db)
        .await?;
    let mut of: HashMap<Uuid, Vec<Touchpoint>> = HashMap::new();
    for row in rows {
        of.entry(row.plan_id).or_default().push(row);
    }
    Ok(of)
}

/// The touchpoints of one plan that are not retired, by position.
pub async fn touchpoints(db: &impl ConnectionTrait, plan: Uuid) -> Result<Vec<Touchpoint>, DbErr> {
    Ok(touchpoints_of(db, vec![plan]).await?.remove(&plan).unwrap_or_default())
}

/// A touchpoint by id, also one that is retired.
pub async fn touchpoint(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Touchpoint>, DbErr> {
    follow_up_touchpoints::Entity::find_by_id(id).one(db).await
}

/// Which touchpoints of active plans.
#[derive(Debug, Clone, Copy)]
pub enum Waiting<'a> {
    /// Those that come after one of these events.
    For(&'a [TouchEvent]),
    /// Those that go by days and dates.
    ForTime,
}

/// The touchpoints of active plans, each with its plan, by plan and position.
pub async fn active_touchpoints(
    db: &impl ConnectionTrait,
    waiting: Waiting<'_>,
) -> Result<Vec<(Touchpoint, Plan)>, DbErr> {
    use follow_up_touchpoints::Column as C;
    let of_kind = match waiting {
        Waiting::For(events) => C::Event.is_in(events.iter().map(|event| event.as_str())),
        Waiting::ForTime => C::Event.is_null(),
    };
    let active = follow_up_plans::Entity::find()
        .filter(follow_up_plans::Column::Status.eq(PlanStatus::Active.as_str()))
        .order_by_asc(follow_up_plans::Column::Id)
        .all(db)
        .await?;
    let mut touchpoints: HashMap<Uuid, Vec<Touchpoint>> = HashMap::new();
    let rows = follow_up_touchpoints::Entity::find()
        .filter(of_kind)
        .filter(C::RetiredAt.is_null())
        .filter(C::PlanId.is_in(filled_up(active.iter().map(|plan| plan.id).collect())))
        .order_by_asc(C::Position)
        .all(db)
        .await?;
    for row in rows {
        touchpoints.entry(row.plan_id).or_default().push(row);
    }
    let with_plan = active.into_iter().flat_map(|plan| {
        let own = touchpoints.remove(&plan.id).unwrap_or_default();
        own.into_iter().map(move |touchpoint| (touchpoint, plan.clone()))
    });
    Ok(with_plan.collect())
}

pub async fn insert_touchpoints(tx: &impl ConnectionTrait, rows: Vec<Touchpoint>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    follow_up_touchpoints::Entity::insert_many(rows).exec_without_returning(tx).await.map(|_| ())
}

pub async fn update_touchpoint(tx: &impl ConnectionTrait, row: Touchpoint) -> Result<Touchpoint, DbErr> {
    follow_up_touchpoints::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Says up to when the occasions of a touchpoint have been seen to.
pub async fn swept(tx: &impl ConnectionTrait, touchpoint: Uuid, until: DateTime<Utc>) -> Result<(), DbErr> {
    use follow_up_touchpoints::Column as C;
    follow_up_touchpoints::Entity::update_many()
        .col_expr(C::SweptUntil, Expr::value(until))
        .filter(C::Id.eq(touchpoint))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Open tasks of a plan, what is due first first.
pub async fn open_tasks(db: &impl ConnectionTrait, plan: Uuid, limit: u64) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(C::PlanId.eq(plan))
        .filter(C::WorkKey.is_not_null())
        .order_by_asc(C::DueBy)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}
