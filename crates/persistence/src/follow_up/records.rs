use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::RecordOutcome;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::customers::reach::through_customer;
pub use crate::entity::follow_up_records::Model as Record;
use crate::entity::{follow_up_plans, follow_up_records};
use crate::support::{Page, PageRequest, rows_by_id};

/// A record is read by whoever made it, by its department, and by whoever reaches its customer: any of these.
fn ways(scope: Scope) -> Vec<Condition> {
    use follow_up_records::Column as C;
    let (user, department) = match scope {
        Scope::All => return vec![Condition::all()],
        Scope::Department { user, department } => (user, Some(department)),
        Scope::Own { user, .. } => (user, None),
    };
    let own = Condition::all().add(C::AuthorId.eq(user));
    let departments = department.map(|department| Condition::all().add(C::DepartmentId.eq(department)));
    [own, through_customer(C::CustomerId, scope)].into_iter().chain(departments).collect()
}

fn visible(scope: Scope) -> Condition {
    ways(scope).into_iter().fold(Condition::any(), Condition::add)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub plan_id: Option<Uuid>,
    pub author_id: Option<Uuid>,
    pub outcome: Option<RecordOutcome>,
    /// Happened from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Happened before this moment.
    pub to: Option<DateTime<Utc>>,
    pub low_score: Option<bool>,
}

/// In the order in which they were recorded, newest first. Each way in which somebody reaches records is a list of its own,
/// which an index has in this order; they are merged.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Record>, DbErr> {
    use follow_up_records::Column as C;
    let ways = if filter.customer_id.is_some() { vec![visible(scope)] } else { ways(scope) };
    let select = follow_up_records::Entity::find()
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.plan_id, |q, v| q.filter(C::PlanId.eq(v)))
        .apply_if(filter.author_id, |q, v| q.filter(C::AuthorId.eq(v)))
        .apply_if(filter.outcome, |q, v| q.filter(C::Outcome.eq(v.as_str())))
        .apply_if(filter.from, |q, v| q.filter(C::HappenedAt.gte(v)))
        .apply_if(filter.to, |q, v| q.filter(C::HappenedAt.lt(v)))
        .apply_if(filter.low_score, |q, v| q.filter(C::LowScore.eq(v)));
    let mut rows: Vec<Record> = Vec::new();
    for way in ways {
        rows.extend(rows_by_id!(select.clone().filter(way), C::Id, page, db));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.dedup_by_key(|row| row.id);
    Ok(Page::from_overfetch(rows, page.limit, |row| row.id))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Record>, DbErr> {
    follow_up_records::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a record until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Record>, DbErr> {
    follow_up_records::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

/// The record of a task, if there is one.
pub async fn of_task(db: &impl ConnectionTrait, task: Uuid) -> Result<Option<Record>, DbErr> {
    follow_up_records::Entity::find().filter(follow_up_records::Column::TaskId.eq(task)).one(db).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Record) -> Result<Record, DbErr> {
    follow_up_records::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Record) -> Result<Record, DbErr> {
    follow_up_records::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// The name of the plan that a record is of: whoever reads the record may know.
pub async fn plan_name(db: &impl ConnectionTrait, plan: Uuid) -> Result<Option<String>, DbErr> {
    let select = follow_up_plans::Entity::find_by_id(plan).select_only().column(follow_up_plans::Column::Name);
    select.into_tuple().one(db).await
}
