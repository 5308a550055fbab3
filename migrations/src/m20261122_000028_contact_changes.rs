//! Edits of a contact's protected data wait for approval as a customer's do.

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
        // Not a foreign key: what was asked for stays to be read when the contact has been removed.
        let table = Table::alter().table("change_requests").add_column(uuid_null("contact_id")).to_owned();
        manager.alter_table(table).await
    }
}
