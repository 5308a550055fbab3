//! A database of an earlier release is brought up to date, and nothing in it is lost.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin::app::App;
use huiyin::clock::SteeredClock;
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::TaskPriority;
use huiyin_domain::follow_up::task::work_key;
use huiyin_domain::identity::Scope;
use huiyin_migrations::{Migrator, MigratorTrait};
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::follow_up::{attempts, records};
use huiyin_persistence::integration::events;
use sea_orm::sea_query::{Query, Value as Bound};
use sea_orm::{ConnectionTrait, Database as Connect, DatabaseConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{Database, beginning, config};
use crate::support::postgres;

const CLOSED_LOOP: &str = "m20261122_000026_closed_loop";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn insert(db: &DatabaseConnection, table: &'static str, row: Vec<(&'static str, Bound)>) {
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    let mut insert = Query::insert();
    insert.into_table(table).columns(columns).values_panic(values.into_iter().map(Into::into));
    db.execute(&insert).await.unwrap();
}

/// A resolved feedback as it stood then.
async fn feedback(db: &DatabaseConnection, number: &str, priority: &str) -> Uuid {
    let id = Uuid::now_v7();
    let text = |text: &str| Bound::from(text.to_owned());
    insert(
        db,
        "feedback",
        vec![
            ("id", id.into()),
            ("number", text(number)),
            ("channel", text("hotline")),
            ("content", text("系统登录不上，请回电13955557777")),
            ("kind", text("complaint")),
            ("subtype", text("product_function")),
            ("priority", text(priority)),
            ("mood", text("dissatisfied")),
            ("confidence", 1.0.into()),
            ("needs_review", false.into()),
            ("evidence", json!([]).into()),
            ("classified_by", text("person")),
            ("state", text("awaiting_customer")),
            ("awaiting", text("confirmation")),
            ("collaborators", json!([]).into()),
            ("reopened_times", 0.into()),
            ("escalation_level", 0.into()),
            ("proposed_departments", json!([]).into()),
            ("rejections", json!([]).into()),
            ("received_at", beginning().into()),
            ("resolved_at", beginning().into()),
            ("created_at", beginning().into()),
            ("updated_at", beginning().into()),
            ("version", 1i64.into()),
        ],
    )
    .await;
    id
}

/// What was asked of its customer.
struct Asked {
    state: &'static str,
    outcome: Option<&'static str>,
    score: Option<i32>,
    log: Value,
}

async fn verification(db: &DatabaseConnection, feedback: Uuid, asked: Asked) -> Uuid {
    let id = Uuid::now_v7();
    let tried = asked.log.as_array().unwrap().len();
    insert(
        db,
        "verifications",
        vec![
            ("id", id.into()),
            ("feedback_id", feedback.into()),
            ("round", 0.into()),
            ("resolved_at", beginning().into()),
            ("due_from", at("2026-10-23T01:00:00Z").into()),
            ("due_by", at("2026-10-27T10:00:00Z").into()),
            ("state", asked.state.to_owned().into()),
            ("attempts", i32::try_from(tried).unwrap().into()),
            ("log", asked.log.into()),
            ("outcome", asked.outcome.map(str::to_owned).into()),
            ("score", asked.score.into()),
            ("note", asked.outcome.map(|_| "客户这样说".to_owned()).into()),
            ("answered_by", asked.outcome.map(|_| Uuid::from_u128(7)).into()),
            ("answered_at", asked.outcome.map(|_| at("2026-10-26T02:00:00Z")).into()),
            ("created_at", beginning().into()),
            ("updated_at", at("2026-10-26T02:00:00Z").into()),
            ("version", 3i64.into()),
        ],
    )
    .await;
    id
}

fn tried(moment: &str, outcome: &str) -> Value {
    json!({ "at": moment, "by": Uuid::from_u128(7), "outcome": outcome, "note": "无人接听" })
}

