//! Tasks of a plan, made and cancelled by the thousand.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::task::Hands;
use huiyin_domain::follow_up::turn::LeastLoaded;
use huiyin_domain::follow_up::{Assignment, CancelCause, TaskOrigin, TaskState};
use huiyin_domain::sla::{Calendar, Span};
use huiyin_domain::tiering::condition::{Condition, Moment};
use huiyin_persistence::follow_up::audience::Audience;
use huiyin_persistence::follow_up::generation::{self, Among, Candidate};
use huiyin_persistence::follow_up::plans::{Plan, Touchpoint};
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, stored};
use huiyin_persistence::{ConnectionTrait, DbErr, Tx};
use serde_json::Value;
use uuid::Uuid;

use super::assignment::{Place, Subject, assign};
use super::frequency::divide;
use super::tasks::{NewTask, Timing, cancel_all, created, row};
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// Tasks that are cancelled in one transaction.
const LEAVERS: u64 = 2_000;

/// Whom a plan is about at a moment: the members of a segment, or whoever satisfies a condition.
///
/// A department's plan is about its own customers: whoever runs it would else have anybody called by his people.
pub fn audience(
    department: Option<Uuid>,
    segment: Option<Uuid>,
    condition: Option<&Value>,
    moment: Moment,
) -> Result<Audience> {
    let everywhere = of_everybody(segment, condition, moment)?;
    Ok(match department {
        Some(department) => Audience::Within(department, Box::new(everywhere)),
        None => everywhere,
    })
}

fn of_everybody(segment: Option<Uuid>, condition: Option<&Value>, moment: Moment) -> Result<Audience> {
    if let Some(segment) = segment {
        return Ok(Audience::Members(segment));
    }
    let written = condition.ok_or_else(|| Error::broken("a stored plan", "neither segment nor condition"))?;
    let condition =
        Condition::parse(written, "").map_err(|faults| Error::broken("a stored condition", format!("{faults:?}")))?;
    Ok(Audience::Meeting(condition.bind(moment)))
}

/// A task that is wanted.
pub struct Wanted {
    pub candidate: Candidate,
    pub occasion: String,
    pub feedback_id: Option<Uuid>,
    pub due: Span,
}

/// What the tasks of a touchpoint are made of.
pub struct Maker {
    pub plan: Plan,
    pub audience: Audience,
    pub zone: Tz,
    touchpoint_id: Uuid,
    title: String,
    assignment: Assignment,
    /// How much each of the department has, with what has been given since it was counted.
    counted: Option<LeastLoaded>,
    timing: Timing,
    /// Its customers are contacted so often at most: who counts has all others who count wait.
    pub limited: bool,
}

/// What came of a batch.
#[derive(Default)]
pub struct Made {
    pub tasks: usize,
    /// In whose hands how many of them have come.
    pub given: HashMap<Uuid, i64>,
    /// How many were not to be done from the start, and are stored cancelled.
    pub cancelled: usize,
}

impl Maker {
    pub async fn load(
        app: &App,
        db: &impl ConnectionTrait,
        plan: Plan,
        touchpoint: &Touchpoint,
        now: DateTime<Utc>,
    ) -> Result<Maker> {
        let zone = app.config.time_zone;
        Ok(Maker {
            audience: audience(plan.department_id, plan.segment_id, plan.condition.as_ref(), Moment { now, zone })?,
            zone,
            touchpoint_id: touchpoint.id,
            title: format!("{} · {}", plan.name, touchpoint.name),
            assignment: from_json(&plan.assignment)?,
            counted: None,
            timing: Timing::load(app, db).await?,
            limited: stored::<Purpose>(&plan.purpose)? == Purpose::Marketing,
            plan,
        })
    }

    pub fn calendar(&self) -> Option<&Calendar> {
        self.timing.hours().calendar
    }

    fn new_task(&self, due: Span) -> Result<NewTask, DbErr> {
        Ok(NewTask {
            origin: TaskOrigin::Plan,
            plan_id: Some(self.plan.id),
            touchpoint_id: Some(self.touchpoint_id),
            customer_id: None,
            occasion: None,
            feedback_id: None,
            source_record_id: None,
            title: self.title.clone(),
            note: None,
            method: stored(&self.plan.method)?,
            script_id: self.plan.script_id,
            priority: stored(&self.plan.priority)?,
            tier: None,
            hands: Hands::default(),
            due_from: due.from,
            due_by: due.to,
            created_by: None,
            prompted_by: None,
        })
    }

