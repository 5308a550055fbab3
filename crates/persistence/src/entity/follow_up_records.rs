//! What was said and scored in one follow-up (回访记录).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_records")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub task_id: Uuid,
    pub customer_id: Option<Uuid>,
    pub plan_id: Option<Uuid>,
    pub contact_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub method: String,
    pub happened_at: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub outcome: String,
    pub identity_confirmed: bool,
    pub script_id: Option<Uuid>,
    pub script_version: Option<i32>,
    /// What the script was filled with when it was asked.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub script_values: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub answers: Json,
    pub csat: Option<i16>,
    pub nps: Option<i16>,
    #[sea_orm(column_type = "Text", nullable)]
    pub mood: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub praise: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub complaints: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub wishes: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub commitments: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub summary: Option<String>,
    pub read_back: bool,
    pub contact_confirmed: Option<bool>,
    #[sea_orm(column_type = "Text", nullable)]
    pub verification: Option<String>,
    pub low_score: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub consequences: Json,
    pub author_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
