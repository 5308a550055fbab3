//! What becomes of the follow-up tasks of somebody who goes away, comes back, or leaves.

use chrono::TimeDelta;
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::identity::{Away, stand_in};
use huiyin_persistence::Tx;
use huiyin_persistence::follow_up::stand_ins;
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::identity::{absences, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed};
use uuid::Uuid;

use super::tasks::{errand, lay_over};
use crate::usecases::App;
use crate::usecases::support::Result;

/// Tasks of one transaction, and between two looks at whether the claim still stands.
const BATCH: u64 = 500;
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// Open tasks of who is away go to whoever stands in, else into the department's pool, and begin anew there. What is not
/// begun when the one for whom it was meant is back comes back. Looks at how things are and not at what was announced, so
/// that it may be done again at any time; the timer is left to whoever else follows the absence.
pub async fn follow(app: &App, timer: &Claimed) -> Result<()> {
    let user = timer.subject_id;
    hand_on(app, timer, user, true).await?;
    // Another's may change by this absence too: the deputy of a deputy.
    for meant in stand_ins::stood_in_for(&app.db).await? {
        hand_on(app, timer, meant, false).await?;
    }
    Ok(())
}

/// Hands on what `user` has in hand, or what others have that was meant for `user`.
async fn hand_on(app: &App, timer: &Claimed, user: Uuid, own: bool) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let now = app.clock.now();
        let tx = app.db.begin().await?;
        let mut away = absences::away(&tx, now).await?;
        if users::active(&tx, user).await?.is_none() {
            // Away for good.
            away.entry(user).or_insert(None);
        }
        if own && !away.contains_key(&user) {
            return Ok(());
        }
        let rows = match own {
            true => stand_ins::in_hands_of(&tx, user, after, BATCH).await?,
            false => stand_ins::meant_for(&tx, user, after, BATCH).await?,
        };
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let moved = moved(&tx, rows, user, own, &away, now).await?;
        tx.commit().await?;
        if moved > 0 {
            app.jobs_wanted.notify_one();
        }
        if !timers::renew(&app.db, timer, app.clock.now() + LEASE).await? {
            return Ok(());
        }
    }
}

async fn moved(
    tx: &Tx,
    rows: Vec<Task>,
    user: Uuid,
    own: bool,
    away: &Away,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<usize> {
    let (mut changed, mut happened): (Vec<Task>, Vec<Event>) = (Vec::new(), Vec::new());
    for task in rows {
        let errand = errand(&task)?;
        let meant = if own { errand.instead_of.unwrap_or(user) } else { user };
        let hands = match stand_in(meant, away) {
            Some(one) if one == meant => Hands { assignee: Some(one), department: errand.department, instead_of: None },
            Some(one) => Hands { assignee: Some(one), department: errand.department, instead_of: Some(meant) },
            None if own && errand.department.is_some() => {
                Hands { assignee: None, department: errand.department, instead_of: Some(meant) }
            }
            // In nobody's reach it would be lost.
            None => continue,
        };
        if hands.assignee == errand.assignee && hands.instead_of == errand.instead_of {
            continue;
        }
        let step = errand.reassign(hands)?;
        changed.push(lay_over(task, &step.errand, None, now));
        happened.push(step.event);
    }
    let count = changed.len();
    tasks::save(tx, changed).await?;
    events::append(tx, None, now, &happened).await?;
    Ok(count)
}
