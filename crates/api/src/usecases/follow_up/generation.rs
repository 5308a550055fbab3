//! Makes the tasks of follow-up plans, each exactly once, however often the program is killed and however many copies run.
//!
//! A touchpoint has one timer. When it fires, the occasions since the last sweep are seen to: the customers whose they are
//! are looked up by statements, given to people and stored by the thousand, and the timer is set to the next local
//! morning. What makes it exactly once is one unique index (plan, touchpoint, customer, occasion): whoever begins anew
//! after a kill finds what is left to do. Events bring occasions of their own (`arrivals`), which wait in a table until their day.
//!
//! Whoever writes here holds the plan first and the timer last, as whoever changes a plan does.

use std::collections::HashMap;
use std::pin::pin;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use huiyin_domain::event::Event;
use huiyin_domain::follow_up::sweep::{Pass, caught_up, end_of_today, next_morning, passes, this_morning, window};
use huiyin_domain::follow_up::{CancelCause, CatchUp, PlanStatus, Trigger, schedule};
use huiyin_domain::sla::Span;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::merging;
use huiyin_persistence::follow_up::expected::{self, Expected};
use huiyin_persistence::follow_up::generation::{self, Among, Asked, BATCH_POSTGRES, Candidate, Met};
use huiyin_persistence::follow_up::plans::{self, Plan, Touchpoint};
use huiyin_persistence::follow_up::tasks;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, stored, to_json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::assignment::Place;
use super::making::{Leavers, Made, Maker, Wanted, cancel_those_who_left};
use super::underway::Underway;
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// Customers that are looked up at once: a statement may walk through all there are.
const PAGE: u64 = 50_000;
/// Batches that are made at once on PostgreSQL.
const AT_ONCE: usize = 2;
/// Batches after which all come to their end: each holds the plan, and whoever wants to pause it waits until nobody does.
const IN_A_ROW: usize = 8;
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// For how long it is remembered what came to nothing.
pub(super) const REMEMBERED: TimeDelta = TimeDelta::days(90);

fn timer(touchpoint: Uuid, due_at: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::FollowUpSweep,
        subject_id: touchpoint,
        unique_key: format!("follow_up_sweep:{touchpoint}"),
        due_at,
        payload: serde_json::json!({}),
    }
}

/// Lets the touchpoints of a plan be looked at as soon as a worker is free: it has started, gone on, changed or ended.
pub async fn set_out(tx: &Tx, plan: Uuid, now: DateTime<Utc>) -> Result<()> {
    let touchpoints = generation::standing(tx, plan).await?;
    look_at(tx, touchpoints.into_iter().map(|touchpoint| touchpoint.id).collect(), now).await
}

/// Lets touchpoints be looked at now. In one order, so that two who do so wait for each other.
pub(super) async fn look_at(tx: &Tx, mut touchpoints: Vec<Uuid>, now: DateTime<Utc>) -> Result<()> {
    touchpoints.sort_unstable();
    let due = touchpoints.into_iter().map(|touchpoint| timer(touchpoint, now)).collect();
    Ok(timers::wake(tx, now, due).await?)
}

/// What a sweep has to do with, as it was when it began.
struct Sweep<'a> {
    app: &'a App,
    claimed: &'a Claimed,
    touchpoint: Touchpoint,
    trigger: Trigger,
    catch_up: CatchUp,
    maker: Maker,
    now: DateTime<Utc>,
    /// Batches come to their end one after the other.
    underway: Mutex<Underway>,
}

/// Sees to the occasions of a touchpoint that have come.
pub async fn sweep(app: &App, claimed: &Claimed) -> Result<()> {
    let Some(mut sweep) = begin(app, claimed).await? else { return Ok(()) };
    let kept = match sweep.trigger {
        Trigger::After { .. } => sweep.of_events().await?,
        _ => sweep.of_days().await?,
    };
    if kept && sweep.cancel_leavers().await? {
        sweep.finish().await?;
    }
    app.jobs_wanted.notify_one();
    Ok(())
}

/// The plan, held, and its touchpoint.
async fn held(tx: &Tx, claimed: &Claimed) -> Result<(Plan, Touchpoint)> {
    let known = plans::touchpoint(tx, claimed.subject_id).await?;
    let plan = match &known {
        Some(touchpoint) => generation::hold(tx, touchpoint.plan_id).await?,
        None => None,
    };
    // Read again: whoever changed it had the plan locked.
    let touchpoint = plans::touchpoint(tx, claimed.subject_id).await?;
    plan.zip(touchpoint).ok_or_else(|| Error::Internal("a sweep without its touchpoint".to_owned()))
}

