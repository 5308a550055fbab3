//! What only one copy may do at a time.

use chrono::{DateTime, Utc};
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, ExprTrait, IntoActiveModel};

use crate::entity::leases;

/// Takes or keeps the lease `name` for `owner` until `until`. `false`: another one holds it.
pub async fn take(
    db: &impl ConnectionTrait,
    name: &str,
    owner: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = leases::Model { name: name.to_owned(), owner, until };
    let free = Expr::col((leases::Entity, leases::Column::Owner)).eq(owner).or(Expr::col((
        leases::Entity,
        leases::Column::Until,
    ))
    .lt(now));
    let mut takeover = OnConflict::column(leases::Column::Name);
    takeover.update_columns([leases::Column::Owner, leases::Column::Until]).action_and_where(free);
    let taken =
        leases::Entity::insert(row.into_active_model()).on_conflict(takeover).exec_without_returning(db).await?;
    Ok(taken == 1)
}

/// Gives the lease back.
pub async fn release(db: &impl ConnectionTrait, name: &str, owner: Uuid) -> Result<(), DbErr> {
    leases::Entity::delete_many()
        .filter(leases::Column::Name.eq(name))
        .filter(leases::Column::Owner.eq(owner))
        .exec(db)
        .await
        .map(|_| ())
}
