//! Dispatch: ordered rules with criteria, turns within a department, absences, and the order of work.

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
        rules(manager).await?;
        turns(manager).await?;

        let mut absences = with_id("absences");
        absences
            .col(uuid("user_id"))
            .col(uuid_null("deputy_id"))
            .col(timestamp_with_time_zone("starts_at"))
            .col(timestamp_with_time_zone("ends_at"))
            .col(text_null("reason"))
            .col(uuid_null("created_by"))
            .foreign_key(&mut references("absences", "user_id", "users"))
            .foreign_key(&mut references("absences", "deputy_id", "users"));
        manager.create_table(versioned(&mut absences).to_owned()).await?;
        // Who is away now, and what overlaps: few absences have not ended.
        index(manager, "absences", &["ends_at"], false).await?;
        index(manager, "absences", &["user_id", "ends_at"], false).await?;
        index(manager, "absences", &["deputy_id", "id"], false).await?;

        feedback(manager).await
    }
}

/// The rules of the categories become the last of all. Another table in the old one's place: SQLite cannot let a column
/// be null that was not.
async fn rules(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut rules = with_id("ordered_rules");
    rules
        .col(integer("position"))
        .col(text("name"))
        .col(boolean("active"))
        // The category whose rule it is; null for those that are tried before.
        .col(text_null("subtype").unique_key())
        .col(json_binary("criteria"))
        .col(uuid_null("department_id"))
        .col(json_binary("collaborators"))
        .col(text("strategy"))
        .col(uuid_null("handler_id"))
        .foreign_key(&mut references("ordered_rules", "department_id", "departments"))
        .foreign_key(&mut references("ordered_rules", "handler_id", "users"));
    manager.create_table(versioned(&mut rules).to_owned()).await?;
    let criteria = match manager.get_database_backend() {
        DbBackend::Postgres => "jsonb_build_object('subtypes', jsonb_build_array(subtype))",
        _ => "json_object('subtypes', json_array(subtype))",
    };
    let moved = format!(
        "INSERT INTO ordered_rules (id, position, name, active, subtype, criteria, department_id, collaborators, strategy, \
         created_at, updated_at, version) \
         SELECT id, 1000000, subtype, TRUE, subtype, {criteria}, department_id, collaborators, 'pool', \
         created_at, updated_at, version FROM routing_rules"
    );
    manager.get_connection().execute_unprepared(&moved).await?;
    manager.drop_table(Table::drop().table("routing_rules").to_owned()).await?;
    manager.rename_table(Table::rename().table("ordered_rules", "routing_rules").to_owned()).await?;
    index(manager, "routing_rules", &["position", "id"], false).await
}

/// One row a department, which whoever gives something to one of its people locks; and in which turn each was given one.
async fn turns(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let turns = Table::create()
        .table("dispatch_turns")
        .col(uuid("department_id").primary_key())
        .col(big_integer("turn"))
        .foreign_key(&mut references("dispatch_turns", "department_id", "departments"))
        .to_owned();
    manager.create_table(turns).await?;
    let given = Table::create()
        .table("dispatch_given")
        .col(uuid("department_id"))
        .col(uuid("user_id"))
        .col(big_integer("turn"))
        .primary_key(Index::create().col("department_id").col("user_id"))
        .foreign_key(&mut references("dispatch_given", "department_id", "departments"))
        .foreign_key(&mut references("dispatch_given", "user_id", "users"))
        .to_owned();
    manager.create_table(given).await
}

async fn feedback(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // One statement a column: SQLite takes no more.
    for mut column in [
        // The place in the order of work as long as it is open; null once it is closed.
        big_integer_null("work_key"),
        uuid_null("deputy_id"),
        json_binary("proposed_departments").default("[]").to_owned(),
        json_binary("rejections").default("[]").to_owned(),
    ] {
        manager.alter_table(Table::alter().table("feedback").add_column(&mut column).to_owned()).await?;
    }
    place_open_feedback(manager).await?;

    // Work lists read what is open and nothing else: each in its order, and without the closed that outnumber it.
    let open = |name: &'static str, of: Option<&'static str>| {
        let mut statement = Index::create().name(name).table("feedback").to_owned();
        if let Some(column) = of {
            statement.col(column);
        }
        statement.col("work_key").col("id").and_where(Expr::col("work_key").is_not_null()).to_owned()
    };
    let indexes = [
        open("ix_feedback_work_department", Some("department_id"))
            .and_where(Expr::col("department_id").is_not_null())
            .to_owned(),
        open("ix_feedback_work_pool", Some("department_id"))
            .and_where(Expr::col("department_id").is_not_null())
            .and_where(Expr::col("handler_id").is_null())
            .to_owned(),
        open("ix_feedback_work_handler", Some("handler_id"))
            .and_where(Expr::col("handler_id").is_not_null())
            .to_owned(),
        open("ix_feedback_work_triage", None).and_where(Expr::col("department_id").is_null()).to_owned(),
        Index::create()
            .name("ix_feedback_work_deputy")
            .table("feedback")
            .col("deputy_id")
            .col("work_key")
            .col("id")
            .and_where(Expr::col("deputy_id").is_not_null())
            .to_owned(),
        Index::create()
            .name("ix_feedback_needs_review")
            .table("feedback")
            .col("id")
            .and_where(Expr::cust("needs_review = TRUE"))
            .to_owned(),
    ];
    for statement in indexes {
        manager.create_index(statement).await?;
    }
    Ok(())
}

/// As the rules place it: two bits for the priority, fifty for the milliseconds until which something is due.
async fn place_open_feedback(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let due = match manager.get_database_backend() {
        DbBackend::Postgres => "(extract(epoch FROM min(c.due_at)) * 1000)::bigint",
        _ => "CAST(strftime('%s', min(c.due_at)) AS INTEGER) * 1000",
    };
    let place = format!(
        "UPDATE feedback SET work_key = CASE priority WHEN 'urgent' THEN 0 WHEN 'important' THEN 1125899906842624 \
         ELSE 2251799813685248 END + coalesce((SELECT {due} FROM sla_clocks c \
         WHERE c.feedback_id = feedback.id AND c.state = 'running'), 1125899906842623) WHERE state <> 'closed'"
    );
    manager.get_connection().execute_unprepared(&place).await.map(|_| ())
}
