//! The classifier: what people have corrected, and the weights learnt from it.

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
        // By which version a feedback was classified; none where a person said it, or the rules of earlier releases.
        let column = Table::alter().table("feedback").add_column(big_integer_null("model_version")).to_owned();
        manager.alter_table(column).await?;

        let mut versions = with_id("classifier_versions");
        versions
            .col(big_integer("number").unique_key())
            .col(boolean("active"))
            .col(big_integer("corrections"))
            // The last correction it has learnt, and those before it that it has not.
            .col(uuid("through"))
            .col(json_binary("skipped"))
            .col(text("model"))
            .col(json_binary("weights"))
            .col(big_integer("weight_count"))
            .col(uuid_null("created_by"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(&mut references("classifier_versions", "created_by", "users"));
        manager.create_table(versions).await?;
        let active = Index::create()
            .name("ix_classifier_versions_active")
            .table("classifier_versions")
            .col("active")
            .and_where(Expr::col("active").eq(true))
            .unique()
            .to_owned();
        manager.create_index(active).await?;

        let mut corrections = with_id("classification_corrections");
        corrections
            .col(uuid("feedback_id"))
            .col(big_integer_null("model_version"))
            .col(text("subtype_before"))
            .col(text("subtype"))
            .col(text("priority_before"))
            .col(text("priority"))
            .col(text("mood_before"))
            .col(text("mood"))
            .col(uuid_null("corrected_by"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(&mut references("classification_corrections", "feedback_id", "feedback"))
            .foreign_key(&mut references("classification_corrections", "corrected_by", "users"));
        manager.create_table(corrections).await?;
        index(manager, "classification_corrections", &["feedback_id", "id"], false).await
    }
}
