//! What one wants to know before a follow-up. The caller has found the task within its scope.

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

pub use crate::entity::follow_up_plans::Model as Plan;
pub use crate::entity::follow_up_records::Model as Record;
use crate::entity::{follow_up_plans, follow_up_records};

/// The last follow-ups of a customer, latest first.
pub async fn last_records(db: &impl ConnectionTrait, customer: Uuid, limit: u64) -> Result<Vec<Record>, DbErr> {
    follow_up_records::Entity::find()
        .filter(follow_up_records::Column::CustomerId.eq(customer))
        .order_by_desc(follow_up_records::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// The plan of a task, if it has one.
pub async fn plan_of(db: &impl ConnectionTrait, plan: Option<Uuid>) -> Result<Option<Plan>, DbErr> {
    match plan {
        Some(plan) => follow_up_plans::Entity::find_by_id(plan).one(db).await,
        None => Ok(None),
    }
}
