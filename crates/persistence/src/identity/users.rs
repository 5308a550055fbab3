use std::collections::HashMap;

use huiyin_domain::identity::{Role, Scope};
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::users;
pub use crate::entity::users::Model as User;
use crate::support::{Page, PageRequest, page_by_id};

/// A user name as it is compared.
pub fn username_key(username: &str) -> String {
    username.trim().to_lowercase()
}

fn visible(scope: Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => {
            Condition::any().add(users::Column::DepartmentId.eq(department)).add(users::Column::Id.eq(user))
        }
        Scope::Own { user, .. } => Condition::all().add(users::Column::Id.eq(user)),
    }
}

pub async fn list(db: &impl ConnectionTrait, scope: Scope, page: PageRequest) -> Result<Page<User>, DbErr> {
    Ok(page_by_id!(users::Entity::find().filter(visible(scope)), users::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<User>, DbErr> {
    users::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a user until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<User>, DbErr> {
    users::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn find_by_username(db: &impl ConnectionTrait, username: &str) -> Result<Option<User>, DbErr> {
    users::Entity::find().filter(users::Column::UsernameKey.eq(username_key(username))).one(db).await
}

/// An active user by id, whoever asks: to check a reference or to act for a session.
pub async fn active(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<User>, DbErr> {
    users::Entity::find_by_id(id).filter(users::Column::Active.eq(true)).one(db).await
}

/// Active users who are called so, by user name or display name.
pub async fn called(db: &impl ConnectionTrait, names: &[String]) -> Result<Vec<User>, DbErr> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let by_name = Condition::any()
        .add(users::Column::UsernameKey.is_in(names.iter().map(|name| username_key(name))))
        .add(users::Column::DisplayName.is_in(names));
    users::Entity::find()
        .filter(users::Column::Active.eq(true))
        .filter(by_name)
        .order_by_asc(users::Column::Id)
        .all(db)
        .await
}

/// The names of users, whoever asks and whether they are active or not: to say who did something.
pub async fn names(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = users::Entity::find()
        .select_only()
        .columns([users::Column::Id, users::Column::DisplayName])
        .filter(users::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which of these users are active: to check references.
pub async fn active_among(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    users::Entity::find()
        .select_only()
        .column(users::Column::Id)
        .filter(users::Column::Id.is_in(ids.iter().copied()))
        .filter(users::Column::Active.eq(true))
        .into_tuple()
        .all(db)
        .await
}

/// Whether there is any user at all.
pub async fn any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(users::Entity::find().limit(1).one(db).await?.is_some())
}

/// Active users of a role, at most `limit`.
pub async fn active_of_role(db: &impl ConnectionTrait, role: Role, limit: u64) -> Result<Vec<User>, DbErr> {
    users::Entity::find()
        .filter(users::Column::Role.eq(role.as_str()))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Active managers of a department, at most `limit`.
pub async fn active_managers(db: &impl ConnectionTrait, department: Uuid, limit: u64) -> Result<Vec<User>, DbErr> {
    users::Entity::find()
        .filter(users::Column::DepartmentId.eq(department))
        .filter(users::Column::Role.eq(Role::Manager.as_str()))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Active people of a department, at most `limit`.
pub async fn active_of_department(db: &impl ConnectionTrait, department: Uuid, limit: u64) -> Result<Vec<User>, DbErr> {
    users::Entity::find()
        .filter(users::Column::DepartmentId.eq(department))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Active administrators, locked so that two cannot remove each other at once.
pub async fn lock_active_admins(tx: &impl ConnectionTrait) -> Result<Vec<User>, DbErr> {
    users::Entity::find()
        .filter(users::Column::Role.eq(Role::Admin.as_str()))
        .filter(users::Column::Active.eq(true))
        .order_by_asc(users::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await
}

pub async fn insert(tx: &impl ConnectionTrait, user: User) -> Result<User, DbErr> {
    users::Entity::insert(user.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(user)
}

pub async fn update(tx: &impl ConnectionTrait, user: User) -> Result<User, DbErr> {
    users::Entity::update(user.into_active_model().reset_all()).exec(tx).await
}
