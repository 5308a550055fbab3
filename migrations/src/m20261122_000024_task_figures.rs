//! What belongs to follow-up tasks: why they were postponed, how those of a plan ended, and who was told in the morning.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table::{index, references, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postponements = with_id("follow_up_postponements")
            .col(uuid("task_id"))
            .col(integer("number"))
            .col(text("reason"))
            .col(timestamp_with_time_zone("due_before"))
            .col(timestamp_with_time_zone("due_by"))
            .col(uuid_null("postponed_by"))
            .col(timestamp_with_time_zone("postponed_at"))
            .foreign_key(&mut references("follow_up_postponements", "task_id", "follow_up_tasks"))
            .to_owned();
        manager.create_table(postponements).await?;
        index(manager, "follow_up_postponements", &["task_id", "number"], true).await?;

        // A row for everybody who closes: people of one plan do not wait for each other to count.
        let closed = Table::create()
            .table("follow_up_plan_closed")
            .col(uuid("plan_id"))
            .col(uuid("closed_by"))
            .col(text("closed_as"))
            .col(big_integer("tasks"))
            .primary_key(Index::create().col("plan_id").col("closed_by").col("closed_as"))
            .foreign_key(&mut references("follow_up_plan_closed", "plan_id", "follow_up_plans"))
            .to_owned();
        manager.create_table(closed).await?;

        let mornings = Table::create()
            .table("follow_up_mornings")
            .col(uuid("user_id"))
            .col(date("told_on"))
            .primary_key(Index::create().col("user_id").col("told_on"))
            .foreign_key(&mut references("follow_up_mornings", "user_id", "users"))
            .to_owned();
        manager.create_table(mornings).await?;
        index(manager, "follow_up_mornings", &["told_on"], false).await
    }
}
