//! What a churn model says of every customer: customer by customer in order of id, so that a copy that takes over from
//! one that died goes on where that one was.

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::tiering::churn::{ChurnModel, RiskCut, Scoring};
use huiyin_persistence::Tx;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::integration::{events, leases};
use huiyin_persistence::support::from_json;
use huiyin_persistence::tiering::churn::{self, CustomerChurn, Seen, StoredModel};

use crate::usecases::App;
use crate::usecases::support::Result;

/// Models are applied one after the other: two would mix their results.
const LEASE: &str = "churn_scoring";
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(1);
/// Customers of one transaction: short enough that SQLite's other writers do not wait long.
const BATCH: usize = 32_000 / churn::COLUMNS;
/// Events of one statement.
const EVENTS: usize = 3_000;

/// Scores all customers by the model that the timer names.
pub async fn score(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    if !leases::take(&app.db, LEASE, app.copy, now, now + LEASE_FOR).await? {
        return Ok(timers::postpone(&app.db, timer, now, now + RETRY_AFTER, None).await?);
    }
    let outcome = score_leased(app, timer).await;
    leases::release(&app.db, LEASE, app.copy).await?;
    let Err(error) = outcome else { return Ok(()) };
    if timer.attempts + 1 < timers::MAX_ATTEMPTS {
        return Err(error);
    }
    tracing::error!(%error, model = %timer.subject_id, "scoring by a churn model failed for good");
    fail(app, timer).await
}

async fn score_leased(app: &App, timer: &Claimed) -> Result<()> {
    let Some(mut stored) = begin(app, timer).await? else { return Ok(()) };
    let by = By {
        model: from_json(&stored.model)?,
        cut: from_json(&stored.risk_cut)?,
        horizon_days: u32::try_from(stored.horizon_days).unwrap_or_default(),
    };
    loop {
        let seen = churn::next_customers(&app.db, stored.as_of, stored.scored_to, BATCH as u64).await?;
        let (Some(first), Some(last)) = (seen.first(), seen.last()) else { break };
        let now = app.clock.now();
        let tx = app.db.begin().await?;
        let until = now + LEASE_FOR;
        if !(timers::renew(&tx, timer, until).await? && leases::take(&tx, LEASE, app.copy, now, until).await?) {
            // Somebody else goes on.
            return Ok(());
        }
        let before = churn::risks(&tx, first.customer_id, last.customer_id).await?;
        let rows: Vec<CustomerChurn> = seen.iter().map(|seen| by.score(&stored, seen)).collect();
        let changed: Vec<Event> = rows
            .iter()
            .filter_map(|row| before.get(&row.customer_id).filter(|from| **from != row.risk).map(|from| (row, from)))
            .map(|(row, from)| Event::CustomerChurnRiskChanged {
                customer_id: row.customer_id,
                from: from.clone(),
                to: row.risk.clone(),
                churn_model_id: stored.id,
            })
            .collect();
        stored.scored_to = Some(last.customer_id);
        stored.customers_scored += rows.len() as i64;
        churn::store(&tx, rows).await?;
        for part in changed.chunks(EVENTS) {
            events::append(&tx, None, now, part).await?;
        }
        stored = churn::update(&tx, stored).await?;
        tx.commit().await?;
    }
    complete(app, timer, stored).await
}

struct By {
    model: ChurnModel,
    cut: RiskCut,
    horizon_days: u32,
}

impl By {
    fn score(&self, stored: &StoredModel, seen: &Seen) -> CustomerChurn {
        let said = self.model.predict(seen.history, self.horizon_days);
        CustomerChurn {
            customer_id: seen.customer_id,
            model_id: stored.id,
            p_alive: said.p_alive,
            expected_orders: said.expected_orders,
            probability_of_order: said.probability_of_order,
            risk: self.cut.risk(said.probability_of_order).to_string(),
        }
    }
}

/// `None`: there is nothing to do, and the timer is gone.
async fn begin(app: &App, timer: &Claimed) -> Result<Option<StoredModel>> {
    let tx = app.db.begin().await?;
    let stored = churn::lock(&tx, timer.subject_id).await?;
    let open = |stored: &StoredModel| {
        [Scoring::Pending.as_str(), Scoring::Running.as_str()].contains(&stored.scoring.as_str())
    };
    let Some(stored) = stored.filter(open) else { return over(tx, timer).await };
    // A later model has been fitted meanwhile: what this one says is of no use any more.
    if churn::latest(&tx).await?.is_some_and(|latest| latest.id != stored.id) {
        churn::update(&tx, StoredModel { scoring: Scoring::Superseded.to_string(), ..stored }).await?;
        return over(tx, timer).await;
    }
    let stored = churn::update(&tx, StoredModel { scoring: Scoring::Running.to_string(), ..stored }).await?;
    tx.commit().await?;
    Ok(Some(stored))
}

async fn over(tx: Tx, timer: &Claimed) -> Result<Option<StoredModel>> {
    timers::complete(&tx, timer).await?;
    tx.commit().await?;
    Ok(None)
}

async fn complete(app: &App, timer: &Claimed, stored: StoredModel) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    churn::remove_others(&tx, stored.id).await?;
    let event = Event::ChurnModelScored { churn_model_id: stored.id, customers: stored.customers_scored };
    end(app, tx, StoredModel { scoring: Scoring::Completed.to_string(), ..stored }, event, now).await
}

/// The reason stands in the log; the model says only that it failed and where to look.
async fn fail(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let stored = churn::lock(&tx, timer.subject_id).await?.ok_or(Code::ChurnModelNotFound)?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let event = Event::ChurnModelFailed { churn_model_id: stored.id };
    let error = Some("internal error, see the log".to_owned());
    end(app, tx, StoredModel { scoring: Scoring::Failed.to_string(), error, ..stored }, event, now).await
}

async fn end(app: &App, tx: Tx, stored: StoredModel, event: Event, now: DateTime<Utc>) -> Result<()> {
    churn::update(&tx, StoredModel { scored_at: Some(now), ..stored }).await?;
    events::append(&tx, None, now, &[event]).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
