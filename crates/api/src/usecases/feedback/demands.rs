//! Demands (需求): made of suggestions, moved by those who decide, and everybody who asked is told.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::case::{ranked, score, weigh};
use huiyin_domain::feedback::{DemandStatus, FeedbackType};
use huiyin_domain::text::segment::search_tokens;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::feedback::demands::{self, Attached, Demand, Move};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, new_id, stored};
use huiyin_persistence::{ConnectionTrait, Tx};
use serde_json::json;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::identity::departments::check_department;
use crate::usecases::support::{Command, Result, transact};

/// Customers who are told in one transaction.
const BATCH: u64 = 1_000;
/// Words by which a demand is found.
const WORDS: usize = 500;
/// The weightiest words of a feedback by which demands are looked for.
const ASKED: usize = 24;
/// Words of demands that are looked at.
const READ: u64 = 4_000;
/// A demand that shares less with a feedback is not offered.
const FITS_FROM: f64 = 0.15;

/// What is wanted.
#[derive(Debug)]
pub struct NewDemand {
    pub title: String,
    pub description: Option<String>,
    pub department_id: Option<Uuid>,
}

/// What is said anew. `None`: not said.
#[derive(Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub description: Option<Option<String>>,
    pub department_id: Option<Option<Uuid>>,
}

