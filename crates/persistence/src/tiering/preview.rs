//! How many customers satisfy a condition: counted, or where that would take too long, estimated.

use std::time::Duration;

use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, ExprTrait, Statement};

use super::search::Search;
use crate::entity::customers;

/// Customers of which a share is taken for the share of all.
const SAMPLED: f64 = 20_000.0;

/// Lets no statement of this transaction take longer than `time`. SQLite cannot be stopped.
pub async fn limit_time(tx: &impl ConnectionTrait, time: Duration) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SET LOCAL statement_timeout = {}", time.as_millis())).await?;
    }
    Ok(())
}

/// Whether a statement was ended by [`limit_time`].
pub fn is_out_of_time(error: &DbErr) -> bool {
    error.to_string().contains("statement timeout")
}

fn matching(scope: Scope, search: &Search, backend: DbBackend) -> SelectStatement {
    Query::select().from(customers::Entity).cond_where(search.condition(scope, backend)).to_owned()
}

fn counting(scope: Scope, search: &Search, backend: DbBackend) -> SelectStatement {
    let count = Expr::cust("count(*)").cast_as(Alias::new("bigint"));
    matching(scope, search, backend).expr_as(count, "n").to_owned()
}

fn missing() -> DbErr {
    DbErr::RecordNotFound("count".to_owned())
}

pub async fn count(db: &impl ConnectionTrait, scope: Scope, search: &Search) -> Result<u64, DbErr> {
    let row = db.query_one(&counting(scope, search, db.get_database_backend())).await?.ok_or_else(missing)?;
    Ok(row.try_get::<i64>("", "n")?.unsigned_abs())
}

/// From a sample of the table's pages: how many were found in it, and how many that stands for (PostgreSQL).
pub async fn sampled(db: &impl ConnectionTrait, scope: Scope, search: &Search) -> Result<(u64, u64), DbErr> {
    let size = "SELECT greatest(reltuples, 1)::float8 AS rows FROM pg_class WHERE oid = 'customers'::regclass";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, size)).await?.ok_or_else(missing)?;
    let share = (SAMPLED / row.try_get::<f64>("", "rows")?).min(1.0);
    let mut statement = DbBackend::Postgres.build(&counting(scope, search, DbBackend::Postgres));
    let pages = format!("FROM \"customers\" TABLESAMPLE SYSTEM ({})", share * 100.0);
    statement.sql = statement.sql.replacen("FROM \"customers\"", &pages, 1);
    let row = db.query_one_raw(statement).await?.ok_or_else(missing)?;
    let hits = row.try_get::<i64>("", "n")?.unsigned_abs();
    Ok((hits, (hits as f64 / share).round() as u64))
}

/// What the planner expects (PostgreSQL).
pub async fn planned(db: &impl ConnectionTrait, scope: Scope, search: &Search) -> Result<u64, DbErr> {
    let every =
        matching(scope, search, DbBackend::Postgres).column((customers::Entity, customers::Column::Id)).to_owned();
    let mut statement = DbBackend::Postgres.build(&every);
    statement.sql = format!("EXPLAIN {}", statement.sql);
    let row = db.query_one_raw(statement).await?.ok_or_else(missing)?;
    // As text, whose first line has the whole: as JSON, a plan can be nested deeper than is read.
    let plan: String = row.try_get("", "QUERY PLAN")?;
    let rows = plan.split("rows=").nth(1).and_then(|rest| rest.split(' ').next());
    Ok(rows.and_then(|rows| rows.parse().ok()).unwrap_or_default())
}
