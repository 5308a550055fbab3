use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

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
        let mut models = with_id("tiering_models");
        models.col(text("name").unique_key()).col(boolean("active")).col(json_binary("model"));
        manager.create_table(versioned(&mut models).to_owned()).await?;

        let mut runs = with_id("tiering_runs");
        runs.col(date("as_of"))
            .col(text("status"))
            .col(json_binary("model"))
            .col(big_integer_null("customers_total"))
            .col(big_integer("customers_done").default(0))
            .col(text_null("error"))
            .col(uuid_null("created_by"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("started_at"))
            .col(timestamp_with_time_zone_null("finished_at"));
        manager.create_table(runs).await?;

        let tiers = Table::create()
            .table("customer_tiers")
            .col(uuid("customer_id").primary_key())
            .col(uuid("run_id"))
            .col(text("tier"))
            .col(text("rfm_class"))
            .col(integer_null("rule"))
            .col(integer("recency_days"))
            .col(big_integer("frequency"))
            .col(big_integer("monetary"))
            .col(integer("r"))
            .col(integer("f"))
            .col(integer("m"))
            .col(integer("r_worse"))
            .col(integer("f_worse"))
            .col(integer("m_worse"))
            .col(timestamp_with_time_zone("computed_at"))
            .foreign_key(&mut references("customer_tiers", "customer_id", "customers"))
            .foreign_key(&mut references("customer_tiers", "run_id", "tiering_runs"))
            .to_owned();
        manager.create_table(tiers).await?;
        index(manager, "customer_tiers", &["tier", "customer_id"], false).await?;
        index(manager, "customer_tiers", &["run_id"], false).await
    }
}
