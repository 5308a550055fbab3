//! What becomes of a feedback after its resolution: verification, root cause, the case library, and demands.

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
        for shown in ["solution_shown", "improvement_shown"] {
            let table =
                Table::alter().table("feedback_communications").add_column(boolean(shown).default(false)).to_owned();
            manager.alter_table(table).await?;
        }
        rounds(manager).await?;
        verifications(manager).await?;
        cases(manager).await?;
        demands(manager).await
    }
}

async fn rounds(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut causes = Table::create()
        .table("feedback_root_causes")
        .col(uuid("feedback_id").primary_key())
        .col(json_binary("whys"))
        .col(text("conclusion"))
        .col(text("category"))
        .col(uuid_null("recorded_by"))
        .foreign_key(&mut references("feedback_root_causes", "feedback_id", "feedback"))
        .to_owned();
    manager.create_table(versioned(&mut causes).to_owned()).await?;

    // What a reopened feedback was before: who handled it, and when.
    let rounds = Table::create()
        .table("feedback_rounds")
        .col(uuid("feedback_id"))
        .col(integer("round"))
        .col(uuid_null("department_id"))
        .col(uuid_null("handler_id"))
        .col(timestamp_with_time_zone_null("accepted_at"))
        .col(timestamp_with_time_zone_null("promised_at"))
        .col(timestamp_with_time_zone_null("resolved_at"))
        .col(timestamp_with_time_zone_null("closed_at"))
        .col(text_null("solution"))
        .col(text_null("improvement"))
        .col(timestamp_with_time_zone("reopened_at"))
        .col(uuid_null("reopened_by"))
        .col(text("reason"))
        .primary_key(Index::create().col("feedback_id").col("round"))
        .foreign_key(&mut references("feedback_rounds", "feedback_id", "feedback"))
        .to_owned();
    manager.create_table(rounds).await
}

async fn verifications(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = with_id("verifications");
    table
        .col(uuid("feedback_id"))
        .col(integer("round"))
        .col(uuid_null("handler_id"))
        .col(uuid_null("department_id"))
        .col(uuid_null("assignee_id"))
        .col(timestamp_with_time_zone("resolved_at"))
        .col(timestamp_with_time_zone("due_from"))
        .col(timestamp_with_time_zone("due_by"))
        .col(text("state"))
        .col(integer("attempts"))
        // What was tried: {at, by, outcome, note}.
        .col(json_binary("log"))
        .col(text_null("outcome"))
        .col(integer_null("score"))
        .col(text_null("note"))
        .col(uuid_null("answered_by"))
        .col(timestamp_with_time_zone_null("answered_at"));
    for (column, target) in [
        ("feedback_id", "feedback"),
        ("handler_id", "users"),
        ("department_id", "departments"),
        ("assignee_id", "users"),
    ] {
        table.foreign_key(&mut references("verifications", column, target));
    }
    manager.create_table(versioned(&mut table).to_owned()).await?;
    index(manager, "verifications", &["feedback_id", "id"], false).await?;
    index(manager, "verifications", &["state", "id"], false).await?;
    for owner in ["assignee_id", "department_id"] {
        index(manager, "verifications", &[owner, "state", "id"], false).await?;
    }
    let open = Index::create()
        .name("ix_verifications_open")
        .table("verifications")
        .col("feedback_id")
        .unique()
        .and_where(Expr::col("state").eq("open"))
        .to_owned();
    manager.create_index(open).await
}

async fn cases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut cases = with_id("feedback_cases");
    cases
        .col(uuid("feedback_id").unique_key())
        .col(text("number").unique_key())
        .col(text("kind"))
        .col(text("subtype"))
        .col(uuid_null("department_id"))
        .col(text("symptom"))
        .col(text_null("cause"))
        .col(text_null("cause_category"))
        .col(text("solution"))
        .col(text("improvement"))
        .col(timestamp_with_time_zone("closed_at"))
        .col(text("words"))
        .foreign_key(&mut references("feedback_cases", "feedback_id", "feedback"))
        .foreign_key(&mut references("feedback_cases", "department_id", "departments"));
    manager.create_table(versioned(&mut cases).to_owned()).await?;
    index(manager, "feedback_cases", &["subtype", "id"], false).await?;
    index(manager, "feedback_cases", &["closed_at"], false).await?;
    full_text(manager).await
}

