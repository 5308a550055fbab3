//! Few follow-up tasks are about a feedback: the index of those need not hold all others.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const NAME: &str = "ix_follow_up_tasks_feedback_id_id";
        manager.drop_index(Index::drop().name(NAME).table("follow_up_tasks").to_owned()).await?;
        let partial = Index::create()
            .name(NAME)
            .table("follow_up_tasks")
            .col("feedback_id")
            .col("id")
            .and_where(Expr::col("feedback_id").is_not_null())
            .to_owned();
        manager.create_index(partial).await
    }
}
