//! What a customer's orders, interactions and feedback add up to. Always added up anew from the rows, never by differences: what is
//! done twice comes to the same.

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::entity::customer_figures;
pub use crate::entity::customer_figures::Model as Figures;

/// Customers of one statement: SQLite takes 32,766 parameters.
const BATCH: usize = 5_000;

/// The figures of a customer; `None` where it has none yet.
pub async fn find(db: &impl ConnectionTrait, customer_id: Uuid) -> Result<Option<Figures>, DbErr> {
    customer_figures::Entity::find_by_id(customer_id).one(db).await
}

/// Adds up the orders of these customers anew. In the order of their ids, so that two loads wait for each other
/// instead of blocking each other for good.
pub async fn follow_orders(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<(), DbErr> {
    let figures = [
        ("orders", "count(o.id)"),
        // PostgreSQL sums bigints as numeric; the cast brings it back.
        ("revenue", "CAST(coalesce(sum(o.amount - o.refunded), 0) AS bigint)"),
        ("first_order_on", "min(o.ordered_on)"),
        ("last_order_on", "max(o.ordered_on)"),
        ("last_ordered_at", "max(o.ordered_at)"),
        ("last_paid_at", "max(o.paid_at)"),
        ("last_delivered_at", "max(o.delivered_at)"),
        ("last_signed_at", "max(o.signed_at)"),
    ];
    follow(tx, customers, &figures, "LEFT JOIN orders o ON o.customer_id = c.id AND o.status <> 'cancelled'").await
}

/// Counts the interactions with these customers anew.
pub async fn follow_interactions(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<(), DbErr> {
    let figures = [("interactions", "count(i.id)"), ("last_interaction_at", "max(i.happened_at)")];
    follow(tx, customers, &figures, "LEFT JOIN interactions i ON i.customer_id = c.id").await
}

/// Counts the feedback of these customers anew.
pub async fn follow_feedback(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<(), DbErr> {
    let figures = [
        ("complaints", "count(CASE WHEN f.kind = 'complaint' THEN 1 END)"),
        ("feedback_open", "count(CASE WHEN f.state <> 'closed' THEN 1 END)"),
        ("last_feedback_at", "max(f.received_at)"),
    ];
    follow(tx, customers, &figures, "LEFT JOIN feedback f ON f.customer_id = c.id").await
}

/// `figures` are columns of `customer_figures` and what they are; both databases read the same statement.
pub(crate) async fn follow(
    tx: &impl ConnectionTrait,
    customers: &[Uuid],
    figures: &[(&str, &str)],
    join: &str,
) -> Result<(), DbErr> {
    let mut customers = customers.to_vec();
    customers.sort_unstable();
    customers.dedup();
    let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    let values: Vec<&str> = figures.iter().map(|(_, value)| *value).collect();
    let newer: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let (names, values, newer) = (names.join(", "), values.join(", "), newer.join(", "));
    let backend = tx.get_database_backend();
    for part in customers.chunks(BATCH) {
        let places: Vec<String> = match backend {
            DbBackend::Postgres => (1..=part.len()).map(|n| format!("${n}")).collect(),
            _ => part.iter().map(|_| "?".to_owned()).collect(),
        };
        let sql = format!(
            "INSERT INTO customer_figures (customer_id, {names}) \
             SELECT c.id, {values} FROM customers c {join} WHERE c.id IN ({}) GROUP BY c.id ORDER BY c.id \
             ON CONFLICT (customer_id) DO UPDATE SET {newer}",
            places.join(", ")
        );
        let values = part.iter().map(|id| Value::from(*id));
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}
