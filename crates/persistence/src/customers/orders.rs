use std::collections::HashSet;

use chrono::NaiveDate;
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, OnConflict, Query};
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, Statement};

use super::profiles;
pub use crate::entity::orders::Model as Order;
use crate::entity::{customers, orders};
use crate::support::{Page, PageRequest, page_by_id};

/// Columns of one inserted order: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 12;

/// An order is reached by whoever reaches its customer.
fn visible(scope: Scope) -> Condition {
    if scope == Scope::All {
        return Condition::all();
    }
    let reached = Query::select()
        .column(customers::Column::Id)
        .from(customers::Entity)
        .cond_where(profiles::visible(scope))
        .to_owned();
    Condition::all().add(orders::Column::CustomerId.in_subquery(reached))
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub external_system: Option<String>,
    pub order_no: Option<String>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Order>, DbErr> {
    use orders::Column as C;
    let select = orders::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.external_system, |q, v| q.filter(C::ExternalSystem.eq(v)))
        .apply_if(filter.order_no, |q, v| q.filter(C::OrderNo.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Order>, DbErr> {
    orders::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks an order until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Order>, DbErr> {
    orders::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn update(tx: &impl ConnectionTrait, order: Order) -> Result<Order, DbErr> {
    orders::Entity::update(order.into_active_model().reset_all()).exec(tx).await
}

/// Inserts the orders that are new; answers the ids of those, the others exist already.
pub async fn insert_new(tx: &impl ConnectionTrait, rows: &[Order]) -> Result<HashSet<Uuid>, DbErr> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let exists = OnConflict::columns([orders::Column::ExternalSystem, orders::Column::OrderNo]).do_nothing().to_owned();
    let insert =
        orders::Entity::insert_many(rows.iter().cloned().map(IntoActiveModel::into_active_model)).on_conflict(exists);
    Ok(insert.exec_with_returning_keys(tx).await?.into_iter().collect())
}

/// Overwrites orders by (system, number); ids and creation times of the stored ones stay. Answers them as stored.
pub async fn overwrite(tx: &impl ConnectionTrait, rows: Vec<Order>) -> Result<Vec<Order>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut newer = OnConflict::columns([orders::Column::ExternalSystem, orders::Column::OrderNo]);
    newer
        .update_columns([
            orders::Column::CustomerId,
            orders::Column::OrderedAt,
            orders::Column::OrderedOn,
            orders::Column::Amount,
            orders::Column::Status,
            orders::Column::Lines,
            orders::Column::UpdatedAt,
        ])
        .value(orders::Column::Version, Expr::col((orders::Entity, orders::Column::Version)).add(1));
    let insert =
        orders::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model)).on_conflict(newer);
    insert.exec_with_returning(tx).await
}

/// The statement that adds up the orders that count of every customer that has any, up to and on `as_of`:
/// columns `customer_id`, `last_on`, `frequency`, `monetary` (minor units).
pub fn figures_statement(db: &impl ConnectionTrait, as_of: NaiveDate) -> Statement {
    let counted = OrderStatus::ALL.iter().filter(|status| status.counts()).map(|status| status.as_str());
    // PostgreSQL sums bigints as numeric; the cast brings it back.
    let monetary = Expr::col(orders::Column::Amount).sum().cast_as(Alias::new("bigint"));
    let query = Query::select()
        .column(orders::Column::CustomerId)
        .expr_as(Expr::col(orders::Column::OrderedOn).max(), "last_on")
        .expr_as(Expr::col(orders::Column::Id).count(), "frequency")
        .expr_as(monetary, "monetary")
        .from(orders::Entity)
        .and_where(Expr::col(orders::Column::OrderedOn).lte(as_of))
        .and_where(Expr::col(orders::Column::Status).is_in(counted))
        .group_by_col(orders::Column::CustomerId)
        .to_owned();
    db.get_database_backend().build(&query)
}
