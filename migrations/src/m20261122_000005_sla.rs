use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table::{references, versioned, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut calendars = with_id("calendars");
        calendars.col(text("name").unique_key()).col(boolean("built_in")).col(json_binary("spec"));
        manager.create_table(versioned(&mut calendars).to_owned()).await?;

        let mut policies = with_id("sla_policies");
        policies
            .col(text("name").unique_key())
            .col(boolean("active"))
            .col(uuid("calendar_id"))
            .col(json_binary("spec"))
            .foreign_key(&mut references("sla_policies", "calendar_id", "calendars"));
        manager.create_table(versioned(&mut policies).to_owned()).await?;
        // At most one policy is active.
        let active = Index::create()
            .name("ix_sla_policies_active")
            .table("sla_policies")
            .col("active")
            .unique()
            .and_where(Expr::col("active").eq(true))
            .to_owned();
        manager.create_index(active).await
    }
}
