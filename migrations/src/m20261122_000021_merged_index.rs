//! The index of merged customers holds those alone. With every customer in it, SQLite looked up the ones that are not
//! merged by it, all of them, and sorted them for each page of a list.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX \"ix_customers_merged_into\"").await?;
        let index = "CREATE INDEX \"ix_customers_merged_into\" ON \"customers\" (\"merged_into\") \
                     WHERE \"merged_into\" IS NOT NULL";
        db.execute_unprepared(index).await.map(|_| ())
    }
}
