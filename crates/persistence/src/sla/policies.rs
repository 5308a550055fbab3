use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, FromQueryResult, IntoActiveModel, JoinType, QueryOrder, QuerySelect};

pub use crate::entity::sla_policies::Model as StoredPolicy;
use crate::entity::{calendars, sla_policies};
use crate::support::{Page, PageRequest, page_by_id};

/// Which policy and calendar are in force, by id and version: enough to know whether what one holds is still right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, FromQueryResult)]
pub struct InForce {
    pub policy_id: Uuid,
    pub policy_version: i64,
    pub calendar_id: Uuid,
    pub calendar_version: i64,
}

/// The policy for new feedback.
pub async fn in_force(db: &impl ConnectionTrait) -> Result<Option<InForce>, DbErr> {
    with_calendar(sla_policies::Entity::find().filter(sla_policies::Column::Active.eq(true)), db).await
}

/// The same for one policy, active or not.
pub async fn versions(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<InForce>, DbErr> {
    with_calendar(sla_policies::Entity::find_by_id(id), db).await
}

async fn with_calendar(
    select: Select<sla_policies::Entity>,
    db: &impl ConnectionTrait,
) -> Result<Option<InForce>, DbErr> {
    let calendar = sla_policies::Entity::belongs_to(calendars::Entity)
        .from(sla_policies::Column::CalendarId)
        .to(calendars::Column::Id)
        .into();
    select
        .select_only()
        .column_as(sla_policies::Column::Id, "policy_id")
        .column_as(sla_policies::Column::Version, "policy_version")
        .column_as(calendars::Column::Id, "calendar_id")
        .column_as(calendars::Column::Version, "calendar_version")
        .join(JoinType::InnerJoin, calendar)
        .into_model::<InForce>()
        .one(db)
        .await
}

pub async fn list(db: &impl ConnectionTrait, page: PageRequest) -> Result<Page<StoredPolicy>, DbErr> {
    Ok(page_by_id!(sla_policies::Entity::find(), sla_policies::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredPolicy>, DbErr> {
    sla_policies::Entity::find_by_id(id).one(db).await
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredPolicy>, DbErr> {
    sla_policies::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// Switches every policy off, in order of id so that two who do so at once do not block each other for good.
pub async fn deactivate_all(tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    let all = sla_policies::Entity::find().order_by_asc(sla_policies::Column::Id).lock_exclusive().all(tx).await?;
    for policy in all.into_iter().filter(|policy| policy.active) {
        let version = policy.version + 1;
        update(tx, StoredPolicy { active: false, version, ..policy }).await?;
    }
    Ok(())
}

pub async fn insert(tx: &impl ConnectionTrait, policy: StoredPolicy) -> Result<StoredPolicy, DbErr> {
    sla_policies::Entity::insert(policy.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(policy)
}

pub async fn update(tx: &impl ConnectionTrait, policy: StoredPolicy) -> Result<StoredPolicy, DbErr> {
    sla_policies::Entity::update(policy.into_active_model().reset_all()).exec(tx).await
}
