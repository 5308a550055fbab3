//! Taking customers out again, together with what belongs to them alone.

use std::collections::HashMap;

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QuerySelect};

use crate::entity::{customer_external_ids, customer_figures, customer_tags, customers, feedback, orders};
use crate::support::filled_up;

/// Those of these customers to which something is attached that would be lost, with what it is.
pub async fn attached(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, &'static str>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = filled_up(ids.to_vec());
    let of_orders = orders::Entity::find().select_only().column(orders::Column::CustomerId).distinct();
    let of_orders: Vec<Uuid> =
        of_orders.filter(orders::Column::CustomerId.is_in(ids.clone())).into_tuple().all(tx).await?;
    let of_feedback = feedback::Entity::find().select_only().column(feedback::Column::CustomerId).distinct();
    let of_feedback: Vec<Uuid> =
        of_feedback.filter(feedback::Column::CustomerId.is_in(ids)).into_tuple().all(tx).await?;
    let feedback = of_feedback.into_iter().map(|id| (id, "has_feedback"));
    Ok(feedback.chain(of_orders.into_iter().map(|id| (id, "has_orders"))).collect())
}

/// Removes customers with their tags, external ids and figures. Fails where anything else refers to one of them.
pub async fn remove(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids = filled_up(ids.to_vec());
    let tags = customer_tags::Entity::delete_many().filter(customer_tags::Column::CustomerId.is_in(ids.clone()));
    tags.exec(tx).await?;
    let links = customer_external_ids::Entity::delete_many();
    links.filter(customer_external_ids::Column::CustomerId.is_in(ids.clone())).exec(tx).await?;
    let figures = customer_figures::Entity::delete_many();
    figures.filter(customer_figures::Column::CustomerId.is_in(ids.clone())).exec(tx).await?;
    customers::Entity::delete_many().filter(customers::Column::Id.is_in(ids)).exec(tx).await.map(|_| ())
}

/// Takes tags and external ids off a customer.
pub async fn take_off(
    tx: &impl ConnectionTrait,
    customer: Uuid,
    tags: &[String],
    external_ids: &[String],
) -> Result<(), DbErr> {
    super::tags::remove(tx, customer, tags).await?;
    customer_external_ids::Entity::delete_many()
        .filter(customer_external_ids::Column::CustomerId.eq(customer))
        .filter(customer_external_ids::Column::ExternalId.is_in(external_ids))
        .exec(tx)
        .await
        .map(|_| ())
}
