//! The clocks of some feedback with their ledgers: what happens to them is worked out in memory and written at once, so
//! that a step, and a batch of a hundred, cost the same few statements.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::feedback::ClockMove;
use huiyin_domain::sla::{Clock, ClockKind, ClockState, Entry, Target};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::integration::{events, timers};
use huiyin_persistence::sla::clocks::{self, Line, StoredClock};
use huiyin_persistence::support::{new_id, stored, to_json};
use huiyin_persistence::{DbErr, Tx};
use uuid::Uuid;

use super::clocks::{keys_of, row_of, show, timers_of};
use super::ladder::next_step;
use super::policies::{self, Dated, Effective};
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// Why an entry of a ledger is made.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// The event that brings it about.
    pub event: &'static str,
    /// Whose doing it is; nobody's, where it is the clock's.
    pub actor: Option<Uuid>,
}

/// A clock, and what becomes of it.
struct Page {
    row: StoredClock,
    /// Replayed once it is needed.
    clock: Option<Clock>,
    fresh: bool,
    dirty: bool,
    /// The deadline before it was worked out anew.
    moved_from: Option<Option<DateTime<Utc>>>,
    /// Its timers are to be set again, though nothing else has changed.
    rewind: bool,
    /// Late already when it ran on, and nobody has done anything since.
    escalate: bool,
    policy: Option<Arc<Effective>>,
}

impl Page {
    fn of(row: StoredClock) -> Page {
        Page {
            row,
            clock: None,
            fresh: false,
            dirty: false,
            moved_from: None,
            rewind: false,
            escalate: false,
            policy: None,
        }
    }
}

/// The clocks of some feedback. The caller holds the locks of the feedback.
pub struct Book<'a> {
    app: &'a App,
    tx: &'a Tx,
    now: DateTime<Utc>,
    cause: Cause,
    pages: Vec<Page>,
    lines: Vec<Line>,
    told: Vec<Event>,
    policies: HashMap<Uuid, Option<Arc<Effective>>>,
    calendars: HashMap<Uuid, Dated>,
}

impl<'a> Book<'a> {
    /// Without a page yet, for feedback that comes in.
    pub fn new(app: &'a App, tx: &'a Tx, cause: Cause, now: DateTime<Utc>) -> Self {
        Book {
            app,
            tx,
            now,
            cause,
            pages: Vec::new(),
            lines: Vec::new(),
            told: Vec::new(),
            policies: HashMap::new(),
            calendars: HashMap::new(),
        }
    }

    /// All clocks of these feedbacks.
    pub async fn load(app: &'a App, tx: &'a Tx, feedback: Vec<Uuid>, cause: Cause, now: DateTime<Utc>) -> Result<Self> {
        let pages = clocks::all_of(tx, feedback).await?.into_iter().map(Page::of).collect();
        Ok(Book { pages, ..Self::new(app, tx, cause, now) })
    }

    /// The policy that a feedback goes by.
    pub async fn policy(&mut self, feedback: &Feedback) -> Result<Option<Arc<Effective>>> {
        let Some(id) = feedback.policy_id else { return Ok(None) };
        if let Some(known) = self.policies.get(&id) {
            return Ok(known.clone());
        }
        let found = policies::by_id(self.app, self.tx, id).await?;
        Ok(self.keep(id, found))
    }

    fn keep(&mut self, id: Uuid, policy: Option<Arc<Effective>>) -> Option<Arc<Effective>> {
        if let Some(policy) = &policy {
            self.calendars.insert(policy.calendar_id, policy.dated());
        }
        self.policies.insert(id, policy.clone());
        policy
    }

    async fn calendar(&mut self, id: Uuid) -> Result<Dated> {
        if let Some(known) = self.calendars.get(&id) {
            return Ok(known.clone());
        }
        let found = policies::present(self.app, self.tx, id).await?;
        self.calendars.insert(id, found.clone());
        Ok(found)
    }

