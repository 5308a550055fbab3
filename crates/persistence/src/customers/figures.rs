//! What a customer's orders, interactions and feedback add up to. Added up anew from the rows, so that what is done twice
//! comes to the same; only a new feedback, of which many come in, is added to what is known.

use chrono::{DateTime, Utc};
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

/// Counts the interactions with these customers anew. Somebody who was reached in a follow-up has been spoken with as
/// well: that counts for when it was last.
pub async fn follow_interactions(tx: &impl ConnectionTrait, customers: &[Uuid]) -> Result<(), DbErr> {
    let last = "(SELECT max(spoken.at) FROM (\
                SELECT max(s.happened_at) AS at FROM interactions s WHERE s.customer_id = c.id UNION ALL \
                SELECT max(r.happened_at) FROM follow_up_records r WHERE r.customer_id = c.id AND r.outcome = 'reached'\
                ) AS spoken)";
    let figures = [("interactions", "count(i.id)"), ("last_interaction_at", last)];
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

/// Adds a feedback that has just been stored. The caller holds the customer's row as [`follow`] does: whoever adds up
/// anew at the same time does so wholly before, or wholly after and then counts this one too.
pub async fn add_feedback(
    tx: &impl ConnectionTrait,
    customer_id: Uuid,
    complaint: bool,
    received_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let places = if backend == DbBackend::Postgres { "$1, $2, 1, $3" } else { "?, ?, 1, ?" };
    let sql = format!(
        "INSERT INTO customer_figures (customer_id, complaints, feedback_open, last_feedback_at) VALUES ({places}) \
         ON CONFLICT (customer_id) DO UPDATE SET \
         complaints = customer_figures.complaints + excluded.complaints, \
         feedback_open = customer_figures.feedback_open + excluded.feedback_open, \
         last_feedback_at = CASE WHEN customer_figures.last_feedback_at > excluded.last_feedback_at \
         THEN customer_figures.last_feedback_at ELSE excluded.last_feedback_at END"
    );
    let values = [customer_id.into(), i64::from(complaint).into(), received_at.into()];
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(|_| ())
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
        let places = places.join(", ");
        if backend == DbBackend::Postgres {
            // Of two that add up the same customer at once, the second sees what the first has stored.
            let sql = format!("SELECT id FROM customers WHERE id IN ({places}) ORDER BY id FOR NO KEY UPDATE");
            tx.query_all_raw(Statement::from_sql_and_values(backend, sql, part.iter().map(|id| Value::from(*id))))
                .await?;
        }
        let sql = format!(
            "INSERT INTO customer_figures (customer_id, {names}) \
             SELECT c.id, {values} FROM customers c {join} WHERE c.id IN ({places}) GROUP BY c.id ORDER BY c.id \
             ON CONFLICT (customer_id) DO UPDATE SET {newer}"
        );
        let values = part.iter().map(|id| Value::from(*id));
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}
