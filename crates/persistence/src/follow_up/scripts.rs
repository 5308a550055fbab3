//! Scripts and their versions.

use huiyin_domain::follow_up::script::ScriptStatus;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

pub use crate::entity::script_versions::Model as ScriptVersion;
pub use crate::entity::scripts::Model as Script;
use crate::entity::{script_versions, scripts};
use crate::support::{Page, PageRequest, page_by_id};

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<ScriptStatus>,
    pub customer_kind: Option<String>,
}

/// Scripts are known to everybody who may read them.
pub async fn list(db: &impl ConnectionTrait, filter: Filter, page: PageRequest) -> Result<Page<Script>, DbErr> {
    let select = scripts::Entity::find()
        .apply_if(filter.status, |q, v| q.filter(scripts::Column::Status.eq(v.as_str())))
        .apply_if(filter.customer_kind, |q, v| q.filter(scripts::Column::CustomerKind.eq(v)));
    Ok(page_by_id!(select, scripts::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Script>, DbErr> {
    scripts::Entity::find_by_id(id).one(db).await
}

/// Loads and locks a script until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Script>, DbErr> {
    scripts::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, row: Script) -> Result<Script, DbErr> {
    scripts::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Script) -> Result<Script, DbErr> {
    scripts::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

pub async fn insert_version(tx: &impl ConnectionTrait, row: ScriptVersion) -> Result<ScriptVersion, DbErr> {
    script_versions::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

/// A version of a script by its number.
pub async fn version(db: &impl ConnectionTrait, script_id: Uuid, number: i32) -> Result<Option<ScriptVersion>, DbErr> {
    script_versions::Entity::find_by_id((script_id, number)).one(db).await
}

/// A script with its latest version.
pub async fn latest(db: &impl ConnectionTrait, script_id: Uuid) -> Result<Option<(Script, ScriptVersion)>, DbErr> {
    let Some(script) = find(db, script_id).await? else { return Ok(None) };
    let version = version(db, script_id, script.latest_version).await?;
    Ok(version.map(|version| (script, version)))
}

/// Versions that are listed at most; older ones are read by their numbers.
const VERSIONS: u64 = 200;

/// The versions of a script, the latest first.
pub async fn versions(db: &impl ConnectionTrait, script_id: Uuid) -> Result<Vec<ScriptVersion>, DbErr> {
    script_versions::Entity::find()
        .filter(script_versions::Column::ScriptId.eq(script_id))
        .order_by_desc(script_versions::Column::Number)
        .limit(VERSIONS)
        .all(db)
        .await
}
