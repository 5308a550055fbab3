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
        // Each `…_key` is the normalised form by which is matched; the entered form stands beside it.
        let mut customers = with_id("customers");
        customers
            .col(text("number").unique_key())
            .col(text("kind"))
            .col(text("name"))
            .col(text("name_key"))
            .col(text_null("industry"))
            .col(text_null("phone"))
            .col(text_null("phone_key"))
            .col(text_null("email"))
            .col(text_null("email_key"))
            .col(text_null("address"))
            .col(text("source"))
            .col(uuid_null("owner_id"))
            .col(uuid_null("department_id"))
            .col(text_null("note"))
            .foreign_key(&mut references("customers", "owner_id", "users"))
            .foreign_key(&mut references("customers", "department_id", "departments"));
        manager.create_table(versioned(&mut customers).to_owned()).await?;
        for columns in
            [["owner_id", "id"], ["department_id", "id"], ["phone_key", "id"], ["email_key", "id"], ["name_key", "id"]]
        {
            index(manager, "customers", &columns, false).await?;
        }

        let externals = Table::create()
            .table("customer_external_ids")
            .col(text("system"))
            .col(text("external_id"))
            .col(uuid("customer_id"))
            .primary_key(Index::create().col("system").col("external_id"))
            .foreign_key(&mut references("customer_external_ids", "customer_id", "customers"))
            .to_owned();
        manager.create_table(externals).await?;
        index(manager, "customer_external_ids", &["customer_id"], false).await?;

        // `ordered_on` is the local date of `ordered_at` in the deployment's zone: RFM counts in local days.
        let mut orders = with_id("orders");
        orders
            .col(text("external_system"))
            .col(text("order_no"))
            .col(uuid("customer_id"))
            .col(timestamp_with_time_zone("ordered_at"))
            .col(date("ordered_on"))
            .col(big_integer("amount"))
            .col(text("status"))
            .col(json_binary_null("lines"))
            .foreign_key(&mut references("orders", "customer_id", "customers"));
        manager.create_table(versioned(&mut orders).to_owned()).await?;
        index(manager, "orders", &["external_system", "order_no"], true).await?;
        index(manager, "orders", &["customer_id", "id"], false).await
    }
}
