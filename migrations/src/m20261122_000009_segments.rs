//! Segments, their members, and an index by which an external id is found without its system.

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
        let mut segments = with_id("segments");
        segments
            .col(text("name").unique_key())
            .col(text_null("description"))
            .col(json_binary("condition"))
            // Whether the condition compares personal data.
            .col(boolean("personal"))
            .col(text("status"))
            .col(text("refresh_state"))
            .col(integer("refresh_hours"))
            // Counted with every change of membership.
            .col(big_integer("members").default(0))
            .col(timestamp_with_time_zone_null("refreshed_at"))
            .col(uuid_null("created_by"));
        manager.create_table(versioned(&mut segments).to_owned()).await?;
        index(manager, "segments", &["status", "id"], false).await?;

        let members = Table::create()
            .table("segment_members")
            .col(uuid("segment_id"))
            .col(uuid("customer_id"))
            .col(timestamp_with_time_zone("since"))
            .primary_key(Index::create().col("segment_id").col("customer_id"))
            .foreign_key(&mut references("segment_members", "segment_id", "segments"))
            .foreign_key(&mut references("segment_members", "customer_id", "customers"))
            .to_owned();
        manager.create_table(members).await?;
        index(manager, "segment_members", &["customer_id", "segment_id"], false).await?;
        index(manager, "customer_external_ids", &["external_id"], false).await
    }
}
