use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QuerySelect};

use crate::entity::departments;
pub use crate::entity::departments::Model as Department;
use crate::support::{Page, PageRequest, page_by_id};

/// Departments are known to everybody: feedback is handed between them.
pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<Department>, DbErr> {
    use sea_orm::QueryOrder;
    Ok(page_by_id!(departments::Entity::find(), departments::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Department>, DbErr> {
    departments::Entity::find_by_id(id).one(db).await
}

/// The department of this code.
pub async fn by_code(db: &impl ConnectionTrait, code: &str) -> Result<Option<Department>, DbErr> {
    departments::Entity::find().filter(departments::Column::Code.eq(code)).one(db).await
}

/// What these departments are called.
pub async fn names(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    use sea_orm::QuerySelect;
    let select = departments::Entity::find().select_only();
    let select = select.columns([departments::Column::Id, departments::Column::Name]);
    select.filter(departments::Column::Id.is_in(ids)).into_tuple().all(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Department>, DbErr> {
    departments::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// How many of these departments exist.
pub async fn count_existing(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<usize, DbErr> {
    Ok(departments::Entity::find().filter(departments::Column::Id.is_in(ids.iter().copied())).all(db).await?.len())
}

pub async fn insert(tx: &impl ConnectionTrait, department: Department) -> Result<Department, DbErr> {
    departments::Entity::insert(department.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(department)
}

pub async fn update(tx: &impl ConnectionTrait, department: Department) -> Result<Department, DbErr> {
    departments::Entity::update(department.into_active_model().reset_all()).exec(tx).await
}
