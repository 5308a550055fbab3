//! Takes an import back where nobody has touched what it did: what it made goes, what it changed is as before.

use std::collections::{BTreeMap, HashMap};

use huiyin_domain::customers::import::ImportStatus;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::imports::{self, Import, Touched};
use huiyin_persistence::customers::matching;
use huiyin_persistence::customers::profiles::{self, Customer};
use huiyin_persistence::customers::removal;
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed};
use huiyin_persistence::support::{from_json, to_json};
use huiyin_persistence::{SqlErr, Tx};
use uuid::Uuid;

use super::apply::Before;
use super::run::LEASE;
use super::{StoredActor, timer, visible_to};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Customers of one transaction.
const BATCH: u64 = 500;
/// As many are taken back while the caller waits.
const AT_ONCE: usize = 10;

/// Orders that an import be taken back, and takes back as much as a caller can wait for.
pub async fn order_undo(app: &App, command: &Command, id: Uuid) -> Result<Import> {
    let import = transact(app, command, async |tx| {
        let import = imports::lock(tx, visible_to(&command.actor), id).await?.ok_or(Code::ImportNotFound)?;
        if import.undo_status.is_some() {
            return Ok(import);
        }
        let ended = [ImportStatus::Completed.as_str(), ImportStatus::Failed.as_str()];
        let why = match () {
            () if import.dry_run => Some("试运行没有写入任何数据 (a dry run has written nothing)"),
            () if !ended.contains(&import.status.as_str()) => Some("导入尚未结束 (it has not ended)"),
            () => None,
        };
        if let Some(why) = why {
            return Err(Fault::new(Code::ImportState).with("reason", why).into());
        }
        let (now, version) = (command.now, import.version + 1);
        timers::set(tx, now, vec![timer(TimerKind::ImportUndo, id, now)]).await?;
        let undo_status = Some(ImportStatus::Pending.to_string());
        let import = Import { undo_status, undo_row: Some(i64::MAX), updated_at: now, version, ..import };
        Ok(imports::update(tx, import).await?)
    })
    .await?;
    for _ in 0..AT_ONCE {
        if step(app, id, None).await? {
            break;
        }
    }
    Ok(imports::find(&app.db, None, id).await?.unwrap_or(import))
}

/// The job: goes on until everything is taken back.
pub async fn undo(app: &App, timer: &Claimed) -> Result<()> {
    while !step(app, timer.subject_id, Some(timer)).await? {}
    let tx = app.db.begin().await?;
    timers::complete(&tx, timer).await?;
    Ok(tx.commit().await?)
}

/// Takes one batch back; `true`: there is nothing more to do. The row of the import is locked meanwhile, so that a
/// request and the job take turns.
async fn step(app: &App, id: Uuid, timer: Option<&Claimed>) -> Result<bool> {
    match batch(app, id, timer, BATCH, false).await {
        // Somebody refers to one of them. Which one is found out one by one.
        Err(Error::Db(error)) if refers(&error) => {}
        other => return other,
    }
    for _ in 0..BATCH {
        let done = match batch(app, id, timer, 1, false).await {
            Err(Error::Db(error)) if refers(&error) => batch(app, id, timer, 1, true).await?,
            other => other?,
        };
        if done {
            return Ok(true);
        }
    }
    Ok(false)
}

fn refers(error: &huiyin_persistence::DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
}

