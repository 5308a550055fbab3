//! Asking a customer whether a resolution holds is a follow-up task as any other; a feedback knows in which follow-up it
//! was raised; and users have an inbox, of which they say what comes in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::table::{index, references};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        verifications(manager).await?;
        raised_in(manager).await?;
        inbox(manager).await
    }
}

async fn verifications(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // One of each round of a feedback, however often what happened to it is read.
    let once = Index::create()
        .name("ix_follow_up_tasks_verification")
        .table("follow_up_tasks")
        .col("feedback_id")
        .col("occasion")
        .unique()
        .and_where(Expr::col("origin").eq("verification"))
        .to_owned();
    manager.create_index(once).await?;
    let db = manager.get_connection();
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    for statement in [tasks(postgres), attempts(postgres), records(postgres)] {
        db.execute_unprepared(&statement).await?;
    }
    db.execute_unprepared(cursor(postgres)).await?;
    db.execute_unprepared("DELETE FROM timers WHERE kind IN ('verification_due', 'verification_overdue')").await?;
    manager.drop_table(Table::drop().table("verifications").to_owned()).await
}

/// Each verification becomes the task of the same id. Content of the feedback is not copied: here it could not be masked.
fn tasks(postgres: bool) -> String {
    let (feedback, milliseconds, attempts) = match postgres {
        true => (
            "replace(CAST(v.feedback_id AS text), '-', '')",
            "CAST(round(extract(epoch FROM v.due_by) * 1000) AS bigint)",
            "(SELECT count(*) FROM jsonb_array_elements(v.log) e WHERE e->>'outcome' = 'unreachable')",
        ),
        false => (
            "lower(hex(v.feedback_id))",
            "CAST(round(unixepoch(v.due_by, 'subsec') * 1000) AS INTEGER)",
            "(SELECT count(*) FROM json_each(v.log) e WHERE json_extract(e.value, '$.outcome') = 'unreachable')",
        ),
    };
    let high = "f.priority IN ('urgent', 'important')";
    let open = "v.state = 'open'";
    let when_open = |value: &str| format!("CASE WHEN {open} THEN {value} END");
    let key = format!("CASE WHEN {high} THEN 0 ELSE 1125899906842624 END + {milliseconds}");
    let tried = format!("{attempts} > 0");
    format!(
        "INSERT INTO follow_up_tasks (id, origin, customer_id, occasion, feedback_id, title, method, priority, \
         assignee_id, department_id, due_from, due_by, first_due_by, state, attempts, next_attempt_at, closed_at, \
         closed_by, outcome, cancel_cause, alarm_at, work_key, created_at, updated_at, version) \
         SELECT v.id, 'verification', f.customer_id, 'verification:' || {feedback} || ':' || v.round, v.feedback_id, \
         '二次回访：' || f.number, 'phone', CASE WHEN {high} THEN 'high' ELSE 'normal' END, \
         v.assignee_id, v.department_id, v.due_from, v.due_by, v.due_by, \
         CASE v.state WHEN 'done' THEN 'completed' WHEN 'cancelled' THEN 'cancelled' \
             ELSE CASE WHEN {tried} THEN 'in_progress' ELSE 'pending' END END, \
         {attempts}, CASE WHEN {open} AND {tried} THEN v.due_from END, \
         CASE v.state WHEN 'done' THEN v.answered_at WHEN 'cancelled' THEN v.updated_at END, v.answered_by, \
         CASE WHEN v.outcome = 'unreachable' THEN 'unreachable' WHEN v.outcome IS NOT NULL THEN 'reached' END, \
         CASE WHEN v.state = 'cancelled' THEN 'feedback_moved' END, {alarm}, {key}, \
         v.created_at, v.updated_at, v.version \
         FROM verifications v JOIN feedback f ON f.id = v.feedback_id",
        alarm = when_open("v.due_from"),
        key = when_open(&key),
    )
}

