//! A customer is to be asked whether a resolution holds (二次回访).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "verifications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub feedback_id: Uuid,
    pub round: i32,
    pub handler_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub assignee_id: Option<Uuid>,
    pub resolved_at: DateTimeUtc,
    pub due_from: DateTimeUtc,
    pub due_by: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub attempts: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub log: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome: Option<String>,
    pub score: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    pub answered_by: Option<Uuid>,
    pub answered_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
