//! Several tier models, the history of tiers, scales by which one customer is scored, lifecycle and schedule.

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
        let db = manager.get_connection();
        for column in [uuid_null("model_id"), text("cause").default("run").to_owned(), date_null("reference")] {
            add(manager, "tiering_runs", column).await?;
        }
        index(manager, "tiering_runs", &["status", "id"], false).await?;
        db.execute_unprepared(
            "CREATE UNIQUE INDEX ix_tiering_models_one_active ON tiering_models (active) WHERE active",
        )
        .await?;

        // Apart from the runs: a list of those must not read scales.
        let scales = Table::create()
            .table("tiering_scales")
            .col(uuid("run_id").primary_key())
            .col(json_binary("scales"))
            .foreign_key(&mut references("tiering_scales", "run_id", "tiering_runs"))
            .to_owned();
        manager.create_table(scales).await?;

        tiers(manager).await?;

        let mut history = with_id("customer_tier_history");
        history
            .col(uuid("customer_id"))
            .col(text_null("from_tier"))
            .col(text_null("to_tier"))
            .col(text("cause"))
            .col(uuid("run_id"))
            .col(date("as_of"))
            .col(text_null("rfm_class"))
            .col(integer_null("rule"))
            .col(text_null("tag"))
            .col(date_null("last_on"))
            .col(big_integer_null("frequency"))
            .col(big_integer_null("monetary"))
            .col(integer_null("r"))
            .col(integer_null("f"))
            .col(integer_null("m"))
            .col(timestamp_with_time_zone("changed_at"))
            .foreign_key(&mut references("customer_tier_history", "customer_id", "customers"));
        manager.create_table(history).await?;
        index(manager, "customer_tier_history", &["customer_id", "id"], false).await?;

        let mut settings = with_id("tiering_settings");
        settings.col(text("name").unique_key()).col(json_binary("value"));
        manager.create_table(versioned(&mut settings).to_owned()).await?;

        // Windows of tiers, and periods of revenue.
        index(manager, "orders", &["ordered_on"], false).await
    }
}

/// A tier keeps the day of the last order instead of its distance, so that it need not be written anew each day.
async fn tiers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let columns = [date_null("last_on"), date_null("as_of"), text("cause").default("run").to_owned(), text_null("tag")];
    for column in columns {
        add(manager, "customer_tiers", column).await?;
    }
    let db = manager.get_connection();
    let last_on = match manager.get_database_backend() {
        DbBackend::Postgres => "run.as_of - customer_tiers.recency_days",
        _ => "date(run.as_of, '-' || customer_tiers.recency_days || ' days')",
    };
    db.execute_unprepared(&format!(
        "UPDATE customer_tiers SET last_on = (SELECT {last_on} FROM tiering_runs run WHERE run.id = customer_tiers.run_id),
                as_of = (SELECT as_of FROM tiering_runs run WHERE run.id = customer_tiers.run_id)"
    ))
    .await?;
    for column in ["recency_days", "r_worse", "f_worse", "m_worse"] {
        manager.alter_table(Table::alter().table("customer_tiers").drop_column(column).to_owned()).await?;
    }
    Ok(())
}

/// One statement a column: SQLite takes no more.
async fn add(manager: &SchemaManager<'_>, table: &'static str, mut column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}
