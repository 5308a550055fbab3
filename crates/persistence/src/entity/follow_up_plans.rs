//! Which customers are contacted, when, how and by whom (回访计划).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_plans")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub preset: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub segment_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub condition: Option<Json>,
    pub personal: bool,
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    #[sea_orm(column_type = "Text")]
    pub method: String,
    pub script_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub priority: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub assignment: Json,
    pub department_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub catch_up: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub goal: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub incentive: Option<String>,
    pub started_at: Option<DateTimeUtc>,
    pub paused_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
