//! What the engine of follow-up remembers: occasions that events have brought and that are yet to come, and whose turn it
//! is in a department.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table::{index, references};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let expected = Table::create()
            .table("follow_up_expected")
            .col(uuid("touchpoint_id"))
            .col(uuid("customer_id"))
            .col(text("occasion"))
            .col(timestamp_with_time_zone("happened_at"))
            .col(timestamp_with_time_zone("due_at"))
            .col(uuid_null("feedback_id"))
            // Whether the plan was about the customer when it happened.
            .col(boolean("meant"))
            // It came to nothing: remembered, so that a repeated event does not bring it back.
            .col(timestamp_with_time_zone_null("dropped_at"))
            .primary_key(Index::create().col("touchpoint_id").col("customer_id").col("occasion"))
            .foreign_key(&mut references("follow_up_expected", "touchpoint_id", "follow_up_touchpoints"))
            .foreign_key(&mut references("follow_up_expected", "customer_id", "customers"))
            .foreign_key(&mut references("follow_up_expected", "feedback_id", "feedback"))
            .to_owned();
        manager.create_table(expected).await?;
        let due = Index::create()
            .name("ix_follow_up_expected_due")
            .table("follow_up_expected")
            .col("touchpoint_id")
            .col("due_at")
            .and_where(Expr::col("dropped_at").is_null())
            .to_owned();
        manager.create_index(due).await?;
        let dropped = Index::create()
            .name("ix_follow_up_expected_dropped")
            .table("follow_up_expected")
            .col("touchpoint_id")
            .col("dropped_at")
            .and_where(Expr::col("dropped_at").is_not_null())
            .to_owned();
        manager.create_index(dropped).await?;
        // For customers that are merged, and feedback that is looked at.
        index(manager, "follow_up_expected", &["customer_id"], false).await?;

        let turns = Table::create()
            .table("follow_up_turns")
            .col(pk_uuid("department_id"))
            .col(uuid_null("user_id"))
            .foreign_key(&mut references("follow_up_turns", "department_id", "departments"))
            .to_owned();
        manager.create_table(turns).await
    }
}
