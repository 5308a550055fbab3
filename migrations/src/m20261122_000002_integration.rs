use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::{index, references, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        events(manager).await?;
        timers(manager).await?;
        numbers(manager).await?;

        let idempotency = Table::create()
            .table("idempotency_keys")
            .col(uuid("actor_id"))
            .col(text("key"))
            .col(text("fingerprint"))
            .col(json_binary_null("result"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("actor_id").col("key"))
            .to_owned();
        manager.create_table(idempotency).await?;
        index(manager, "idempotency_keys", &["created_at"], false).await?;

        let mut notifications = with_id("notifications");
        notifications
            .col(uuid("user_id"))
            .col(uuid("event_id"))
            .col(text("kind"))
            .col(text("subject"))
            .col(uuid("subject_id"))
            .col(json_binary("data"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("read_at"))
            .foreign_key(&mut references("notifications", "user_id", "users"));
        manager.create_table(notifications).await?;
        index(manager, "notifications", &["event_id", "user_id"], true).await?;
        index(manager, "notifications", &["user_id", "read_at", "id"], false).await?;

        let settings = Table::create().table("settings").col(text("name").primary_key()).col(text("value")).to_owned();
        manager.create_table(settings).await
    }
}

/// The outbox. `tx` is the writing transaction on PostgreSQL: positions are handed out before commit, so a reader
/// that went by `seq` alone would skip what commits late (see persistence `integration::events`).
async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let tx = match postgres {
        true => big_integer("tx").default(Expr::cust("(pg_current_xact_id()::text::bigint)")).to_owned(),
        false => big_integer("tx").default(0).to_owned(),
    };
    let events = Table::create()
        .table("events")
        .col(ColumnDef::new("seq").big_integer().not_null().auto_increment().primary_key())
        .col(tx)
        .col(uuid("id").unique_key())
        .col(text("kind"))
        .col(text("subject"))
        .col(uuid("subject_id"))
        .col(json_binary("data"))
        .col(uuid_null("actor_id"))
        .col(timestamp_with_time_zone("occurred_at"))
        .to_owned();
    manager.create_table(events).await?;
    index(manager, "events", &["subject_id", "seq"], false).await?;
    if postgres {
        index(manager, "events", &["tx", "seq"], false).await?;
    }
    let cursors = Table::create()
        .table("event_cursors")
        .col(text("consumer").primary_key())
        .col(big_integer("window_from"))
        .col(big_integer("window_to"))
        .col(big_integer("seq"))
        .col(timestamp_with_time_zone("updated_at"))
        .to_owned();
    manager.create_table(cursors).await
}

async fn timers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut timers = with_id("timers");
    timers
        .col(text("kind"))
        .col(uuid("subject_id"))
        .col(text("unique_key").unique_key())
        .col(timestamp_with_time_zone("due_at"))
        .col(json_binary("payload"))
        .col(integer("attempts").default(0))
        .col(uuid_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(timestamp_with_time_zone_null("failed_at"))
        .col(text_null("last_error"));
    manager.create_table(timers).await?;
    index(manager, "timers", &["subject_id"], false).await?;
    let due = Index::create()
        .name("ix_timers_due")
        .table("timers")
        .col("due_at")
        .and_where(Expr::col("failed_at").is_null())
        .to_owned();
    manager.create_index(due).await?;
    let leases = Table::create()
        .table("leases")
        .col(text("name").primary_key())
        .col(uuid("owner"))
        .col(timestamp_with_time_zone("until"))
        .to_owned();
    manager.create_table(leases).await
}

/// Numbers for people. Sequences on PostgreSQL, where a counter row would make every writer wait for the other's
/// commit; a counter on SQLite, which has one writer anyway.
async fn numbers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let names = ["customer", "feedback"];
    if manager.get_database_backend() == DbBackend::Postgres {
        for name in names {
            manager.get_connection().execute_unprepared(&format!("CREATE SEQUENCE {name}_number")).await?;
        }
        return Ok(());
    }
    let counters =
        Table::create().table("counters").col(text("name").primary_key()).col(big_integer("value")).to_owned();
    manager.create_table(counters).await?;
    for name in names {
        let start = Query::insert()
            .into_table("counters")
            .columns(["name", "value"])
            .values_panic([name.into(), 0.into()])
            .to_owned();
        manager.execute(start).await?;
    }
    Ok(())
}
