//! Churn: fitted models, and what the last of them says of each customer.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table::{index, references, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut models = with_id("churn_models");
        models
            .col(date("as_of"))
            .col(json_binary("model"))
            .col(json_binary("risk_cut"))
            .col(integer("horizon_days"))
            .col(double("log_likelihood"))
            .col(big_integer("customers"))
            .col(text_null("shortfall"))
            .col(date_null("holdout_until"))
            .col(json_binary_null("holdout"))
            .col(text("scoring"))
            .col(big_integer("customers_scored").default(0))
            // Scoring goes through the customers by id; one that was cut short goes on from here.
            .col(uuid_null("scored_to"))
            .col(text_null("error"))
            .col(uuid_null("created_by"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("scored_at"));
        manager.create_table(models).await?;

        let customers = Table::create()
            .table("customer_churn")
            .col(uuid("customer_id").primary_key())
            .col(uuid("model_id"))
            .col(double("p_alive"))
            .col(double("expected_orders"))
            .col(double("probability_of_order"))
            .col(text("risk"))
            .foreign_key(&mut references("customer_churn", "customer_id", "customers"))
            .foreign_key(&mut references("customer_churn", "model_id", "churn_models"))
            .to_owned();
        manager.create_table(customers).await?;
        index(manager, "customer_churn", &["risk", "customer_id"], false).await?;
        index(manager, "customer_churn", &["model_id"], false).await?;

        // The risk of all customers changes at once, and a row of `customers` stands in twenty indexes: it stands beside.
        manager.drop_index(Index::drop().name("ix_customers_churn_risk_id").table("customers").to_owned()).await?;
        manager.alter_table(Table::alter().table("customers").drop_column("churn_risk").to_owned()).await?;

        // The days of all orders are read customer by customer, from this index alone.
        index(manager, "orders", &["customer_id", "ordered_on", "status"], false).await
    }
}
