use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, IntoActiveModel, Iterable};

use crate::customers::orders;
use crate::db::Db;
use crate::entity::customer_tiers;
pub use crate::entity::customer_tiers::Model as CustomerTier;

/// Columns of one tier: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 15;

/// What one customer's orders add up to.
#[derive(Debug, Clone, Copy)]
pub struct Total {
    pub customer_id: Uuid,
    pub last_on: NaiveDate,
    pub frequency: i64,
    pub monetary: i64,
}

/// Totals of every customer with orders up to and on `as_of`: one statement, one snapshot, rows as they come.
pub async fn totals(db: &Db, as_of: NaiveDate) -> Result<Vec<Total>, DbErr> {
    let rows = db.stream(orders::figures_statement(db, as_of)).await?;
    rows.and_then(|row| async move {
        Ok(Total {
            customer_id: row.try_get("", "customer_id")?,
            last_on: row.try_get("", "last_on")?,
            frequency: row.try_get("", "frequency")?,
            monetary: row.try_get("", "monetary")?,
        })
    })
    .try_collect()
    .await
}

/// The tier of a customer. The caller has found the customer within its scope.
pub async fn find(db: &impl ConnectionTrait, customer_id: Uuid) -> Result<Option<CustomerTier>, DbErr> {
    customer_tiers::Entity::find_by_id(customer_id).one(db).await
}

/// Stores tiers, replacing earlier ones.
pub async fn store(tx: &impl ConnectionTrait, rows: Vec<CustomerTier>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = customer_tiers::Column::iter().filter(|c| !matches!(c, customer_tiers::Column::CustomerId));
    let replace = OnConflict::column(customer_tiers::Column::CustomerId).update_columns(columns).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    customer_tiers::Entity::insert_many(rows).on_conflict(replace).exec_without_returning(tx).await.map(|_| ())
}

/// Removes the tiers that a run has not renewed: their customers have no order that counts.
pub async fn remove_others(tx: &impl ConnectionTrait, run_id: Uuid) -> Result<u64, DbErr> {
    let gone = customer_tiers::Entity::delete_many().filter(customer_tiers::Column::RunId.ne(run_id)).exec(tx).await?;
    Ok(gone.rows_affected)
}
