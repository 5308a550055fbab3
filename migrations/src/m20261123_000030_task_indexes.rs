//! Few follow-up tasks are about a feedback: the index of those need not hold all others. And who reads a department's
//! or a person's tasks in one state is not shown through those in the others.

use sea_orm_migration::prelude::*;

use crate::table::index;

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
        manager.create_index(partial).await?;
        for owner in ["assignee_id", "department_id"] {
            let old =
                Index::drop().name(format!("ix_follow_up_tasks_{owner}_due_by_id")).table("follow_up_tasks").to_owned();
            manager.drop_index(old).await?;
            index(manager, "follow_up_tasks", &[owner, "due_by", "id", "state"], false).await?;
        }
        Ok(())
    }
}
