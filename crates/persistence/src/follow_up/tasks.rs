use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::{TaskOrigin, TaskState};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, Iterable, QueryOrder, QuerySelect, QueryTrait};

use super::work::{Lane, of_ids};
use crate::entity::follow_up_tasks;
pub use crate::entity::follow_up_tasks::Model as Task;
use crate::support::{cut, even_parts, filled_up, insert_rows};

/// Tasks of one statement: SQLite takes 32,766 parameters, and a task has forty.
pub const BATCH: usize = 700;

/// Whoever is to make the contact sees the task; as long as it is nobody's, the department's people do.
pub(super) fn visible(scope: Scope) -> Condition {
    use follow_up_tasks::Column as C;
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(C::DepartmentId.eq(department)).add(C::AssigneeId.eq(user))
        }
        Scope::Own { user, department } => {
            let pooled = department.map(|department| C::AssigneeId.is_null().and(C::DepartmentId.eq(department)));
            Condition::any().add(C::AssigneeId.eq(user)).add_option(pooled)
        }
    }
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub plan_id: Option<Uuid>,
    pub feedback_id: Option<Uuid>,
    pub origin: Option<TaskOrigin>,
    pub state: Option<TaskState>,
    pub assignee_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    /// Due at this moment or later, and before that one.
    pub due_since: Option<DateTime<Utc>>,
    pub due_before: Option<DateTime<Utc>>,
}

impl Filter {
    /// The parts of the list that an index has in its order. Who reaches everything and asks for nothing in particular is
    /// shown the states' lists, merged; who does not goes by what is his, lest he walk through what is everybody's.
    fn lanes(&self, scope: Scope) -> Vec<Lane> {
        let few = [self.feedback_id.map(Lane::Feedback), self.customer_id.map(Lane::Customer)];
        if let Some(lane) = few.into_iter().flatten().next() {
            return vec![lane];
        }
        match scope {
            Scope::All => {
                let many = [
                    self.plan_id.map(Lane::Plan),
                    self.assignee_id.map(Lane::Of),
                    self.department_id.map(Lane::Department),
                    self.state.map(Lane::State),
                ];
                let named = many.into_iter().flatten().next();
                named.map_or_else(|| TaskState::ALL.iter().copied().map(Lane::State).collect(), |lane| vec![lane])
            }
            Scope::Department { user, department } => match (self.plan_id, self.assignee_id) {
                (_, Some(assignee)) => vec![Lane::Of(assignee)],
                (Some(plan), None) => vec![Lane::Plan(plan)],
                (None, None) => vec![Lane::Department(department), Lane::Of(user)],
            },
            Scope::Own { user, department } => [Lane::Of(user)].into_iter().chain(department.map(Lane::Pool)).collect(),
        }
    }
}

/// Where a page begins: after this one.
pub type Place = (DateTime<Utc>, Uuid);