    /// Replays the ledgers, all of them the first time that one is needed.
    async fn replayed(&mut self, index: usize) -> Result<&mut Clock> {
        if self.pages[index].clock.is_none() {
            let unread = self.pages.iter().filter(|page| page.clock.is_none()).map(|page| page.row.id).collect();
            let ledgers = clocks::lines(self.tx, unread).await?;
            for page in self.pages.iter_mut().filter(|page| page.clock.is_none()) {
                let lines = ledgers.get(&page.row.id).map(Vec::as_slice).unwrap_or_default();
                let entries = lines.iter().map(clocks::entry).collect::<Result<Vec<Entry>, DbErr>>()?;
                page.clock = Some(Clock::replay(&entries).map_err(|error| Error::broken("stored clock", error))?);
            }
        }
        self.pages[index].clock.as_mut().ok_or_else(|| Error::broken("stored clock", "without a ledger"))
    }

    fn write(&mut self, index: usize, entry: Entry, calendar: Option<Uuid>) -> Result<()> {
        let page = &mut self.pages[index];
        self.lines.push(Line {
            clock_id: page.row.id,
            position: page.row.entries,
            entry: to_json(&entry)?,
            cause: Some(self.cause.event.to_owned()),
            actor_id: self.cause.actor,
            calendar_id: calendar,
        });
        page.row.entries += 1;
        page.dirty = true;
        Ok(())
    }

    /// A new clock of a feedback that goes by this policy.
    pub fn begin(
        &mut self,
        policy: &Arc<Effective>,
        feedback: &Feedback,
        kind: ClockKind,
        part: Option<Uuid>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let target = policy.spec.target(&feedback.priority, kind);
        let (clock, entry) = Clock::start(at, target);
        let mut row = row_of(new_id(self.now), feedback.id, kind, part, policy.calendar_id, &clock);
        show(&mut row, &clock, &policy.dated(), self.now);
        let page = Page { clock: Some(clock), fresh: true, policy: Some(policy.clone()), ..Page::of(row) };
        self.pages.push(page);
        self.write(self.pages.len() - 1, entry, Some(policy.calendar_id))
    }

    /// The clocks that a new feedback starts with, as far as the policy has targets for them.
    pub fn begin_all(&mut self, policy: &Arc<Effective>, feedback: &Feedback, kinds: &[ClockKind]) -> Result<()> {
        self.keep(policy.policy_id, Some(policy.clone()));
        for kind in kinds {
            if policy.spec.target(&feedback.priority, *kind).is_some() {
                self.begin(policy, feedback, *kind, None, feedback.received_at)?;
            }
        }
        Ok(())
    }

    /// The clocks as they are so far, without those of parts.
    pub fn clocks(&self) -> Vec<StoredClock> {
        self.pages.iter().map(|page| &page.row).filter(|row| row.part_id.is_none()).cloned().collect()
    }

    fn own(&self, feedback: Uuid, kind: ClockKind) -> Option<usize> {
        self.pages.iter().position(|page| {
            let row = &page.row;
            row.feedback_id == feedback && row.part_id.is_none() && row.kind == kind.as_str()
        })
    }

