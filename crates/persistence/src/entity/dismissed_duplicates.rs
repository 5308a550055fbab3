//! Pairs of which somebody has said that they are not the same.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "dismissed_duplicates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub newer_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub older_id: Uuid,
    pub dismissed_by: Option<Uuid>,
    pub dismissed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
