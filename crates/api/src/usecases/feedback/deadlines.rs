//! What the clock does to feedbacks: warns, tells of a breach, escalates, reminds of a promise, asks why it was missed.
//! Whatever is due at once is done at once, in as many statements for a thousand timers as for one; each effect is stored
//! in the transaction that removes its timer.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::feedback::State;
use huiyin_domain::sla::ClockState;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::escalations::{self, Escalation};
use huiyin_persistence::feedback::sweep::{self, Swept};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use huiyin_persistence::support::{from_json, new_id, stored};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::sla::ladder::{Rung, next_step};
use crate::usecases::sla::policies::{self, Effective};
use crate::usecases::support::Result;

/// Does what claimed timers ask for, or nothing where they have become pointless: all of it, or nothing where one fails.
pub async fn fire_all(app: &App, claimed: &[Claimed]) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    // The feedbacks first, as every transition does; then the timers.
    let mut ids: Vec<Uuid> = claimed.iter().map(|timer| timer.subject_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let feedback = sweep::lock_all(&tx, ids).await?;
    let mine = timers::complete_all(&tx, claimed).await?;
    let mine: Vec<&Claimed> = claimed.iter().filter(|timer| mine.contains(&timer.id)).collect();
    let mut batch = Batch::load(app, &tx, feedback, &mine, now).await?;
    for timer in mine {
        batch.fire(timer)?;
    }
    batch.effects.store(&tx, now).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// What the timers of a batch look at, as the ones before them in the batch have left it.
struct Batch {
    now: DateTime<Utc>,
    feedback: HashMap<Uuid, Swept>,
    clocks: HashMap<Uuid, StoredClock>,
    policies: HashMap<Uuid, Arc<Effective>>,
    effects: Effects,
}

#[derive(Default)]
struct Effects {
    happened: Vec<Event>,
    breached: Vec<Uuid>,
    escalated: Vec<Escalation>,
    owing: Vec<Uuid>,
    timers: Vec<NewTimer>,
}

impl Batch {
    async fn load(app: &App, tx: &Tx, feedback: Vec<Swept>, timers: &[&Claimed], now: DateTime<Utc>) -> Result<Batch> {
        let mut ids = Vec::new();
        for timer in timers.iter().filter(|timer| timer.payload.get("clock_id").is_some()) {
            ids.push(clock_of(timer)?);
        }
        ids.sort_unstable();
        ids.dedup();
        let clocks = clocks::of_ids(tx, ids).await?;
        let climbs = timers.iter().any(|t| matches!(t.kind, TimerKind::SlaBreach | TimerKind::SlaEscalation));
        let mut policies = HashMap::new();
        for id in feedback.iter().filter(|_| climbs).filter_map(|feedback| feedback.policy_id) {
            if !policies.contains_key(&id)
                && let Some(effective) = policies::by_id(app, tx, id).await?
            {
                policies.insert(id, effective);
            }
        }
        Ok(Batch {
            now,
            feedback: feedback.into_iter().map(|feedback| (feedback.id, feedback)).collect(),
            clocks: clocks.into_iter().map(|clock| (clock.id, clock)).collect(),
            policies,
            effects: Effects::default(),
        })
    }

    fn fire(&mut self, timer: &Claimed) -> Result<()> {
        let Some(feedback) = self.feedback.get_mut(&timer.subject_id) else { return Ok(()) };
        match timer.kind {
            TimerKind::PromiseReminder => {
                if let Some(promised_at) = standing_promise(timer, feedback)? {
                    let feedback_id = feedback.id;
                    self.effects.happened.push(Event::FeedbackPromiseReminder { feedback_id, promised_at });
                }
                Ok(())
            }
            TimerKind::DelayExplanation => {
                let promise = standing_promise(timer, feedback)?;
                if let Some(promised_at) = promise.filter(|_| feedback.explanation_owed_since.is_none()) {
                    feedback.explanation_owed_since = Some(self.now);
                    self.effects.owing.push(feedback.id);
                    let feedback_id = feedback.id;
                    self.effects.happened.push(Event::FeedbackExplanationOwed { feedback_id, promised_at });
                }
                Ok(())
            }
            _ => self.fire_of_clock(timer),
        }
    }

    fn fire_of_clock(&mut self, timer: &Claimed) -> Result<()> {
        let Some(clock) = self.clocks.get_mut(&clock_of(timer)?) else { return Ok(()) };
        if clock.state != ClockState::Running.as_str() {
            return Ok(());
        }
        let (feedback_id, which) = (clock.feedback_id, stored(&clock.kind)?);
        // A deadline may have moved after the timer was claimed; then a new timer stands in its place.
        let Some(due_at) = clock.due_at else { return Ok(()) };
        let policy = self.feedback.get(&feedback_id).and_then(|feedback| self.policies.get(&feedback.policy_id?));
        match timer.kind {
            TimerKind::SlaWarning => {
                self.effects.happened.push(Event::FeedbackSlaWarning { feedback_id, clock: which, due_at });
            }
            TimerKind::SlaBreach if clock.breached_at.is_none() && due_at <= self.now => {
                clock.breached_at = Some(self.now);
                self.effects.breached.push(clock.id);
                self.effects.timers.extend(policy.and_then(|policy| next_step(policy, clock, 0, due_at)));
                self.effects.happened.push(Event::FeedbackSlaBreached { feedback_id, clock: which, due_at });
            }
            TimerKind::SlaEscalation => return self.climb(timer, clock_of(timer)?, due_at),
            _ => {}
        }
        Ok(())
    }

    /// The next level is told, unless another clock has brought it there before; and the one above waits for its time.
    fn climb(&mut self, timer: &Claimed, clock: Uuid, due_at: DateTime<Utc>) -> Result<()> {
        let Some(clock) = self.clocks.get(&clock) else { return Ok(()) };
        let Some(feedback) = self.feedback.get_mut(&timer.subject_id) else { return Ok(()) };
        let Some(policy) = feedback.policy_id.and_then(|id| self.policies.get(&id)) else { return Ok(()) };
        let closed = stored::<State>(&feedback.state)? == State::Closed;
        let Rung { level, from } = Rung::of(&timer.payload, due_at)?;
        let on_ladder = policy.spec.ladder().iter().any(|step| step.level.number() == level);
        if closed || !on_ladder {
            return Ok(());
        }
        if due_at > self.now {
            // The deadline has been put off since: the way begins anew with it.
            self.effects.timers.extend(next_step(policy, clock, level - 1, due_at));
            return Ok(());
        }
        if feedback.escalation_level < level {
            feedback.escalation_level = level;
            let (id, feedback_id) = (new_id(self.now), feedback.id);
            let which = stored(&clock.kind)?;
            let kind = clock.kind.clone();
            self.effects.escalated.push(Escalation {
                id,
                feedback_id,
                clock: kind,
                level,
                due_at,
                escalated_at: self.now,
            });
            self.effects.happened.push(Event::FeedbackEscalated { feedback_id, clock: which, level });
        }
        self.effects.timers.extend(next_step(policy, clock, level, from));
        Ok(())
    }
}

impl Effects {
    async fn store(self, tx: &Tx, now: DateTime<Utc>) -> Result<()> {
        clocks::breach(tx, self.breached, now).await?;
        // From the lowest: what climbs two steps at once ends at the higher.
        let mut levels: Vec<i32> = self.escalated.iter().map(|escalation| escalation.level).collect();
        levels.sort_unstable();
        levels.dedup();
        for level in levels {
            let of_level = self.escalated.iter().filter(|escalation| escalation.level == level);
            sweep::escalate(tx, of_level.map(|escalation| escalation.feedback_id).collect(), level, now).await?;
        }
        escalations::insert_all(tx, self.escalated).await?;
        sweep::owe_explanation(tx, self.owing, now).await?;
        timers::set_many(tx, now, self.timers).await?;
        Ok(events::append(tx, None, now, &self.happened).await?)
    }
}

fn clock_of(timer: &Claimed) -> Result<Uuid> {
    Ok(from_json(&timer.payload["clock_id"])?)
}

/// The promise that a timer is about, if it still stands and is not kept yet.
fn standing_promise(timer: &Claimed, feedback: &Swept) -> Result<Option<DateTime<Utc>>> {
    let promised_at: DateTime<Utc> = from_json(&timer.payload["promised_at"])?;
    let open = stored::<State>(&feedback.state)? != State::Closed && feedback.resolved_at.is_none();
    Ok((feedback.promised_at == Some(promised_at) && open).then_some(promised_at))
}