async fn begin<'a>(app: &'a App, claimed: &'a Claimed) -> Result<Option<Sweep<'a>>> {
    let tx = app.db.begin().await?;
    let (plan, touchpoint) = held(&tx, claimed).await?;
    let now = app.clock.now();
    if !timers::renew(&tx, claimed, now + LEASE).await? {
        // It is somebody else's by now.
        return Ok(None);
    }
    match stored::<PlanStatus>(&plan.status)? {
        PlanStatus::Ended => expected::clear(&tx, touchpoint.id).await?,
        PlanStatus::Active if touchpoint.retired_at.is_none() => {
            let sweep = Sweep {
                app,
                claimed,
                trigger: from_json(&touchpoint.trigger)?,
                catch_up: stored(&plan.catch_up)?,
                maker: Maker::load(app, &tx, plan, &touchpoint, now).await?,
                touchpoint,
                now,
                // Another may have begun with it and died.
                underway: Mutex::new(from_json(&claimed.payload)?),
            };
            tx.commit().await?;
            return Ok(Some(sweep));
        }
        _ if touchpoint.retired_at.is_some() => {
            if !hand_over(app, &tx, &plan, &touchpoint, now).await? {
                // More is left than fits in one transaction.
                tx.commit().await?;
                return Box::pin(begin(app, claimed)).await;
            }
        }
        // When it goes on, its touchpoints are looked at.
        PlanStatus::Draft | PlanStatus::Paused | PlanStatus::Active => {}
    }
    from_json::<Underway>(&claimed.payload)?.tell(&tx, &touchpoint, now).await?;
    timers::complete(&tx, claimed).await?;
    tx.commit().await?;
    Ok(None)
}

/// What was to come of a retired touchpoint comes of the one in its place, by its delay; where there is none, it does not.
/// `true`: that was all.
async fn hand_over(app: &App, tx: &Tx, plan: &Plan, old: &Touchpoint, now: DateTime<Utc>) -> Result<bool> {
    let standing = plans::touchpoints(tx, plan.id).await?;
    let mut alike: Vec<Touchpoint> = standing.into_iter().filter(|one| one.event == old.event).collect();
    alike.sort_by_key(|one| (one.position != old.position, one.position));
    let Some(successor) = alike.into_iter().next() else {
        expected::clear(tx, old.id).await?;
        return Ok(true);
    };
    let customers = expected::next_customers(tx, old.id, None, BATCH_POSTGRES as u64).await?;
    if customers.is_empty() {
        return Ok(true);
    }
    merging::hold(tx, &customers).await?;
    let rows = expected::take(tx, old.id, &customers, None).await?;
    let maker = Maker::load(app, tx, plan.clone(), &successor, now).await?;
    let trigger = from_json(&successor.trigger)?;
    let moved = rows.into_iter().map(|row| Expected {
        touchpoint_id: successor.id,
        due_at: due_after(&trigger, &maker, row.happened_at),
        ..row
    });
    expected::note(tx, moved.collect()).await?;
    look_at(tx, vec![successor.id], now).await?;
    Ok(false)
}

/// When a touchpoint that waits for an event is due that happened then.
pub(super) fn due_after(trigger: &Trigger, maker: &Maker, happened_at: DateTime<Utc>) -> DateTime<Utc> {
    match trigger {
        Trigger::After { delay, .. } => schedule::due(happened_at, delay, maker.calendar(), maker.zone),
        _ => happened_at,
    }
}

