//! Of follow-up records: what their script was filled with when it was asked.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = json_binary_null("script_values");
        manager.alter_table(Table::alter().table("follow_up_records").add_column(column).to_owned()).await
    }
}
