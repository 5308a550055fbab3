//! Tiers and lifecycle stages once a day, at an hour of the deployment's zone.

use chrono::{DateTime, Utc};
use huiyin_domain::tiering::{DailySchedule, LifecycleRule, TierCause};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use super::{lifecycle, runs, settings};
use crate::usecases::App;
use crate::usecases::support::{Command, Result};

const NAME: &str = "schedule";
const KEY: &str = "tiering_daily";

/// Makes the settings and the timer that are missing.
pub async fn prepare(app: &App, tx: &Tx, now: DateTime<Utc>) -> Result<()> {
    let schedule = DailySchedule::default();
    settings::make(tx, NAME, &schedule, now).await?;
    settings::make(tx, lifecycle::NAME, &LifecycleRule::default(), now).await?;
    if !timers::exists(tx, KEY).await? {
        timers::set(tx, now, vec![next(app, &schedule, now)]).await?;
    }
    Ok(())
}

pub async fn read(db: &impl ConnectionTrait) -> Result<(DailySchedule, i64)> {
    settings::read(db, NAME).await
}

pub async fn replace(app: &App, command: &Command, schedule: DailySchedule) -> Result<(DailySchedule, i64)> {
    settings::replace(app, command, NAME, schedule, async |tx| {
        Ok(timers::set(tx, command.now, vec![next(app, &schedule, command.now)]).await?)
    })
    .await
}

fn next(app: &App, schedule: &DailySchedule, now: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::TieringDaily,
        subject_id: Uuid::nil(),
        unique_key: KEY.to_owned(),
        due_at: schedule.next(now, app.config.time_zone),
        payload: serde_json::Value::Null,
    }
}

/// Orders what is due today. Days that were missed are not made up for: today's result says all that theirs would.
pub async fn fire(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let (schedule, _) = read(&tx).await?;
    if schedule.enabled {
        runs::order_in(&tx, now, None, app.local_date(now), TierCause::Run).await?;
    }
    timers::set(&tx, now, vec![next(app, &schedule, now), lifecycle::sweep_timer(now)]).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
