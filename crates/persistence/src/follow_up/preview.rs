//! What the coming days would bring, counted by statements that walk through the customers once.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbBackend, ExprTrait, FromQueryResult, Order};

use super::audience::{Audience, date_key, slot};
use super::generation::Asked;
use crate::entity::{customers, follow_up_expected};

/// Customers that come together: in one group, of one owner and department.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Tally {
    /// What [`Grouping`] says; null without one.
    pub group: Option<String>,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub count: i64,
}

/// By what customers are counted apart.
#[derive(Debug, Clone)]
pub enum Grouping {
    Together,
    /// By the number of their day in an interval of so many days.
    SpreadOver {
        days: i64,
    },
    /// By their date, see [`date_key`]; only those with one of these.
    Date {
        field: String,
        yearly: bool,
        keys: Vec<String>,
    },
}

fn own(column: customers::Column) -> Expr {
    Expr::col((customers::Entity, column))
}

impl Grouping {
    fn expression(&self, backend: DbBackend) -> Option<Expr> {
        match self {
            Grouping::Together => None,
            Grouping::SpreadOver { days } => {
                Some(Expr::cust(format!("CAST({} * {days} / 65536 AS text)", slot(backend))))
            }
            Grouping::Date { field, yearly, .. } => date_key(field, *yearly, backend),
        }
    }
}

/// Counts customers by group, owner and department. A field that is no date has no groups: nobody.
pub async fn tally(db: &impl ConnectionTrait, asked: &Asked<'_>, by: &Grouping) -> Result<Vec<Tally>, DbErr> {
    let backend = db.get_database_backend();
    let group = by.expression(backend);
    if group.is_none() && !matches!(by, Grouping::Together) {
        return Ok(Vec::new());
    }
    let mut groups = Query::select();
    groups
        .expr_as(group.clone().unwrap_or_else(|| Expr::cust("CAST(NULL AS text)")), "group")
        .expr_as(own(customers::Column::OwnerId), "owner_id")
        .expr_as(own(customers::Column::DepartmentId), "department_id")
        .expr_as(Expr::cust("count(*)").cast_as(Alias::new("bigint")), "count")
        .from(customers::Entity)
        .cond_where(asked.condition(backend));
    if let (Some(group), Grouping::Date { keys, .. }) = (&group, by) {
        groups.and_where(group.clone().is_in(keys.iter().map(String::as_str)));
    }
    for column in ["group", "owner_id", "department_id"] {
        groups.add_group_by([Expr::col(Alias::new(column))]);
    }
    db.query_all(&groups).await?.iter().map(|row| Tally::from_query_result(row, "")).collect()
}

/// What events have brought and is to come, of customers whom the plan is about.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Coming {
    pub customer_id: Uuid,
    pub occasion: String,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
}

fn coming(
    touchpoint: Uuid,
    audience: &Audience,
    within: Condition,
    (from, to): (Option<DateTime<Utc>>, DateTime<Utc>),
    backend: DbBackend,
) -> SelectStatement {
    use follow_up_expected::Column as C;
    let row = |column: C| Expr::col((follow_up_expected::Entity, column));
    let mut select = Query::select();
    select
        .from(follow_up_expected::Entity)
        .inner_join(customers::Entity, row(C::CustomerId).equals((customers::Entity, customers::Column::Id)))
        .and_where(row(C::TouchpointId).eq(touchpoint))
        .and_where(row(C::DroppedAt).is_null())
        .and_where(row(C::DueAt).lte(to))
        .and_where(audience.expression(backend))
        .cond_where(within)
        .expr_as(own(customers::Column::OwnerId), "owner_id")
        .expr_as(own(customers::Column::DepartmentId), "department_id");
    if let Some(from) = from {
        select.and_where(row(C::DueAt).gt(from));
    }
    select
}

/// How many are due between `from` (excluded; none: all that was due before too) and `to`, by owner and department.
pub async fn tally_of_events(
    db: &impl ConnectionTrait,
    touchpoint: Uuid,
    audience: &Audience,
    within: Condition,
    due: (Option<DateTime<Utc>>, DateTime<Utc>),
) -> Result<Vec<Tally>, DbErr> {
    let mut groups = coming(touchpoint, audience, within, due, db.get_database_backend());
    groups
        .expr_as(Expr::cust("CAST(NULL AS text)"), "group")
        .expr_as(Expr::cust("count(*)").cast_as(Alias::new("bigint")), "count")
        .add_group_by([own(customers::Column::OwnerId), own(customers::Column::DepartmentId)]);
    db.query_all(&groups).await?.iter().map(|row| Tally::from_query_result(row, "")).collect()
}

/// The next of them after (customer, occasion), in that order and at most `limit`.
pub async fn page_of_events(
    db: &impl ConnectionTrait,
    touchpoint: Uuid,
    audience: &Audience,
    within: Condition,
    due: (Option<DateTime<Utc>>, DateTime<Utc>),
    after: Option<(Uuid, String)>,
    limit: u64,
) -> Result<Vec<Coming>, DbErr> {
    use follow_up_expected::Column as C;
    let row = |column: C| Expr::col((follow_up_expected::Entity, column));
    let mut select = coming(touchpoint, audience, within, due, db.get_database_backend());
    select
        .expr_as(row(C::CustomerId), "customer_id")
        .expr_as(row(C::Occasion), "occasion")
        .order_by_expr(row(C::CustomerId), Order::Asc)
        .order_by_expr(row(C::Occasion), Order::Asc)
        .limit(limit);
    if let Some((customer, occasion)) = after {
        let key = Expr::tuple([row(C::CustomerId), row(C::Occasion)]);
        select.and_where(key.gt(Expr::tuple([Expr::val(customer), Expr::val(occasion)])));
    }
    db.query_all(&select).await?.iter().map(|row| Coming::from_query_result(row, "")).collect()
}

/// Numbers and names of customers, whoever asks: the caller has found them within reach.
pub async fn names(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, String, String)>, DbErr> {
    use sea_orm::QuerySelect;
    customers::Entity::find()
        .select_only()
        .columns([customers::Column::Id, customers::Column::Number, customers::Column::Name])
        .filter(customers::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await
}
