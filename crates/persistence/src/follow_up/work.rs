//! What is to be done, in the order of work. Each lane of a list is one that an index has in this order; lists of
//! several lanes are merged.

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::task::work_keys;
use huiyin_domain::follow_up::{TaskPriority, TaskState};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, QueryOrder, QuerySelect, QueryTrait};

use super::tasks::{Task, visible};
use crate::entity::follow_up_tasks;
use crate::support::{cut, filled_up};

/// Part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// In the hands of this person.
    Of(Uuid),
    Department(Uuid),
    /// Of the department, in nobody's hands.
    Pool(Uuid),
    Customer(Uuid),
    Plan(Uuid),
    Feedback(Uuid),
    State(TaskState),
}

impl Lane {
    pub(super) fn condition(self) -> Condition {
        use follow_up_tasks::Column as C;
        match self {
            Lane::Of(user) => Condition::all().add(C::AssigneeId.eq(user)),
            Lane::Department(department) => Condition::all().add(C::DepartmentId.eq(department)),
            Lane::Pool(department) => Condition::all().add(C::DepartmentId.eq(department)).add(C::AssigneeId.is_null()),
            Lane::Customer(customer) => Condition::all().add(C::CustomerId.eq(customer)),
            Lane::Plan(plan) => Condition::all().add(C::PlanId.eq(plan)),
            Lane::Feedback(feedback) => Condition::all().add(C::FeedbackId.eq(feedback)),
            Lane::State(state) => Condition::all().add(C::State.eq(state.as_str())),
        }
    }

    /// What of the scope is still to be asked of each row: nothing, where all of the lane is visible to it. With so many
    /// alternatives PostgreSQL expects next to no rows, and sorts the whole lane instead of reading the index in order.
    pub(super) fn beyond(self, scope: Scope) -> Option<Condition> {
        let is_within = match (scope, self) {
            (Scope::All, _) => true,
            (Scope::Department { user, .. } | Scope::Own { user, .. }, Lane::Of(one)) => one == user,
            (Scope::Department { department, .. }, Lane::Department(one) | Lane::Pool(one)) => one == department,
            (Scope::Own { department, .. }, Lane::Pool(one)) => department == Some(one),
            _ => false,
        };
        (!is_within).then(|| visible(scope))
    }
}

/// What a work list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub priority: Option<TaskPriority>,
    pub tier: Option<String>,
    /// Due up to this moment.
    pub due_by: Option<DateTime<Utc>>,
}

impl Wanted {
    /// The stretches of the order of work that are wanted, first to last: one a priority, because what is due by some time
    /// lies together only within a priority.
    fn stretches(&self) -> Vec<(i64, i64)> {
        let all = TaskPriority::ALL.iter().copied();
        match (self.priority, self.due_by) {
            (Some(priority), due_by) => vec![work_keys(priority, due_by)],
            (None, Some(due_by)) => all.map(|priority| work_keys(priority, Some(due_by))).collect(),
            (None, None) => vec![(0, i64::MAX)],
        }
    }
}

/// Where a page begins: after this one.
pub type Place = (i64, Uuid);

/// Those of these tasks that are visible now, in no order.
pub(super) async fn of_ids(db: &impl ConnectionTrait, scope: Scope, ids: Vec<Uuid>) -> Result<Vec<Task>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let these = follow_up_tasks::Entity::find().filter(follow_up_tasks::Column::Id.is_in(filled_up(ids)));
    these.filter(visible(scope)).all(db).await
}

/// One page of the lanes, in the order of work. Of several lanes the places are merged first, which an index alone can tell,
/// and then the rows of the page are read: else those of each lane would be, and most of them dropped.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    lanes: &[Lane],
    wanted: &Wanted,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<Task>, Option<Place>), DbErr> {
    use follow_up_tasks::Column as C;
    // As rows, which an index reads from there on; spelt out with `or` it would be a filter over all before it.
    let place = || Expr::tuple([Expr::col(C::WorkKey), Expr::col(C::Id)]);
    let later = |(key, id): Place| place().gt(Expr::tuple([Expr::val(key), Expr::val(id)]));
    let mut places: Vec<Place> = Vec::new();
    let mut rows: Vec<Task> = Vec::new();
    for lane in lanes {
        let mut found = 0;
        for (first, last) in wanted.stretches() {
            let room = (limit + 1).saturating_sub(found);
            if room == 0 || after.is_some_and(|(key, _)| key > last) {
                continue;
            }
            let part = follow_up_tasks::Entity::find()
                .filter(lane.condition())
                .filter(C::WorkKey.is_not_null())
                .filter(C::WorkKey.between(first, last))
                .apply_if(lane.beyond(scope), |q, beyond| q.filter(beyond))
                .apply_if(wanted.tier.as_deref(), |q, v| q.filter(C::Tier.eq(v)))
                .apply_if(after, |q, v| q.filter(later(v)))
                .order_by_asc(C::WorkKey)
                .order_by_asc(C::Id)
                .limit(room);
            if lanes.len() == 1 {
                rows.extend(part.all(db).await?);
                found = rows.len() as u64;
            } else {
                let part: Vec<Place> = part.select_only().columns([C::WorkKey, C::Id]).into_tuple().all(db).await?;
                found += part.len() as u64;
                places.extend(part);
            }
        }
    }
    if lanes.len() > 1 {
        places.sort_unstable();
        places.dedup();
        let more = cut(&mut places, limit);
        // By the places: one may have been closed since.
        let next = places.last().copied().filter(|_| more);
        rows = of_ids(db, scope, places.into_iter().map(|(_, id)| id).collect()).await?;
        rows.retain(|row| row.work_key.is_some());
        rows.sort_by_key(|row| (row.work_key, row.id));
        return Ok((rows, next));
    }
    let more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| more).and_then(|row| Some((row.work_key?, row.id)));
    Ok((rows, next))
}