/// Tasks within reach, what is due last first; one row more than `limit` tells that there is a next page.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<Task>, Option<Place>), DbErr> {
    use follow_up_tasks::Column as C;
    // As rows, which an index reads from there on.
    let place = || Expr::tuple([Expr::col(C::DueBy), Expr::col(C::Id)]);
    let earlier = |(due_by, id): Place| place().lt(Expr::tuple([Expr::val(due_by), Expr::val(id)]));
    let lanes = filter.lanes(scope);
    let mut places: Vec<Place> = Vec::new();
    let mut rows: Vec<Task> = Vec::new();
    for lane in &lanes {
        let found = follow_up_tasks::Entity::find()
            .filter(lane.condition())
            .apply_if(lane.beyond(scope), |q, beyond| q.filter(beyond))
            .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
            .apply_if(filter.plan_id, |q, v| q.filter(C::PlanId.eq(v)))
            .apply_if(filter.feedback_id, |q, v| q.filter(C::FeedbackId.eq(v)))
            .apply_if(filter.origin, |q, v| q.filter(C::Origin.eq(v.as_str())))
            .apply_if(filter.state, |q, v| q.filter(C::State.eq(v.as_str())))
            .apply_if(filter.assignee_id, |q, v| q.filter(C::AssigneeId.eq(v)))
            .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
            .apply_if(filter.due_since, |q, v| q.filter(C::DueBy.gte(v)))
            .apply_if(filter.due_before, |q, v| q.filter(C::DueBy.lt(v)))
            .apply_if(after, |q, v| q.filter(earlier(v)))
            .order_by_desc(C::DueBy)
            .order_by_desc(C::Id)
            .limit(limit + 1);
        if lanes.len() == 1 {
            rows = found.all(db).await?;
        } else {
            let found: Vec<Place> = found.select_only().columns([C::DueBy, C::Id]).into_tuple().all(db).await?;
            places.extend(found);
        }
    }
    if lanes.len() > 1 {
        // As in `work::list`: the places first, and then the rows of one page.
        places.sort_unstable_by_key(|place| std::cmp::Reverse(*place));
        places.dedup();
        let more = cut(&mut places, limit);
        let next = places.last().copied().filter(|_| more);
        rows = of_ids(db, scope, places.into_iter().map(|(_, id)| id).collect()).await?;
        // One may have been closed meanwhile.
        rows.retain(|row| filter.state.is_none_or(|state| row.state == state.as_str()));
        rows.sort_by_key(|row| std::cmp::Reverse((row.due_by, row.id)));
        return Ok((rows, next));
    }
    let more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| more).map(|row| (row.due_by, row.id));
    Ok((rows, next))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Task>, DbErr> {
    follow_up_tasks::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a task until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Task>, DbErr> {
    follow_up_tasks::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

/// Locks many that are open still, in order of id, so that two who do so at once do not block each other for good.
pub async fn lock_open(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let these = follow_up_tasks::Entity::find().filter(C::Id.is_in(filled_up(ids))).filter(C::WorkKey.is_not_null());
    these.order_by_asc(C::Id).lock_exclusive().all(tx).await
}

/// The open tasks of a feedback, locked.
pub async fn lock_open_of_feedback(tx: &impl ConnectionTrait, feedback: Uuid) -> Result<Vec<Task>, DbErr> {
    use follow_up_tasks::Column as C;
    let these = follow_up_tasks::Entity::find().filter(C::FeedbackId.eq(feedback)).filter(C::WorkKey.is_not_null());
    these.order_by_asc(C::Id).lock_exclusive().all(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, rows: Vec<Task>) -> Result<(), DbErr> {
    for part in even_parts(rows, BATCH) {
        insert_rows::<follow_up_tasks::ActiveModel>(tx, part, &[], None).await?;
    }
    Ok(())
}

pub async fn update(tx: &impl ConnectionTrait, row: Task) -> Result<Task, DbErr> {
    follow_up_tasks::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// Stores the changed state of many that exist; the caller holds their locks.
pub async fn save(tx: &impl ConnectionTrait, rows: Vec<Task>) -> Result<(), DbErr> {
    use follow_up_tasks::Column as C;
    // What a task came from never changes.
    let fixed =
        |column: &C| matches!(column, C::Id | C::Origin | C::PlanId | C::TouchpointId | C::CreatedBy | C::CreatedAt);
    let changed: Vec<C> = C::iter().filter(|column| !fixed(column)).collect();
    for part in even_parts(rows, BATCH) {
        let laid_over = OnConflict::column(C::Id).update_columns(changed.clone()).to_owned();
        insert_rows::<follow_up_tasks::ActiveModel>(tx, part, &[], Some(laid_over)).await?;
    }
    Ok(())
}

/// The customers' tiers have changed: their open tasks show it.
pub async fn follow_tiers(tx: &impl ConnectionTrait, customers: Vec<Uuid>, tier: Option<&str>) -> Result<u64, DbErr> {
    use follow_up_tasks::Column as C;
    if customers.is_empty() {
        return Ok(0);
    }
    let changed = follow_up_tasks::Entity::update_many()
        .col_expr(C::Tier, Expr::value(tier))
        .filter(C::CustomerId.is_in(filled_up(customers)))
        .filter(C::WorkKey.is_not_null())
        .exec(tx)
        .await?;
    Ok(changed.rows_affected)
}

/// The open tasks of a customer that were taken over from one merged into it, and stand for the same occasion as one of
/// its own.
pub async fn doubled_by_merge(db: &impl ConnectionTrait, from: Uuid, into: Uuid) -> Result<Vec<Uuid>, DbErr> {
    use follow_up_tasks::Column as C;
    let renamed = crate::customers::merging::second_of(from);
    follow_up_tasks::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(C::CustomerId.eq(into))
        .filter(C::WorkKey.is_not_null())
        .filter(C::Occasion.like(format!("%{renamed}")))
        .into_tuple()
        .all(db)
        .await
}
