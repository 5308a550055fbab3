//! Imports: the uploaded file in pieces, what became of its rows, and what to say of them.

use chrono::{DateTime, Utc};
use huiyin_domain::customers::import::Verdict;
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ConnectionTrait, DbBackend, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait, Set};

pub use crate::entity::import_findings::Model as Finding;
pub use crate::entity::import_keys::Model as Key;
pub use crate::entity::import_rows::Model as Touched;
pub use crate::entity::imports::Model as Import;
use crate::entity::{import_chunks, import_findings, import_keys, import_rows, imports};
use crate::support::{Page, PageRequest, even_parts, filled_up, page_by_id};

/// Rows of one statement; the widest of these tables has six columns.
const PART: usize = 2048;

/// Imports of one actor, or of everybody.
pub async fn list(db: &impl ConnectionTrait, of: Option<Uuid>, page: PageRequest) -> Result<Page<Import>, DbErr> {
    let select = imports::Entity::find().apply_if(of, |q, v| q.filter(imports::Column::CreatedBy.eq(v)));
    Ok(page_by_id!(select, imports::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, of: Option<Uuid>, id: Uuid) -> Result<Option<Import>, DbErr> {
    let select = imports::Entity::find_by_id(id);
    select.apply_if(of, |q, v| q.filter(imports::Column::CreatedBy.eq(v))).one(db).await
}

/// Loads and locks an import until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, of: Option<Uuid>, id: Uuid) -> Result<Option<Import>, DbErr> {
    let select = imports::Entity::find_by_id(id).lock_exclusive();
    select.apply_if(of, |q, v| q.filter(imports::Column::CreatedBy.eq(v))).one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, import: Import) -> Result<Import, DbErr> {
    imports::Entity::insert(import.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(import)
}

pub async fn update(tx: &impl ConnectionTrait, import: Import) -> Result<Import, DbErr> {
    imports::Entity::update(import.into_active_model().reset_all()).exec(tx).await
}

/// Keeps a piece of a file.
pub async fn save_chunk(
    db: &impl ConnectionTrait,
    import: Uuid,
    seq: i32,
    bytes: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let chunk =
        import_chunks::ActiveModel { import_id: Set(import), seq: Set(seq), bytes: Set(bytes), created_at: Set(now) };
    import_chunks::Entity::insert(chunk).exec_without_returning(db).await.map(|_| ())
}

/// A piece of a file; `None` after the last.
pub async fn chunk(db: &impl ConnectionTrait, import: Uuid, seq: i32) -> Result<Option<Vec<u8>>, DbErr> {
    Ok(import_chunks::Entity::find_by_id((import, seq)).one(db).await?.map(|chunk| chunk.bytes))
}

/// Forgets a file.
pub async fn drop_chunks(db: &impl ConnectionTrait, import: Uuid) -> Result<(), DbErr> {
    let chunks = import_chunks::Entity::delete_many().filter(import_chunks::Column::ImportId.eq(import));
    chunks.exec(db).await.map(|_| ())
}

/// Forgets pieces older than `before` of which no import has come.
pub async fn prune_chunks(tx: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let known = Query::select().column(imports::Column::Id).from(imports::Entity).to_owned();
    let pruned = import_chunks::Entity::delete_many()
        .filter(import_chunks::Column::CreatedAt.lt(before))
        .filter(import_chunks::Column::ImportId.not_in_subquery(known))
        .exec(tx)
        .await?;
    Ok(pruned.rows_affected)
}

/// Notes which customers rows made or changed. Of a customer that several rows changed, the first row and what was
/// before it stay.
pub async fn touch(tx: &impl ConnectionTrait, rows: Vec<Touched>) -> Result<(), DbErr> {
    let again = OnConflict::columns([import_rows::Column::ImportId, import_rows::Column::CustomerId])
        .update_column(import_rows::Column::Version)
        .to_owned();
    for part in even_parts(rows, PART) {
        import_rows::Entity::insert_many(part.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(again.clone())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Which of these customers an import has touched, and by which row.
pub async fn touched(db: &impl ConnectionTrait, import: Uuid, customers: Vec<Uuid>) -> Result<Vec<Touched>, DbErr> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    import_rows::Entity::find()
        .filter(import_rows::Column::ImportId.eq(import))
        .filter(import_rows::Column::CustomerId.is_in(filled_up(customers)))
        .all(db)
        .await
}

/// What an import touched by rows before `before`, the last first.
pub async fn touched_before(
    tx: &impl ConnectionTrait,
    import: Uuid,
    before: i64,
    limit: u64,
) -> Result<Vec<Touched>, DbErr> {
    import_rows::Entity::find()
        .filter(import_rows::Column::ImportId.eq(import))
        .filter(import_rows::Column::Row.lt(before))
        .order_by_desc(import_rows::Column::Row)
        .limit(limit)
        .all(tx)
        .await
}

pub async fn say(tx: &impl ConnectionTrait, findings: Vec<Finding>) -> Result<(), DbErr> {
    for part in even_parts(findings, PART) {
        import_findings::Entity::insert_many(part.into_iter().map(IntoActiveModel::into_active_model))
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// What there is to say of rows after `after`, in their order.
pub async fn findings(
    db: &impl ConnectionTrait,
    import: Uuid,
    verdict: Option<Verdict>,
    after: i64,
    limit: u64,
) -> Result<Vec<Finding>, DbErr> {
    import_findings::Entity::find()
        .filter(import_findings::Column::ImportId.eq(import))
        .apply_if(verdict, |q, v| q.filter(import_findings::Column::Verdict.eq(v.as_str())))
        .filter(import_findings::Column::Row.gt(after))
        .order_by_asc(import_findings::Column::Row)
        .limit(limit)
        .all(db)
        .await
}

/// Remembers keys for the rows to come; the first row to have a key keeps it.
pub async fn remember(tx: &impl ConnectionTrait, keys: Vec<Key>) -> Result<(), DbErr> {
    let taken =
        OnConflict::columns([import_keys::Column::ImportId, import_keys::Column::Kind, import_keys::Column::Key])
            .do_nothing()
            .to_owned();
    for part in even_parts(keys, PART) {
        import_keys::Entity::insert_many(part.into_iter().map(IntoActiveModel::into_active_model))
            .on_conflict(taken.clone())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Which of these keys earlier rows have.
pub async fn remembered(
    tx: &impl ConnectionTrait,
    import: Uuid,
    kind: &str,
    keys: Vec<String>,
) -> Result<Vec<Key>, DbErr> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    import_keys::Entity::find()
        .filter(import_keys::Column::ImportId.eq(import))
        .filter(import_keys::Column::Kind.eq(kind))
        .filter(import_keys::Column::Key.is_in(filled_up(keys)))
        .all(tx)
        .await
}

/// Forgets the keys of a dry run.
pub async fn forget(tx: &impl ConnectionTrait, import: Uuid) -> Result<(), DbErr> {
    let keys = import_keys::Entity::delete_many().filter(import_keys::Column::ImportId.eq(import));
    keys.exec(tx).await.map(|_| ())
}

/// Lets PostgreSQL look at what customers are like now. Left to itself it looks about once a minute: until then it takes a
/// table that has grown for one in which every value is common, and reads the whole of it to find a few.
pub async fn renew_statistics(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("ANALYZE customers, customer_external_ids, customer_tags").await?;
    }
    Ok(())
}
