//! Parts of a feedback with a clock each, why an entry of a ledger was made, and calendars as they were.

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
        parts(manager).await?;
        clocks(manager).await?;
        calendars(manager).await?;
        add(manager, "sla_policies", boolean("enabled").default(true).to_owned()).await?;
        // Open feedback of a policy, for when the policy changes.
        let open = Index::create()
            .name("ix_feedback_open_by_policy")
            .table("feedback")
            .col("policy_id")
            .col("id")
            .and_where(Expr::col("closed_at").is_null())
            .to_owned();
        manager.create_index(open).await
    }
}

/// One statement a column: SQLite takes no more.
async fn add(manager: &SchemaManager<'_>, table: &'static str, mut column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await
}

async fn parts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut parts = with_id("feedback_parts");
    parts
        .col(uuid("feedback_id"))
        .col(uuid("department_id"))
        .col(text("role"))
        .col(uuid_null("handler_id"))
        .col(text_null("task"))
        .col(text("state"))
        .col(integer("round"))
        .col(text_null("note"))
        .col(uuid_null("added_by"))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone_null("accepted_at"))
        .col(timestamp_with_time_zone_null("ended_at"));
    for (column, target) in
        [("feedback_id", "feedback"), ("department_id", "departments"), ("handler_id", "users"), ("added_by", "users")]
    {
        parts.foreign_key(&mut references("feedback_parts", column, target));
    }
    manager.create_table(versioned(&mut parts).to_owned()).await?;
    index(manager, "feedback_parts", &["feedback_id", "id"], false).await?;
    let open = || Expr::col("ended_at").is_null();
    let collaborator = || Expr::col("role").eq("collaborator");
    let partial = |name: &str, columns: &[&'static str]| {
        let mut index = Index::create().name(format!("ix_feedback_parts_{name}")).table("feedback_parts").to_owned();
        columns.iter().for_each(|column| {
            index.col(*column);
        });
        index
    };
    // A department has one open part of a feedback at most, and one department leads.
    let busy = partial("open", &["feedback_id", "department_id"]).unique().and_where(open()).to_owned();
    let leads = Expr::col("role").eq("lead");
    let lead = partial("lead", &["feedback_id"]).unique().and_where(open()).and_where(leads).to_owned();
    // The part of the lead is found with its feedback; only collaborators' are ever looked for.
    let mut reached = partial("reached", &["department_id", "feedback_id"]);
    let reached = reached.and_where(open()).and_where(collaborator()).to_owned();
    let listed = [
        partial("by_department", &["department_id", "state", "id"]),
        partial("by_handler", &["handler_id", "state", "id"]),
        partial("by_state", &["state", "id"]),
    ];
    let listed = listed.map(|mut index| index.and_where(collaborator()).to_owned());
    for index in [busy, lead, reached].into_iter().chain(listed) {
        manager.create_index(index).await?;
    }
    Ok(())
}

async fn clocks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    // A column that refers to another table cannot be said in a way that both take.
    let uuid_type = match manager.get_database_backend() {
        DbBackend::Postgres => "uuid",
        _ => "uuid_text",
    };
    let part = format!("ALTER TABLE sla_clocks ADD COLUMN part_id {uuid_type} REFERENCES feedback_parts (id)");
    db.execute_unprepared(&part).await?;
    add(manager, "sla_clocks", big_integer_null("calendar_version")).await?;
    manager.drop_index(Index::drop().name("ix_sla_clocks_feedback_id_kind").table("sla_clocks").to_owned()).await?;
    // Of each kind one clock for the feedback, and one for each of its parts.
    db.execute_unprepared(
        "CREATE UNIQUE INDEX ix_sla_clocks_feedback ON sla_clocks (feedback_id, kind, coalesce(part_id, feedback_id))",
    )
    .await?;
    add(manager, "sla_clock_entries", text_null("cause")).await?;
    add(manager, "sla_clock_entries", uuid_null("actor_id")).await?;
    add(manager, "sla_clock_entries", uuid_null("calendar_id")).await
}

/// What has stopped is read by the calendar that it went by.
async fn calendars(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let versions = Table::create()
        .table("calendar_versions")
        .col(uuid("calendar_id"))
        .col(big_integer("version"))
        .col(json_binary("spec"))
        .col(timestamp_with_time_zone("valid_from"))
        .primary_key(Index::create().col("calendar_id").col("version"))
        .foreign_key(&mut references("calendar_versions", "calendar_id", "calendars"))
        .to_owned();
    manager.create_table(versions).await?;
    let known = "INSERT INTO calendar_versions (calendar_id, version, spec, valid_from) \
                 SELECT id, version, spec, updated_at FROM calendars";
    manager.get_connection().execute_unprepared(known).await.map(|_| ())
}