pub async fn create(app: &App, command: &Command, new: NewDemand) -> Result<Demand> {
    let now = command.now;
    transact(app, command, async |tx| {
        check_department(tx, new.department_id).await?;
        let row = Demand {
            id: new_id(now),
            title: new.title,
            description: new.description,
            status: DemandStatus::Collected.to_string(),
            department_id: new.department_id,
            feedback_count: 0,
            askers: 0,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let row = demands::insert(tx, row).await?;
        demands::put_words(tx, row.id, words(&row)).await?;
        events::append(tx, command.actor.user_id(), now, &[Event::DemandCreated { demand_id: row.id }]).await?;
        Ok(row)
    })
    .await
}

fn words(row: &Demand) -> Vec<String> {
    let mut words = search_tokens(&format!("{}\n{}", row.title, row.description.as_deref().unwrap_or_default()));
    words.truncate(WORDS);
    words
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: Change) -> Result<Demand> {
    transact(app, command, async |tx| {
        let before = demands::lock(tx, id).await?.ok_or(Code::DemandNotFound)?;
        command.check_version(before.version)?;
        check_department(tx, change.department_id.flatten()).await?;
        let mut after = before.clone();
        after.title = change.title.unwrap_or(after.title);
        after.description = change.description.unwrap_or(after.description);
        after.department_id = change.department_id.unwrap_or(after.department_id);
        let differs = [
            ("title", after.title != before.title),
            ("description", after.description != before.description),
            ("department_id", after.department_id != before.department_id),
        ];
        let fields: Vec<String> = differs.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        after.updated_at = command.now;
        after.version += 1;
        demands::put_words(tx, id, words(&after)).await?;
        let after = demands::update(tx, after).await?;
        let event = Event::DemandUpdated { demand_id: id, fields };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(after)
    })
    .await
}

/// Moves a demand. Whoever asked for it is told in the background, batch by batch.
pub async fn move_to(app: &App, command: &Command, id: Uuid, to: DemandStatus, note: Option<String>) -> Result<Demand> {
    let now = command.now;
    transact(app, command, async |tx| {
        let before = demands::lock(tx, id).await?.ok_or(Code::DemandNotFound)?;
        command.check_version(before.version)?;
        let from: DemandStatus = stored(&before.status)?;
        from.move_to(to)?;
        let step = Move {
            id: new_id(now),
            demand_id: id,
            from_status: from.to_string(),
            to_status: to.to_string(),
            note,
            moved_by: command.actor.user_id(),
            moved_at: now,
        };
        demands::insert_move(tx, step).await?;
        timers::set(tx, now, vec![notice(id, to, None, now)]).await?;
        let version = before.version + 1;
        let after = Demand { status: to.to_string(), updated_at: now, version, ..before };
        let after = demands::update(tx, after).await?;
        let event = Event::DemandMoved { demand_id: id, from, to };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(after)
    })
    .await
}

fn notice(demand: Uuid, status: DemandStatus, after: Option<Uuid>, due_at: DateTime<Utc>) -> NewTimer {
    NewTimer {
        kind: TimerKind::DemandNotice,
        subject_id: demand,
        unique_key: format!("demand_notice:{status}:{demand}"),
        due_at,
        payload: json!({ "status": status, "after": after }),
    }
}

/// Tells the next customers who asked for a demand where it stands, each once for each status. The timer for those that
/// follow is set in the same transaction.
pub async fn tell(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let demand = timer.subject_id;
    let status: DemandStatus = from_json(&timer.payload["status"])?;
    let after: Option<Uuid> = from_json(&timer.payload["after"])?;
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let askers = demands::askers_after(&tx, demand, after, BATCH).await?;
    let told = demands::tell(&tx, demand, status, &askers, now).await?;
    let event = |customer_id: Uuid| Event::DemandNotice { demand_id: demand, customer_id, status };
    let happened: Vec<Event> = told.into_iter().map(event).collect();
    events::append(&tx, None, now, &happened).await?;
    if let Some(last) = askers.last().filter(|_| askers.len() as u64 == BATCH) {
        timers::set(&tx, now, vec![notice(demand, status, Some(*last), now)]).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// Says that a suggestion asks for a demand. Said twice it is said once.
pub async fn attach(app: &App, command: &Command, id: Uuid, feedback_id: Uuid) -> Result<Demand> {
    let now = command.now;
    transact(app, command, async |tx| {
        let demand = demands::lock(tx, id).await?.ok_or(Code::DemandNotFound)?;
        let feedback = pool::find(tx, command.scope(), feedback_id).await?;
        let feedback = feedback.ok_or_else(|| Fault::new(Code::FeedbackNotFound).at("/feedback_id"))?;
        if stored::<FeedbackType>(&feedback.kind)? != FeedbackType::Suggestion {
            return Err(Fault::new(Code::NotASuggestion).at("/feedback_id").into());
        }
        let row = Attached { demand_id: id, feedback_id, attached_by: command.actor.user_id(), attached_at: now };
        if !demands::attach(tx, row).await? {
            return Ok(demand);
        }
        let event = Event::DemandAttached { demand_id: id, feedback_id, customer_id: feedback.customer_id };
        counted(tx, command, demand, event).await
    })
    .await
}

/// Takes it back.
pub async fn detach(app: &App, command: &Command, id: Uuid, feedback_id: Uuid) -> Result<Demand> {
    transact(app, command, async |tx| {
        let demand = demands::lock(tx, id).await?.ok_or(Code::DemandNotFound)?;
        let missing = || Fault::new(Code::FeedbackNotFound).at("/feedback_id");
        let feedback = pool::find(tx, command.scope(), feedback_id).await?.ok_or_else(missing)?;
        if !demands::detach(tx, id, feedback.id).await? {
            return Ok(demand);
        }
        counted(tx, command, demand, Event::DemandDetached { demand_id: id, feedback_id }).await
    })
    .await
}

async fn counted(tx: &Tx, command: &Command, demand: Demand, event: Event) -> Result<Demand> {
    let (feedback_count, askers) = demands::count(tx, demand.id).await?;
    let version = demand.version + 1;
    let demand = Demand { feedback_count, askers, updated_at: command.now, version, ..demand };
    let demand = demands::update(tx, demand).await?;
    events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok(demand)
}

/// The demands that a text asks for most likely, with how well they fit, 0 to 1. Words that stand in many demands tell
/// less.
pub async fn fitting(db: &impl ConnectionTrait, text: &str, limit: usize) -> Result<Vec<(Demand, f64)>> {
    let asked = weigh(search_tokens(text), &HashMap::new(), ASKED);
    let words: Vec<String> = asked.iter().map(|(word, _)| word.clone()).collect();
    let found = demands::with_words(db, words, READ).await?;
    let mut of: HashMap<Uuid, HashSet<&str>> = HashMap::new();
    let mut holders: HashMap<String, f64> = HashMap::new();
    for (demand, word) in &found {
        of.entry(*demand).or_default().insert(word);
        *holders.entry(word.clone()).or_default() += 1.0;
    }
    let most = of.len().max(4) as f64;
    let words: Vec<String> = asked.into_iter().map(|(word, _)| word).collect();
    let shares = words.iter().map(|word| (word.clone(), holders.get(word).copied().unwrap_or(1.0) / most)).collect();
    let asked = weigh(words, &shares, ASKED);
    let fits = ranked(of.iter().map(|(id, words)| (*id, score(&asked, words))), FITS_FROM, limit);
    let rows = demands::by_ids(db, fits.iter().map(|(id, _)| *id).collect()).await?;
    let mut rows: HashMap<Uuid, Demand> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(fits.into_iter().filter_map(|(id, score)| Some((rows.remove(&id)?, score))).collect())
}
