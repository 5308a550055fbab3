//! How customers moved from tier to tier.

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use crate::entity::customer_tier_history;
pub use crate::entity::customer_tier_history::Model as TierMove;
use crate::support::{Page, PageRequest, insert_rows, page_by_id};

/// Columns of one move: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 17;

/// The moves of a customer, which the caller has found within its scope.
pub async fn list(db: &impl ConnectionTrait, customer_id: Uuid, page: PageRequest) -> Result<Page<TierMove>, DbErr> {
    use customer_tier_history::Column as C;
    let select = customer_tier_history::Entity::find().filter(C::CustomerId.eq(customer_id));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn insert(tx: &impl ConnectionTrait, moves: Vec<TierMove>) -> Result<(), DbErr> {
    insert_rows::<customer_tier_history::ActiveModel>(tx, moves, &[], None).await
}
