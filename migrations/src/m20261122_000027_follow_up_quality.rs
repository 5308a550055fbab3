//! Coverage of follow-ups by the day they were first due, and samples of their records.

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
        index(manager, "follow_up_tasks", &["first_due_by"], false).await?;
        index(manager, "follow_up_tasks", &["plan_id", "first_due_by"], false).await?;

        let mut samples = with_id("follow_up_samples");
        samples
            .col(date("from_on"))
            .col(date("to_on"))
            .col(uuid_null("plan_id"))
            .col(uuid_null("author_id"))
            // Whose records took part, where it was not everybody's.
            .col(uuid_null("department_id"))
            .col(integer("size"))
            // The same seed draws the same records again.
            .col(big_integer("seed"))
            .col(big_integer("population"))
            .col(integer("drawn"))
            .col(integer("matches").default(0))
            .col(integer("differs").default(0))
            .col(integer("doubtful").default(0))
            .col(uuid_null("created_by"));
        for (column, target) in
            [("plan_id", "follow_up_plans"), ("author_id", "users"), ("department_id", "departments")]
        {
            samples.foreign_key(&mut references("follow_up_samples", column, target));
        }
        manager.create_table(versioned(&mut samples).to_owned()).await?;
        index(manager, "follow_up_samples", &["department_id", "id"], false).await?;
        index(manager, "follow_up_samples", &["created_by", "id"], false).await?;

        let items = with_id("follow_up_sample_items")
            .col(uuid("sample_id"))
            .col(uuid("record_id"))
            .col(text_null("verdict"))
            .col(text_null("note"))
            .col(uuid_null("checked_by"))
            .col(timestamp_with_time_zone_null("checked_at"))
            .foreign_key(&mut references("follow_up_sample_items", "sample_id", "follow_up_samples"))
            .foreign_key(&mut references("follow_up_sample_items", "record_id", "follow_up_records"))
            .to_owned();
        manager.create_table(items).await?;
        index(manager, "follow_up_sample_items", &["sample_id", "record_id"], true).await?;
        index(manager, "follow_up_sample_items", &["sample_id", "id"], false).await
    }
}
