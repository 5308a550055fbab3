//! The classifier in use, and what it learns from people's corrections: versions, each learnt anew on top of the shipped
//! model, one of them in use. Version 0 is the shipped model itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::classify::model::Model;
use huiyin_domain::feedback::classify::{self, Classification, Correction, Learnt};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::classifier::{self, Correction as StoredCorrection, Lesson, Summary, Version};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use moka::sync::Cache;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, again, already_done, transact};

/// The shipped model's version.
const SHIPPED: Uuid = Uuid::nil();
/// How long another copy may go on by a version that was put out of use.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// The latest corrections that are learnt from.
const MOST_LESSONS: usize = 5_000;
const BATCH: u64 = 500;

/// Versions by id, whose weights never change, and which of them is in use.
pub struct Classifiers {
    active: Cache<(), (Uuid, i64)>,
    learnt: Cache<Uuid, Arc<Learnt>>,
}

impl Default for Classifiers {
    fn default() -> Self {
        Classifiers { active: Cache::builder().time_to_live(TRUSTED_FOR).build(), learnt: Cache::new(4) }
    }
}

/// The version in use, ready to classify with.
#[derive(Debug, Clone)]
pub struct InUse {
    /// 0 is the shipped model.
    pub number: i64,
    learnt: Arc<Learnt>,
}

impl InUse {
    pub fn classify(&self, text: &str) -> Classification {
        classify::classify_with(text, &self.learnt)
    }
}

/// The version by which texts are classified now.
pub async fn in_use(app: &App) -> Result<InUse> {
    let (id, number) = match app.classifiers.active.get(&()) {
        Some(known) => known,
        None => {
            let active = classifier::active(&app.db).await?.unwrap_or((SHIPPED, 0));
            app.classifiers.active.insert((), active);
            active
        }
    };
    if let Some(learnt) = app.classifiers.learnt.get(&id) {
        return Ok(InUse { number, learnt });
    }
    let learnt: Learnt = match classifier::find(&app.db, id).await? {
        Some(version) => from_json(&version.weights)?,
        None => Learnt::default(),
    };
    let learnt = Arc::new(learnt);
    app.classifiers.learnt.insert(id, learnt.clone());
    Ok(InUse { number, learnt })
}

/// Makes the shipped model's version where there is none.
pub async fn prepare(tx: &Tx, now: DateTime<Utc>) -> Result<()> {
    if classifier::latest(tx).await?.is_some() {
        return Ok(());
    }
    let version = Version {
        id: SHIPPED,
        number: 0,
        active: true,
        corrections: 0,
        through: Uuid::nil(),
        skipped: serde_json::json!([]),
        model: Model::name().to_owned(),
        weights: to_json(&Learnt::default())?,
        weight_count: 0,
        created_by: None,
        created_at: now,
    };
    classifier::insert(tx, version).await?;
    Ok(())
}

/// Keeps what a person has changed of a classification. Once there is enough of it, the classifier learns by itself.
pub async fn remember(app: &App, tx: &Tx, command: &Command, before: &Feedback, after: &Feedback) -> Result<()> {
    let same = before.subtype == after.subtype && before.priority == after.priority && before.mood == after.mood;
    if same {
        return Ok(());
    }
    let correction = StoredCorrection {
        id: new_id(command.now),
        feedback_id: before.id,
        model_version: before.model_version,
        subtype_before: before.subtype.clone(),
        subtype: after.subtype.clone(),
        priority_before: before.priority.clone(),
        priority: after.priority.clone(),
        mood_before: before.mood.clone(),
        mood: after.mood.clone(),
        corrected_by: command.actor.user_id(),
        created_at: command.now,
    };
    classifier::insert_correction(tx, correction).await?;
    let Some(enough) = app.config.classifier_learn_after else { return Ok(()) };
    let through = classifier::learnt_through(tx).await?;
    if classifier::count_after(tx, through, enough).await? >= enough {
        let timer = NewTimer {
            kind: TimerKind::ClassifierLearning,
            subject_id: Uuid::nil(),
            unique_key: TimerKind::ClassifierLearning.to_string(),
            due_at: command.now,
            payload: serde_json::Value::Null,
        };
        timers::set(tx, command.now, vec![timer]).await?;
    }
    Ok(())
}

