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
        // `head_user_id` has no foreign key: users refer to departments, and SQLite cannot add the other way later.
        let mut departments = with_id("departments");
        departments.col(text("code").unique_key()).col(text("name")).col(uuid_null("head_user_id"));
        manager.create_table(versioned(&mut departments).to_owned()).await?;

        let mut users = with_id("users");
        users
            .col(text("username"))
            .col(text("username_key").unique_key())
            .col(text("display_name"))
            .col(text("role"))
            .col(text("data_scope"))
            .col(uuid_null("department_id"))
            .col(text("password_hash"))
            .col(boolean("active"))
            .foreign_key(&mut references("users", "department_id", "departments"));
        manager.create_table(versioned(&mut users).to_owned()).await?;
        index(manager, "users", &["department_id", "id"], false).await?;

        let attempts = Table::create()
            .table("login_attempts")
            .col(text("username_key").primary_key())
            .col(integer("failures"))
            .col(timestamp_with_time_zone_null("locked_until"))
            .col(timestamp_with_time_zone("last_at"))
            .to_owned();
        manager.create_table(attempts).await?;
        index(manager, "login_attempts", &["last_at"], false).await?;

        let mut sessions = with_id("sessions");
        sessions
            .col(uuid("user_id"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .col(timestamp_with_time_zone_null("ended_at"))
            .col(text_null("end_reason"))
            .foreign_key(&mut references("sessions", "user_id", "users"));
        manager.create_table(sessions).await?;
        index(manager, "sessions", &["user_id"], false).await?;

        let tokens = Table::create()
            .table("refresh_tokens")
            .col(text("token_hash").primary_key())
            .col(uuid("session_id"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("used_at"))
            .foreign_key(&mut references("refresh_tokens", "session_id", "sessions"))
            .to_owned();
        manager.create_table(tokens).await?;
        index(manager, "refresh_tokens", &["session_id"], false).await?;

        let mut keys = with_id("api_keys");
        keys.col(text("name"))
            .col(text("prefix"))
            .col(text("key_hash").unique_key())
            .col(json_binary("scopes"))
            .col(uuid_null("created_by"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("expires_at"))
            .col(timestamp_with_time_zone_null("revoked_at"));
        manager.create_table(keys).await
    }
}
