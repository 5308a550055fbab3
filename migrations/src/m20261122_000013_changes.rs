//! Edits that wait for approval, the audit log, and customers that are likely the same.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

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
        change_requests(manager).await?;
        audit_log(manager).await?;
        duplicates(manager).await
    }
}

async fn change_requests(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut requests = with_id("change_requests");
    requests
        .col(uuid("customer_id"))
        // {field: {from, to}}
        .col(json_binary("changes"))
        // What of the same edit was not protected and was done at once.
        .col(json_binary("applied"))
        .col(uuid("requested_by"))
        .col(text("status"))
        .col(timestamp_with_time_zone("due_at"))
        .col(uuid_null("decided_by"))
        .col(timestamp_with_time_zone_null("decided_at"))
        .col(text_null("reason"))
        .foreign_key(&mut references("change_requests", "customer_id", "customers"))
        .foreign_key(&mut references("change_requests", "requested_by", "users"))
        .foreign_key(&mut references("change_requests", "decided_by", "users"));
    manager.create_table(versioned(&mut requests).to_owned()).await?;
    for columns in [["customer_id", "id"], ["requested_by", "id"], ["status", "id"]] {
        index(manager, "change_requests", &columns, false).await?;
    }
    // Only of pending requests, so that a field waits for one request at most.
    let pending = Table::create()
        .table("pending_changes")
        .col(uuid("customer_id"))
        .col(text("field"))
        .col(uuid("request_id"))
        .primary_key(Index::create().col("customer_id").col("field"))
        .foreign_key(&mut references("pending_changes", "customer_id", "customers"))
        .foreign_key(&mut references("pending_changes", "request_id", "change_requests"))
        .to_owned();
    manager.create_table(pending).await?;
    index(manager, "pending_changes", &["request_id"], false).await
}

/// Rows are added and read, by nobody changed: the database itself refuses it.
async fn audit_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut log = with_id("audit_log");
    log.col(timestamp_with_time_zone("at"))
        .col(text("actor"))
        .col(uuid_null("actor_id"))
        .col(text("action"))
        .col(text("subject"))
        .col(uuid("subject_id"))
        .col(text_null("reason"))
        .col(json_binary("details"))
        .col(text_null("request_id"))
        .col(text_null("remote_address"));
    manager.create_table(log).await?;
    for columns in [
        vec!["at", "id"],
        vec!["actor_id", "at", "id"],
        vec!["actor_id", "action", "at"],
        vec!["subject_id", "at", "id"],
        vec!["action", "at", "id"],
    ] {
        index(manager, "audit_log", &columns, false).await?;
    }
    let db = manager.get_connection();
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Postgres => &[
            "CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
            "CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
             FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()",
        ],
        _ => &[
            "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
             BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
            "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
             BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        ],
    };
    for statement in statements {
        db.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// A pair is kept as (newer, older), with what they have in common.
async fn duplicates(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut pairs = with_id("duplicate_pairs");
    pairs
        .col(uuid("newer_id"))
        .col(uuid("older_id"))
        .col(boolean("phone"))
        .col(boolean("email"))
        .col(boolean("firm"))
        .col(boolean("name"))
        .foreign_key(&mut references("duplicate_pairs", "newer_id", "customers"))
        .foreign_key(&mut references("duplicate_pairs", "older_id", "customers"));
    manager.create_table(pairs).await?;
    index(manager, "duplicate_pairs", &["newer_id", "older_id"], true).await?;
    index(manager, "duplicate_pairs", &["older_id"], false).await?;

    let dismissed = Table::create()
        .table("dismissed_duplicates")
        .col(uuid("newer_id"))
        .col(uuid("older_id"))
        .col(uuid_null("dismissed_by"))
        .col(timestamp_with_time_zone("dismissed_at"))
        .primary_key(Index::create().col("newer_id").col("older_id"))
        .foreign_key(&mut references("dismissed_duplicates", "newer_id", "customers"))
        .foreign_key(&mut references("dismissed_duplicates", "older_id", "customers"))
        .to_owned();
    manager.create_table(dismissed).await?;
    index(manager, "dismissed_duplicates", &["older_id"], false).await
}
