//! Churn models: the orders are added up by one statement, the domain fits, scoring follows as a job.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::tiering::churn::{
    ChurnModel, Fit, Group, History, Holdout, Outcome, Period, RiskCut, Scoring, fit, judge,
};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::integration::{events, leases};
use huiyin_persistence::support::{from_json, new_id, to_json};
use huiyin_persistence::tiering::churn::{self, StoredModel};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, already_done, transact};

/// Only one model is fitted at a time: it takes a processor for seconds.
const LEASE: &str = "churn_fit";
/// Longer than a fit takes; as long nobody else can, if a copy dies over one.
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(1);
/// When models are renewed, local time.
const AT_NIGHT: NaiveTime = match NaiveTime::from_hms_opt(3, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// What a model is to be fitted to, and how it is to be used.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub as_of: NaiveDate,
    pub period: Period,
    pub horizon_days: u32,
    pub risk_cut: RiskCut,
    pub holdout_until: Option<NaiveDate>,
}

impl Wanted {
    fn check(&self, today: NaiveDate) -> Result<()> {
        let mut faults = Vec::new();
        let dates = [("/as_of", Some(self.as_of)), ("/holdout_until", self.holdout_until)];
        for (pointer, date) in dates.into_iter().filter_map(|(pointer, date)| Some((pointer, date?))) {
            if date > today {
                faults.push(Fault::new(Code::DateInFuture).at(pointer).with("date", date));
            }
        }
        if self.holdout_until.is_some_and(|until| until <= self.as_of) {
            faults.push(Fault::new(Code::HoldoutNotAfter).at("/holdout_until").with("as_of", self.as_of));
        }
        if self.risk_cut.high_below > self.risk_cut.low_from {
            faults.push(Fault::new(Code::ThresholdsCrossed).at("/high_below"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
    }
}

/// A model that has been fitted and not yet kept.
struct Fitted {
    fit: Fit,
    holdout: Option<Holdout>,
}

/// Fits a model and keeps it; it holds from now on, and scoring follows.
pub async fn create(app: &App, command: &Command, wanted: Wanted) -> Result<StoredModel> {
    wanted.check(app.local_date(command.now))?;
    // Outside the transaction: nobody is to wait for it.
    let fitted = match already_done(app, command).await? {
        true => None,
        false => Some(fit_alone(app, wanted, command.now).await?),
    };
    transact(app, command, async |tx| {
        let fitted = fitted.ok_or_else(|| Error::Internal("a churn model that was not fitted".to_owned()))?;
        keep(app, tx, wanted, fitted, command.actor.user_id(), command.now).await
    })
    .await
}

async fn keep(
    app: &App,
    tx: &Tx,
    wanted: Wanted,
    Fitted { fit, holdout }: Fitted,
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<StoredModel> {
    let id = new_id(now);
    let customers = i64::try_from(fit.customers).unwrap_or(i64::MAX);
    let model = StoredModel {
        id,
        as_of: wanted.as_of,
        model: to_json(&fit.model)?,
        risk_cut: to_json(&wanted.risk_cut)?,
        horizon_days: i32::try_from(wanted.horizon_days).unwrap_or(i32::MAX),
        log_likelihood: fit.log_likelihood,
        customers,
        shortfall: fit.shortfall.map(|shortfall| shortfall.to_string()),
        holdout_until: wanted.holdout_until,
        holdout: holdout.map(|holdout| to_json(&holdout)).transpose()?,
        scoring: Scoring::Pending.to_string(),
        customers_scored: 0,
        scored_to: None,
        error: None,
        created_by: by,
        created_at: now,
        scored_at: None,
    };
    let model = churn::insert(tx, model).await?;
    let mut timers = vec![NewTimer {
        kind: TimerKind::ChurnScoring,
        subject_id: id,
        unique_key: format!("churn_scoring:{id}"),
        due_at: now,
        payload: serde_json::Value::Null,
    }];
    timers.extend(next_refit(app, now));
    timers::set(tx, now, timers).await?;
    let converged = fit.shortfall.is_none();
    events::append(tx, by, now, &[Event::ChurnModelFitted { churn_model_id: id, customers, converged }]).await?;
    Ok(model)
}

async fn fit_alone(app: &App, wanted: Wanted, now: DateTime<Utc>) -> Result<Fitted> {
    // Not this copy's name: two requests to one copy are two as well.
    let owner = new_id(now);
    if !leases::take(&app.db, LEASE, owner, now, now + LEASE_FOR).await? {
        return Err(Code::ChurnFitRunning.into());
    }
    let fitted = fit_to_orders(app, wanted).await;
    leases::release(&app.db, LEASE, owner).await?;
    fitted
}

async fn fit_to_orders(app: &App, wanted: Wanted) -> Result<Fitted> {
    let Wanted { as_of, period, holdout_until, .. } = wanted;
    let histories = churn::histories(&app.db, as_of, holdout_until.unwrap_or(as_of)).await?;
    let work = move || {
        let fit = fit(&grouped(&histories), period)?;
        let holdout = holdout_until.map(|until| look_back(&fit.model, &histories, (until - as_of).num_days()));
        Some(Fitted { fit, holdout })
    };
    let fitted = tokio::task::spawn_blocking(work).await.map_err(|error| Error::broken("churn fit", error))?;
    fitted.ok_or_else(|| Fault::new(Code::ChurnNoHistory).at("/as_of").with("as_of", as_of).into())
}

/// In order, so that the same orders give the same figures to the last digit.
fn grouped(histories: &HashMap<(History, u32), u64>) -> Vec<Group> {
    let mut groups = HashMap::new();
    for (&(history, _), customers) in histories {
        *groups.entry(history).or_insert(0) += customers;
    }
    let mut groups: Vec<Group> = groups.into_iter().map(|(history, customers)| Group { history, customers }).collect();
    groups.sort_unstable_by_key(|group| group.history);
    groups
}

fn look_back(model: &ChurnModel, histories: &HashMap<(History, u32), u64>, days: i64) -> Holdout {
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    let outcomes = histories.iter().map(|(&(history, later), &customers)| {
        let said = model.predict(history, days);
        let (probability_of_order, expected_orders) = (said.probability_of_order, said.expected_orders);
        Outcome { customers, probability_of_order, expected_orders, orders: later.into() }
    });
    judge(outcomes.collect())
}

/// The timer of the next renewal, where models are renewed.
fn next_refit(app: &App, now: DateTime<Utc>) -> Option<NewTimer> {
    let zone = app.config.time_zone;
    let days = app.config.churn_refit?;
    let night = now.with_timezone(&zone).date_naive().checked_add_days(Days::new(days))?.and_time(AT_NIGHT);
    // A night whose clocks skip three o'clock goes by what they would have shown.
    let due_at = zone.from_local_datetime(&night).earliest().map_or_else(|| night.and_utc(), |night| night.to_utc());
    Some(NewTimer {
        kind: TimerKind::ChurnRefit,
        subject_id: Uuid::nil(),
        unique_key: TimerKind::ChurnRefit.to_string(),
        due_at,
        payload: serde_json::Value::Null,
    })
}

/// Fits the last model anew, to the orders up to yesterday.
pub async fn refit(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    // Fitting may outlast the claim.
    if !timers::renew(&app.db, timer, now + LEASE_FOR).await? {
        return Ok(());
    }
    let last = churn::latest(&app.db).await?.filter(|_| app.config.churn_refit.is_some());
    let fitted = match &last {
        Some(last) => {
            let model: ChurnModel = from_json(&last.model)?;
            let today = app.local_date(now);
            let wanted = Wanted {
                as_of: today.pred_opt().unwrap_or(today),
                period: model.period,
                horizon_days: u32::try_from(last.horizon_days).unwrap_or_default(),
                risk_cut: from_json(&last.risk_cut)?,
                holdout_until: None,
            };
            match fit_alone(app, wanted, now).await {
                Ok(fitted) => Some((wanted, fitted)),
                Err(Error::Faults(faults)) if faults.iter().any(|fault| fault.code == Code::ChurnFitRunning) => {
                    return Ok(timers::postpone(&app.db, timer, now, now + RETRY_AFTER, None).await?);
                }
                // No orders any more: tomorrow perhaps.
                Err(Error::Faults(_)) => None,
                Err(error) => return Err(error),
            }
        }
        None => None,
    };
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    match fitted {
        Some((wanted, fitted)) => drop(keep(app, &tx, wanted, fitted, None, now).await?),
        None => timers::set(&tx, now, next_refit(app, now).filter(|_| last.is_some()).into_iter().collect()).await?,
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