async fn what_was_to_be_verified_is_a_task(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let url = match database {
        Database::Sqlite => format!("sqlite://{}?mode=rwc", folder.path().join("old.db").display()),
        Database::Postgres => {
            let name = postgres::unique_database_name();
            postgres::server().create_database(&name, None).await;
            postgres::server().url(&name)
        }
    };
    let old = Connect::connect(&url).await.unwrap();
    let before = Migrator::migrations().iter().position(|migration| migration.name() == CLOSED_LOOP).unwrap();
    Migrator::up(&old, Some(u32::try_from(before).unwrap())).await.unwrap();

    let missed = || tried("2026-10-23T06:00:00Z", "unreachable");
    let (urgent, normal) = (feedback(&old, "F000001", "urgent").await, feedback(&old, "F000002", "normal").await);
    let [said, given_up, confirmed] = [
        feedback(&old, "F000003", "important").await,
        feedback(&old, "F000004", "normal").await,
        feedback(&old, "F000005", "normal").await,
    ];
    let asked = |state, outcome, score, log| Asked { state, outcome, score, log };
    let fresh = verification(&old, urgent, asked("open", None, None, json!([]))).await;
    let again = verification(&old, normal, asked("open", None, None, json!([missed()]))).await;
    let log = json!([missed(), tried("2026-10-26T02:00:00Z", "dissatisfied")]);
    let answered = verification(&old, said, asked("done", Some("dissatisfied"), Some(2), log)).await;
    let log = json!([missed(), missed(), tried("2026-10-26T02:00:00.5Z", "unreachable")]);
    let nobody = verification(&old, given_up, asked("done", Some("unreachable"), None, log)).await;
    let cancelled = verification(&old, confirmed, asked("cancelled", None, None, json!([]))).await;
    let event = json!({ "type": "verification.created", "data": {
        "verification_id": fresh, "feedback_id": urgent, "customer_id": null, "assignee_id": null, "department_id": null,
        "due_from": "2026-10-23T01:00:00Z", "due_by": "2026-10-27T10:00:00Z",
    } });
    for (kind, data) in [
        ("verification.created", event),
        (
            "feedback.resolved",
            json!({ "type": "feedback.resolved", "data": { "feedback_id": urgent, "handler_id": null, "communication_id": null } }),
        ),
    ] {
        let subject = if kind == "feedback.resolved" { ("feedback", urgent) } else { ("verification", fresh) };
        insert(
            &old,
            "events",
            vec![
                ("id", Uuid::now_v7().into()),
                ("kind", kind.to_owned().into()),
                ("subject", subject.0.to_owned().into()),
                ("subject_id", subject.1.into()),
                ("data", data.into()),
                ("occurred_at", beginning().into()),
            ],
        )
        .await;
    }
    insert(
        &old,
        "timers",
        vec![
            ("id", Uuid::now_v7().into()),
            ("kind", "verification_due".to_owned().into()),
            ("subject_id", fresh.into()),
            ("unique_key", format!("verification_due:{fresh}").into()),
            ("due_at", at("2026-10-23T01:00:00Z").into()),
            ("payload", Value::Null.into()),
        ],
    )
    .await;
    old.close().await.unwrap();

    let clock = Arc::new(SteeredClock::at(at("2026-10-26T03:00:00Z")));
    let url = url.trim_end_matches("?mode=rwc");
    let (app, _) = App::open(config(folder.path(), url, &[]), clock.clone()).await.unwrap();
    let task = async |id: Uuid| tasks::find(&app.db, Scope::All, id).await.unwrap().unwrap();
    let told = |task: &Task| (task.state.clone(), task.outcome.clone(), task.cancel_cause.clone());
    let text = |text: &str| Some(text.to_owned());

    let open = task(fresh).await;
    assert_eq!((told(&open), open.attempts, open.feedback_id), ((("pending").to_owned(), None, None), 0, Some(urgent)));
    assert_eq!(
        (open.due_from, open.due_by, open.first_due_by),
        (at("2026-10-23T01:00:00Z"), at("2026-10-27T10:00:00Z"), at("2026-10-27T10:00:00Z"))
    );
    assert_eq!(open.work_key, Some(work_key(TaskPriority::High, open.due_by)));
    assert_eq!((open.title.as_str(), open.priority.as_str(), open.version), ("二次回访：F000001", "high", 3));
    let open = task(again).await;
    assert_eq!((told(&open), open.attempts), ((("in_progress").to_owned(), None, None), 1));
    assert_eq!(open.work_key, Some(work_key(TaskPriority::Normal, open.due_by)));
    let missed = attempts::of_task(&app.db, again).await.unwrap();
    assert_eq!((missed.len(), missed[0].number, missed[0].tried_at), (1, 1, at("2026-10-23T06:00:00Z")));
    assert_eq!((missed[0].tried_by, missed[0].note.as_deref()), (Some(Uuid::from_u128(7)), Some("无人接听")));

    let done = task(answered).await;
    assert_eq!(
        (told(&done), done.attempts, done.work_key),
        ((("completed").to_owned(), text("reached"), None), 1, None)
    );
    assert_eq!((done.closed_at, done.closed_by), (Some(at("2026-10-26T02:00:00Z")), Some(Uuid::from_u128(7))));
    let record = records::of_task(&app.db, answered).await.unwrap().unwrap();
    assert_eq!(
        (record.csat, record.verification.as_deref(), record.summary.as_deref()),
        (Some(2), Some("dissatisfied"), Some("客户这样说"))
    );
    assert!(record.low_score && record.answers == json!([]));
    let done = task(nobody).await;
    assert_eq!((told(&done), done.attempts), ((("completed").to_owned(), text("unreachable"), None), 3));
    assert_eq!(attempts::of_task(&app.db, nobody).await.unwrap().len(), 3);
    assert!(records::of_task(&app.db, nobody).await.unwrap().is_none());
    assert_eq!(told(&task(cancelled).await), (("cancelled").to_owned(), None, text("feedback_moved")));

    // What was told then can be read, and makes nothing twice; the clock goes on with what is open.
    let kept = events::of_subject(&app.db, fresh, 0, 10).await.unwrap();
    assert!(matches!(&kept[0].event, Event::VerificationCreated { verification_id, .. } if *verification_id == fresh));
    huiyin::jobs::run_due(&app).await.unwrap();
    let ids = tasks::list(
        &app.db,
        Scope::All,
        tasks::Filter { feedback_id: Some(urgent), ..tasks::Filter::default() },
        None,
        10,
    )
    .await;
    let ids: Vec<Uuid> = ids.unwrap().0.iter().map(|task| task.id).collect();
    assert_eq!(ids, [fresh]);
    assert!(task(fresh).await.alarm_at.is_some_and(|next| next > at("2026-10-26T03:00:00Z")));
}

fn run(database: Database) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(what_was_to_be_verified_is_a_task(database));
}

#[test]
fn what_was_to_be_verified_is_a_task_sqlite() {
    run(Database::Sqlite);
}

#[test]
fn what_was_to_be_verified_is_a_task_postgres() {
    run(Database::Postgres);
}
