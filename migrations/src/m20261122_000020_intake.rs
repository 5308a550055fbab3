//! Where anybody may leave a feedback without signing in, and the receipts they get.

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
        let mut entries = with_id("feedback_entries");
        entries
            .col(text("key").unique_key())
            .col(text("name"))
            .col(boolean("active").default(true))
            .col(text("channel"))
            .col(text("contact_rule"))
            .col(text("name_rule"))
            .col(boolean("takes_picture").default(false))
            .col(integer("per_minute"))
            .col(uuid_null("department_id"))
            .col(text_null("subtype"))
            .col(uuid_null("created_by"))
            .foreign_key(&mut references("feedback_entries", "department_id", "departments"))
            .foreign_key(&mut references("feedback_entries", "created_by", "users"));
        manager.create_table(versioned(&mut entries).to_owned()).await?;

        // Beside the entry: what comes in moves neither its version nor a row that each reader wants.
        let figures = Table::create()
            .table("feedback_entry_figures")
            .col(uuid("entry_id").primary_key())
            .col(big_integer("received"))
            .col(timestamp_with_time_zone("last_received_at"))
            .foreign_key(&mut references("feedback_entry_figures", "entry_id", "feedback_entries"))
            .to_owned();
        manager.create_table(figures).await?;

        // Only the hash of a token is kept. One feedback has several where the secret they are made with was changed.
        let receipts = Table::create()
            .table("feedback_receipts")
            .col(text("token_hash").primary_key())
            .col(uuid("feedback_id"))
            .col(uuid("entry_id"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(&mut references("feedback_receipts", "feedback_id", "feedback"))
            .foreign_key(&mut references("feedback_receipts", "entry_id", "feedback_entries"))
            .to_owned();
        manager.create_table(receipts).await?;
        index(manager, "feedback_receipts", &["feedback_id"], false).await?;
        index(manager, "feedback_receipts", &["entry_id"], false).await
    }
}
