//! Follow-up plans as they start, pause, go on and end.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::plan::{PlanAction, Touchpoint as Written, after, over, seen_until};
use huiyin_domain::follow_up::{CancelCause, PlanStatus, Trigger};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::follow_up::plans::{self, Plan, Touchpoint};
use huiyin_persistence::follow_up::tasks;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, stored};
use huiyin_persistence::{DbErr, Tx};
use serde_json::json;
use uuid::Uuid;

use super::plans::{View, check, definition, lock, tell, written};
use super::tasks::cancel_all;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Lets a plan make tasks from now on.
pub async fn start(app: &App, command: &Command, id: Uuid) -> Result<View> {
    let (now, zone) = (command.now, app.config.time_zone);
    transact(app, command, async |tx| {
        let plan = lock(tx, command, id).await?;
        let status = after(stored(&plan.status)?, PlanAction::Start)?;
        let rows = plans::touchpoints(tx, id).await?;
        let said: Vec<Written> = rows.iter().map(written).collect::<Result<_, DbErr>>()?;
        // What it goes by may be there no more since it was written.
        check(tx, command, &definition(&plan)?, &said).await?;
        let passed = over(said.iter().map(|touchpoint| &touchpoint.trigger).enumerate(), app.local_date(now));
        if !passed.is_empty() {
            return Err(Error::Faults(passed));
        }
        for row in rows {
            let trigger: Trigger = from_json(&row.trigger)?;
            let swept_until = Some(seen_until(&trigger, None, now, zone));
            plans::update_touchpoint(tx, Touchpoint { swept_until, ..row }).await?;
        }
        let plan = moved(tx, Plan { started_at: Some(now), ..plan }, status, now).await?;
        tell(tx, command, plan, &[Event::FollowUpPlanStarted { plan_id: id }]).await
    })
    .await
}

async fn moved(tx: &Tx, plan: Plan, status: PlanStatus, now: DateTime<Utc>) -> Result<Plan, DbErr> {
    let version = plan.version + 1;
    plans::update(tx, Plan { status: status.to_string(), updated_at: now, version, ..plan }).await
}

/// Lets a plan make no tasks for now; those that there are stay.
pub async fn pause(app: &App, command: &Command, id: Uuid) -> Result<View> {
    transact(app, command, async |tx| {
        let plan = lock(tx, command, id).await?;
        let status = after(stored(&plan.status)?, PlanAction::Pause)?;
        let plan = moved(tx, Plan { paused_at: Some(command.now), ..plan }, status, command.now).await?;
        tell(tx, command, plan, &[Event::FollowUpPlanPaused { plan_id: id }]).await
    })
    .await
}

/// Lets a paused plan go on. What was missed meanwhile goes by `catch_up`: up to when its touchpoints have been seen to
/// stays as it was.
pub async fn resume(app: &App, command: &Command, id: Uuid) -> Result<View> {
    transact(app, command, async |tx| {
        let plan = lock(tx, command, id).await?;
        let status = after(stored(&plan.status)?, PlanAction::Resume)?;
        let plan = moved(tx, Plan { paused_at: None, ..plan }, status, command.now).await?;
        tell(tx, command, plan, &[Event::FollowUpPlanResumed { plan_id: id }]).await
    })
    .await
}

/// What becomes of the open tasks of a plan that ends.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    pub cancel_open_tasks: bool,
    /// Why they are cancelled.
    pub reason: Option<String>,
}

/// Ends a plan for good. Its open tasks stay, or are cancelled in the background: there may be very many.
pub async fn end(app: &App, command: &Command, id: Uuid, ending: Ending) -> Result<View> {
    let now = command.now;
    transact(app, command, async |tx| {
        let Ending { cancel_open_tasks, reason } = ending;
        let plan = lock(tx, command, id).await?;
        let status = after(stored(&plan.status)?, PlanAction::End)?;
        let plan = moved(tx, Plan { paused_at: None, ended_at: Some(now), ..plan }, status, now).await?;
        if cancel_open_tasks {
            timers::set(tx, now, vec![cancelling(id, command.actor.user_id(), reason, now)]).await?;
        }
        tell(tx, command, plan, &[Event::FollowUpPlanEnded { plan_id: id, cancel_open_tasks }]).await
    })
    .await
}

/// Tasks that are cancelled in one transaction.
const BATCH: u64 = 2000;

fn cancelling(plan: Uuid, by: Option<Uuid>, reason: Option<String>, due_at: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::PlanTaskCancel,
        subject_id: plan,
        unique_key: format!("plan_task_cancel:{plan}"),
        due_at,
        payload: json!({ "by": by, "reason": reason }),
    }
}

/// Cancels the next open tasks of a plan that has ended. What is open still is what is left to do, so whoever dies in
/// between leaves it to the next.
pub async fn cancel_open(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let plan = timer.subject_id;
    let by: Option<Uuid> = from_json(&timer.payload["by"])?;
    let reason: Option<String> = from_json(&timer.payload["reason"])?;
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let ids = plans::open_tasks(&tx, plan, BATCH).await?;
    let more = ids.len() as u64 == BATCH;
    let open = tasks::lock_open(&tx, ids).await?;
    let happened = cancel_all(&tx, by, open, CancelCause::Person, reason.as_deref(), now).await?;
    events::append(&tx, by, now, &happened).await?;
    if more {
        timers::set(&tx, now, vec![cancelling(plan, by, reason, now)]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
