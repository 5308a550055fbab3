use std::collections::HashMap;

use futures_util::TryStreamExt;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ConnectionTrait, ExprTrait, FromQueryResult, Iterable, QueryOrder, QuerySelect, QueryTrait};

use super::figures::Total;
use crate::customers::profiles::visible;
use crate::db::Db;
use crate::entity::customer_tiers;
pub use crate::entity::customer_tiers::Model as CustomerTier;
use crate::support::insert_rows;

/// Columns of one tier: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 15;

/// The tier of a customer. The caller has found the customer within its scope.
pub async fn find(db: &impl ConnectionTrait, customer_id: Uuid) -> Result<Option<CustomerTier>, DbErr> {
    customer_tiers::Entity::find_by_id(customer_id).one(db).await
}

/// Goes through what customers come to now and the tiers they have, side by side and in order of id: the number of the
/// total, the tier, or both. `totals` must be in order of id.
pub async fn compare(
    db: &Db,
    totals: &[Total],
    mut each: impl FnMut(Option<usize>, Option<&CustomerTier>),
) -> Result<(), DbErr> {
    let stored = customer_tiers::Entity::find().order_by_asc(customer_tiers::Column::CustomerId);
    let mut rows = db.stream(stored.build(db.get_database_backend())).await?;
    let mut next = 0;
    while let Some(row) = rows.try_next().await? {
        let tier = CustomerTier::from_query_result(&row, "")?;
        while let Some(total) = totals.get(next).filter(|total| total.customer_id <= tier.customer_id) {
            next += 1;
            if total.customer_id == tier.customer_id {
                break;
            }
            each(Some(next - 1), None);
        }
        let both = next > 0 && totals[next - 1].customer_id == tier.customer_id;
        each(both.then(|| next - 1), Some(&tier));
    }
    (next..totals.len()).for_each(|index| each(Some(index), None));
    Ok(())
}

/// Loads and locks the tiers of these customers until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<HashMap<Uuid, CustomerTier>, DbErr> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = customer_tiers::Entity::find()
        .filter(customer_tiers::Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(customer_tiers::Column::CustomerId)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.customer_id, row)).collect())
}

/// Stores tiers, replacing earlier ones.
pub async fn store(tx: &impl ConnectionTrait, rows: Vec<CustomerTier>) -> Result<(), DbErr> {
    let columns = customer_tiers::Column::iter().filter(|c| !matches!(c, customer_tiers::Column::CustomerId));
    let replace = OnConflict::column(customer_tiers::Column::CustomerId).update_columns(columns).to_owned();
    insert_rows::<customer_tiers::ActiveModel>(tx, rows, &[], Some(replace)).await
}

/// Removes the tiers of customers that have no order that counts any more.
pub async fn remove(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<(), DbErr> {
    if customers.is_empty() {
        return Ok(());
    }
    let gone = customer_tiers::Column::CustomerId.is_in(customers.iter().copied());
    customer_tiers::Entity::delete_many().filter(gone).exec(tx).await.map(|_| ())
}

/// Which customers have which of these tags; of these customers only, where some are named.
pub async fn tagged(
    db: &impl ConnectionTrait,
    tags: &[String],
    customers: Option<&[Uuid]>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::select();
    query
        .columns(["customer_id", "tag"])
        .from("customer_tags")
        .and_where(Expr::col("tag").is_in(tags.iter().map(String::as_str)));
    if let Some(customers) = customers {
        query.and_where(Expr::col("customer_id").is_in(customers.iter().copied()));
    }
    let rows = db.query_all(&query).await?;
    rows.iter().map(|row| Ok((row.try_get("", "customer_id")?, row.try_get("", "tag")?))).collect()
}

/// Number and name of those of these customers that are within reach.
pub async fn named(
    db: &impl ConnectionTrait,
    scope: Scope,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, (String, String)>, DbErr> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let query = Query::select()
        .columns(["id", "number", "name"])
        .from("customers")
        .cond_where(visible(scope))
        .and_where(Expr::col("id").is_in(customers.iter().copied()))
        .to_owned();
    let rows = db.query_all(&query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "id")?, (row.try_get("", "number")?, row.try_get("", "name")?))))
        .collect()
}
