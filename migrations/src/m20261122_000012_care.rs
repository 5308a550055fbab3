//! Contacts, interactions with their to-dos, attachments, and the timeline of each customer.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

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
        contacts(manager).await?;
        interactions(manager).await?;
        todos(manager).await?;
        attachments(manager).await?;
        timeline(manager).await
    }
}

/// Each `…_key` is the normalised form by which is matched, as with customers.
async fn contacts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut contacts = with_id("contacts");
    contacts
        .col(uuid("customer_id"))
        .col(text("name"))
        .col(text("name_key"))
        .col(text_null("position"))
        .col(text_null("phone"))
        .col(text_null("phone_key"))
        .col(text_null("email"))
        .col(text_null("email_key"))
        .col(text_null("birthday_calendar"))
        .col(integer_null("birthday_year"))
        .col(integer_null("birthday_month"))
        .col(integer_null("birthday_day"))
        .col(boolean("birthday_leap").default(false))
        .col(boolean("is_primary").default(false))
        .col(text_null("note"))
        .foreign_key(&mut references("contacts", "customer_id", "customers"));
    manager.create_table(versioned(&mut contacts).to_owned()).await?;
    for columns in [
        vec!["customer_id", "id"],
        vec!["phone_key", "id"],
        vec!["email_key", "id"],
        vec!["birthday_calendar", "birthday_month", "birthday_day", "id"],
    ] {
        index(manager, "contacts", &columns, false).await?;
    }
    // One primary contact a customer at most, whoever writes.
    let primary = Index::create()
        .name("ux_contacts_primary")
        .table("contacts")
        .col("customer_id")
        .unique()
        .and_where(Expr::col("is_primary"))
        .to_owned();
    manager.create_index(primary).await
}

async fn interactions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut interactions = with_id("interactions");
    interactions
        .col(uuid("customer_id"))
        .col(timestamp_with_time_zone("happened_at"))
        .col(text("method"))
        .col(text("subject"))
        .col(json_binary("staff_ids"))
        .col(json_binary("contact_ids"))
        .col(json_binary("other_participants"))
        .col(text_null("key_points"))
        .col(text_null("wishes"))
        .col(text_null("commitments"))
        .col(text_null("next_step"))
        .col(uuid_null("author_id"))
        .foreign_key(&mut references("interactions", "customer_id", "customers"))
        .foreign_key(&mut references("interactions", "author_id", "users"));
    manager.create_table(versioned(&mut interactions).to_owned()).await?;
    index(manager, "interactions", &["customer_id", "id"], false).await?;
    index(manager, "interactions", &["customer_id", "happened_at"], false).await
}

async fn todos(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut todos = with_id("todos");
    todos
        .col(uuid("customer_id"))
        .col(uuid_null("interaction_id"))
        .col(text("title"))
        .col(text_null("note"))
        .col(uuid("owner_id"))
        .col(date("due_on"))
        .col(text("status"))
        .col(text_null("cancel_reason"))
        .col(timestamp_with_time_zone_null("closed_at"))
        .col(uuid_null("closed_by"))
        .col(uuid_null("created_by"))
        .foreign_key(&mut references("todos", "customer_id", "customers"))
        .foreign_key(&mut references("todos", "interaction_id", "interactions"))
        .foreign_key(&mut references("todos", "owner_id", "users"));
    manager.create_table(versioned(&mut todos).to_owned()).await?;
    // Listed by what is due first; all of them, or those of one status.
    for columns in [
        vec!["due_on", "id"],
        vec!["status", "due_on", "id"],
        vec!["owner_id", "due_on", "id"],
        vec!["owner_id", "status", "due_on", "id"],
        vec!["customer_id", "status", "due_on", "id"],
        vec!["interaction_id"],
    ] {
        index(manager, "todos", &columns, false).await?;
    }
    Ok(())
}

/// A file of something else: `subject_kind` and `subject_id` say of what, `customer_id` whom it concerns. The bytes
/// are in the store of objects under the id.
async fn attachments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut attachments = with_id("attachments");
    attachments
        .col(text("subject_kind"))
        .col(uuid("subject_id"))
        .col(uuid_null("customer_id"))
        .col(text("file_name"))
        .col(text("content_type"))
        .col(big_integer("size"))
        .col(text("sha256"))
        .col(uuid_null("uploaded_by"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(&mut references("attachments", "customer_id", "customers"));
    manager.create_table(attachments).await?;
    index(manager, "attachments", &["subject_id", "id"], false).await?;
    index(manager, "attachments", &["customer_id", "id"], false).await
}

/// What happened around each customer, one row an event that concerns it. A copy and no view: the outbox may be
/// cleared, and this list needs one index instead of four joins. Without foreign keys, as a history is.
async fn timeline(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut entries = with_id("timeline_entries");
    entries
        .col(uuid("customer_id"))
        .col(text("kind"))
        .col(text("subject"))
        .col(uuid("subject_id"))
        .col(json_binary("data"))
        .col(uuid_null("actor_id"))
        .col(timestamp_with_time_zone("occurred_at"));
    manager.create_table(entries).await?;
    index(manager, "timeline_entries", &["customer_id", "id"], false).await?;
    index(manager, "timeline_entries", &["customer_id", "subject", "id"], false).await?;
    // What happened before there was a timeline.
    for (subject, table, customer) in [
        ("customer", "customers", "s.id"),
        ("order", "orders", "s.customer_id"),
        ("feedback", "feedback", "s.customer_id"),
    ] {
        let sql = format!(
            "INSERT INTO timeline_entries (id, customer_id, kind, subject, subject_id, data, actor_id, occurred_at)
             SELECT e.id, {customer}, e.kind, e.subject, e.subject_id, e.data, e.actor_id, e.occurred_at
             FROM events e JOIN {table} s ON s.id = e.subject_id
             WHERE e.subject = '{subject}' AND {customer} IS NOT NULL"
        );
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
