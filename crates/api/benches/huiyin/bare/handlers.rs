//! The three requests, by hand. `super::Db` is the database.

use actix_web::error::ErrorInternalServerError;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::feedback::feedback_no;
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::sla::clocks::StoredClock;
use huiyin_persistence::support::new_id;
use serde::{Deserialize, Serialize};
use sqlx::{Pool, Row};
use uuid::Uuid;

use super::super::answer::answer;
use super::super::sql;
use super::super::template::{PAGE, TIMERS_PER_CLOCK, Template};
use super::shown::{Shown, customer, shown};
use super::{BEGIN, Db, NUMBER};

pub struct Pools {
    pub readers: Pool<Db>,
    pub writer: Pool<Db>,
}

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/api/v1/customers", web::get().to(list))
        .route("/api/v1/customers/{id}", web::get().to(point))
        .route("/api/v1/feedback", web::post().to(write));
}

#[derive(Serialize)]
struct Page {
    items: Vec<Shown>,
    next_cursor: Option<String>,
}

async fn point(
    pools: web::Data<Pools>,
    template: web::Data<Template>,
    id: web::Path<Uuid>,
) -> actix_web::Result<HttpResponse> {
    let shown = read_one(&pools.readers, &template, *id).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(shown))
}

async fn read_one(pool: &Pool<Db>, template: &Template, id: Uuid) -> Result<Shown, sqlx::Error> {
    let row = sqlx::query(template.sql.shown).bind(id).bind(1_i64).fetch_one(pool).await?;
    shown(&row)
}

async fn list(pools: web::Data<Pools>, template: web::Data<Template>) -> actix_web::Result<HttpResponse> {
    let page = read_page(&pools.readers, &template).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(page))
}

async fn read_page(pool: &Pool<Db>, template: &Template) -> Result<Page, sqlx::Error> {
    let rows = sqlx::query(template.sql.page).bind(PAGE as i64 + 1).fetch_all(pool).await?;
    let items = rows.iter().take(PAGE).map(shown).collect::<Result<Vec<_>, _>>()?;
    let next_cursor = items.last().map(|shown| shown.id.simple().to_string());
    Ok(Page { items, next_cursor })
}

#[derive(Deserialize)]
struct Said {
    channel: String,
    content: String,
    customer_id: Uuid,
}

async fn write(
    pools: web::Data<Pools>,
    template: web::Data<Template>,
    said: web::Json<Said>,
) -> actix_web::Result<HttpResponse> {
    let stored = store(&pools.writer, &template, said.into_inner()).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().json(answer(&stored.0, &stored.1)))
}

async fn store(pool: &Pool<Db>, template: &Template, said: Said) -> Result<(Feedback, Vec<StoredClock>), sqlx::Error> {
    // To the microsecond, as the API has it.
    let now = Utc::now().trunc_subsecs(6);
    let mut tx = pool.begin_with(BEGIN).await?;
    let row = sqlx::query(template.sql.customer).bind(said.customer_id).bind(1_i64).fetch_one(&mut *tx).await?;
    let customer_id = customer(&row)?.id;
    sqlx::query(sql::TIER).bind(customer_id).bind(1_i64).fetch_optional(&mut *tx).await?;
    sqlx::query(sql::POLICY).bind(true).bind(1_i64).fetch_one(&mut *tx).await?;
    sqlx::query(sql::ROUTING).bind(true).bind(&template.feedback.subtype).fetch_all(&mut *tx).await?;
    let number: i64 = sqlx::query(NUMBER).bind(1_i64).fetch_one(&mut *tx).await?.try_get(0)?;
    let feedback = Feedback {
        id: new_id(now),
        number: feedback_no(number),
        channel: said.channel,
        content: said.content,
        customer_id: Some(customer_id),
        received_at: now,
        created_at: now,
        updated_at: now,
        ..template.feedback.clone()
    };
    insert_feedback(&mut tx, template, &feedback).await?;
    sqlx::query(sql::FIGURES).bind(customer_id).execute(&mut *tx).await?;
    let parts = insert_parts(&mut tx, template, &feedback).await?;
    let again = |(clock, _): &(StoredClock, _)| StoredClock {
        id: new_id(now),
        feedback_id: feedback.id,
        started_at: now,
        part_id: clock.part_id.and_then(|known| parts.iter().find(|(before, _)| *before == known)).map(|(_, id)| *id),
        ..clock.clone()
    };
    let deadlines: Vec<StoredClock> = template.clocks.iter().map(again).collect();
    insert_clocks(&mut tx, template, &deadlines).await?;

    let mut insert = sqlx::query(template.sql.events);
    let mut entries = sqlx::query(template.sql.entries_of_timeline);
    for (kind, subject, data) in &template.events {
        let id = new_id(now);
        insert = insert.bind(id).bind(kind).bind(subject).bind(feedback.id).bind(data);
        insert = insert.bind(feedback.reporter_id).bind(now);
        entries = entries.bind(id).bind(customer_id).bind(kind).bind(subject).bind(feedback.id).bind(data);
        entries = entries.bind(feedback.reporter_id).bind(now);
    }
    insert.execute(&mut *tx).await?;
    entries.execute(&mut *tx).await?;
    tx.commit().await?;
    Ok((feedback, deadlines))
}

