//! What each department does for a feedback, the lead and the collaborators.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "feedback_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub feedback_id: Uuid,
    pub department_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub role: String,
    pub handler_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub task: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// How often the feedback had been reopened when it began.
    pub round: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    pub added_by: Option<Uuid>,
    pub started_at: DateTimeUtc,
    pub accepted_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
