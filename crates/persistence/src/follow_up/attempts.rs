//! How often nobody was reached, and how often it was postponed.

use std::collections::HashMap;

use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder};

pub use crate::entity::follow_up_attempts::Model as Attempt;
pub use crate::entity::follow_up_postponements::Model as Postponement;
use crate::entity::{follow_up_attempts, follow_up_postponements};

pub async fn insert(tx: &impl ConnectionTrait, row: Attempt) -> Result<(), DbErr> {
    follow_up_attempts::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

pub async fn postpone(tx: &impl ConnectionTrait, row: Postponement) -> Result<(), DbErr> {
    follow_up_postponements::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.map(|_| ())
}

/// The attempts of a task, oldest first. The caller has found the task within its scope, as for what follows.
pub async fn of_task(db: &impl ConnectionTrait, task: Uuid) -> Result<Vec<Attempt>, DbErr> {
    use follow_up_attempts::Column as C;
    follow_up_attempts::Entity::find().filter(C::TaskId.eq(task)).order_by_asc(C::Number).all(db).await
}

pub async fn postponements_of(db: &impl ConnectionTrait, task: Uuid) -> Result<HashMap<i32, Postponement>, DbErr> {
    use follow_up_postponements::Column as C;
    let rows = follow_up_postponements::Entity::find().filter(C::TaskId.eq(task)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.number, row)).collect())
}