    /// Stores tasks, in whose hands the assignment says. Answers those that there were not yet.
    async fn store(&self, tx: &Tx, wanted: Vec<Wanted>, hands: Vec<Hands>, now: DateTime<Utc>) -> Result<Vec<Task>> {
        // When the clock looks at them is reckoned once for all that are due alike.
        let mut alike: HashMap<(DateTime<Utc>, DateTime<Utc>), Task> = HashMap::new();
        let mut rows = Vec::with_capacity(wanted.len());
        for (want, hands) in wanted.into_iter().zip(hands) {
            let key = (want.due.from, want.due.to);
            let task = match alike.entry(key) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(place) => place.insert(row(&self.timing, now, self.new_task(want.due)?)).clone(),
            };
            rows.push(Task {
                id: new_id(now),
                customer_id: Some(want.candidate.id),
                occasion: Some(want.occasion),
                feedback_id: want.feedback_id,
                tier: want.candidate.tier,
                assignee_id: hands.assignee,
                department_id: hands.department.or(self.plan.department_id),
                instead_of: hands.instead_of,
                ..task
            });
        }
        let made = generation::insert(tx, &rows).await?;
        Ok(rows.into_iter().filter(|task| made.contains(&task.id)).collect())
    }

    /// In whose hands tasks for these come, as it goes on from those before.
    pub async fn place(&mut self, tx: &Tx, candidates: &[Candidate], now: DateTime<Utc>) -> Result<Vec<Place>> {
        let subject = |candidate: &Candidate| Subject {
            customer_id: candidate.id,
            owner_id: candidate.owner_id,
            department_id: candidate.department_id,
        };
        let subjects: Vec<Subject> = candidates.iter().map(subject).collect();
        assign(tx, &self.assignment, &subjects, &mut self.counted, now).await
    }

    /// Makes tasks and tells of each. Those that are too many for their customers are stored cancelled.
    pub async fn make(&mut self, tx: &Tx, wanted: Vec<Wanted>, now: DateTime<Utc>) -> Result<Made> {
        let (wanted, beyond) = if self.limited && !wanted.is_empty() {
            divide(tx, wanted, stored(&self.plan.method)?, self.zone).await?
        } else {
            (wanted, Vec::new())
        };
        let cancelled = self.make_cancelled(tx, beyond, CancelCause::ContactLimit, now).await?;
        let candidates: Vec<Candidate> = wanted.iter().map(|want| want.candidate.clone()).collect();
        let places = self.place(tx, &candidates, now).await?;
        let made = self.make_placed(tx, wanted, places, now).await?;
        Ok(Made { cancelled: made.cancelled + cancelled, ..made })
    }

    /// Makes tasks in these hands, one for each, and tells of each that there was not yet.
    pub async fn make_placed(
        &self,
        tx: &Tx,
        wanted: Vec<Wanted>,
        places: Vec<Place>,
        now: DateTime<Utc>,
    ) -> Result<Made> {
        let hands = places.into_iter().map(|place| Hands {
            assignee: place.assignee_id,
            department: place.department_id,
            instead_of: place.instead_of,
        });
        let tasks = self.store(tx, wanted, hands.collect(), now).await?;
        let mut made = Made { tasks: tasks.len(), ..Made::default() };
        for assignee in tasks.iter().filter_map(|task| task.assignee_id) {
            *made.given.entry(assignee).or_default() += 1;
        }
        let happened = tasks.iter().map(created).collect::<Result<Vec<_>, DbErr>>()?;
        events::append(tx, None, now, &happened).await?;
        Ok(made)
    }

    /// Stores tasks that are not to be done, cancelled: it can be seen why nobody calls. Answers how many there are.
    pub async fn make_cancelled(
        &self,
        tx: &Tx,
        wanted: Vec<Wanted>,
        cause: CancelCause,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        if wanted.is_empty() {
            return Ok(0);
        }
        let nobody = vec![Hands::default(); wanted.len()];
        let made = self.store(tx, wanted, nobody, now).await?;
        let count = made.len();
        let happened = cancel_all(tx, None, made, cause, None, now).await?;
        events::append(tx, None, now, &happened).await?;
        Ok(count)
    }
}

/// A part of those who have left.
pub struct Leavers {
    /// Their tasks; none: there are no more.
    pub found: usize,
    /// Those of them that nobody else has begun or cancelled at this moment.
    pub cancelled: usize,
}

/// Cancels open tasks among these that nobody has begun, of whoever is not in the audience any more: a part of them.
pub async fn cancel_those_who_left(
    tx: &Tx,
    among: Among<'_>,
    audience: &Audience,
    now: DateTime<Utc>,
) -> Result<Leavers> {
    let gone = generation::leaving(tx, among, audience, LEAVERS, now).await?;
    let found = gone.len();
    let mut open = tasks::lock_open(tx, gone).await?;
    // Somebody may have begun with it at this moment.
    open.retain(|task| task.state == TaskState::Pending.as_str());
    let cancelled = open.len();
    let happened = cancel_all(tx, None, open, CancelCause::LeftAudience, None, now).await?;
    events::append(tx, None, now, &happened).await?;
    Ok(Leavers { found, cancelled })
}
