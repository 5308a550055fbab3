//! Taking customers out again, together with what belongs to them alone.

use std::collections::HashMap;

use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, QuerySelect};

use crate::entity::{
    attachments, change_requests, contacts, customer_external_ids, customer_figures, customer_tags, customers,
    dismissed_duplicates, duplicate_pairs, feedback, interactions, orders, segment_members, todos,
};
use crate::support::filled_up;

/// Those of these customers to which something is attached that would be lost, with what it is. A contact that came
/// with its customer, and that nobody has touched, is not.
pub async fn attached(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, &'static str>, DbErr> {
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let ids = filled_up(ids.to_vec());
    macro_rules! look {
        ($($table:ident as $reason:literal $(where $more:expr)?;)+) => { $({
            let select = $table::Entity::find().select_only().column($table::Column::CustomerId).distinct();
            let select = select.filter($table::Column::CustomerId.is_in(ids.clone()));
            $(let select = select.filter($more);)?
            let of: Vec<Option<Uuid>> = select.into_tuple().all(tx).await?;
            for id in of.into_iter().flatten() {
                found.entry(id).or_insert($reason);
            }
        })+ };
    }
    look! {
        orders as "has_orders";
        feedback as "has_feedback";
        interactions as "has_interactions";
        todos as "has_todos";
        attachments as "has_attachments";
        change_requests as "has_change_requests";
        contacts as "has_contacts" where contacts::Column::Version.gt(1).or(contacts::Column::IsPrimary.eq(false));
    }
    Ok(found)
}

/// Removes customers with their tags, external ids, contacts, figures and segments. Fails where anything else refers to one of them.
pub async fn remove(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids = filled_up(ids.to_vec());
    let pairs = duplicate_pairs::Entity::delete_many().filter(
        Condition::any()
            .add(duplicate_pairs::Column::NewerId.is_in(ids.clone()))
            .add(duplicate_pairs::Column::OlderId.is_in(ids.clone())),
    );
    pairs.exec(tx).await?;
    let dismissed = dismissed_duplicates::Entity::delete_many().filter(
        Condition::any()
            .add(dismissed_duplicates::Column::NewerId.is_in(ids.clone()))
            .add(dismissed_duplicates::Column::OlderId.is_in(ids.clone())),
    );
    dismissed.exec(tx).await?;
    let tags = customer_tags::Entity::delete_many().filter(customer_tags::Column::CustomerId.is_in(ids.clone()));
    tags.exec(tx).await?;
    let links = customer_external_ids::Entity::delete_many();
    links.filter(customer_external_ids::Column::CustomerId.is_in(ids.clone())).exec(tx).await?;
    let groups = segment_members::Entity::delete_many();
    groups.filter(segment_members::Column::CustomerId.is_in(ids.clone())).exec(tx).await?;
    let people = contacts::Entity::delete_many().filter(contacts::Column::CustomerId.is_in(ids.clone()));
    people.exec(tx).await?;
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
