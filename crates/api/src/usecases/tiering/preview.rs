//! Whom a condition means, in a bounded time.

use std::time::Duration;

use huiyin_domain::identity::Scope;
use huiyin_persistence::customers::profiles::Known;
use huiyin_persistence::tiering::preview as statements;
use huiyin_persistence::tiering::search::{self, Search, Sort, SortBy};
use huiyin_persistence::{DbErr, Tx};

use crate::usecases::App;
use crate::usecases::support::Result;

/// For how long is counted, looked for a few of them, and estimated.
const COUNTING: Duration = Duration::from_millis(60);
const LOOKING: Duration = Duration::from_millis(30);
const ESTIMATING: Duration = Duration::from_millis(30);
/// Hits in the sample from which on it is trusted more than the planner.
const TRUSTED: u64 = 20;

/// Who is meant.
#[derive(Debug, Clone)]
pub struct Preview {
    pub count: u64,
    /// Whether it was counted, not estimated.
    pub exact: bool,
    /// The newest of them; none where looking for them would take too long.
    pub sample: Vec<Known>,
}

/// Counts or estimates, with at most `show` customers as a sample. A SQLite file, which cannot be told to stop, is
/// always counted.
pub async fn preview(app: &App, scope: Scope, search: &Search, show: u64) -> Result<Preview> {
    let newest = Sort { by: SortBy::Created, ascending: false };
    if app.db.is_sqlite() {
        let sample = search::page(&app.db, scope, search, newest, None, show).await?.items;
        return Ok(Preview { count: statements::count(&app.db, scope, search).await?, exact: true, sample });
    }
    let counted = within(app, COUNTING, async |tx| statements::count(tx, scope, search).await).await?;
    let found = within(app, LOOKING, async |tx| search::page(tx, scope, search, newest, None, show).await).await?;
    let sample = found.map(|found| found.items).unwrap_or_default();
    if let Some(count) = counted {
        return Ok(Preview { count, exact: true, sample });
    }
    let sampled = within(app, ESTIMATING, async |tx| statements::sampled(tx, scope, search).await).await?;
    let count = match sampled {
        Some((hits, count)) if hits >= TRUSTED => count,
        few => {
            let planned = within(app, ESTIMATING, async |tx| statements::planned(tx, scope, search).await).await?;
            planned.or(few.map(|(_, count)| count)).unwrap_or_default()
        }
    };
    Ok(Preview { count, exact: false, sample })
}

/// Reads for a time at most; `None` where it was too short.
async fn within<T>(app: &App, time: Duration, read: impl AsyncFnOnce(&Tx) -> Result<T, DbErr>) -> Result<Option<T>> {
    let tx = app.db.begin().await?;
    statements::limit_time(&tx, time).await?;
    let result = read(&tx).await;
    tx.rollback().await?;
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if statements::is_out_of_time(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
