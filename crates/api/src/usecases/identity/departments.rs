use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::Tx;
use huiyin_persistence::identity::departments::{self, Department};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact, unique_as};

pub async fn create(
    app: &App,
    command: &Command,
    code: String,
    name: String,
    head: Option<Uuid>,
) -> Result<Department> {
    let now = command.now;
    let department =
        Department { id: new_id(now), code, name, head_user_id: head, created_at: now, updated_at: now, version: 1 };
    transact(app, command, async |tx| {
        check_head(tx, head).await?;
        let department = departments::insert(tx, department).await.map_err(unique_as(Code::DepartmentCodeTaken))?;
        let event = Event::DepartmentCreated { department_id: department.id, code: department.code.clone() };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(department)
    })
    .await
}

/// What may be changed about a department; absent stays.
#[derive(Debug, Default)]
pub struct DepartmentChange {
    pub name: Option<String>,
    pub head_user_id: Option<Option<Uuid>>,
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: DepartmentChange) -> Result<Department> {
    transact(app, command, async |tx| {
        let before = departments::lock(tx, id).await?.ok_or(Code::DepartmentNotFound)?;
        command.check_version(before.version)?;
        let head_user_id = change.head_user_id.unwrap_or(before.head_user_id);
        check_head(tx, head_user_id).await?;
        let after =
            Department { name: change.name.unwrap_or_else(|| before.name.clone()), head_user_id, ..before.clone() };
        let changes =
            [("name", before.name != after.name), ("head_user_id", before.head_user_id != after.head_user_id)];
        let fields: Vec<String> =
            changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        let after =
            departments::update(tx, Department { updated_at: command.now, version: before.version + 1, ..after })
                .await?;
        events::append(
            tx,
            command.actor.user_id(),
            command.now,
            &[Event::DepartmentUpdated { department_id: id, fields }],
        )
        .await?;
        Ok(after)
    })
    .await
}

async fn check_head(tx: &Tx, head: Option<Uuid>) -> Result<()> {
    match head {
        Some(id) if users::active(tx, id).await?.is_none() => {
            Err(Fault::new(Code::UserNotFound).at("/head_user_id").into())
        }
        _ => Ok(()),
    }
}
