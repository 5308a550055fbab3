//! Of follow-up tasks: until when an alarm that could not be told is left alone, and who thought of the task.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [timestamp_with_time_zone_null("alarm_retry_at"), uuid_null("prompted_by")] {
            manager.alter_table(Table::alter().table("follow_up_tasks").add_column(column).to_owned()).await?;
        }
        let by_hand = "UPDATE follow_up_tasks SET prompted_by = created_by WHERE origin = 'manual'";
        manager.get_connection().execute_unprepared(by_hand).await.map(|_| ())
    }
}
