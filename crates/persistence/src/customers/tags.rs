use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use super::reach::through_customer;
use crate::entity::customer_tags;

/// Columns of one inserted tag: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 2;

/// The tags of a customer, in order.
pub async fn of(db: &impl ConnectionTrait, customer_id: Uuid) -> Result<Vec<String>, DbErr> {
    let rows = customer_tags::Entity::find()
        .filter(customer_tags::Column::CustomerId.eq(customer_id))
        .order_by_asc(customer_tags::Column::Tag)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.tag).collect())
}

/// Puts tags on customers; those that are there already stay.
pub async fn add(tx: &impl ConnectionTrait, tags: Vec<(Uuid, String)>) -> Result<(), DbErr> {
    if tags.is_empty() {
        return Ok(());
    }
    let rows = tags.into_iter().map(|(customer_id, tag)| customer_tags::Model { customer_id, tag }.into_active_model());
    customer_tags::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}

pub async fn remove(tx: &impl ConnectionTrait, customer_id: Uuid, tags: &[String]) -> Result<(), DbErr> {
    customer_tags::Entity::delete_many()
        .filter(customer_tags::Column::CustomerId.eq(customer_id))
        .filter(customer_tags::Column::Tag.is_in(tags))
        .exec(tx)
        .await
        .map(|_| ())
}

/// The first tags that customers within reach have, in order, without a count: counting grows with the table.
pub async fn known(
    db: &impl ConnectionTrait,
    scope: Scope,
    prefix: Option<&str>,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    let mut select = customer_tags::Entity::find()
        .select_only()
        .column(customer_tags::Column::Tag)
        .distinct()
        .filter(through_customer(customer_tags::Column::CustomerId, scope));
    if let Some(prefix) = prefix {
        select = select.filter(customer_tags::Column::Tag.starts_with(prefix));
    }
    select.order_by_asc(customer_tags::Column::Tag).limit(limit).into_tuple().all(db).await
}