/// When nobody was reached.
fn attempts(postgres: bool) -> String {
    let (id, number, at, by, note, log, outcome) = match postgres {
        true => (
            "gen_random_uuid()",
            "l.place",
            "CAST(l.entry->>'at' AS timestamptz)",
            "CAST(l.entry->>'by' AS uuid)",
            "l.entry->>'note'",
            "jsonb_array_elements(v.log) WITH ORDINALITY AS l(entry, place)",
            "l.entry->>'outcome'",
        ),
        false => (
            "randomblob(16)",
            "l.key",
            "replace(json_extract(l.value, '$.at'), 'Z', '+00:00')",
            "unhex(json_extract(l.value, '$.by'), '-')",
            "json_extract(l.value, '$.note')",
            "json_each(v.log) AS l",
            "json_extract(l.value, '$.outcome')",
        ),
    };
    format!(
        "INSERT INTO follow_up_attempts (id, task_id, number, tried_at, tried_by, reason, note) \
         SELECT {id}, v.id, row_number() OVER (PARTITION BY v.id ORDER BY {number}), {at}, {by}, 'no_answer', {note} \
         FROM verifications v CROSS JOIN {log} WHERE {outcome} = 'unreachable'"
    )
}

/// What the customer said.
fn records(postgres: bool) -> String {
    let json = |text: &str| if postgres { format!("CAST('{text}' AS jsonb)") } else { format!("'{text}'") };
    format!(
        "INSERT INTO follow_up_records (id, task_id, customer_id, method, happened_at, outcome, identity_confirmed, \
         answers, csat, mood, summary, read_back, verification, low_score, consequences, author_id, department_id, \
         created_at, updated_at, version) \
         SELECT v.id, v.id, f.customer_id, 'phone', v.answered_at, 'reached', FALSE, \
         {none}, v.score, v.outcome, v.note, FALSE, v.outcome, coalesce(v.score <= 2, FALSE), {nothing}, v.answered_by, \
         v.department_id, v.answered_at, v.answered_at, 1 \
         FROM verifications v JOIN feedback f ON f.id = v.feedback_id \
         WHERE v.state = 'done' AND v.outcome IN ('satisfied', 'dissatisfied')",
        none = json("[]"),
        nothing = json("{}"),
    )
}

/// What has happened so far has been seen to: the tasks stand here.
fn cursor(postgres: bool) -> &'static str {
    match postgres {
        true => {
            "INSERT INTO event_cursors (consumer, window_from, window_to, seq, updated_at) \
             SELECT 'verification', h.horizon, h.horizon, 0, now() \
             FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) h \
             WHERE EXISTS (SELECT FROM events)"
        }
        false => {
            "INSERT INTO event_cursors (consumer, window_from, window_to, seq, updated_at) \
             SELECT 'verification', 0, 0, max(seq), strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') FROM events \
             HAVING max(seq) IS NOT NULL"
        }
    }
}

async fn raised_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // No reference: feedback knows nothing of follow-up.
    let source = Table::alter().table("feedback").add_column(uuid_null("source_record_id")).to_owned();
    manager.alter_table(source).await?;
    let raised = Index::create()
        .name("ix_feedback_source_record_id")
        .table("feedback")
        .col("source_record_id")
        .col("id")
        .and_where(Expr::col("source_record_id").is_not_null())
        .to_owned();
    manager.create_index(raised).await
}

async fn inbox(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // Lists are in order of id; one index served only those of what is unread.
    manager
        .drop_index(Index::drop().name("ix_notifications_user_id_read_at_id").table("notifications").to_owned())
        .await?;
    index(manager, "notifications", &["user_id", "id"], false).await?;
    index(manager, "notifications", &["user_id", "kind", "id"], false).await?;
    let unread = Index::create()
        .name("ix_notifications_unread")
        .table("notifications")
        .col("user_id")
        .col("id")
        .and_where(Expr::col("read_at").is_null())
        .to_owned();
    manager.create_index(unread).await?;

    // Of what a user does not want to be told: what is not here is told.
    let mutes = Table::create()
        .table("notification_mutes")
        .col(uuid("user_id"))
        .col(text("kind"))
        .primary_key(Index::create().col("user_id").col("kind"))
        .foreign_key(&mut references("notification_mutes", "user_id", "users"))
        .to_owned();
    manager.create_table(mutes).await?;
    index(manager, "notification_mutes", &["kind", "user_id"], false).await
}
