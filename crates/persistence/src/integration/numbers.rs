//! Numbers for people, ascending; gaps are possible, doubles are not.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// What is numbered.
#[derive(Debug, Clone, Copy)]
pub enum Series {
    Customer,
    Feedback,
}

impl Series {
    fn name(self) -> &'static str {
        match self {
            Series::Customer => "customer",
            Series::Feedback => "feedback",
        }
    }
}

/// The next `count` numbers of a series.
pub async fn next(tx: &impl ConnectionTrait, series: Series, count: usize) -> Result<Vec<i64>, DbErr> {
    let (name, count) = (series.name(), i64::try_from(count).unwrap_or(i64::MAX));
    if tx.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT nextval('{name}_number') AS value FROM generate_series(1, $1)");
        let rows = tx.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [count.into()])).await?;
        return rows.iter().map(|row| row.try_get("", "value")).collect();
    }
    let sql = "UPDATE counters SET value = value + ? WHERE name = ? RETURNING value";
    let row =
        tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [count.into(), name.into()])).await?;
    let last: i64 = row.ok_or_else(|| DbErr::RecordNotFound(format!("counter {name}")))?.try_get("", "value")?;
    Ok((last - count + 1..=last).collect())
}