type Tx = sqlx::Transaction<'static, Db>;

async fn insert_feedback(tx: &mut Tx, template: &Template, row: &Feedback) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(template.sql.feedback)
        .bind(row.id)
        .bind(&row.number)
        .bind(&row.channel)
        .bind(&row.channel_message_id)
        .bind(&row.content)
        .bind(row.customer_id)
        .bind(row.reporter_id)
        .bind(&row.contact_name)
        .bind(&row.contact_phone)
        .bind(&row.contact_email)
        .bind(&row.kind)
        .bind(&row.subtype)
        .bind(&row.priority)
        .bind(&row.mood)
        .bind(row.confidence)
        .bind(row.needs_review)
        .bind(&row.evidence)
        .bind(&row.classified_by)
        .bind(&row.state)
        .bind(&row.awaiting)
        .bind(row.department_id)
        .bind(row.handler_id)
        .bind(row.first_handler_id)
        .bind(&row.collaborators)
        .bind(row.promised_at)
        .bind(&row.solution)
        .bind(&row.improvement)
        .bind(row.reopened_times)
        .bind(row.escalation_level)
        .bind(row.policy_id)
        .bind(row.received_at)
        .bind(row.accepted_at)
        .bind(row.resolved_at)
        .bind(row.closed_at)
        .bind(row.work_key)
        .bind(row.deputy_id)
        .bind(&row.proposed_departments)
        .bind(&row.rejections)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.version);
    insert.execute(&mut **tx).await.map(|_| ())
}

/// What the department does for it; the ids of the template's parts and of these.
async fn insert_parts(tx: &mut Tx, template: &Template, row: &Feedback) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    let mut insert = sqlx::query(template.sql.parts);
    let mut ids = Vec::new();
    for part in &template.parts {
        let id = new_id(row.created_at);
        ids.push((part.id, id));
        insert = insert.bind(id).bind(row.id).bind(part.department_id).bind(&part.role).bind(part.handler_id);
        insert = insert.bind(&part.task).bind(&part.state).bind(part.round).bind(&part.note).bind(part.added_by);
        insert = insert.bind(row.created_at).bind(part.accepted_at).bind(part.ended_at);
        insert = insert.bind(row.created_at).bind(row.created_at).bind(part.version);
    }
    insert.execute(&mut **tx).await?;
    Ok(ids)
}

/// Clocks, the first entries of their ledgers, and their timers.
async fn insert_clocks(tx: &mut Tx, template: &Template, clocks: &[StoredClock]) -> Result<(), sqlx::Error> {
    let mut insert = sqlx::query(template.sql.clocks);
    for clock in clocks {
        insert = insert.bind(clock.id).bind(clock.feedback_id).bind(&clock.kind).bind(clock.calendar_id);
        insert = insert.bind(&clock.state).bind(clock.target_value).bind(&clock.target_unit).bind(clock.started_at);
        insert = insert.bind(clock.due_at).bind(clock.provisional).bind(clock.stopped_at).bind(clock.breached_at);
        insert = insert.bind(clock.entries).bind(clock.part_id).bind(clock.calendar_version);
    }
    insert.execute(&mut **tx).await?;

    let mut insert = sqlx::query(template.sql.entries);
    for (clock, (_, line)) in clocks.iter().zip(&template.clocks) {
        insert = insert.bind(clock.id).bind(0_i32).bind(&line.entry);
        insert = insert.bind(&line.cause).bind(line.actor_id).bind(line.calendar_id);
    }
    insert.execute(&mut **tx).await?;

    let mut insert = sqlx::query(template.sql.timers);
    for clock in clocks.iter().filter(|clock| clock.due_at.is_some()) {
        for kind in ["sla_warning", "sla_breach"].into_iter().take(TIMERS_PER_CLOCK) {
            insert = insert.bind(new_id(clock.started_at)).bind(kind).bind(clock.feedback_id);
            insert = insert.bind(format!("{kind}:{}", clock.id)).bind(clock.due_at);
            insert = insert.bind(serde_json::json!({ "clock_id": clock.id })).bind(0_i32).bind(None::<Uuid>);
            insert = insert.bind(None::<DateTime<Utc>>).bind(None::<DateTime<Utc>>);
            insert = insert.bind(None::<String>);
        }
    }
    insert.execute(&mut **tx).await.map(|_| ())
}
