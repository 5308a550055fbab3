//! Promises with their revisions, delay explanations, and the ladder that a missed deadline climbs.

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
        // As `head_user_id`, without a foreign key: SQLite cannot add one later.
        add(manager, "departments", uuid_null("director_user_id")).await?;
        add(manager, "feedback", timestamp_with_time_zone_null("escalated_at")).await?;
        add(manager, "feedback", timestamp_with_time_zone_null("explanation_owed_since")).await?;
        // What is owed is little: the list of it must not read what is not.
        let owed = Index::create()
            .name("ix_feedback_explanation_owed")
            .table("feedback")
            .col("id")
            .and_where(Expr::col("explanation_owed_since").is_not_null())
            .to_owned();
        manager.create_index(owed).await?;

        let mut promises = with_id("feedback_promises");
        promises
            .col(uuid("feedback_id"))
            .col(timestamp_with_time_zone_null("promised_from"))
            .col(timestamp_with_time_zone("promised_to"))
            .col(timestamp_with_time_zone_null("bound"))
            .col(text_null("reason"))
            .col(uuid_null("explanation_id"))
            .col(uuid_null("made_by"))
            .col(timestamp_with_time_zone("made_at"))
            .foreign_key(&mut references("feedback_promises", "feedback_id", "feedback"));
        manager.create_table(promises).await?;
        index(manager, "feedback_promises", &["feedback_id", "id"], false).await?;

        explanations(manager).await?;

        let mut escalations = with_id("feedback_escalations");
        escalations
            .col(uuid("feedback_id"))
            .col(text("clock"))
            .col(integer("level"))
            .col(timestamp_with_time_zone("due_at"))
            .col(timestamp_with_time_zone("escalated_at"))
            .foreign_key(&mut references("feedback_escalations", "feedback_id", "feedback"));
        manager.create_table(escalations).await?;
        index(manager, "feedback_escalations", &["feedback_id", "id"], false).await
    }
}

async fn explanations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut explanations = with_id("delay_explanations");
    explanations
        .col(uuid("feedback_id"))
        .col(timestamp_with_time_zone("promised_from"))
        .col(timestamp_with_time_zone_null("promised_to"))
        .col(text("reason"))
        .col(text("status"))
        .col(uuid_null("given_by"))
        .col(uuid_null("decided_by"))
        .col(timestamp_with_time_zone_null("decided_at"))
        .col(text_null("decision_reason"))
        .foreign_key(&mut references("delay_explanations", "feedback_id", "feedback"));
    manager.create_table(versioned(&mut explanations).to_owned()).await?;
    index(manager, "delay_explanations", &["feedback_id", "id"], false).await?;
    index(manager, "delay_explanations", &["status", "id"], false).await?;
    // One at a time waits for a decision.
    let pending = Index::create()
        .name("ix_delay_explanations_pending")
        .table("delay_explanations")
        .col("feedback_id")
        .unique()
        .and_where(Expr::col("status").eq("pending"))
        .to_owned();
    manager.create_index(pending).await
}

/// One statement a column: SQLite takes no more.
async fn add(manager: &SchemaManager<'_>, table: &'static str, mut column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}
