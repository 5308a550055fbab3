//! Follow-up (回访): scripts, plans, tasks, records, and what a record leads to.

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
        scripts(manager).await?;
        plans(manager).await?;
        tasks(manager).await?;
        records(manager).await?;
        leads(manager).await?;
        alerts(manager).await
    }
}

async fn scripts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut scripts = with_id("scripts");
    scripts
        .col(text("name"))
        .col(text_null("description"))
        .col(text_null("customer_kind"))
        .col(text("status"))
        .col(integer("latest_version"))
        .col(uuid_null("created_by"));
    manager.create_table(versioned(&mut scripts).to_owned()).await?;
    index(manager, "scripts", &["status", "id"], false).await?;
    index(manager, "scripts", &["customer_kind", "id"], false).await?;

    // What a record was answered with stays as it was.
    let versions = Table::create()
        .table("script_versions")
        .col(uuid("script_id"))
        .col(integer("number"))
        .col(json_binary("content"))
        .col(uuid_null("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(Index::create().col("script_id").col("number"))
        .foreign_key(&mut references("script_versions", "script_id", "scripts"))
        .to_owned();
    manager.create_table(versions).await
}

async fn plans(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut plans = with_id("follow_up_plans");
    plans
        .col(text("name"))
        .col(text_null("description"))
        .col(text_null("preset"))
        .col(text("status"))
        .col(uuid_null("segment_id"))
        .col(json_binary_null("condition"))
        .col(boolean("personal").default(false))
        .col(text("method"))
        .col(uuid_null("script_id"))
        .col(text("priority"))
        .col(json_binary("assignment"))
        .col(uuid_null("department_id"))
        .col(text("catch_up"))
        .col(json_binary_null("goal"))
        .col(text_null("incentive"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("paused_at"))
        .col(timestamp_with_time_zone_null("ended_at"))
        .col(uuid_null("created_by"));
    for (column, target) in [("segment_id", "segments"), ("script_id", "scripts"), ("department_id", "departments")] {
        plans.foreign_key(&mut references("follow_up_plans", column, target));
    }
    manager.create_table(versioned(&mut plans).to_owned()).await?;
    index(manager, "follow_up_plans", &["status", "id"], false).await?;
    index(manager, "follow_up_plans", &["department_id", "id"], false).await?;

    // A touchpoint that has been changed is retired and another takes its place: tasks know which one they came from.
    let touchpoints = with_id("follow_up_touchpoints")
        .col(uuid("plan_id"))
        .col(integer("position"))
        .col(text("name"))
        .col(text("trigger_kind"))
        .col(text_null("event"))
        .col(json_binary("trigger"))
        .col(integer("window_days"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("retired_at"))
        // All occasions up to this one have been seen to.
        .col(timestamp_with_time_zone_null("swept_until"))
        .foreign_key(&mut references("follow_up_touchpoints", "plan_id", "follow_up_plans"))
        .to_owned();
    manager.create_table(touchpoints).await?;
    index(manager, "follow_up_touchpoints", &["plan_id", "position"], false).await?;
    index(manager, "follow_up_touchpoints", &["event"], false).await
}

async fn tasks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut tasks = with_id("follow_up_tasks");
    tasks
        .col(text("origin"))
        .col(uuid_null("plan_id"))
        .col(uuid_null("touchpoint_id"))
        .col(uuid_null("customer_id"))
        // What of a touchpoint it is for: a local date, or the event.
        .col(text_null("occasion"))
        .col(uuid_null("feedback_id"))
        // The record that led to it.
        .col(uuid_null("source_record_id"))
        .col(text("title"))
        .col(text_null("note"))
        .col(text("method"))
        .col(uuid_null("script_id"))
        .col(text("priority"))
        .col(text_null("tier"))
        .col(uuid_null("assignee_id"))
        .col(uuid_null("department_id"))
        // Who it was meant for, where a deputy has it.
        .col(uuid_null("instead_of"))
        .col(timestamp_with_time_zone("due_from"))
        .col(timestamp_with_time_zone("due_by"))
        // Before it was postponed: what was promised.
        .col(timestamp_with_time_zone("first_due_by"))
        .col(text("state"))
        .col(integer("attempts").default(0))
        .col(timestamp_with_time_zone_null("next_attempt_at"))
        .col(integer("postponements").default(0))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("closed_at"))
        .col(uuid_null("closed_by"))
        .col(text_null("outcome"))
        .col(text_null("cancel_cause"))
        .col(text_null("cancel_reason"))
        .col(integer("escalation").default(0))
        // When the clock has something to say of it; null once it is closed, or there is nothing more to say.
        .col(timestamp_with_time_zone_null("alarm_at"))
        // Its place in the order of work; null once it is closed.
        .col(big_integer_null("work_key"))
        .col(uuid_null("created_by"));
    for (column, target) in [
        ("plan_id", "follow_up_plans"),
        ("touchpoint_id", "follow_up_touchpoints"),
        ("customer_id", "customers"),
        ("feedback_id", "feedback"),
        ("script_id", "scripts"),
        ("assignee_id", "users"),
        ("department_id", "departments"),
    ] {
        tasks.foreign_key(&mut references("follow_up_tasks", column, target));
    }
    manager.create_table(versioned(&mut tasks).to_owned()).await?;
    let occasion = ["plan_id", "touchpoint_id", "customer_id", "occasion"];
    index(manager, "follow_up_tasks", &occasion, true).await?;
    // Lists are in order of what is due last; one without a filter is merged of the states'.
    for owner in ["customer_id", "plan_id", "state", "assignee_id", "department_id"] {
        index(manager, "follow_up_tasks", &[owner, "due_by", "id"], false).await?;
    }
    index(manager, "follow_up_tasks", &["feedback_id", "id"], false).await?;
    let pooled = || Expr::col("assignee_id").is_null();
    let open = || Expr::col("work_key").is_not_null();
    // The tier is in the index so that who asks for one is not shown through all the others.
    let by_work = ["work_key", "id", "tier"];
    for (name, columns, condition) in [
        ("pool", vec!["department_id", "due_by", "id"], vec![pooled()]),
        ("work_assignee_id", [&["assignee_id"], &by_work[..]].concat(), vec![open()]),
        ("work_department_id", [&["department_id"], &by_work[..]].concat(), vec![open()]),
        ("work_pool", [&["department_id"], &by_work[..]].concat(), vec![open(), pooled()]),
        ("open_of_plan", vec!["plan_id", "due_by", "state"], vec![open()]),
        ("instead_of", vec!["instead_of"], vec![open(), Expr::col("instead_of").is_not_null()]),
        ("alarm_at", vec!["alarm_at"], vec![Expr::col("alarm_at").is_not_null()]),
    ] {
        let mut partial =
            Index::create().name(format!("ix_follow_up_tasks_{name}")).table("follow_up_tasks").to_owned();
        for column in columns {
            partial.col(column);
        }
        for part in condition {
            partial.and_where(part);
        }
        manager.create_index(partial).await?;
    }

    let mut attempts = with_id("follow_up_attempts");
    attempts
        .col(uuid("task_id"))
        .col(integer("number"))
        .col(timestamp_with_time_zone("tried_at"))
        .col(uuid_null("tried_by"))
        .col(text("reason"))
        .col(text_null("note"))
        .col(timestamp_with_time_zone_null("next_attempt_at"))
        .foreign_key(&mut references("follow_up_attempts", "task_id", "follow_up_tasks"));
    manager.create_table(attempts).await?;
    index(manager, "follow_up_attempts", &["task_id", "number"], true).await
}

async fn records(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut records = with_id("follow_up_records");
    records
        .col(uuid("task_id").unique_key())
        .col(uuid_null("customer_id"))
        .col(uuid_null("plan_id"))
        .col(uuid_null("contact_id"))
        .col(text("method"))
        .col(timestamp_with_time_zone("happened_at"))
        .col(text("outcome"))
        .col(boolean("identity_confirmed"))
        .col(uuid_null("script_id"))
        .col(integer_null("script_version"))
        .col(json_binary("answers"))
        .col(small_integer_null("csat"))
        .col(small_integer_null("nps"))
        .col(text_null("mood"))
        .col(text_null("praise"))
        .col(text_null("complaints"))
        .col(text_null("wishes"))
        .col(text_null("commitments"))
        .col(text_null("summary"))
        .col(boolean("read_back"))
        // Whether the contact data was found right; null: not asked.
        .col(boolean_null("contact_confirmed"))
        // What the customer said of a resolution.
        .col(text_null("verification"))
        // By the thresholds of its time.
        .col(boolean("low_score").default(false))
        // What it led to: ids of to-dos, feedback, leads, change requests, alert, next and care task.
        .col(json_binary("consequences"))
        .col(uuid_null("author_id"))
        .col(uuid_null("department_id"));
    for (column, target) in [
        ("task_id", "follow_up_tasks"),
        ("customer_id", "customers"),
        ("plan_id", "follow_up_plans"),
        ("department_id", "departments"),
    ] {
        records.foreign_key(&mut references("follow_up_records", column, target));
    }
    manager.create_table(versioned(&mut records).to_owned()).await?;
    for list in [
        &["customer_id", "id"],
        &["plan_id", "id"],
        &["author_id", "id"],
        &["department_id", "id"],
        &["outcome", "id"],
        &["happened_at", "id"],
    ] {
        index(manager, "follow_up_records", list, false).await?;
    }
    let low = Index::create()
        .name("ix_follow_up_records_low_score")
        .table("follow_up_records")
        .col("id")
        .and_where(Expr::col("low_score").eq(true))
        .to_owned();
    manager.create_index(low).await
}

async fn leads(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut leads = with_id("leads");
    leads
        .col(uuid("customer_id"))
        .col(uuid_null("record_id"))
        .col(text("title"))
        .col(text_null("note"))
        .col(text_null("product_line"))
        .col(big_integer_null("expected_amount"))
        .col(date_null("expected_on"))
        .col(text("status"))
        .col(text_null("close_reason"))
        .col(uuid_null("owner_id"))
        .col(uuid_null("department_id"))
        .col(uuid_null("created_by"))
        .col(timestamp_with_time_zone_null("closed_at"));
    for (column, target) in [
        ("customer_id", "customers"),
        ("record_id", "follow_up_records"),
        ("owner_id", "users"),
        ("department_id", "departments"),
    ] {
        leads.foreign_key(&mut references("leads", column, target));
    }
    manager.create_table(versioned(&mut leads).to_owned()).await?;
    for column in ["customer_id", "record_id", "owner_id", "department_id", "created_by", "status"] {
        index(manager, "leads", &[column, "id"], false).await?;
    }
    Ok(())
}

async fn alerts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut alerts = with_id("alerts");
    alerts
        .col(text("kind"))
        .col(uuid_null("customer_id"))
        .col(uuid_null("record_id"))
        .col(uuid_null("task_id"))
        .col(small_integer_null("score"))
        .col(text("status"))
        .col(text_null("note"))
        .col(uuid_null("owner_id"))
        .col(uuid_null("department_id"))
        .col(uuid_null("handled_by"))
        .col(timestamp_with_time_zone_null("handled_at"));
    for (column, target) in [
        ("customer_id", "customers"),
        ("record_id", "follow_up_records"),
        ("task_id", "follow_up_tasks"),
        ("owner_id", "users"),
        ("department_id", "departments"),
    ] {
        alerts.foreign_key(&mut references("alerts", column, target));
    }
    manager.create_table(versioned(&mut alerts).to_owned()).await?;
    for column in ["customer_id", "owner_id", "department_id", "status", "kind"] {
        index(manager, "alerts", &[column, "id"], false).await?;
    }
    // One alert is enough for a record, also where it is corrected.
    index(manager, "alerts", &["record_id"], true).await
}
