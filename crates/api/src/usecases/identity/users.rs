use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{DataScope, Role};
use huiyin_persistence::identity::users::{self, User, username_key};
use huiyin_persistence::identity::{logins, sessions};
use huiyin_persistence::integration::{events, timers};
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use super::departments::check_department;
use super::{absences, passwords};
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact, unique_as};

/// A user to create.
#[derive(Debug)]
pub struct NewUser {
    pub username: String,
    pub display_name: String,
    pub password: String,
    pub role: Role,
    pub data_scope: Option<DataScope>,
    pub department_id: Option<Uuid>,
}

pub async fn create(app: &App, command: &Command, new: NewUser) -> Result<User> {
    let password_hash = passwords::hash(new.password, "/password").await?;
    let now = command.now;
    let user = User {
        id: new_id(now),
        username_key: username_key(&new.username),
        username: new.username.trim().to_owned(),
        display_name: new.display_name,
        role: new.role.to_string(),
        data_scope: new.data_scope.unwrap_or(new.role.default_scope()).to_string(),
        department_id: new.department_id,
        password_hash,
        active: true,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        check_department(tx, user.department_id).await?;
        let user = users::insert(tx, user).await.map_err(unique_as(Code::UsernameTaken))?;
        let event = Event::UserCreated { user_id: user.id, role: user.role.clone() };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(user)
    })
    .await
}

/// What may be changed about a user; absent stays.
#[derive(Debug, Default)]
pub struct UserChange {
    pub display_name: Option<String>,
    pub password: Option<String>,
    pub role: Option<Role>,
    pub data_scope: Option<DataScope>,
    pub department_id: Option<Option<Uuid>>,
    pub active: Option<bool>,
}

/// Changes a user. Where the change takes rights away, the user's sessions end.
pub async fn update(app: &App, command: &Command, id: Uuid, change: UserChange) -> Result<User> {
    let password_hash = match change.password {
        Some(password) => Some(passwords::hash(password, "/password").await?),
        None => None,
    };
    let now = command.now;
    let user = transact(app, command, async |tx| {
        let before = users::lock(tx, command.scope(), id).await?.ok_or(Code::UserNotFound)?;
        command.check_version(before.version)?;
        if let Some(department) = change.department_id {
            check_department(tx, department).await?;
        }
        let role_scope = change.role.map(Role::default_scope);
        let after = User {
            display_name: change.display_name.unwrap_or_else(|| before.display_name.clone()),
            role: change.role.map_or_else(|| before.role.clone(), |role| role.to_string()),
            data_scope: change
                .data_scope
                .or(role_scope)
                .map_or_else(|| before.data_scope.clone(), |scope| scope.to_string()),
            department_id: change.department_id.unwrap_or(before.department_id),
            active: change.active.unwrap_or(before.active),
            password_hash: password_hash.clone().unwrap_or_else(|| before.password_hash.clone()),
            ..before.clone()
        };
        let fields = changed_fields(&before, &after);
        if fields.is_empty() {
            return Ok(before);
        }
        // An administrator could lock himself out in passing; passwords have their own way.
        if id == command.actor.id && fields.iter().any(|field| field != "display_name") {
            return Err(Code::OwnAccount.into());
        }
        let was_admin = before.active && before.role == Role::Admin.as_str();
        let is_admin = after.active && after.role == Role::Admin.as_str();
        if was_admin && !is_admin && users::lock_active_admins(tx).await?.len() <= 1 {
            return Err(Code::LastAdmin.into());
        }
        let after = users::update(tx, User { updated_at: now, version: before.version + 1, ..after }).await?;
        if password_hash.is_some() {
            // Whoever had to ask for a new password has mostly locked the name before.
            logins::clear(tx, &after.username_key).await?;
        }
        if fields.iter().any(|field| field != "display_name") {
            sessions::end_all_but(tx, id, None, now, "changed by an administrator").await?;
        }
        if before.active && !after.active {
            // What was in this person's hands goes to others.
            timers::set(tx, now, vec![absences::follow(id, format!("absence_left:{id}"), now)]).await?;
        }
        events::append(tx, command.actor.user_id(), now, &[Event::UserUpdated { user_id: id, fields }]).await?;
        Ok(after)
    })
    .await?;
    app.sessions.forget();
    Ok(user)
}

fn changed_fields(before: &User, after: &User) -> Vec<String> {
    let changes = [
        ("display_name", before.display_name != after.display_name),
        ("role", before.role != after.role),
        ("data_scope", before.data_scope != after.data_scope),
        ("department_id", before.department_id != after.department_id),
        ("active", before.active != after.active),
        ("password", before.password_hash != after.password_hash),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