/// Weights that have been learnt and not yet kept.
struct Learned {
    /// The versions this was learnt after: the one in use, and the last one.
    active: Uuid,
    last: i64,
    learnt: Learnt,
    corrections: usize,
    through: Uuid,
    skipped: Vec<(Uuid, Uuid)>,
}

/// Learns from the corrections so far and puts the new version in use.
pub async fn learn(app: &App, command: &Command) -> Result<Summary> {
    let once = async || {
        // Outside the transaction: nobody is to wait for it.
        let learned = match already_done(app, command).await? {
            true => None,
            false => Some(learn_anew(app).await?),
        };
        transact(app, command, async |tx| {
            let learned = learned.ok_or_else(|| Error::Internal("a version that was not learnt".to_owned()))?;
            keep(tx, learned, command.actor.user_id(), command.now).await
        })
        .await
    };
    let version = again(Error::is_concurrent_change, once).await?;
    app.classifiers.active.invalidate(&());
    Ok(version)
}

/// The same by the clock, after enough corrections.
pub async fn learn_by_itself(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let learned = match learn_anew(app).await {
        Ok(learned) => Some(learned),
        // Somebody has asked for it meanwhile.
        Err(Error::Faults(faults)) if faults.iter().all(|fault| fault.code == Code::NothingToLearn) => None,
        Err(error) => return Err(error),
    };
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    if let Some(learned) = learned {
        keep(&tx, learned, None, now).await?;
    }
    tx.commit().await?;
    app.classifiers.active.invalidate(&());
    app.jobs_wanted.notify_one();
    Ok(())
}

/// Goes through the corrections that the version in use has learnt, and those that no version has. What only versions
/// have learnt that were put out of use is left out: somebody did not want it.
async fn learn_anew(app: &App) -> Result<Learned> {
    let (active, _) = classifier::active(&app.db).await?.unwrap_or((SHIPPED, 0));
    let active = classifier::find(&app.db, active).await?.ok_or(Code::ConcurrentChange)?;
    let latest = classifier::latest(&app.db).await?.ok_or(Code::ConcurrentChange)?;
    let mut skipped: Vec<(Uuid, Uuid)> = from_json(&active.skipped)?;
    if active.through < latest.through {
        skipped.push((active.through, latest.through));
    }
    let lessons = gather(app, &skipped).await?;
    let through = lessons.through.filter(|through| *through > latest.through).ok_or(Code::NothingToLearn)?;
    let corrections = lessons.corrections.len();
    let work =
        move || classify::learn(lessons.corrections.iter().map(|(text, correction)| (text.as_str(), *correction)));
    let learnt = tokio::task::spawn_blocking(work).await.map_err(|error| Error::broken("learning", error))?;
    Ok(Learned { active: active.id, last: latest.number, learnt, corrections, through, skipped })
}

/// What is to be learnt, in its order.
struct Lessons {
    corrections: Vec<(String, Correction)>,
    through: Option<Uuid>,
}

/// The latest corrections, those of one feedback as one: of each label the last word.
async fn gather(app: &App, skipped: &[(Uuid, Uuid)]) -> Result<Lessons> {
    let mut of: HashMap<Uuid, (String, Correction)> = HashMap::new();
    let mut order = Vec::new();
    let (mut through, mut before) = (None, None);
    loop {
        let batch = classifier::lessons(&app.db, before, skipped, BATCH).await?;
        through = through.or(batch.first().map(|lesson| lesson.id));
        before = batch.last().map(|lesson| lesson.id);
        let more = batch.len() as u64 == BATCH;
        for lesson in batch {
            let changed = changes(&lesson)?;
            let (_, known) = of.entry(lesson.feedback_id).or_insert_with(|| {
                order.push(lesson.feedback_id);
                (classify::lesson(&lesson.content).to_owned(), Correction::default())
            });
            *known = Correction {
                subtype: known.subtype.or(changed.subtype),
                priority: known.priority.or(changed.priority),
                mood: known.mood.or(changed.mood),
            };
        }
        if !more || order.len() >= MOST_LESSONS {
            break;
        }
    }
    let corrections = order.into_iter().rev().filter_map(|feedback| of.remove(&feedback)).collect();
    Ok(Lessons { corrections, through })
}