/// `keep`: whatever comes next stays, because something refers to it.
async fn batch(app: &App, id: Uuid, timer: Option<&Claimed>, limit: u64, keep: bool) -> Result<bool> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(import) = imports::lock(&tx, None, id).await? else { return Ok(true) };
    if import.undo_status.as_deref().is_none_or(|status| status == ImportStatus::Completed.as_str()) {
        return Ok(true);
    }
    if let Some(timer) = timer
        && !timers::renew(&tx, timer, now + LEASE).await?
    {
        return Ok(true);
    }
    let actor = from_json::<StoredActor>(&import.actor)?.into_actor();
    let rows = imports::touched_before(&tx, id, import.undo_row.unwrap_or(i64::MAX), limit).await?;
    let mut taken = Taken {
        kept: from_json(&import.undo_kept)?,
        removed: import.undo_removed,
        restored: import.undo_restored,
        happened: Vec::new(),
    };
    let last = rows.last().map(|row| row.row);
    if keep {
        taken.keep("in_use", rows.len());
    } else {
        taken.rows(&tx, id, now, rows).await?;
    }
    let done = last.is_none();
    if done {
        let kept = taken.kept.values().sum();
        taken.happened.push(Event::ImportUndone {
            import_id: id,
            removed: taken.removed,
            restored: taken.restored,
            kept,
        });
    }
    events::append(&tx, actor.user_id(), now, &taken.happened).await?;
    let status = if done { ImportStatus::Completed } else { ImportStatus::Running };
    let import = Import {
        undo_status: Some(status.to_string()),
        undo_row: last.or(import.undo_row),
        undo_removed: taken.removed,
        undo_restored: taken.restored,
        undo_kept: to_json(&taken.kept)?,
        updated_at: now,
        version: import.version + 1,
        ..import
    };
    imports::update(&tx, import).await?;
    tx.commit().await?;
    Ok(done)
}

/// What has been taken back, and what was kept for which reason.
struct Taken {
    kept: BTreeMap<String, i64>,
    removed: i64,
    restored: i64,
    happened: Vec<Event>,
}

impl Taken {
    fn keep(&mut self, reason: &str, count: usize) {
        if count > 0 {
            *self.kept.entry(reason.to_owned()).or_default() += i64::try_from(count).unwrap_or_default();
        }
    }

    async fn rows(
        &mut self,
        tx: &Tx,
        import_id: Uuid,
        now: chrono::DateTime<chrono::Utc>,
        rows: Vec<Touched>,
    ) -> Result<()> {
        let ids = rows.iter().map(|row| row.customer_id).collect();
        let customers = matching::lock(tx, ids).await?;
        let mut customers: HashMap<Uuid, Customer> =
            customers.into_iter().map(|customer| (customer.id, customer)).collect();
        let mut made = Vec::new();
        for row in rows {
            match customers.remove(&row.customer_id) {
                None => self.keep("gone", 1),
                Some(customer) if customer.merged_into.is_some() => self.keep("merged", 1),
                Some(customer) if customer.version != row.version => self.keep("changed", 1),
                Some(customer) => match row.before {
                    Some(before) => self.restore(tx, now, customer, from_json(&before)?).await?,
                    None => made.push(customer.id),
                },
            }
        }
        let attached = removal::attached(tx, &made).await?;
        made.retain(|id| !attached.contains_key(id));
        for reason in attached.values() {
            self.keep(reason, 1);
        }
        removal::remove(tx, &made).await?;
        self.removed += i64::try_from(made.len()).unwrap_or_default();
        self.happened.extend(made.into_iter().map(|customer_id| Event::CustomerRemoved { customer_id, import_id }));
        Ok(())
    }

    async fn restore(
        &mut self,
        tx: &Tx,
        now: chrono::DateTime<chrono::Utc>,
        customer: Customer,
        before: Before,
    ) -> Result<()> {
        let fields = crate::usecases::customers::draft::changed_fields(&customer, &before.customer);
        let restored = Customer {
            version: customer.version + 1,
            updated_at: now,
            // What has come about by itself since then stays.
            last_activity_at: customer.last_activity_at,
            lifecycle_stage: customer.lifecycle_stage,
            ..before.customer
        };
        let restored = profiles::update(tx, restored).await?;
        removal::take_off(tx, restored.id, &before.new_tags, &before.new_external_ids).await?;
        self.restored += 1;
        self.happened.push(Event::CustomerUpdated { customer_id: restored.id, fields });
        Ok(())
    }
}
