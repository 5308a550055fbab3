//! Stocktakes, and one confirmation for each customer of them.

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
        let mut stocktakes = with_id("stocktakes");
        stocktakes
            .col(text("name"))
            .col(date("due_on"))
            .col(text("status"))
            .col(uuid_null("department_id"))
            .col(uuid_null("owner_id"))
            .col(json_binary("cooperation_stages"))
            // Confirmations are made in order of customers; whoever takes over goes on from here.
            .col(uuid_null("filled_to"))
            .col(uuid_null("created_by"))
            .col(timestamp_with_time_zone_null("closed_at"))
            .foreign_key(&mut references("stocktakes", "department_id", "departments"))
            .foreign_key(&mut references("stocktakes", "owner_id", "users"));
        manager.create_table(versioned(&mut stocktakes).to_owned()).await?;

        let mut confirmations = with_id("stocktake_confirmations");
        confirmations
            .col(uuid("stocktake_id"))
            .col(uuid("customer_id"))
            .col(uuid_null("owner_id"))
            .col(timestamp_with_time_zone_null("answered_at"))
            .col(uuid_null("answered_by"))
            .col(boolean_null("renewed"))
            .col(boolean_null("lost"))
            .col(text_null("cooperation_stage"))
            .col(json_binary("corrected"))
            .col(text_null("note"))
            .foreign_key(&mut references("stocktake_confirmations", "stocktake_id", "stocktakes"))
            .foreign_key(&mut references("stocktake_confirmations", "customer_id", "customers"));
        manager.create_table(confirmations).await?;
        index(manager, "stocktake_confirmations", &["stocktake_id", "customer_id"], true).await?;
        index(manager, "stocktake_confirmations", &["customer_id"], false).await?;
        index(manager, "stocktake_confirmations", &["stocktake_id", "id"], false).await?;
        index(manager, "stocktake_confirmations", &["stocktake_id", "owner_id", "answered_at", "id"], false).await
    }
}