    /// Does to the feedback's own clocks what its transition asks for.
    pub async fn apply(&mut self, feedback: &Feedback, moves: &[(ClockKind, ClockMove)]) -> Result<()> {
        for (kind, change) in moves {
            match self.own(feedback.id, *kind) {
                Some(index) => self.act(index, feedback, *change).await?,
                None if *change == ClockMove::Run => {
                    let Some(policy) = self.policy(feedback).await? else { continue };
                    if policy.spec.target(&feedback.priority, *kind).is_some() {
                        self.begin(&policy, feedback, *kind, None, self.now)?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Does something to the clock of a part.
    pub async fn act_on_part(&mut self, feedback: &Feedback, part: Uuid, change: ClockMove) -> Result<()> {
        match self.pages.iter().position(|page| page.row.part_id == Some(part)) {
            Some(index) => self.act(index, feedback, change).await,
            None => Ok(()),
        }
    }

    async fn act(&mut self, index: usize, feedback: &Feedback, change: ClockMove) -> Result<()> {
        let before: ClockState = stored_state(&self.pages[index])?;
        if !change.concerns(before) {
            return Ok(());
        }
        let policy = self.policy(feedback).await?;
        let now = self.now;
        let clock = self.replayed(index).await?;
        let Some(entry) = change.on(clock, now).map_err(|error| Error::broken("clock", error))? else {
            return Ok(());
        };
        let running = clock.state() == ClockState::Running;
        if before == ClockState::Running && policy.as_ref().is_none_or(|policy| policy.enabled) {
            self.tell_if_late(index)?;
        }
        self.write(index, entry, None)?;
        self.pages[index].policy = policy;
        if before == ClockState::Stopped {
            // It counts again, so it goes by the policy as it is now.
            self.align(index, feedback).await?;
        }
        let page = &mut self.pages[index];
        if running && before != ClockState::Running && page.row.breached_at.is_some() {
            page.escalate = true;
        }
        Ok(())
    }

    /// A missed deadline is told of even where somebody was faster than its timer: the jobs look once a second, and not
    /// at all while the program is down.
    fn tell_if_late(&mut self, index: usize) -> Result<()> {
        let row = &mut self.pages[index].row;
        let late = row.due_at.filter(|due_at| *due_at < self.now && row.breached_at.is_none() && row.part_id.is_none());
        let Some(due_at) = late else { return Ok(()) };
        row.breached_at = Some(self.now);
        let clock = stored(&row.kind)?;
        self.told.push(Event::FeedbackSlaBreached { feedback_id: row.feedback_id, clock, due_at });
        Ok(())
    }

    /// Lets one open clock go by target and calendar of its policy.
    async fn align(&mut self, index: usize, feedback: &Feedback) -> Result<()> {
        let Some(policy) = self.policy(feedback).await? else { return Ok(()) };
        let target = policy.spec.target(&feedback.priority, stored(&self.pages[index].row.kind)?);
        self.pages[index].policy = Some(policy.clone());
        self.recompute(index, Some(target), policy.calendar_id).await
    }

    /// Lets the open clocks of a feedback go by its policy and its priority as they are now: time used stays, time left
    /// moves. A target that is new is counted since the feedback came in. `rewind` sets the timers again even where no
    /// deadline has moved.
    pub async fn align_all(&mut self, feedback: &Feedback, rewind: bool) -> Result<()> {
        let Some(policy) = self.policy(feedback).await? else { return Ok(()) };
        for index in 0..self.pages.len() {
            let row = &self.pages[index].row;
            if row.feedback_id == feedback.id && row.stopped_at.is_none() {
                self.align(index, feedback).await?;
                self.pages[index].rewind |= rewind;
            }
        }
        let missing = self.own(feedback.id, ClockKind::Resolve).is_none() && feedback.resolved_at.is_none();
        if missing && policy.spec.target(&feedback.priority, ClockKind::Resolve).is_some() {
            self.begin(&policy, feedback, ClockKind::Resolve, None, feedback.received_at)?;
            if feedback.awaiting.is_some() {
                self.act(self.pages.len() - 1, feedback, ClockMove::Pause).await?;
            }
        }
        Ok(())
    }

    /// What is late and runs is escalated from now on, as after a time in which the policy was switched off.
    pub fn escalate_late(&mut self, feedback: &Feedback) {
        for page in self.pages.iter_mut().filter(|page| page.row.feedback_id == feedback.id) {
            let late = page.row.breached_at.is_some() && page.row.state == ClockState::Running.as_str();
            if late && page.row.part_id.is_none() {
                page.escalate = true;
            }
        }
    }

    /// Works out anew the open clocks that go by a calendar which has changed.
    pub async fn follow_calendar(&mut self, calendar: Uuid, feedback: &HashMap<Uuid, Feedback>) -> Result<()> {
        for index in 0..self.pages.len() {
            let row = &self.pages[index].row;
            let Some(feedback) = feedback.get(&row.feedback_id) else { continue };
            if row.calendar_id == calendar && row.stopped_at.is_none() {
                self.pages[index].policy = self.policy(feedback).await?;
                self.recompute(index, None, calendar).await?;
            }
        }
        Ok(())
    }

    /// Gives an open clock another target, where one is given, and a calendar. A deadline that stays needs no entry.
    async fn recompute(&mut self, index: usize, target: Option<Option<Target>>, calendar: Uuid) -> Result<()> {
        let (dated, now) = (self.calendar(calendar).await?, self.now);
        let clock = self.replayed(index).await?;
        if clock.state() == ClockState::Stopped {
            return Ok(());
        }
        let target = target.unwrap_or(clock.target());
        let same_rules = target == clock.target();
        let reading = clock.reading(&dated.rules, now).ok();
        let page = &self.pages[index];
        let (row, moving) = (&page.row, page.dirty);
        let same_due = reading.is_some_and(|read| read.due_at == row.due_at && read.provisional == row.provisional);
        if same_rules && row.calendar_id == calendar && (moving || same_due) {
            return Ok(());
        }
        let entry = self.replayed(index).await?.recompute(now, target);
        let entry = entry.map_err(|error| Error::broken("clock", error))?;
        let page = &mut self.pages[index];
        page.moved_from.get_or_insert(page.row.due_at);
        page.row.calendar_id = calendar;
        self.write(index, entry, Some(calendar))
    }

    /// Writes everything: rows, ledgers, timers, events. Answers the clocks of the feedback, without those of its parts.
    pub async fn finish(mut self) -> Result<Vec<StoredClock>> {
        let (mut fresh, mut changed) = (Vec::new(), Vec::new());
        let (mut cancelled, mut due) = (Vec::new(), Vec::new());
        for index in 0..self.pages.len() {
            if self.pages[index].dirty || self.pages[index].rewind {
                self.replayed(index).await?;
            }
            let dated = self.calendar_of(index).await?;
            let page = &mut self.pages[index];
            let (Some(clock), Some(dated)) = (&page.clock, dated) else { continue };
            if page.dirty {
                show(&mut page.row, clock, &dated, self.now);
            }
            // Where nothing but the timers is set anew, one that is due at this very moment stays.
            if page.dirty && !page.fresh {
                cancelled.extend(keys_of(&page.row));
            }
            let warn_share = page.policy.as_ref().map_or(1.0, |policy| policy.spec.warn_share);
            due.extend(timers_of(&page.row, clock, &dated.rules, warn_share, self.now));
            let moved = page.moved_from.filter(|from| *from != page.row.due_at && page.row.part_id.is_none());
            if let Some(from) = moved {
                let (feedback_id, clock, to) = (page.row.feedback_id, stored(&page.row.kind)?, page.row.due_at);
                self.told.push(Event::FeedbackDeadlineMoved { feedback_id, clock, from, to });
            }
            match (page.fresh, page.dirty) {
                (true, _) => fresh.push(page.row.clone()),
                (false, true) => changed.push(page.row.clone()),
                (false, false) => {}
            }
            if let Some(policy) = page.policy.as_ref().filter(|_| page.escalate) {
                due.extend(next_step(policy, &page.row, 0, self.now));
            }
        }
        clocks::insert(self.tx, fresh, std::mem::take(&mut self.lines)).await?;
        clocks::save(self.tx, changed).await?;
        timers::cancel(self.tx, cancelled).await?;
        timers::set(self.tx, self.now, due).await?;
        events::append(self.tx, None, self.now, &self.told).await?;
        let rows = self.pages.into_iter().map(|page| page.row);
        Ok(rows.filter(|row| row.part_id.is_none()).collect())
    }

    /// The calendar of a clock that has anything to be written.
    async fn calendar_of(&mut self, index: usize) -> Result<Option<Dated>> {
        let page = &self.pages[index];
        match page.dirty || page.rewind || page.escalate {
            true => self.calendar(page.row.calendar_id).await.map(Some),
            false => Ok(None),
        }
    }
}

/// The state of a clock, without a look at its ledger.
fn stored_state(page: &Page) -> Result<ClockState> {
    match &page.clock {
        Some(clock) => Ok(clock.state()),
        None => Ok(stored(&page.row.state)?),
    }
}
