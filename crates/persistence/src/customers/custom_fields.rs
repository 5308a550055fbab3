use huiyin_domain::customers::CustomField;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect};

use crate::entity::custom_fields;
pub use crate::entity::custom_fields::Model as StoredField;
use crate::support::{from_json, stored};

/// All definitions, those that are out of use too, by key.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<StoredField>, DbErr> {
    custom_fields::Entity::find().order_by_asc(custom_fields::Column::Key).all(db).await
}

/// The definitions that values are held against.
pub async fn active(db: &impl ConnectionTrait) -> Result<Vec<CustomField>, DbErr> {
    let rows = custom_fields::Entity::find()
        .filter(custom_fields::Column::Active.eq(true))
        .order_by_asc(custom_fields::Column::Key)
        .all(db)
        .await?;
    rows.iter().map(definition).collect()
}

/// A stored definition as the rules know it.
pub fn definition(row: &StoredField) -> Result<CustomField, DbErr> {
    Ok(CustomField {
        key: row.key.clone(),
        kind: stored(&row.kind)?,
        required: row.required,
        pattern: row.pattern.clone(),
        minimum: row.minimum.clone(),
        maximum: row.maximum.clone(),
        choices: from_json(&row.choices)?,
    })
}

pub async fn lock(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<StoredField>, DbErr> {
    custom_fields::Entity::find_by_id(id).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, field: StoredField) -> Result<StoredField, DbErr> {
    custom_fields::Entity::insert(field.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(field)
}

pub async fn update(tx: &impl ConnectionTrait, field: StoredField) -> Result<StoredField, DbErr> {
    custom_fields::Entity::update(field.into_active_model().reset_all()).exec(tx).await
}
