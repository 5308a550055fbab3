//! The job: reads the file from where it stopped, and stores batch after batch, each with the progress that it is.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use huiyin_domain::customers::CustomField;
use huiyin_domain::customers::import::{
    Column, Field, Finding, Headers, ImportStatus, OnDuplicate, Reason, Row, Rules, Target,
};
use huiyin_domain::event::Event;
use huiyin_domain::identity::{Actor, Scope};
use huiyin_persistence::Tx;
use huiyin_persistence::customers::custom_fields::{self, StoredField};
use huiyin_persistence::customers::imports::{self, Import};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::support::{from_json, stored, to_json};
use uuid::Uuid;

use super::StoredActor;
use super::batch::{self, Labels, Outcome, Unowned};
use super::owners::Owners;
use super::spool::{Batch, Told, read, spool};
use crate::lists::Reading;
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// Shorter than that of other jobs: it is renewed with every batch, and a copy that dies should be missed soon.
pub const LEASE: TimeDelta = TimeDelta::seconds(15);

/// Unknown owners that are told by name.
const OWNERS_TOLD: usize = 200;

/// What all batches of a run share.
pub struct Run<'a> {
    pub app: &'a App,
    pub timer: &'a Claimed,
    pub actor: Actor,
    pub on_duplicate: OnDuplicate,
    pub fields: Vec<CustomField>,
    pub owners: Owners,
    /// Who gets what names nobody, with their department.
    pub default_owner: Option<(Uuid, Option<Uuid>)>,
    /// Where what has neither owner nor department goes: where its maker reaches it.
    pub default_place: (Option<Uuid>, Option<Uuid>),
    /// Headers by what they were understood as.
    pub labels: Labels,
}

/// Carries out an import that was ordered, or goes on with one that somebody began.
pub async fn run(app: &App, timer: &Claimed) -> Result<()> {
    let Err(error) = go_on(app, timer).await else { return Ok(()) };
    if timer.attempts + 1 < timers::MAX_ATTEMPTS {
        return Err(error);
    }
    tracing::error!(%error, import = %timer.subject_id, "import failed for good");
    end(app, timer, Some(Finding::new(Reason::InternalError))).await
}

async fn go_on(app: &App, timer: &Claimed) -> Result<()> {
    let Some(mut import) = begin(app, timer).await? else {
        let tx = app.db.begin().await?;
        timers::complete(&tx, timer).await?;
        return Ok(tx.commit().await?);
    };
    let Some(file) = spool(app, timer, import.id, LEASE).await? else { return Ok(()) };
    let actor = from_json::<StoredActor>(&import.actor)?.into_actor();
    let fields = custom_fields::list(&app.db).await?;
    let fields: Vec<StoredField> = fields.into_iter().filter(|field| field.active).collect();
    let headers = headers(&import, &fields)?;
    let today = app.local_date(app.clock.now());
    let fields: Vec<CustomField> = fields.iter().map(custom_fields::definition).collect::<Result<_, _>>()?;
    let rules = Rules { today, custom: fields.clone() };
    let mut run = Run {
        app,
        timer,
        on_duplicate: stored(&import.on_duplicate)?,
        fields,
        owners: Owners::default(),
        default_owner: default_owner(app, &import).await?,
        default_place: default_place(&actor),
        labels: Labels::new(),
        actor,
    };
    let mut told = read(file, Reading { headers, rules, skip: import.rows_done.unsigned_abs() });
    while let Some(told) = told.recv().await {
        match told {
            Told::Kind(kind) => {
                import.format = Some(kind.format.to_string());
                import.encoding = kind.encoding.map(str::to_owned);
            }
            Told::Batch(batch) => match run.batch(&import, batch).await? {
                Some(next) => import = next,
                // Somebody else goes on with it.
                None => return Ok(()),
            },
            Told::End(outcome) => return end(app, timer, outcome.err()).await,
        }
    }
    Err(Error::Internal("the reader of an import has stopped".to_owned()))
}

