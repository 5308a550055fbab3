use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::reach::through_customer;
use crate::entity::contacts;
pub use crate::entity::contacts::Model as Contact;
use crate::support::{Page, PageRequest, page_by_id};

/// The contacts of a customer, newest first. The caller has found the customer within its scope.
pub async fn list(db: &impl ConnectionTrait, customer: Uuid, page: PageRequest) -> Result<Page<Contact>, DbErr> {
    let select = contacts::Entity::find().filter(contacts::Column::CustomerId.eq(customer));
    Ok(page_by_id!(select, contacts::Column::Id, page, db))
}

/// Some contacts of a customer, the primary one first.
pub async fn foremost(db: &impl ConnectionTrait, customer: Uuid, limit: u64) -> Result<Vec<Contact>, DbErr> {
    contacts::Entity::find()
        .filter(contacts::Column::CustomerId.eq(customer))
        .order_by_desc(contacts::Column::IsPrimary)
        .order_by_desc(contacts::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Contact>, DbErr> {
    contacts::Entity::find_by_id(id).filter(through_customer(contacts::Column::CustomerId, scope)).one(db).await
}

/// Loads and locks a contact until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Contact>, DbErr> {
    contacts::Entity::find_by_id(id)
        .filter(through_customer(contacts::Column::CustomerId, scope))
        .lock_exclusive()
        .one(tx)
        .await
}

/// Which of these are contacts of the customer.
pub async fn known_of(db: &impl ConnectionTrait, customer: Uuid, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    contacts::Entity::find()
        .select_only()
        .column(contacts::Column::Id)
        .filter(contacts::Column::CustomerId.eq(customer))
        .filter(contacts::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Contact) -> Result<Contact, DbErr> {
    contacts::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

/// Inserts contacts of customers that are new as well.
pub async fn insert_all(tx: &impl ConnectionTrait, rows: Vec<Contact>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    contacts::Entity::insert_many(rows).exec_without_returning(tx).await.map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, row: Contact) -> Result<Contact, DbErr> {
    contacts::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

pub async fn delete(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    contacts::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}

/// The primary contact of a customer.
pub async fn primary(tx: &impl ConnectionTrait, customer: Uuid) -> Result<Option<Contact>, DbErr> {
    contacts::Entity::find()
        .filter(contacts::Column::CustomerId.eq(customer))
        .filter(contacts::Column::IsPrimary.eq(true))
        .one(tx)
        .await
}
