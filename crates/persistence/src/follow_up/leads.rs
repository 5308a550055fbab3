use huiyin_domain::follow_up::LeadStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::entity::leads;
pub use crate::entity::leads::Model as Lead;
use crate::support::{Page, PageRequest, page_by_id};

/// A lead is seen by its owner, by whoever found it, and by its department; by its people only as long as it is nobody's.
fn visible(scope: Scope) -> Condition {
    use leads::Column as C;
    let (user, of_department) = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { user, department } => (user, Some(C::DepartmentId.eq(department))),
        Scope::Own { user, department } => {
            (user, department.map(|department| C::OwnerId.is_null().and(C::DepartmentId.eq(department))))
        }
    };
    Condition::any().add(C::OwnerId.eq(user)).add(C::CreatedBy.eq(user)).add_option(of_department)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub status: Option<LeadStatus>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Lead>, DbErr> {
    use leads::Column as C;
    let select = leads::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
        .apply_if(filter.status, |q, v| q.filter(C::Status.eq(v.as_str())));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// The leads that were found in a follow-up. The caller has come by its record.
pub async fn of_record(db: &impl ConnectionTrait, record: Uuid) -> Result<Vec<Lead>, DbErr> {
    leads::Entity::find().filter(leads::Column::RecordId.eq(record)).order_by_asc(leads::Column::Id).all(db).await
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Lead>, DbErr> {
    leads::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a lead until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Lead>, DbErr> {
    leads::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, rows: Vec<Lead>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    leads::Entity::insert_many(rows).exec_without_returning(tx).await.map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, row: Lead) -> Result<Lead, DbErr> {
    leads::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}