async fn begin(app: &App, timer: &Claimed) -> Result<Option<Import>> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(import) = imports::lock(&tx, None, timer.subject_id).await? else { return Ok(None) };
    if [ImportStatus::Completed.as_str(), ImportStatus::Failed.as_str()].contains(&import.status.as_str()) {
        return Ok(None);
    }
    if !timers::renew(&tx, timer, now + LEASE).await? {
        return Err(Error::Internal("the claim on an import was lost".to_owned()));
    }
    let started_at = import.started_at.or(Some(now));
    let status = ImportStatus::Running.to_string();
    let import = imports::update(&tx, Import { status, started_at, updated_at: now, ..import }).await?;
    tx.commit().await?;
    Ok(Some(import))
}

async fn default_owner(app: &App, import: &Import) -> Result<Option<(Uuid, Option<Uuid>)>> {
    let Some(owner) = import.owner_id else { return Ok(None) };
    Ok(users::active(&app.db, owner).await?.map(|user| (user.id, user.department_id)))
}

fn default_place(actor: &Actor) -> (Option<Uuid>, Option<Uuid>) {
    match actor.scope() {
        Scope::All => (None, None),
        Scope::Department { department, .. } => (None, Some(department)),
        Scope::Own { user, department } => (Some(user), department),
    }
}

fn headers(import: &Import, fields: &[StoredField]) -> Result<Headers> {
    let mapping: BTreeMap<String, Option<String>> = from_json(&import.mapping)?;
    let mapping = mapping.into_iter().map(|(header, target)| (header, target.and_then(|name| Target::named(&name))));
    let custom = fields.iter().map(|field| (field.key.clone(), field.label.clone())).collect();
    Ok(Headers { mapping: mapping.collect(), custom })
}

impl Run<'_> {
    /// Stores a batch; `None`: the import is somebody else's now. Where a batch as a whole cannot be stored, its rows are
    /// stored one by one, so that one that nobody has thought of does not stop the others.
    async fn batch(&mut self, import: &Import, batch: Batch) -> Result<Option<Import>> {
        let before = Reached::of(&batch);
        let rows = batch.rows.clone();
        match self.store(import, batch).await {
            Err(error @ Error::Db(_)) if rows.len() > 1 => {
                self.app.db.ping().await?;
                tracing::warn!(%error, import = %import.id, "a batch of an import failed: its rows are tried one by one");
            }
            other => return other,
        }
        let mut import = import.clone();
        let count = rows.len();
        // What was blank in the batch goes with its last row.
        for (index, (number, row)) in rows.into_iter().enumerate() {
            let single = before.single(number, row, index + 1 == count);
            let (until, blank) = (single.until, single.blank);
            let next = match self.store(&import, single).await {
                Err(error @ Error::Db(_)) => {
                    self.app.db.ping().await?;
                    tracing::error!(%error, import = %import.id, row = number, "a row of an import cannot be stored");
                    self.refuse(&import, number, until, blank).await?
                }
                other => other?,
            };
            let Some(next) = next else { return Ok(None) };
            import = next;
        }
        Ok(Some(import))
    }

    async fn store(&mut self, import: &Import, batch: Batch) -> Result<Option<Import>> {
        let tx = self.app.db.begin().await?;
        let Some(current) = self.take(&tx, import).await? else { return Ok(None) };
        let Batch { rows, blank, until, ppm, columns } = batch;
        let created = current.created;
        self.learn(columns.as_deref().unwrap_or_default());
        let (outcome, unowned) = batch::store(&tx, self, &current, rows).await?;
        let mut next = progress(current, until, ppm, outcome);
        if !unowned.is_empty() {
            next.unknown_owners = to_json(&together(from_json(&next.unknown_owners)?, unowned))?;
        }
        next.ignored += i64::try_from(blank).unwrap_or(i64::MAX);
        next.format.clone_from(&import.format);
        next.encoding.clone_from(&import.encoding);
        if let Some(columns) = columns {
            let told = columns.iter().map(|column| {
                serde_json::json!({ "header": column.header, "field": column.target.as_ref().map(Target::name) })
            });
            next.columns = to_json(&told.collect::<Vec<_>>())?;
        }
        next.updated_at = self.app.clock.now();
        let next = imports::update(&tx, next).await?;
        tx.commit().await?;
        if grown(created, next.created) {
            imports::renew_statistics(&self.app.db).await?;
        }
        // Events wait for whoever consumes them.
        self.app.jobs_wanted.notify_one();
        Ok(Some(next))
    }

    fn learn(&mut self, columns: &[Column]) {
        for column in columns {
            if let Some(target) = &column.target {
                self.labels.entry(target.name()).or_insert_with(|| column.header.clone());
            }
        }
    }

    /// The header of a field, or its usual name.
    pub fn header(&self, field: Field) -> &str {
        self.labels.get(field.as_str()).map_or_else(|| field.label(), String::as_str)
    }

    async fn refuse(&mut self, import: &Import, row: u64, until: u64, blank: u64) -> Result<Option<Import>> {
        let finding = Finding::new(Reason::InternalError);
        let row = (row, Row::Rejected { external_id: None, findings: vec![finding] });
        self.store(import, Batch { rows: vec![row], blank, until, ppm: import.done_ppm, columns: None }).await
    }

    /// Locks the import and keeps the claim; `None` where somebody else has gone on with it.
    async fn take(&self, tx: &Tx, seen: &Import) -> Result<Option<Import>> {
        if !timers::renew(tx, self.timer, self.app.clock.now() + LEASE).await? {
            return Ok(None);
        }
        let current = imports::lock(tx, None, seen.id).await?;
        Ok(current
            .filter(|current| current.rows_done == seen.rows_done && current.status == ImportStatus::Running.as_str()))
    }
}

