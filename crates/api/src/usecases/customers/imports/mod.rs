//! Importing customers: ordered with a file, carried out row by row as a job, undone where nobody has touched what it
//! did.

mod apply;
mod batch;
mod owners;
mod people;
mod run;
mod spool;
mod undo;

use std::collections::BTreeMap;

use huiyin_domain::customers::import::{ImportStatus, OnDuplicate};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::{Actor, DataScope, Principal, Role};
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::imports::{self, Import};
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, NewTimer};
use huiyin_persistence::support::to_json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use run::run;
pub use undo::{order_undo, undo};

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Other people's imports are seen by administrators only: their reports hold personal data.
pub fn visible_to(actor: &Actor) -> Option<Uuid> {
    let everything = actor.role == Role::Admin && actor.user_id().is_some();
    (!everything).then_some(actor.id)
}

/// A file that has been stored, and what to do with it.
#[derive(Debug, Clone)]
pub struct Order {
    /// Of the import and of the stored pieces of the file.
    pub id: Uuid,
    pub file_name: String,
    pub file_size: i64,
    /// Fields by header; `None`: leave the column out.
    pub mapping: BTreeMap<String, Option<String>>,
    pub on_duplicate: OnDuplicate,
    pub dry_run: bool,
    /// Whose ids the external ids are.
    pub system: String,
    pub source: String,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
}

/// Orders an import; it begins as soon as a worker is free.
pub async fn order(app: &App, command: &Command, order: Order) -> Result<Import> {
    let now = command.now;
    transact(app, command, async |tx| {
        let mut faults = Vec::new();
        if let Some(owner) = order.owner_id
            && users::active(tx, owner).await?.is_none()
        {
            faults.push(Fault::new(Code::UserNotFound).at("/owner_id"));
        }
        if let Some(department) = order.department_id
            && departments::find(tx, department).await?.is_none()
        {
            faults.push(Fault::new(Code::DepartmentNotFound).at("/department_id"));
        }
        if !faults.is_empty() {
            return Err(crate::usecases::support::Error::Faults(faults));
        }
        let import = Import {
            id: order.id,
            status: ImportStatus::Pending.to_string(),
            file_name: order.file_name,
            file_size: order.file_size,
            format: None,
            encoding: None,
            mapping: to_json(&order.mapping)?,
            columns: serde_json::json!([]),
            on_duplicate: order.on_duplicate.to_string(),
            dry_run: order.dry_run,
            system: order.system,
            source: order.source,
            owner_id: order.owner_id,
            department_id: order.department_id,
            created_by: command.actor.id,
            actor: to_json(&StoredActor::of(&command.actor))?,
            rows_total: None,
            rows_done: 0,
            done_ppm: 0,
            created: 0,
            updated: 0,
            skipped: 0,
            failed: 0,
            ignored: 0,
            unknown_owners: serde_json::json!({}),
            failure: None,
            undo_status: None,
            undo_row: None,
            undo_removed: 0,
            undo_restored: 0,
            undo_kept: serde_json::json!({}),
            started_at: None,
            finished_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let import = imports::insert(tx, import).await?;
        timers::set(tx, now, vec![timer(TimerKind::CustomerImport, import.id, now)]).await?;
        let event = Event::ImportOrdered {
            import_id: import.id,
            dry_run: import.dry_run,
            on_duplicate: import.on_duplicate.clone(),
        };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(import)
    })
    .await
}

fn timer(kind: TimerKind, import: Uuid, due_at: chrono::DateTime<chrono::Utc>) -> NewTimer {
    let unique_key = format!("{kind}:{import}");
    NewTimer { kind, subject_id: import, unique_key, due_at, payload: serde_json::Value::Null }
}

/// Who ordered an import, as it is kept with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredActor {
    id: Uuid,
    principal: Principal,
    role: Role,
    data_scope: DataScope,
    department: Option<Uuid>,
}

impl StoredActor {
    fn of(actor: &Actor) -> Self {
        StoredActor {
            id: actor.id,
            principal: actor.principal.clone(),
            role: actor.role,
            data_scope: actor.data_scope,
            department: actor.department,
        }
    }

    fn into_actor(self) -> Actor {
        let StoredActor { id, principal, role, data_scope, department } = self;
        Actor { id, principal, role, data_scope, department }
    }
}
