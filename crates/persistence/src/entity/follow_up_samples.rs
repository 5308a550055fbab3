//! Follow-up records drawn at random (抽查).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_samples")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub from_on: Date,
    pub to_on: Date,
    pub plan_id: Option<Uuid>,
    pub author_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub size: i32,
    pub seed: i64,
    pub population: i64,
    pub drawn: i32,
    pub matches: i32,
    pub differs: i32,
    pub doubtful: i32,
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
