use huiyin_domain::follow_up::{AlertKind, AlertStatus};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::entity::alerts;
pub use crate::entity::alerts::Model as Alert;
use crate::support::{Page, PageRequest, page_by_id};

/// An alert is seen by its owner and by its department; by its people only as long as it is nobody's.
fn visible(scope: Scope) -> Condition {
    use alerts::Column as C;
    let (user, of_department) = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { user, department } => (user, Some(C::DepartmentId.eq(department))),
        Scope::Own { user, department } => {
            (user, department.map(|department| C::OwnerId.is_null().and(C::DepartmentId.eq(department))))
        }
    };
    Condition::any().add(C::OwnerId.eq(user)).add_option(of_department)
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub kind: Option<AlertKind>,
    pub status: Option<AlertStatus>,
    pub customer_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Alert>, DbErr> {
    use alerts::Column as C;
    let select = alerts::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.kind, |q, v| q.filter(C::Kind.eq(v.as_str())))
        .apply_if(filter.status, |q, v| q.filter(C::Status.eq(v.as_str())))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Alert>, DbErr> {
    alerts::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks an alert until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Alert>, DbErr> {
    alerts::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Alert) -> Result<Alert, DbErr> {
    alerts::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Alert) -> Result<Alert, DbErr> {
    alerts::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}
