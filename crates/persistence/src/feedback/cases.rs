//! The case library, and its full text: FTS5 on SQLite, a tsvector on PostgreSQL, both over words cut beforehand.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::feedback::Subtype;
use sea_orm::prelude::*;
use sea_orm::{
    ConnectionTrait, DbBackend, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, Select, Statement, Value,
};

use crate::entity::feedback_cases;
pub use crate::entity::feedback_cases::Model as Case;
use crate::support::{Page, PageRequest, page_by_id};

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub subtype: Option<Subtype>,
    /// Closed from then on.
    pub from: Option<DateTime<Utc>>,
    /// Closed before then.
    pub to: Option<DateTime<Utc>>,
}

fn narrowed(filter: &Filter) -> Select<feedback_cases::Entity> {
    use feedback_cases::Column as C;
    feedback_cases::Entity::find()
        .apply_if(filter.subtype, |q, v| q.filter(C::Subtype.eq(v.as_str())))
        .apply_if(filter.from, |q, v| q.filter(C::ClosedAt.gte(v)))
        .apply_if(filter.to, |q, v| q.filter(C::ClosedAt.lt(v)))
}

/// Cases, the latest first.
pub async fn list(db: &impl ConnectionTrait, filter: &Filter, page: PageRequest) -> Result<Page<Case>, DbErr> {
    Ok(page_by_id!(narrowed(filter), feedback_cases::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Case>, DbErr> {
    feedback_cases::Entity::find_by_id(id).one(db).await
}

pub async fn by_ids(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Case>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    feedback_cases::Entity::find().filter(feedback_cases::Column::Id.is_in(ids)).all(db).await
}

/// The case of a feedback; the caller holds the lock of the feedback.
pub async fn of_feedback(tx: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Option<Case>, DbErr> {
    feedback_cases::Entity::find().filter(feedback_cases::Column::FeedbackId.eq(feedback_id)).one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Case) -> Result<(), DbErr> {
    feedback_cases::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, row: Case) -> Result<(), DbErr> {
    feedback_cases::Entity::update(row.into_active_model().reset_all()).exec(tx).await.map(|_| ())
}

pub async fn remove(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    feedback_cases::Entity::delete_by_id(id).exec(tx).await.map(|_| ())
}

/// Whether all of the words must stand in a case, or one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    All,
    Any,
}

/// The latest `limit` cases in which these words stand, with all of their words.
pub async fn with_words(
    db: &impl ConnectionTrait,
    filter: &Filter,
    words: &[String],
    wanted: Wanted,
    limit: u64,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let stand = match db.get_database_backend() {
        DbBackend::Postgres => {
            let joint = if wanted == Wanted::All { " & " } else { " | " };
            let query: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            Expr::cust_with_values("\"feedback_cases\".\"document\" @@ CAST($1 AS tsquery)", [query.join(joint)])
        }
        _ => {
            let joint = if wanted == Wanted::All { " AND " } else { " OR " };
            let query: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            Expr::cust_with_values(
                "\"feedback_cases\".\"number\" IN (SELECT printf('F%06d', rowid) FROM case_search WHERE case_search MATCH ?)",
                [query.join(joint)],
            )
        }
    };
    narrowed(filter)
        .select_only()
        .columns([feedback_cases::Column::Id, feedback_cases::Column::Words])
        .filter(stand)
        .order_by_desc(feedback_cases::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// The part of all cases in which each of these words stands, as far as the database knows without reading them: on
/// PostgreSQL by its statistics of the commonest words, on SQLite by the index, in proportion to the commonest of them.
pub async fn shares(db: &impl ConnectionTrait, words: &[String]) -> Result<HashMap<String, f64>, DbErr> {
    if words.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = db.get_database_backend();
    let postgres = backend == DbBackend::Postgres;
    let places: Vec<String> =
        (1..=words.len()).map(|n| if postgres { format!("${n}") } else { "?".to_owned() }).collect();
    let places = places.join(", ");
    let sql = match postgres {
        true => format!(
            "SELECT s.word, CAST(s.share AS double precision) AS share FROM pg_stats p \
             CROSS JOIN LATERAL unnest(CAST(CAST(p.most_common_elems AS text) AS text[]), p.most_common_elem_freqs) AS s(word, share) \
             WHERE p.schemaname = current_schema() AND p.tablename = 'feedback_cases' AND p.attname = 'document' \
             AND s.word IN ({places})"
        ),
        false => format!("SELECT term AS word, CAST(doc AS real) AS share FROM case_words WHERE term IN ({places})"),
    };
    let values = words.iter().map(|word| Value::from(word.as_str()));
    let rows = db.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let mut shares = HashMap::new();
    for row in rows {
        shares.insert(row.try_get::<String>("", "word")?, row.try_get::<f64>("", "share")?);
    }
    if !postgres {
        let most = shares.values().copied().fold(50.0, f64::max);
        shares = words
            .iter()
            .map(|word| (word.clone(), shares.get(word).map_or(1.0, |n| n.max(1.0)) / (2.0 * most)))
            .collect();
    }
    Ok(shares)
}
