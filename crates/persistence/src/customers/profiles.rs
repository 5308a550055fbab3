use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, JoinType, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::customer_external_ids::Model as ExternalId;
pub use crate::entity::customers::Model as Customer;
use crate::entity::{customer_external_ids, customers};
use crate::support::{Page, PageRequest, page_by_id};

/// Columns of one inserted customer: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 17;

/// Which customers an actor reaches.
pub(crate) fn visible(scope: Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => Condition::any()
            .add(customers::Column::DepartmentId.eq(department))
            .add(customers::Column::OwnerId.eq(user)),
        Scope::Own { user, .. } => Condition::all().add(customers::Column::OwnerId.eq(user)),
    }
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub phone_key: Option<String>,
    pub email_key: Option<String>,
    pub name_key: Option<String>,
    /// Beside the reader's own scope.
    pub within: Option<Scope>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Customer>, DbErr> {
    use customers::Column as C;
    let select = customers::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
        .apply_if(filter.phone_key, |q, v| q.filter(C::PhoneKey.eq(v)))
        .apply_if(filter.email_key, |q, v| q.filter(C::EmailKey.eq(v)))
        .apply_if(filter.name_key, |q, v| q.filter(C::NameKey.eq(v)))
        .apply_if(filter.within, |q, v| q.filter(visible(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Customer>, DbErr> {
    customers::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a customer until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Customer>, DbErr> {
    customers::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn find_by_external(
    db: &impl ConnectionTrait,
    scope: Scope,
    system: &str,
    external_id: &str,
) -> Result<Option<Customer>, DbErr> {
    let link = customer_external_ids::Entity::belongs_to(customers::Entity)
        .from(customer_external_ids::Column::CustomerId)
        .to(customers::Column::Id)
        .into();
    customers::Entity::find()
        .join_rev(JoinType::InnerJoin, link)
        .filter(customer_external_ids::Column::System.eq(system))
        .filter(customer_external_ids::Column::ExternalId.eq(external_id))
        .filter(visible(scope))
        .one(db)
        .await
}

/// The customer that an external id names, in whatever scope: to know whether the id is free.
pub async fn external_owner(db: &impl ConnectionTrait, system: &str, external_id: &str) -> Result<Option<Uuid>, DbErr> {
    let row = customer_external_ids::Entity::find_by_id((system.to_owned(), external_id.to_owned())).one(db).await?;
    Ok(row.map(|row| row.customer_id))
}

/// Which of these external ids of a system are known, and to whom they belong.
pub async fn external_owners(
    db: &impl ConnectionTrait,
    system: &str,
    ids: &[String],
) -> Result<Vec<ExternalId>, DbErr> {
    customer_external_ids::Entity::find()
        .filter(customer_external_ids::Column::System.eq(system))
        .filter(customer_external_ids::Column::ExternalId.is_in(ids))
        .all(db)
        .await
}

pub async fn external_ids(db: &impl ConnectionTrait, customers: &[Uuid]) -> Result<Vec<ExternalId>, DbErr> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    customer_external_ids::Entity::find()
        .filter(customer_external_ids::Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(customer_external_ids::Column::System)
        .order_by_asc(customer_external_ids::Column::ExternalId)
        .all(db)
        .await
}

/// The one customer with this phone or mail; nobody where there are several, because a guess could tell the wrong one.
pub async fn find_by_contact(
    db: &impl ConnectionTrait,
    phone_key: Option<&str>,
    email_key: Option<&str>,
) -> Result<Option<Customer>, DbErr> {
    for condition in [
        phone_key.map(|key| customers::Column::PhoneKey.eq(key)),
        email_key.map(|key| customers::Column::EmailKey.eq(key)),
    ] {
        let Some(condition) = condition else { continue };
        let mut found =
            customers::Entity::find().filter(condition).order_by_asc(customers::Column::Id).limit(2).all(db).await?;
        if found.len() == 1 {
            return Ok(found.pop());
        }
    }
    Ok(None)
}

pub async fn insert(tx: &impl ConnectionTrait, rows: Vec<Customer>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    customers::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, customer: Customer) -> Result<Customer, DbErr> {
    customers::Entity::update(customer.into_active_model().reset_all()).exec(tx).await
}

/// Claims external ids for customers. Answers those that were free and are theirs now.
pub async fn link_external(tx: &impl ConnectionTrait, rows: Vec<ExternalId>) -> Result<Vec<ExternalId>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let taken = OnConflict::columns([customer_external_ids::Column::System, customer_external_ids::Column::ExternalId])
        .do_nothing()
        .to_owned();
    let insert = customer_external_ids::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(taken);
    insert.exec_with_returning(tx).await
}
