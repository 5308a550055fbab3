//! Small things that all finders share.

use std::str::FromStr;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, Func, InsertStatement, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, ExprTrait, IdenStatic,
    IntoActiveModel, Iterable, RuntimeErr, Statement, Value,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::{ContextV7, Timestamp, Uuid};

/// A new UUIDv7 of the moment `now`; ids made by one process ascend, so lists by id are in order of creation.
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    static CONTEXT: LazyLock<Mutex<ContextV7>> = LazyLock::new(|| Mutex::new(ContextV7::new()));
    let context = CONTEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
}

/// Reads a stored text as the enum it was written from.
pub fn stored<T: FromStr>(text: &str) -> Result<T, DbErr>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| DbErr::Type(format!("stored value: {error}")))
}

/// Reads a JSON column.
pub fn from_json<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, DbErr> {
    T::deserialize(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// Writes a JSON column.
pub fn to_json(value: &impl Serialize) -> Result<serde_json::Value, DbErr> {
    serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// Cuts rows into parts of at most `most`, each a power of two long. Statements with as many parameters as there happen
/// to be rows would each be prepared anew, and kept.
pub fn even_parts<T>(mut rows: Vec<T>, most: usize) -> Vec<Vec<T>> {
    let mut parts = Vec::new();
    while !rows.is_empty() {
        let size = std::cmp::min(1 << rows.len().ilog2(), std::cmp::max(most, 1));
        let rest = rows.split_off(size);
        parts.push(std::mem::replace(&mut rows, rest));
    }
    parts
}

/// Keys for a list of alternatives, filled up with the last one until their number is a power of two, for the same
/// reason.
pub fn filled_up<T: Clone>(mut keys: Vec<T>) -> Vec<T> {
    if let Some(last) = keys.last().cloned() {
        keys.resize(keys.len().next_power_of_two(), last);
    }
    keys
}

/// Inserts rows in one statement; columns that are `left_out` are the database's to fill. On PostgreSQL the rows travel
/// as one parameter: thousands of places cost client and server more than what stands in them.
pub(crate) async fn insert_rows<A>(
    db: &impl ConnectionTrait,
    rows: Vec<<A::Entity as EntityTrait>::Model>,
    left_out: &[<A::Entity as EntityTrait>::Column],
    on_conflict: Option<OnConflict>,
) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize,
{
    if rows.is_empty() {
        return Ok(());
    }
    if db.get_database_backend() != DbBackend::Postgres {
        let rows = rows.into_iter().map(|row| {
            let mut row = row.into_active_model();
            left_out.iter().for_each(|column| row.not_set(*column));
            row
        });
        let mut insert = A::Entity::insert_many(rows);
        if let Some(on_conflict) = on_conflict {
            insert = insert.on_conflict(on_conflict);
        }
        return insert.exec_without_returning(db).await.map(|_| ());
    }
    let mut insert = insert_of_records::<A>(None, &rows, left_out)?;
    if let Some(on_conflict) = on_conflict {
        insert.on_conflict(on_conflict);
    }
    db.execute(&insert).await.map(|_| ())
}

/// An insert whose rows travel as one parameter (PostgreSQL). Columns that rows do not have are those of `common`: of
/// thousands of rows, reading what they have in common takes longer than anything else.
pub(crate) fn insert_of_records<A>(
    common: Option<&<A::Entity as EntityTrait>::Model>,
    rows: &[impl Serialize],
    left_out: &[<A::Entity as EntityTrait>::Column],
) -> Result<InsertStatement, DbErr>
where
    A: ActiveModelTrait,
    <A::Entity as EntityTrait>::Model: Serialize,
{
    let omitted =
        |column: &<A::Entity as EntityTrait>::Column| left_out.iter().any(|known| known.as_str() == column.as_str());
    let table = A::Entity::default().table_name().to_owned();
    let columns: Vec<&'static str> = <A::Entity as EntityTrait>::Column::iter()
        .filter(|column| !omitted(column))
        .map(|column| column.as_str())
        .collect();
    let nothing = Expr::cust(format!("NULL::\"{table}\""));
    let base = match common {
        Some(row) => Func::cust("json_populate_record").arg(nothing).arg(Expr::val(json(row)?).cast_as("json")).into(),
        None => nothing,
    };
    let records = Func::cust("json_populate_recordset").arg(base).arg(Expr::val(json(rows)?).cast_as("json"));
    let select = Query::select().columns(columns.iter().copied()).from_function(records, "records").to_owned();
    let mut insert = Query::insert();
    insert.into_table(Alias::new(table)).columns(columns);
    insert.select_from(select).map_err(|error| DbErr::Query(RuntimeErr::Internal(error.to_string())))?;
    Ok(insert)
}

/// The columns of a table but for those `left_out`, in quotes.
pub(crate) fn quoted<E: EntityTrait>(left_out: &[E::Column]) -> Vec<String> {
    let kept = |column: &E::Column| left_out.iter().all(|known| known.as_str() != column.as_str());
    E::Column::iter().filter(kept).map(|column| format!("\"{}\"", column.as_str())).collect()
}

/// Rows as the one parameter in which they travel to PostgreSQL.
pub(crate) fn json(rows: &(impl Serialize + ?Sized)) -> Result<Value, DbErr> {
    serde_json::to_string(rows).map(Value::from).map_err(|error| DbErr::Json(error.to_string()))
}

/// Inserts rows into two tables, the second of which may refer to the first. On PostgreSQL in one statement: whoever
/// waits for a commit waits for each way there and back.
pub(crate) async fn insert_pair<A, B>(
    db: &impl ConnectionTrait,
    first: Vec<<A::Entity as EntityTrait>::Model>,
    left_out: &[<A::Entity as EntityTrait>::Column],
    second: Vec<<B::Entity as EntityTrait>::Model>,
) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Serialize,
    B: ActiveModelTrait + Send,
    <B::Entity as EntityTrait>::Model: IntoActiveModel<B> + Serialize,
{
    if db.get_database_backend() != DbBackend::Postgres || first.is_empty() || second.is_empty() {
        insert_rows::<A>(db, first, left_out, None).await?;
        return insert_rows::<B>(db, second, &[], None).await;
    }
    let insert = |table: &str, columns: Vec<String>, place: usize| {
        let columns = columns.join(", ");
        format!(
            "INSERT INTO \"{table}\" ({columns}) \
             SELECT {columns} FROM json_populate_recordset(NULL::\"{table}\", CAST(${place} AS json))"
        )
    };
    let one = insert(A::Entity::default().table_name(), quoted::<A::Entity>(left_out), 1);
    let other = insert(B::Entity::default().table_name(), quoted::<B::Entity>(&[]), 2);
    let sql = format!("WITH first AS ({one}) {other}");
    let values = [json(&first)?, json(&second)?];
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await.map(|_| ())
}

/// One page of a list that is ordered by id, newest first.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Rows older than this one.
    pub before: Option<Uuid>,
    pub limit: u64,
}

/// Rows, and where the next page begins if there is one.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Uuid>,
}

/// Drops what has been read beyond a page: whether there is a next one.
pub(crate) fn cut<T>(items: &mut Vec<T>, limit: u64) -> bool {
    let more = items.len() as u64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    more
}

impl<T> Page<T> {
    /// From one row more than asked for, which tells whether there is a next page without counting.
    pub fn from_overfetch(mut items: Vec<T>, limit: u64, id: impl Fn(&T) -> Uuid) -> Self {
        let more = cut(&mut items, limit);
        let next = if more { items.last().map(&id) } else { None };
        Page { items, next }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// Adds keyset paging by `id`, newest first, to a select and fetches one row more than the page holds.
macro_rules! rows_by_id {
    ($select:expr, $column:expr, $page:expr, $db:expr) => {{
        let mut select = $select;
        if let Some(before) = $page.before {
            select = select.filter($column.lt(before));
        }
        select.order_by_desc($column).limit($page.limit + 1).all($db).await?
    }};
}
pub(crate) use rows_by_id;

/// A page by `id`, newest first, of a select.
macro_rules! page_by_id {
    ($select:expr, $column:expr, $page:expr, $db:expr) => {{
        let rows = $crate::support::rows_by_id!($select, $column, $page, $db);
        $crate::support::Page::from_overfetch(rows, $page.limit, |row| row.id)
    }};
}
pub(crate) use page_by_id;
