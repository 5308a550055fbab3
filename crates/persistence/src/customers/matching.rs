//! Who has a phone, a mail address, a firm's name: for telling whether a customer is known, in whatever scope.

use std::collections::HashSet;

use huiyin_domain::customers::import::MatchKey;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect};

use super::profiles::{Customer, visible};
use crate::entity::{customer_external_ids, customer_tags, customers};
use crate::support::filled_up;

/// Keys with the customers that have them, the oldest first.
pub async fn holders(
    tx: &impl ConnectionTrait,
    kind: MatchKey,
    system: &str,
    keys: Vec<String>,
) -> Result<Vec<(String, Uuid)>, DbErr> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let column = match kind {
        MatchKey::ExternalId => {
            use customer_external_ids::Column as C;
            let select = customer_external_ids::Entity::find().select_only().columns([C::ExternalId, C::CustomerId]);
            let select = select.filter(C::System.eq(system)).filter(C::ExternalId.is_in(filled_up(keys)));
            return select.into_tuple().all(tx).await;
        }
        MatchKey::Phone => customers::Column::PhoneKey,
        MatchKey::Email => customers::Column::EmailKey,
        MatchKey::Firm => customers::Column::FirmKey,
    };
    customers::Entity::find()
        .select_only()
        .columns([column, customers::Column::Id])
        .filter(column.is_in(filled_up(keys)))
        .filter(customers::Column::MergedInto.is_null())
        .order_by_asc(customers::Column::Id)
        .into_tuple()
        .all(tx)
        .await
}

/// These customers, in whatever scope.
pub async fn by_ids(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Customer>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    customers::Entity::find().filter(customers::Column::Id.is_in(filled_up(ids))).all(tx).await
}

/// Loads and locks these customers until the transaction ends, in the order of their ids.
pub async fn lock(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Customer>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    customers::Entity::find()
        .filter(customers::Column::Id.is_in(filled_up(ids)))
        .order_by_asc(customers::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await
}

/// The tags of these customers.
pub async fn tags(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    customer_tags::Entity::find()
        .select_only()
        .columns([customer_tags::Column::CustomerId, customer_tags::Column::Tag])
        .filter(customer_tags::Column::CustomerId.is_in(filled_up(ids)))
        .into_tuple()
        .all(tx)
        .await
}

/// Which of these customers are within a scope.
pub async fn within(tx: &impl ConnectionTrait, scope: Scope, ids: Vec<Uuid>) -> Result<HashSet<Uuid>, DbErr> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let select = customers::Entity::find().select_only().column(customers::Column::Id);
    let select = select.filter(customers::Column::Id.is_in(filled_up(ids))).filter(visible(scope));
    Ok(select.into_tuple::<Uuid>().all(tx).await?.into_iter().collect())
}
