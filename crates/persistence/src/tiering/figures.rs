//! What the orders of customers add up to.

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::tiering::Figures;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, ExprTrait, Order, QueryResult};

use crate::db::Db;

/// The figures of one customer.
#[derive(Debug, Clone, Copy)]
pub struct Total {
    pub customer_id: Uuid,
    pub figures: Figures,
}

/// Days whose orders count, both included; without a first one all before do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: Option<NaiveDate>,
    pub to: NaiveDate,
}

/// That an order counts.
pub(super) fn counted() -> SimpleExpr {
    let statuses = OrderStatus::ALL.iter().filter(|status| status.counts()).map(|status| status.as_str());
    Expr::col("status").is_in(statuses)
}

/// What an amount comes to, less what was given back. PostgreSQL sums bigints as numeric; the cast brings it back.
pub(super) fn net_sum() -> SimpleExpr {
    Expr::col("amount").sub(Expr::col("refunded")).sum().cast_as(Alias::new("bigint"))
}

/// The figures of every customer that has an order that counts, in order of id. One statement, one snapshot.
pub async fn totals(db: &Db, window: Window) -> Result<Vec<Total>, DbErr> {
    let all = window.from.is_none() && latest_order(db, Some(window.to), None).await?.is_none();
    let query = if all { kept() } else { added_up(window, &[]) };
    let rows = db.stream(db.get_database_backend().build(&query)).await?;
    let mut totals: Vec<Total> = rows.and_then(|row| async move { total(&row) }).try_collect().await?;
    totals.sort_unstable_by_key(|total| total.customer_id);
    Ok(totals)
}

/// The figures of these customers; those without an order that counts are missing.
pub async fn totals_of(db: &impl ConnectionTrait, window: Window, customers: &[Uuid]) -> Result<Vec<Total>, DbErr> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let query = added_up(window, customers);
    db.query_all(&query).await?.iter().map(total).collect()
}

/// The day of the latest order that counts, after `after` and not after `until`.
pub async fn latest_order(
    db: &impl ConnectionTrait,
    after: Option<NaiveDate>,
    until: Option<NaiveDate>,
) -> Result<Option<NaiveDate>, DbErr> {
    let mut query = Query::select();
    query.column("ordered_on").from("orders").and_where(counted()).order_by("ordered_on", Order::Desc).limit(1);
    if let Some(after) = after {
        query.and_where(Expr::col("ordered_on").gt(after));
    }
    if let Some(until) = until {
        query.and_where(Expr::col("ordered_on").lte(until));
    }
    db.query_one(&query).await?.map(|row| row.try_get("", "ordered_on")).transpose()
}

fn total(row: &QueryResult) -> Result<Total, DbErr> {
    Ok(Total {
        customer_id: row.try_get("", "customer_id")?,
        figures: Figures {
            last_on: row.try_get("", "last_on")?,
            frequency: row.try_get("", "frequency")?,
            monetary: row.try_get("", "monetary")?,
        },
    })
}

/// From what is kept with each order that is written: all orders there are.
fn kept() -> SelectStatement {
    Query::select()
        .column("customer_id")
        .expr_as(Expr::col("last_order_on"), "last_on")
        .expr_as(Expr::col("orders"), "frequency")
        .expr_as(Expr::col("revenue"), "monetary")
        .from("customer_figures")
        .and_where(Expr::col("orders").gt(0))
        .and_where(Expr::col("last_order_on").is_not_null())
        .to_owned()
}

/// Added up from the orders of a window; of all customers where none is named.
fn added_up(window: Window, customers: &[Uuid]) -> SelectStatement {
    let mut query = Query::select();
    query
        .column("customer_id")
        .expr_as(Expr::col("ordered_on").max(), "last_on")
        .expr_as(Expr::col("id").count(), "frequency")
        .expr_as(net_sum(), "monetary")
        .from("orders")
        .and_where(Expr::col("ordered_on").lte(window.to))
        .and_where(counted())
        .group_by_col("customer_id");
    if let Some(from) = window.from {
        query.and_where(Expr::col("ordered_on").gte(from));
    }
    if !customers.is_empty() {
        query.and_where(Expr::col("customer_id").is_in(customers.iter().copied()));
    }
    query
}
