//! The full profile: birthday, cooperation, tags, custom fields, what orders add up to, and a text index.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::table::{index, references, versioned, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        customers(manager).await?;
        orders(manager).await?;

        let tags = Table::create()
            .table("customer_tags")
            .col(uuid("customer_id"))
            .col(text("tag"))
            .primary_key(Index::create().col("customer_id").col("tag"))
            .foreign_key(&mut references("customer_tags", "customer_id", "customers"))
            .to_owned();
        manager.create_table(tags).await?;
        index(manager, "customer_tags", &["tag", "customer_id"], false).await?;

        let mut fields = with_id("custom_fields");
        fields
            .col(text("key").unique_key())
            .col(text("label"))
            .col(text("kind"))
            .col(boolean("required"))
            .col(text_null("pattern"))
            .col(text_null("minimum"))
            .col(text_null("maximum"))
            .col(json_binary("choices"))
            .col(boolean("active"));
        manager.create_table(versioned(&mut fields).to_owned()).await?;

        figures(manager).await?;
        text_index(manager).await
    }
}

async fn customers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // One statement a column: SQLite takes no more.
    for column in [
        // The name of a firm without its legal form: two with the same one are likely the same.
        text_null("firm_key"),
        // A lunar birthday is kept as such; its solar day moves every year.
        text_null("birthday_calendar"),
        integer_null("birthday_year"),
        integer_null("birthday_month"),
        integer_null("birthday_day"),
        boolean("birthday_leap").default(false).take(),
        date_null("cooperation_start"),
        text_null("cooperation_stage"),
        big_integer_null("annual_amount"),
        date_null("contract_end"),
        json_binary("core_products").default("[]").take(),
        text_null("preferred_channel"),
        text_null("lifecycle_stage"),
        text_null("churn_risk"),
        timestamp_with_time_zone_null("last_activity_at"),
        // Values of custom fields by their keys.
        json_binary("custom").default("{}").take(),
        // Tokens of the name, by which is searched.
        text("search").default("").take(),
        // Set on the one of two merged customers that is no more.
        uuid_null("merged_into"),
    ] {
        let mut column = column;
        manager.alter_table(Table::alter().table("customers").add_column(&mut column).to_owned()).await?;
    }
    for columns in [
        vec!["firm_key", "id"],
        vec!["cooperation_stage", "id"],
        vec!["contract_end", "id"],
        vec!["lifecycle_stage", "id"],
        vec!["churn_risk", "id"],
        vec!["annual_amount", "id"],
        vec!["last_activity_at", "id"],
        vec!["birthday_calendar", "birthday_month", "birthday_day", "id"],
        vec!["industry", "id"],
        vec!["merged_into"],
    ] {
        index(manager, "customers", &columns, false).await?;
    }
    Ok(())
}

async fn orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in [
        timestamp_with_time_zone_null("paid_at"),
        timestamp_with_time_zone_null("delivered_at"),
        timestamp_with_time_zone_null("signed_at"),
        // What was given back of the amount, in minor units.
        big_integer("refunded").default(0).take(),
    ] {
        let mut column = column;
        manager.alter_table(Table::alter().table("orders").add_column(&mut column).to_owned()).await?;
    }
    for column in ["delivered_at", "signed_at", "paid_at", "ordered_at"] {
        index(manager, "orders", &["customer_id", column], false).await?;
    }
    let products = Table::create()
        .table("order_products")
        .col(uuid("order_id"))
        .col(text("product_line"))
        .col(uuid("customer_id"))
        .primary_key(Index::create().col("order_id").col("product_line"))
        .foreign_key(&mut references("order_products", "order_id", "orders"))
        .foreign_key(&mut references("order_products", "customer_id", "customers"))
        .to_owned();
    manager.create_table(products).await?;
    index(manager, "order_products", &["product_line", "customer_id"], false).await?;
    index(manager, "order_products", &["customer_id"], false).await
}