fn changes(lesson: &Lesson) -> Result<Correction> {
    Ok(Correction {
        subtype: if lesson.subtype == lesson.subtype_before { None } else { Some(stored(&lesson.subtype)?) },
        priority: if lesson.priority == lesson.priority_before { None } else { Some(stored(&lesson.priority)?) },
        mood: if lesson.mood == lesson.mood_before { None } else { Some(stored(&lesson.mood)?) },
    })
}

/// Stores a version and puts it in use, unless another one has come or been put in use meanwhile.
async fn keep(tx: &Tx, learned: Learned, by: Option<Uuid>, now: DateTime<Utc>) -> Result<Summary> {
    let former = classifier::lock_active(tx).await?.filter(|former| former.id == learned.active);
    let former = former.ok_or(Code::ConcurrentChange)?;
    classifier::set_active(tx, former.id, false).await?;
    let version = Version {
        id: new_id(now),
        number: learned.last + 1,
        active: true,
        corrections: i64::try_from(learned.corrections).unwrap_or(i64::MAX),
        through: learned.through,
        skipped: to_json(&learned.skipped)?,
        model: Model::name().to_owned(),
        weight_count: i64::try_from(learned.learnt.len()).unwrap_or(i64::MAX),
        weights: to_json(&learned.learnt)?,
        created_by: by,
        created_at: now,
    };
    let summary = Summary::from(version.clone());
    if !classifier::insert(tx, version).await? {
        return Err(Code::ConcurrentChange.into());
    }
    let (number, corrections) = (summary.number, summary.corrections);
    let learnt = Event::ClassifierLearnt { version_id: summary.id, number, corrections };
    let activated = Event::ClassifierActivated { version_id: summary.id, number, previous: former.number };
    events::append(tx, by, now, &[learnt, activated]).await?;
    Ok(summary)
}

/// Puts a version in use. Where it is already, nothing happens.
pub async fn activate(app: &App, command: &Command, id: Uuid) -> Result<Summary> {
    let work = async || transact(app, command, async |tx| activate_in(tx, command, id).await).await;
    let version = again(Error::is_concurrent_change, work).await?;
    app.classifiers.active.invalidate(&());
    Ok(version)
}

async fn activate_in(tx: &Tx, command: &Command, id: Uuid) -> Result<Summary> {
    // Whoever activates another one at the same moment has locked it, and made it the former one meanwhile.
    let former = classifier::lock_active(tx).await?.ok_or(Code::ConcurrentChange)?;
    if former.id == id {
        return Ok(former.into());
    }
    let chosen = classifier::find(tx, id).await?.ok_or(Code::ClassifierVersionNotFound)?;
    classifier::set_active(tx, former.id, false).await?;
    classifier::set_active(tx, id, true).await?;
    let activated = Event::ClassifierActivated { version_id: id, number: chosen.number, previous: former.number };
    events::append(tx, command.actor.user_id(), command.now, &[activated]).await?;
    Ok(Version { active: true, ..chosen }.into())
}

/// How the classifier stands.
#[derive(Debug)]
pub struct State {
    pub active: Summary,
    /// Corrections that no version has learnt, counted up to a thousand.
    pub new_corrections: u64,
}

pub async fn state(app: &App) -> Result<State> {
    const COUNTED: u64 = 1_000;
    let (active, _) = classifier::active(&app.db).await?.unwrap_or((SHIPPED, 0));
    let active = classifier::find(&app.db, active).await?.ok_or(Code::ClassifierVersionNotFound)?;
    let through = classifier::learnt_through(&app.db).await?;
    let new_corrections = classifier::count_after(&app.db, through, COUNTED).await?;
    Ok(State { active: active.into(), new_corrections })
}
