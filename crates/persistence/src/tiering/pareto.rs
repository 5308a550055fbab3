//! The customers that bring most of the revenue (Pareto).

use chrono::NaiveDate;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, Query, SelectStatement};
use sea_orm::{ConnectionTrait, ExprTrait, JoinType, Order};

use super::figures::{counted, net_sum};
use crate::customers::profiles::visible;
use crate::support::Page;

/// Which revenue is looked at: of the customers within reach, in a period or of all time.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub scope: Scope,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// What all customers with revenue add up to, in minor units.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    pub customers: i64,
    pub revenue: i64,
}

/// The fewest customers that together bring a part of it.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub customers: i64,
    pub revenue: i64,
    /// The least revenue among them.
    pub cut: Option<i64>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Bringer {
    pub customer_id: Uuid,
    pub number: String,
    pub name: String,
    pub revenue: i64,
    /// With all that bring more.
    pub running: i64,
}

/// `customer_id`, `revenue` of everybody with any.
fn revenues(field: &Field) -> SelectStatement {
    let mut query = Query::select();
    if field.from.is_none() && field.to.is_none() {
        query.column("customer_id").column("revenue").from("customer_figures").and_where(Expr::col("revenue").gt(0));
    } else {
        query
            .column("customer_id")
            .expr_as(net_sum(), "revenue")
            .from("orders")
            .and_where(counted())
            .group_by_col("customer_id")
            .and_having(net_sum().gt(0));
        if let Some(from) = field.from {
            query.and_where(Expr::col("ordered_on").gte(from));
        }
        if let Some(to) = field.to {
            query.and_where(Expr::col("ordered_on").lte(to));
        }
    }
    let mut reached = Query::select();
    reached.column("id").from("customers").cond_where(visible(field.scope));
    query.and_where(Expr::col("customer_id").in_subquery(reached));
    query
}

pub async fn whole(db: &impl ConnectionTrait, field: &Field) -> Result<Whole, DbErr> {
    let query = Query::select()
        .expr_as(Expr::col("customer_id").count(), "customers")
        .expr_as(Expr::col("revenue").sum().cast_as(Alias::new("bigint")), "revenue")
        .from_subquery(revenues(field), "field")
        .to_owned();
    let Some(row) = db.query_one(&query).await? else { return Ok(Whole { customers: 0, revenue: 0 }) };
    let revenue: Option<i64> = row.try_get("", "revenue")?;
    Ok(Whole { customers: row.try_get("", "customers")?, revenue: revenue.unwrap_or_default() })
}

/// The customers whose betters have not reached `target` yet: `customer_id`, `revenue`, `running`.
fn head_of(field: &Field, target: i64) -> SelectStatement {
    let running = "CAST(sum(revenue) OVER (ORDER BY revenue DESC, customer_id DESC) AS bigint)";
    let ranked = Query::select()
        .columns(["customer_id", "revenue"])
        .expr_as(Expr::cust(running), "running")
        .from_subquery(revenues(field), "field")
        .to_owned();
    Query::select()
        .columns(["customer_id", "revenue", "running"])
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col("running").sub(Expr::col("revenue")).lt(target))
        .to_owned()
}

pub async fn head(db: &impl ConnectionTrait, field: &Field, target: i64) -> Result<Head, DbErr> {
    let query = Query::select()
        .expr_as(Expr::col("customer_id").count(), "customers")
        .expr_as(Expr::col("running").max(), "revenue")
        .expr_as(Expr::col("revenue").min(), "cut")
        .from_subquery(head_of(field, target), "head")
        .to_owned();
    let Some(row) = db.query_one(&query).await? else { return Ok(Head { customers: 0, revenue: 0, cut: None }) };
    let revenue: Option<i64> = row.try_get("", "revenue")?;
    Ok(Head {
        customers: row.try_get("", "customers")?,
        revenue: revenue.unwrap_or_default(),
        cut: row.try_get("", "cut")?,
    })
}

/// A page of them, the one with the most revenue first; `after` is the last of the page before.
pub async fn page(
    db: &impl ConnectionTrait,
    field: &Field,
    target: i64,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Page<Bringer>, DbErr> {
    let mut query = Query::select();
    query
        .columns([("head", "customer_id"), ("head", "revenue"), ("head", "running")])
        .columns([("customers", "number"), ("customers", "name")])
        .from_subquery(head_of(field, target), "head")
        .join(JoinType::InnerJoin, "customers", Expr::col(("customers", "id")).equals(("head", "customer_id")))
        .order_by(("head", "revenue"), Order::Desc)
        .order_by(("head", "customer_id"), Order::Desc)
        .limit(limit + 1);
    if let Some(after) = after {
        let mut last = Query::select();
        last.column("revenue").from_subquery(revenues(field), "field").and_where(Expr::col("customer_id").eq(after));
        let Some(row) = db.query_one(&last).await? else { return Ok(Page { items: Vec::new(), next: None }) };
        let revenue: i64 = row.try_get("", "revenue")?;
        let less = Expr::col(("head", "revenue")).lt(revenue);
        let same = Expr::col(("head", "revenue")).eq(revenue).and(Expr::col(("head", "customer_id")).lt(after));
        query.and_where(less.or(same));
    }
    let rows = db.query_all(&query).await?;
    let items = rows
        .iter()
        .map(|row| {
            Ok(Bringer {
                customer_id: row.try_get("", "customer_id")?,
                number: row.try_get("", "number")?,
                name: row.try_get("", "name")?,
                revenue: row.try_get("", "revenue")?,
                running: row.try_get("", "running")?,
            })
        })
        .collect::<Result<Vec<_>, DbErr>>()?;
    Ok(Page::from_overfetch(items, limit, |item| item.customer_id))
}