/// What a customer's orders, interactions and feedback add up to, kept with every write: conditions over a million
/// customers must not add up orders.
async fn figures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let figures = Table::create()
        .table("customer_figures")
        .col(uuid("customer_id").primary_key())
        .col(big_integer("orders").default(0))
        .col(big_integer("revenue").default(0))
        .col(date_null("first_order_on"))
        .col(date_null("last_order_on"))
        .col(timestamp_with_time_zone_null("last_ordered_at"))
        .col(timestamp_with_time_zone_null("last_paid_at"))
        .col(timestamp_with_time_zone_null("last_delivered_at"))
        .col(timestamp_with_time_zone_null("last_signed_at"))
        .col(big_integer("interactions").default(0))
        .col(timestamp_with_time_zone_null("last_interaction_at"))
        .col(big_integer("complaints").default(0))
        .col(big_integer("feedback_open").default(0))
        .col(timestamp_with_time_zone_null("last_feedback_at"))
        .foreign_key(&mut references("customer_figures", "customer_id", "customers"))
        .to_owned();
    manager.create_table(figures).await?;
    for column in ["last_order_on", "revenue", "orders", "last_interaction_at", "last_delivered_at", "complaints"] {
        index(manager, "customer_figures", &[column, "customer_id"], false).await?;
    }
    let db = manager.get_connection();
    db.execute_unprepared(
        "INSERT INTO customer_figures (customer_id, orders, revenue, first_order_on, last_order_on, last_ordered_at)
         SELECT customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on), max(ordered_at)
         FROM orders WHERE status <> 'cancelled' GROUP BY customer_id",
    )
    .await?;
    db.execute_unprepared(
        "INSERT INTO customer_figures (customer_id, complaints, feedback_open, last_feedback_at)
         SELECT customer_id, sum(CASE WHEN kind = 'complaint' THEN 1 ELSE 0 END),
                sum(CASE WHEN state <> 'closed' THEN 1 ELSE 0 END), max(created_at)
         FROM feedback WHERE customer_id IS NOT NULL GROUP BY customer_id
         ON CONFLICT (customer_id) DO UPDATE SET complaints = excluded.complaints,
                feedback_open = excluded.feedback_open, last_feedback_at = excluded.last_feedback_at",
    )
    .await
    .map(|_| ())
}

/// Tokens are pairs of characters, so Chinese names are found without a segmenter. PostgreSQL indexes them as an
/// array: its text parser drops Chinese where the locale is C.
async fn text_index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if manager.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("CREATE INDEX ix_customers_search ON customers USING gin (string_to_array(search, ' '))")
            .await?;
        return Ok(());
    }
    // A row is called by the digits of the customer's number: row ids of a table without an integer key do not last.
    for statement in [
        "CREATE VIRTUAL TABLE customer_search USING fts5(search, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')",
        "CREATE TRIGGER customer_search_insert AFTER INSERT ON customers BEGIN
            INSERT INTO customer_search(rowid, search) VALUES (CAST(substr(new.number, 2) AS INTEGER), new.search); END",
        "CREATE TRIGGER customer_search_update AFTER UPDATE OF search ON customers WHEN new.search <> old.search BEGIN
            DELETE FROM customer_search WHERE rowid = CAST(substr(old.number, 2) AS INTEGER);
            INSERT INTO customer_search(rowid, search) VALUES (CAST(substr(new.number, 2) AS INTEGER), new.search); END",
        "CREATE TRIGGER customer_search_delete AFTER DELETE ON customers BEGIN
            DELETE FROM customer_search WHERE rowid = CAST(substr(old.number, 2) AS INTEGER); END",
        "INSERT INTO customer_search(rowid, search) SELECT CAST(substr(number, 2) AS INTEGER), search FROM customers",
    ] {
        db.execute_unprepared(statement).await?;
    }
    Ok(())
}
