//! What the clock says of follow-up tasks: in the morning what is before everybody, that something is overdue, and, when
//! nothing happens, those above. By the thousand: a day's tasks are due at once. Each is told in the transaction that moves
//! its row's next alarm, so exactly once, whoever dies in between.

use std::collections::HashSet;

use chrono::{DateTime, Days, NaiveTime, Utc};
use huiyin_domain::customers::morning;
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::alarm::Alarm;
use huiyin_persistence::Tx;
use huiyin_persistence::follow_up::sweep;
use huiyin_persistence::follow_up::tasks::Task;
use huiyin_persistence::integration::events;
use uuid::Uuid;

use super::tasks::Timing;
use crate::usecases::App;
use crate::usecases::support::Result;

/// Tasks of one transaction. Whoever wants one of them waits for all, which is some tens of milliseconds.
const BATCH: u64 = 500;
/// Batches after which events are looked at that they have brought about.
const BATCHES: usize = 20;
/// How much later a task is looked at that nothing can be said of.
const LATER: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Says what there is to say now; answers of how many tasks.
pub async fn sweep(app: &App, now: DateTime<Utc>) -> Result<usize> {
    let mut looked_at = 0;
    for _ in 0..BATCHES {
        let ids = sweep::ringing(&app.db, now, BATCH).await?;
        if ids.is_empty() {
            break;
        }
        let rung = ring_apart(app, ids, now).await?;
        looked_at += rung;
        if rung == 0 {
            // In the hands of somebody else at this moment.
            break;
        }
    }
    Ok(looked_at)
}

/// All at once; where that fails, each half on its own, down to the one that cannot be told of and is put off.
async fn ring_apart(app: &App, ids: Vec<Uuid>, now: DateTime<Utc>) -> Result<usize> {
    let (mut parts, mut rung) = (vec![ids], 0);
    while let Some(mut part) = parts.pop() {
        match ring(app, part.clone(), now).await {
            Ok(told) => rung += told,
            Err(error) if part.len() == 1 => {
                tracing::warn!(%error, task = ?part.first(), "an alarm of a follow-up task failed");
                sweep::put_off(&app.db, part, now + LATER).await?;
            }
            Err(error) => {
                tracing::warn!(%error, tasks = part.len(), "a batch of alarms failed; its halves are tried");
                let rest = part.split_off(part.len() / 2);
                parts.push(rest);
                parts.push(part);
            }
        }
    }
    Ok(rung)
}

async fn ring(app: &App, ids: Vec<Uuid>, now: DateTime<Utc>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let locked = sweep::lock_ringing(&tx, ids, now).await?;
    if locked.is_empty() {
        return Ok(0);
    }
    let timing = Timing::load(app, &tx).await?;
    let (mut rows, mut happened, mut people) = (Vec::new(), Vec::new(), HashSet::new());
    for task in locked {
        let window = (task.next_attempt_at.unwrap_or(task.due_from), task.due_by);
        let since = task.alarm_at.unwrap_or(now);
        let (told, next) = timing.hours().ring(window, since, task.escalation, now);
        let mut escalation = task.escalation;
        for alarm in told {
            match alarm {
                Alarm::Begins | Alarm::Closes => people.extend(task.assignee_id),
                Alarm::Overdue => happened.push(overdue(&task)),
                Alarm::Head | Alarm::Director => {
                    escalation = alarm.level();
                    happened.push(escalated(&task, escalation));
                }
            }
        }
        rows.push(Task { alarm_at: next, alarm_retry_at: None, escalation, ..task });
    }
    let count = rows.len();
    sweep::rung(&tx, rows).await?;
    happened.extend(mornings(app, &tx, &timing, people, now).await?);
    events::append(&tx, None, now, &happened).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    metrics::counter!("follow_up_alarms_total").increment(count as u64);
    Ok(count)
}

fn overdue(task: &Task) -> Event {
    let Task { id: task_id, assignee_id, department_id, due_by, .. } = *task;
    Event::FollowUpTaskOverdue { task_id, assignee_id, department_id, due_by }
}

fn escalated(task: &Task, level: i32) -> Event {
    let Task { id: task_id, assignee_id, department_id, due_by, .. } = *task;
    Event::FollowUpTaskEscalated { task_id, assignee_id, department_id, level, due_by }
}

/// What is before these people, once a day.
async fn mornings(
    app: &App,
    tx: &Tx,
    timing: &Timing,
    people: HashSet<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Event>> {
    let on = app.local_date(now);
    let people = sweep::tell_in_the_morning(tx, people, on).await?;
    let tomorrow = tomorrow(app, now);
    let soon = timing.hours().working_days_after(now, 1);
    let ahead = sweep::ahead(tx, people, now, tomorrow, soon).await?;
    let event = |sweep::Ahead { assignee_id: user_id, open, ending, overdue }| Event::FollowUpDayBegun {
        user_id,
        on,
        open,
        ending,
        overdue,
    };
    Ok(ahead.into_iter().map(event).collect())
}

/// When the local day ends.
pub fn tomorrow(app: &App, now: DateTime<Utc>) -> DateTime<Utc> {
    let zone = app.config.time_zone;
    let next = app.local_date(now).checked_add_days(Days::new(1));
    let midnight = next.map(|day| day.and_time(NaiveTime::MIN).and_local_timezone(zone));
    let midnight = midnight.and_then(|midnight| midnight.earliest()).map(|at| at.to_utc());
    // A day that has no midnight is as good as over by its morning.
    midnight.or_else(|| morning(zone, next?)).unwrap_or(now)
}
