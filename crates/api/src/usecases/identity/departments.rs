use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::identity::departments::{self, Department};
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::new_id;
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// A department that is named is there.
pub async fn check_department(db: &impl ConnectionTrait, id: Option<Uuid>) -> Result<()> {
    match id {
        Some(id) if departments::find(db, id).await?.is_none() => {
            Err(Fault::new(Code::DepartmentNotFound).at("/department_id").into())
        }
        _ => Ok(()),
    }
}

pub async fn create(
    app: &App,
    command: &Command,
    code: String,
    name: String,
    head_user_id: Option<Uuid>,
    director_user_id: Option<Uuid>,
) -> Result<Department> {
    let now = command.now;
    let id = new_id(now);
    let department =
        Department { id, code, name, head_user_id, director_user_id, created_at: now, updated_at: now, version: 1 };
    transact(app, command, async |tx| {
        check_people(tx, &department).await?;
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
    pub director_user_id: Option<Option<Uuid>>,
}

pub async fn update(app: &App, command: &Command, id: Uuid, change: DepartmentChange) -> Result<Department> {
    transact(app, command, async |tx| {
        let before = departments::lock(tx, id).await?.ok_or(Code::DepartmentNotFound)?;
        command.check_version(before.version)?;
        let after = Department {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            head_user_id: change.head_user_id.unwrap_or(before.head_user_id),
            director_user_id: change.director_user_id.unwrap_or(before.director_user_id),
            ..before.clone()
        };
        check_people(tx, &after).await?;
        let changes = [
            ("name", before.name != after.name),
            ("head_user_id", before.head_user_id != after.head_user_id),
            ("director_user_id", before.director_user_id != after.director_user_id),
        ];
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

/// Whoever is told of what goes wrong is there.
async fn check_people(tx: &Tx, department: &Department) -> Result<()> {
    let mut faults = Vec::new();
    let people = [("/head_user_id", department.head_user_id), ("/director_user_id", department.director_user_id)];
    for (pointer, user) in people {
        if let Some(id) = user
            && users::active(tx, id).await?.is_none()
        {
            faults.push(Fault::new(Code::UserNotFound).at(pointer));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}
