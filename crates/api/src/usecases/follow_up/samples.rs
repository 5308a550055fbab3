//! Samples (抽查): records are drawn at random, and somebody else than who wrote them checks them against the customer file.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::coverage::Period;
use huiyin_domain::follow_up::sampling::{Draw, SampleVerdict};
use huiyin_domain::identity::Scope;
use huiyin_persistence::follow_up::plans;
use huiyin_persistence::follow_up::samples::{self, Field, Item, Sample};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, already_done, transact};

/// Ids that are read at once.
const BATCH: u64 = 10_000;

/// Which records are drawn from, and how many are drawn.
#[derive(Debug)]
pub struct NewSample {
    pub period: Period,
    pub plan_id: Option<Uuid>,
    pub author_id: Option<Uuid>,
    pub size: u16,
    /// Made up unless given.
    pub seed: Option<i64>,
}

/// Draws a sample of the records within reach.
pub async fn draw(app: &App, command: &Command, new: NewSample) -> Result<Sample> {
    let now = command.now;
    let scope = command.scope();
    let seed = new.seed.unwrap_or_else(made_up);
    // Before the transaction: reading takes long, and nobody is to wait for it.
    let draw = if already_done(app, command).await? {
        Draw::new(seed, 0)
    } else {
        check_references(app, scope, &new).await?;
        let (from, until) = new.period.moments(app.config.time_zone);
        let field = Field { scope, plan_id: new.plan_id, author_id: new.author_id, from, until };
        drawn(app, &field, Draw::new(seed, new.size.into())).await?
    };
    transact(app, command, async |tx| {
        let (id, population) = (new_id(now), draw.population());
        // Lists are by descending id: the first one drawn gets the last.
        let items: Vec<Item> = draw.drawn().into_iter().rev().map(|record_id| item(id, record_id, now)).collect();
        let sample = Sample {
            id,
            from_on: new.period.from,
            to_on: new.period.to,
            plan_id: new.plan_id,
            author_id: new.author_id,
            department_id: match scope {
                Scope::Department { department, .. } => Some(department),
                Scope::All | Scope::Own { .. } => None,
            },
            size: new.size.into(),
            seed,
            population,
            drawn: i32::try_from(items.len()).unwrap_or_default(),
            matches: 0,
            differs: 0,
            doubtful: 0,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let sample = samples::insert(tx, sample, items).await?;
        let event = Event::FollowUpSampleDrawn { sample_id: id, population, drawn: sample.drawn };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(sample)
    })
    .await
}

/// Of 31 bits.
fn made_up() -> i64 {
    i64::from(rand::random::<u32>() >> 1)
}

fn item(sample_id: Uuid, record_id: Uuid, now: DateTime<Utc>) -> Item {
    Item { id: new_id(now), sample_id, record_id, verdict: None, note: None, checked_by: None, checked_at: None }
}

async fn check_references(app: &App, scope: Scope, new: &NewSample) -> Result<()> {
    let mut missing = Vec::new();
    if let Some(plan) = new.plan_id
        && plans::find(&app.db, scope, plan).await?.is_none()
    {
        missing.push(Fault::new(Code::PlanNotFound).at("/plan_id"));
    }
    if let Some(author) = new.author_id
        && users::find(&app.db, scope, author).await?.is_none()
    {
        missing.push(Fault::new(Code::UserNotFound).at("/author_id"));
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::Faults(missing)) }
}

async fn drawn(app: &App, field: &Field, mut draw: Draw) -> Result<Draw> {
    let mut after = None;
    loop {
        let records = samples::records_after(&app.db, field, after, BATCH).await?;
        records.iter().for_each(|(_, id)| draw.offer(*id));
        after = records.last().copied();
        if (records.len() as u64) < BATCH {
            return Ok(draw);
        }
    }
}

/// Says what checking a record has shown. Said anew it takes the place of what was said before.
pub async fn judge(
    app: &App,
    command: &Command,
    id: Uuid,
    record_id: Uuid,
    verdict: SampleVerdict,
    note: Option<String>,
) -> Result<(Sample, Item)> {
    let now = command.now;
    transact(app, command, async |tx| {
        let sample = samples::lock(tx, command.scope(), id).await?.ok_or(Code::SampleNotFound)?;
        command.check_version(sample.version)?;
        let item = samples::item(tx, id, record_id).await?.ok_or(Code::SampleItemNotFound)?;
        let record = samples::record(tx, record_id).await?.ok_or(Code::SampleItemNotFound)?;
        let judge = command.actor.user_id();
        if record.author_id.is_some() && record.author_id == judge {
            return Err(Code::OwnRecord.into());
        }
        let (checked_by, checked_at) = (judge, Some(now));
        let item = Item { verdict: Some(verdict.to_string()), note, checked_by, checked_at, ..item };
        let item = samples::update_item(tx, item).await?;
        let mut counts = [0; 3];
        for (count, verdict) in counts.iter_mut().zip(SampleVerdict::ALL) {
            *count = i32::try_from(samples::count(tx, id, *verdict).await?).unwrap_or_default();
        }
        let [matches, differs, doubtful] = counts;
        let version = sample.version + 1;
        let sample = Sample { matches, differs, doubtful, updated_at: now, version, ..sample };
        let sample = samples::update(tx, sample).await?;
        let event = Event::FollowUpSampleChecked { sample_id: id, record_id, verdict: verdict.to_string() };
        events::append(tx, judge, now, &[event]).await?;
        Ok((sample, item))
    })
    .await
}