impl Sweep<'_> {
    /// A transaction in which the plan is what it was. `None`: it has changed and is looked at anew.
    async fn open(&self) -> Result<Option<Tx>> {
        let tx = self.app.db.begin().await?;
        let (plan, touchpoint) = held(&tx, self.claimed).await?;
        if plan.version == self.maker.plan.version && touchpoint.retired_at.is_none() {
            return Ok(Some(tx));
        }
        tx.rollback().await?;
        let now = self.app.clock.now();
        timers::postpone(&self.app.db, self.claimed, now, now, None).await?;
        Ok(None)
    }

    /// Ends a transaction of [`Self::open`] with what came of it. `false`: the claim has been lost, and so is this.
    async fn close(&self, tx: Tx, occasion: Option<String>, made: Made, skipped: usize) -> Result<bool> {
        let Made { tasks, given, cancelled } = made;
        if tasks + skipped + cancelled > 0 {
            let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            let generated = Event::FollowUpPlanGenerated {
                plan_id: self.maker.plan.id,
                touchpoint_id: self.touchpoint.id,
                occasion,
                made: count(tasks),
                skipped: count(skipped),
                cancelled: count(cancelled),
            };
            events::append(&tx, None, self.now, &[generated]).await?;
        }
        // Held until the commit: what the next one notes has this one in it, and nothing that was not kept.
        let mut underway = self.underway.lock().await;
        let mut after = underway.clone();
        for (assignee, tasks) in given {
            *after.given.entry(assignee).or_default() += tasks;
        }
        let until = self.app.clock.now() + LEASE;
        let kept = timers::note(&tx, self.claimed, until, to_json(&after)?).await?;
        if kept {
            tx.commit().await?;
            *underway = after;
        } else {
            tx.rollback().await?
        }
        Ok(kept)
    }

    async fn of_days(&mut self) -> Result<bool> {
        let from = self.touchpoint.swept_until.or(self.maker.plan.started_at).unwrap_or(self.now);
        let all = passes(&self.trigger, from, self.now, self.maker.calendar(), self.maker.zone);
        for pass in caught_up(all, self.catch_up, self.now, self.maker.zone) {
            if !self.walk(&pass).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the tasks of one occasion.
    async fn walk(&mut self, pass: &Pass) -> Result<bool> {
        let days = u32::try_from(self.touchpoint.window_days).unwrap_or_default();
        let planned = schedule::window_of_day(pass.occasion.on, days, self.maker.zone);
        let planned = planned.map_or(Span { from: pass.occasion.at, to: pass.occasion.at }, |planned| planned);
        let planned = Span { from: pass.occasion.at, ..planned };
        let due = window(planned, days, self.now, self.maker.zone);
        let key = &pass.occasion.key;
        let occasions = [key].into_iter().chain(&pass.unless).cloned().collect();
        let met = Met { plan_id: self.maker.plan.id, touchpoint_id: self.touchpoint.id, occasions };
        let audience = self.maker.audience.clone();
        let asked = Asked { audience: &audience, whom: &pass.whom, met: Some(met), within: generation::everybody() };
        let mut after = None;
        loop {
            // Read beside the transactions: who has got his task meanwhile is found out when it is stored.
            let page = generation::candidates(&self.app.db, &asked, after, PAGE).await?;
            after = page.last().map(|candidate| candidate.id);
            if !self.make_page(&page, key, due).await? {
                return Ok(false);
            }
            if (page.len() as u64) < PAGE {
                return Ok(true);
            }
        }
    }

    /// Makes a task for each of these, a batch a transaction.
    async fn make_page(&mut self, page: &[Candidate], key: &str, due: Span) -> Result<bool> {
        let size = self.batch();
        if self.maker.limited || page.len() <= size {
            for part in page.chunks(size) {
                let Some(tx) = self.open().await? else { return Ok(false) };
                let wanted = self.wanted(&tx, part, key, due).await?.into_iter().flatten().collect();
                let made = self.maker.make(&tx, wanted, self.now).await?;
                if !self.close(tx, Some(key.to_owned()), made, 0).await? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        // Who gets how many is settled for all of them first: nobody who gives at the same moment waits for more than that,
        // and while one batch is stored the next one is got ready.
        let Some(tx) = self.open().await? else { return Ok(false) };
        let places = self.maker.place(&tx, page, self.now).await?;
        tx.commit().await?;
        let this = &*self;
        let at_once = if self.app.db.is_sqlite() { 1 } else { AT_ONCE };
        for (part, places) in page.chunks(size * IN_A_ROW).zip(places.chunks(size * IN_A_ROW)) {
            let batches = part.chunks(size).zip(places.chunks(size));
            let batches = batches.map(|(part, places)| this.make_batch(part, places, key, due));
            let mut batches = pin!(stream::iter(batches).buffered(at_once));
            while let Some(kept) = batches.next().await {
                if !kept? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    async fn make_batch(&self, part: &[Candidate], places: &[Place], key: &str, due: Span) -> Result<bool> {
        let Some(tx) = self.open().await? else { return Ok(false) };
        let wanted = self.wanted(&tx, part, key, due).await?;
        let (wanted, places): (Vec<Wanted>, Vec<Place>) =
            wanted.into_iter().zip(places).filter_map(|(want, place)| Some((want?, *place))).unzip();
        let made = self.maker.make_placed(&tx, wanted, places, self.now).await?;
        self.close(tx, Some(key.to_owned()), made, 0).await
    }

    /// A task for each of these, but for those who have been merged into others.
    async fn wanted(&self, tx: &Tx, part: &[Candidate], key: &str, due: Span) -> Result<Vec<Option<Wanted>>> {
        let moved = merging::hold(tx, &part.iter().map(|candidate| candidate.id).collect::<Vec<_>>()).await?;
        let want = |candidate: &Candidate| {
            let stays = !moved.contains_key(&candidate.id);
            let occasion = key.to_owned();
            stays.then(|| Wanted { candidate: candidate.clone(), occasion, feedback_id: None, due })
        };
        Ok(part.iter().map(want).collect())
    }

    /// Tasks of one transaction. SQLite's other writers wait for it.
    fn batch(&self) -> usize {
        if self.app.db.is_sqlite() { tasks::BATCH * 3 } else { BATCH_POSTGRES }
    }

    /// Makes the tasks of what events have brought, for all of today.
    async fn of_events(&mut self) -> Result<bool> {
        let (zone, touchpoint) = (self.maker.zone, self.touchpoint.id);
        let (morning, until) = (this_morning(self.now, zone), end_of_today(self.now, zone));
        let Some(tx) = self.open().await? else { return Ok(false) };
        let left_out = match self.catch_up {
            CatchUp::Late => 0,
            CatchUp::Skip => expected::skip(&tx, touchpoint, morning, self.now).await?,
            CatchUp::Merge => expected::merge(&tx, touchpoint, morning, until, self.now).await?,
        };
        let left_out = usize::try_from(left_out).unwrap_or_default();
        if !self.close(tx, None, Made::default(), left_out).await? {
            return Ok(false);
        }
        loop {
            let Some(tx) = self.open().await? else { return Ok(false) };
            let customers = expected::next_customers(&tx, touchpoint, Some(until), self.batch() as u64).await?;
            if customers.is_empty() {
                return Ok(true);
            }
            merging::hold(&tx, &customers).await?;
            let rows = expected::take(&tx, touchpoint, &customers, Some(until)).await?;
            let (made, dropped) = self.make_expected(&tx, &customers, rows).await?;
            if !self.close(tx, None, made, dropped).await? {
                return Ok(false);
            }
        }
    }

    /// Whoever the plan is about gets a task. Of whoever has left since, it is kept as a cancelled one, so that it can be
    /// seen; whoever was never meant gets none.
    async fn make_expected(&mut self, tx: &Tx, customers: &[Uuid], rows: Vec<Expected>) -> Result<(Made, usize)> {
        let meant = generation::among(tx, &self.maker.audience, customers).await?;
        let meant: HashMap<Uuid, Candidate> = meant.into_iter().map(|one| (one.id, one)).collect();
        let (mut wanted, mut gone, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let known = meant.get(&row.customer_id).cloned();
            let nobody = Candidate { id: row.customer_id, owner_id: None, department_id: None, tier: None };
            let due = self.window_of(&row);
            let want =
                |candidate| Wanted { candidate, occasion: row.occasion.clone(), feedback_id: row.feedback_id, due };
            match known {
                Some(candidate) => wanted.push(want(candidate)),
                None if row.meant => gone.push(want(nobody)),
                None => dropped.push(Expected { dropped_at: Some(self.now), ..row }),
            }
        }
        let made = self.maker.make(tx, wanted, self.now).await?;
        let left = self.maker.make_cancelled(tx, gone, CancelCause::LeftAudience, self.now).await?;
        let count = dropped.len();
        expected::put_back(tx, dropped).await?;
        Ok((Made { cancelled: made.cancelled + left, ..made }, count))
    }

    fn window_of(&self, row: &Expected) -> Span {
        let days = u32::try_from(self.touchpoint.window_days).unwrap_or_default();
        let planned = match &self.trigger {
            Trigger::After { delay, .. } => {
                schedule::window(row.happened_at, delay, days, self.maker.calendar(), self.maker.zone)
            }
            _ => Span { from: row.due_at, to: row.due_at },
        };
        window(planned, days, self.now, self.maker.zone)
    }

    /// Once a day: open tasks of whoever the plan is not about any more.
    async fn cancel_leavers(&mut self) -> Result<bool> {
        let morning = this_morning(self.now, self.maker.zone);
        if self.touchpoint.swept_until.is_some_and(|swept| swept >= morning) {
            return Ok(true);
        }
        loop {
            let Some(tx) = self.open().await? else { return Ok(false) };
            // After what retired touchpoints have brought nobody else looks.
            let plan = self.maker.plan.id;
            let mut touchpoints = generation::retired(&tx, plan).await?;
            touchpoints.push(self.touchpoint.id);
            let among = Among { plan, touchpoints: Some(&touchpoints), customers: None };
            let Leavers { found, cancelled } =
                cancel_those_who_left(&tx, among, &self.maker.audience, self.now).await?;
            if !self.close(tx, None, Made { cancelled, ..Made::default() }, 0).await? {
                return Ok(false);
            }
            if found == 0 {
                return Ok(true);
            }
        }
    }

    async fn finish(&mut self) -> Result<()> {
        let Some(tx) = self.open().await? else { return Ok(()) };
        if !timers::complete(&tx, self.claimed).await? {
            // Somebody else goes on with it.
            return Ok(tx.rollback().await?);
        }
        plans::swept(&tx, self.touchpoint.id, self.now).await?;
        expected::forget(&tx, self.touchpoint.id, self.now - REMEMBERED).await?;
        let next = next_morning(self.now, self.maker.zone);
        timers::set(&tx, self.now, vec![timer(self.touchpoint.id, next)]).await?;
        std::mem::take(self.underway.get_mut()).tell(&tx, &self.touchpoint, self.now).await?;
        Ok(tx.commit().await?)
    }
}
