//! What becomes of the feedback in the hands of somebody who goes away, comes back, or leaves.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use huiyin_domain::feedback::{State, Strategy};
use huiyin_domain::identity::{Scope, stand_in};
use huiyin_persistence::feedback::{pool, work};
use huiyin_persistence::identity::absences;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::support::{from_json, stored};
use uuid::Uuid;

use super::place::{Wanted, is_gone, place};
use super::route::told;
use super::step::{store, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result};

/// Feedback between two looks at whether the claim still stands.
const BATCH: u64 = 100;
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// What somebody has not accepted goes to whoever stands in, else to whoever is next in the department, else to its
/// pool. What was accepted stays, and a deputy may work on it until its handler is back. Looks at how things are and
/// not at what was announced, so that it may be done again at any time.
pub async fn follow(app: &App, timer: &Claimed) -> Result<()> {
    let user = timer.subject_id;
    while is_gone(&app.db, user, app.clock.now()).await? {
        let given = work::given_to(&app.db, user, BATCH).await?;
        for id in &given {
            hand_over(app, user, *id).await?;
        }
        if given.is_empty() {
            break;
        }
        if !timers::renew(&app.db, timer, app.clock.now() + LEASE).await? {
            return Ok(());
        }
    }
    deputise(app, timer).await
}

/// One feedback in one transaction, unless it has been taken meanwhile.
async fn hand_over(app: &App, user: Uuid, id: Uuid) -> Result<()> {
    let command = Command::system(app.clock.now());
    let tx = app.db.begin().await?;
    let Some(row) = pool::lock(&tx, Scope::All, id).await? else { return Ok(()) };
    let waits = row.handler_id == Some(user) && stored::<State>(&row.state)? == State::Assigned;
    let Some(department) = row.department_id.filter(|_| waits) else { return Ok(()) };
    let wanted = Wanted { department, strategy: Strategy::Person, person: Some(user) };
    let placed = place(&tx, wanted, command.now).await?;
    if placed.handler == Some(user) {
        // Back again.
        return Ok(());
    }
    let step = ticket(&row)?.assign(department, placed.handler, from_json(&row.collaborators)?, None)?;
    store(app, &tx, &command, row, told(step, None, placed), Vec::new()).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// Puts the deputies beside all who are away. Another's may change by this absence too: the deputy of a deputy.
async fn deputise(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let away = absences::away(&tx, now).await?;
    let mut handlers: BTreeSet<Uuid> = away.keys().copied().collect();
    handlers.extend(work::stood_in_for(&tx).await?);
    for handler in handlers {
        let deputy = if away.contains_key(&handler) { stand_in(handler, &away) } else { None };
        work::deputise(&tx, handler, deputy, now).await?;
    }
    Ok(tx.commit().await?)
}