/// Words come cut by a segmenter, separated by spaces. PostgreSQL takes them as they are: its own text parser drops
/// Chinese where the locale is C.
async fn full_text(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Postgres => &[
            "ALTER TABLE feedback_cases ADD COLUMN document tsvector
             GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED",
            "CREATE INDEX ix_feedback_cases_document ON feedback_cases USING gin (document)",
            // How often a word stands in cases is asked of the statistics.
            "ALTER TABLE feedback_cases ALTER COLUMN document SET STATISTICS 1000",
        ],
        // A row is called by the digits of the number: row ids of a table without an integer key do not last.
        _ => &[
            "CREATE VIRTUAL TABLE case_search USING fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')",
            "CREATE VIRTUAL TABLE case_words USING fts5vocab(case_search, row)",
            "CREATE TRIGGER case_search_insert AFTER INSERT ON feedback_cases BEGIN
                INSERT INTO case_search(rowid, words) VALUES (CAST(substr(new.number, 2) AS INTEGER), new.words); END",
            "CREATE TRIGGER case_search_update AFTER UPDATE OF words ON feedback_cases WHEN new.words <> old.words BEGIN
                DELETE FROM case_search WHERE rowid = CAST(substr(old.number, 2) AS INTEGER);
                INSERT INTO case_search(rowid, words) VALUES (CAST(substr(new.number, 2) AS INTEGER), new.words); END",
            "CREATE TRIGGER case_search_delete AFTER DELETE ON feedback_cases BEGIN
                DELETE FROM case_search WHERE rowid = CAST(substr(old.number, 2) AS INTEGER); END",
        ],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

async fn demands(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut demands = with_id("demands");
    demands
        .col(text("title"))
        .col(text_null("description"))
        .col(text("status"))
        .col(uuid_null("department_id"))
        // Suggestions that ask for it, and customers who made them.
        .col(big_integer("feedback_count").default(0))
        .col(big_integer("askers").default(0))
        .col(uuid_null("created_by"))
        .foreign_key(&mut references("demands", "department_id", "departments"));
    manager.create_table(versioned(&mut demands).to_owned()).await?;
    for column in ["status", "department_id"] {
        index(manager, "demands", &[column, "id"], false).await?;
    }

    let moves = with_id("demand_moves")
        .col(uuid("demand_id"))
        .col(text("from_status"))
        .col(text("to_status"))
        .col(text_null("note"))
        .col(uuid_null("moved_by"))
        .col(timestamp_with_time_zone("moved_at"))
        .foreign_key(&mut references("demand_moves", "demand_id", "demands"))
        .to_owned();
    manager.create_table(moves).await?;
    index(manager, "demand_moves", &["demand_id", "id"], false).await?;

    let attached = Table::create()
        .table("demand_feedback")
        .col(uuid("demand_id"))
        .col(uuid("feedback_id"))
        .col(uuid_null("attached_by"))
        .col(timestamp_with_time_zone("attached_at"))
        .primary_key(Index::create().col("demand_id").col("feedback_id"))
        .foreign_key(&mut references("demand_feedback", "demand_id", "demands"))
        .foreign_key(&mut references("demand_feedback", "feedback_id", "feedback"))
        .to_owned();
    manager.create_table(attached).await?;
    index(manager, "demand_feedback", &["feedback_id"], false).await?;

    // Who has been told of which status: nobody is told twice.
    let notices = Table::create()
        .table("demand_notices")
        .col(uuid("demand_id"))
        .col(text("status"))
        .col(uuid("customer_id"))
        .col(timestamp_with_time_zone("told_at"))
        .primary_key(Index::create().col("demand_id").col("status").col("customer_id"))
        .foreign_key(&mut references("demand_notices", "demand_id", "demands"))
        .foreign_key(&mut references("demand_notices", "customer_id", "customers"))
        .to_owned();
    manager.create_table(notices).await?;
    index(manager, "demand_notices", &["customer_id"], false).await?;

    let words = Table::create()
        .table("demand_words")
        .col(text("word"))
        .col(uuid("demand_id"))
        .primary_key(Index::create().col("word").col("demand_id"))
        .foreign_key(&mut references("demand_words", "demand_id", "demands"))
        .to_owned();
    manager.create_table(words).await?;
    index(manager, "demand_words", &["demand_id"], false).await
}