/// Adds up rows by owner; so many names that nobody would read them are not kept.
fn together(mut known: Unowned, more: Unowned) -> Unowned {
    for (name, rows) in more {
        if known.len() < OWNERS_TOLD || known.contains_key(&name) {
            *known.entry(name).or_default() += rows;
        }
    }
    known
}

/// Whether so many more have been created that what the database knows of its tables is of no use any more.
fn grown(before: i64, after: i64) -> bool {
    const FIRST: i64 = 4096;
    let size = |created: i64| (created / FIRST).checked_ilog2();
    size(before) != size(after)
}

/// How far a batch reaches, for going through it row by row.
struct Reached {
    blank: u64,
    until: u64,
    ppm: i32,
    columns: Option<Vec<Column>>,
}

impl Reached {
    fn of(batch: &Batch) -> Self {
        Reached { blank: batch.blank, until: batch.until, ppm: batch.ppm, columns: batch.columns.clone() }
    }

    fn single(&self, number: u64, row: Row, last: bool) -> Batch {
        Batch {
            rows: vec![(number, row)],
            blank: if last { self.blank } else { 0 },
            until: if last { self.until } else { number },
            ppm: self.ppm,
            columns: self.columns.clone(),
        }
    }
}

fn progress(import: Import, until: u64, ppm: i32, outcome: Outcome) -> Import {
    Import {
        rows_done: i64::try_from(until).unwrap_or(i64::MAX),
        done_ppm: ppm.max(import.done_ppm),
        created: import.created + outcome.created,
        updated: import.updated + outcome.updated,
        skipped: import.skipped + outcome.skipped,
        failed: import.failed + outcome.failed,
        ..import
    }
}

/// Completed, or failed as a whole; what was stored until then stays, and can be undone.
async fn end(app: &App, timer: &Claimed, failure: Option<Finding>) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let Some(import) = imports::lock(&tx, None, timer.subject_id).await? else { return Ok(tx.commit().await?) };
    imports::drop_chunks(&tx, import.id).await?;
    imports::forget(&tx, import.id).await?;
    let event = match &failure {
        Some(finding) => Event::ImportFailed { import_id: import.id, reason: finding.reason.as_str().to_owned() },
        None => Event::ImportCompleted {
            import_id: import.id,
            dry_run: import.dry_run,
            created: import.created,
            updated: import.updated,
            skipped: import.skipped,
            failed: import.failed,
            ignored: import.ignored,
        },
    };
    let actor = from_json::<StoredActor>(&import.actor)?.into_actor();
    events::append(&tx, actor.user_id(), now, &[event]).await?;
    let status = if failure.is_some() { ImportStatus::Failed } else { ImportStatus::Completed };
    let import = Import {
        status: status.to_string(),
        rows_total: failure.is_none().then_some(import.rows_done),
        done_ppm: if failure.is_none() { 1_000_000 } else { import.done_ppm },
        failure: failure.as_ref().map(to_json).transpose()?,
        finished_at: Some(now),
        updated_at: now,
        version: import.version + 1,
        ..import
    };
    imports::update(&tx, import).await?;
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}
