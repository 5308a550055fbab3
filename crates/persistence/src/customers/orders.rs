use std::collections::{BTreeMap, HashSet};

use huiyin_domain::customers::product_lines;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::figures;
use super::reach::through_customer;
pub use crate::entity::orders::Model as Order;
use crate::entity::{order_products, orders};
use crate::support::{Page, PageRequest, page_by_id};

/// Columns of one inserted order: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 16;

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
        .filter(through_customer(C::CustomerId, scope))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.external_system, |q, v| q.filter(C::ExternalSystem.eq(v)))
        .apply_if(filter.order_no, |q, v| q.filter(C::OrderNo.eq(v)));
    Ok(page_by_id!(select, C::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Order>, DbErr> {
    orders::Entity::find_by_id(id).filter(through_customer(orders::Column::CustomerId, scope)).one(db).await
}

/// Loads and locks an order until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Order>, DbErr> {
    orders::Entity::find_by_id(id)
        .filter(through_customer(orders::Column::CustomerId, scope))
        .lock_exclusive()
        .one(tx)
        .await
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

/// Whose these orders are now.
pub async fn customers_of(tx: &impl ConnectionTrait, rows: &[Order]) -> Result<Vec<Uuid>, DbErr> {
    let mut numbers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        numbers.entry(&row.external_system).or_default().push(&row.order_no);
    }
    let mut customers = Vec::new();
    for (system, numbers) in numbers {
        let select = orders::Entity::find()
            .select_only()
            .column(orders::Column::CustomerId)
            .filter(orders::Column::ExternalSystem.eq(system))
            .filter(orders::Column::OrderNo.is_in(numbers));
        customers.extend(select.into_tuple::<Uuid>().all(tx).await?);
    }
    Ok(customers)
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
            orders::Column::PaidAt,
            orders::Column::DeliveredAt,
            orders::Column::SignedAt,
            orders::Column::Refunded,
            orders::Column::UpdatedAt,
        ])
        .value(orders::Column::Version, Expr::col((orders::Entity, orders::Column::Version)).add(1));
    let insert =
        orders::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model)).on_conflict(newer);
    insert.exec_with_returning(tx).await
}

/// The order that a system calls so, locked until the transaction ends.
pub async fn lock_by_external(tx: &impl ConnectionTrait, system: &str, order_no: &str) -> Result<Option<Order>, DbErr> {
    orders::Entity::find()
        .filter(orders::Column::ExternalSystem.eq(system))
        .filter(orders::Column::OrderNo.eq(order_no))
        .lock_exclusive()
        .one(tx)
        .await
}

pub async fn find_by_external(
    db: &impl ConnectionTrait,
    scope: Scope,
    system: &str,
    order_no: &str,
) -> Result<Option<Order>, DbErr> {
    orders::Entity::find()
        .filter(orders::Column::ExternalSystem.eq(system))
        .filter(orders::Column::OrderNo.eq(order_no))
        .filter(through_customer(orders::Column::CustomerId, scope))
        .one(db)
        .await
}

/// What a stored order changes beside itself: its product lines, and what its customer's orders add up to.
/// `renewed` may have had other lines before, and have been `former` customers'.
pub async fn follow(tx: &impl ConnectionTrait, new: &[Order], renewed: &[Order], former: &[Uuid]) -> Result<(), DbErr> {
    if !renewed.is_empty() {
        let ids = renewed.iter().map(|order| order.id);
        order_products::Entity::delete_many().filter(order_products::Column::OrderId.is_in(ids)).exec(tx).await?;
    }
    let all = || new.iter().chain(renewed);
    let products: Vec<order_products::ActiveModel> = all()
        .flat_map(|order| {
            product_lines(order.lines.as_ref()).into_iter().map(|product_line| {
                order_products::Model { order_id: order.id, product_line, customer_id: order.customer_id }
                    .into_active_model()
            })
        })
        .collect();
    for part in products.chunks(10_000) {
        order_products::Entity::insert_many(part.iter().cloned()).exec_without_returning(tx).await?;
    }
    let customers: Vec<Uuid> = all().map(|order| order.customer_id).chain(former.iter().copied()).collect();
    figures::follow_orders(tx, &customers).await
}
