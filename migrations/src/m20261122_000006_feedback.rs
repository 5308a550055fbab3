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
        pool(manager).await?;
        clocks(manager).await?;

        let mut communications = with_id("feedback_communications");
        communications
            .col(uuid("feedback_id"))
            .col(text("method"))
            .col(text("direction"))
            .col(text("content"))
            .col(timestamp_with_time_zone("communicated_at"))
            .col(uuid_null("recorded_by"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(&mut references("feedback_communications", "feedback_id", "feedback"));
        manager.create_table(communications).await?;
        index(manager, "feedback_communications", &["feedback_id", "id"], false).await?;

        let mut routing = with_id("routing_rules");
        routing
            .col(text("subtype").unique_key())
            .col(uuid("department_id"))
            .col(json_binary("collaborators"))
            .foreign_key(&mut references("routing_rules", "department_id", "departments"));
        manager.create_table(versioned(&mut routing).to_owned()).await
    }
}

async fn pool(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut feedback = with_id("feedback");
    feedback
        .col(text("number").unique_key())
        .col(text("channel"))
        .col(text_null("channel_message_id"))
        .col(text("content"))
        .col(uuid_null("customer_id"))
        .col(uuid_null("reporter_id"))
        .col(text_null("contact_name"))
        .col(text_null("contact_phone"))
        .col(text_null("contact_email"))
        .col(text("kind"))
        .col(text("subtype"))
        .col(text("priority"))
        .col(text("mood"))
        .col(double("confidence"))
        .col(boolean("needs_review"))
        .col(json_binary("evidence"))
        .col(text("classified_by"))
        .col(text("state"))
        .col(text_null("awaiting"))
        .col(uuid_null("department_id"))
        .col(uuid_null("handler_id"))
        .col(uuid_null("first_handler_id"))
        .col(json_binary("collaborators"))
        .col(timestamp_with_time_zone_null("promised_at"))
        .col(text_null("solution"))
        .col(text_null("improvement"))
        .col(integer("reopened_times").default(0))
        .col(integer("escalation_level").default(0))
        .col(uuid_null("policy_id"))
        .col(timestamp_with_time_zone("received_at"))
        .col(timestamp_with_time_zone_null("accepted_at"))
        .col(timestamp_with_time_zone_null("resolved_at"))
        .col(timestamp_with_time_zone_null("closed_at"));
    for (column, target) in [
        ("customer_id", "customers"),
        ("reporter_id", "users"),
        ("department_id", "departments"),
        ("handler_id", "users"),
        ("first_handler_id", "users"),
        ("policy_id", "sla_policies"),
    ] {
        feedback.foreign_key(&mut references("feedback", column, target));
    }
    manager.create_table(versioned(&mut feedback).to_owned()).await?;
    index(manager, "feedback", &["channel", "channel_message_id"], true).await?;
    index(manager, "feedback", &["state", "id"], false).await?;
    for owner in ["department_id", "handler_id"] {
        index(manager, "feedback", &[owner, "state", "id"], false).await?;
    }
    for owner in ["customer_id", "reporter_id"] {
        index(manager, "feedback", &[owner, "id"], false).await?;
    }
    Ok(())
}

/// `sla_clocks` is the present state; `sla_clock_entries` the ledger from which it can be derived.
async fn clocks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut clocks = with_id("sla_clocks");
    clocks
        .col(uuid("feedback_id"))
        .col(text("kind"))
        .col(uuid("calendar_id"))
        .col(text("state"))
        .col(integer("target_value"))
        .col(text("target_unit"))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone_null("due_at"))
        .col(boolean("provisional"))
        .col(timestamp_with_time_zone_null("stopped_at"))
        .col(timestamp_with_time_zone_null("breached_at"))
        .col(integer("entries"))
        .foreign_key(&mut references("sla_clocks", "feedback_id", "feedback"))
        .foreign_key(&mut references("sla_clocks", "calendar_id", "calendars"));
    manager.create_table(clocks).await?;
    index(manager, "sla_clocks", &["feedback_id", "kind"], true).await?;
    // Only open clocks are ever looked for by calendar.
    let open = Index::create()
        .name("ix_sla_clocks_open")
        .table("sla_clocks")
        .col("calendar_id")
        .col("id")
        .and_where(Expr::col("stopped_at").is_null())
        .to_owned();
    manager.create_index(open).await?;

    let entries = Table::create()
        .table("sla_clock_entries")
        .col(uuid("clock_id"))
        .col(integer("position"))
        .col(json_binary("entry"))
        .primary_key(Index::create().col("clock_id").col("position"))
        .foreign_key(&mut references("sla_clock_entries", "clock_id", "sla_clocks"))
        .to_owned();
    manager.create_table(entries).await
}
