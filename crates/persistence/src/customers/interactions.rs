use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::reach::through_customer;
use crate::entity::interactions;
pub use crate::entity::interactions::Model as Interaction;
use crate::support::{Page, PageRequest, page_by_id};

/// The interactions with a customer, in the order in which they were recorded, newest first. The caller has found the
/// customer within its scope.
pub async fn list(db: &impl ConnectionTrait, customer: Uuid, page: PageRequest) -> Result<Page<Interaction>, DbErr> {
    let select = interactions::Entity::find().filter(interactions::Column::CustomerId.eq(customer));
    Ok(page_by_id!(select, interactions::Column::Id, page, db))
}

/// The last that happened, latest first.
pub async fn latest(db: &impl ConnectionTrait, customer: Uuid, limit: u64) -> Result<Vec<Interaction>, DbErr> {
    interactions::Entity::find()
        .filter(interactions::Column::CustomerId.eq(customer))
        .order_by_desc(interactions::Column::HappenedAt)
        .limit(limit)
        .all(db)
        .await
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Interaction>, DbErr> {
    interactions::Entity::find_by_id(id).filter(through_customer(interactions::Column::CustomerId, scope)).one(db).await
}

/// Loads and locks an interaction until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Interaction>, DbErr> {
    interactions::Entity::find_by_id(id)
        .filter(through_customer(interactions::Column::CustomerId, scope))
        .lock_exclusive()
        .one(tx)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Interaction) -> Result<Interaction, DbErr> {
    interactions::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Interaction) -> Result<Interaction, DbErr> {
    interactions::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}
