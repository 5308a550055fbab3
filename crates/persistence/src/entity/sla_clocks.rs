//! The present state of a clock.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "sla_clocks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub feedback_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub calendar_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// 0: without a target, it only measures.
    pub target_value: i32,
    #[sea_orm(column_type = "Text")]
    pub target_unit: String,
    pub started_at: DateTimeUtc,
    pub due_at: Option<DateTimeUtc>,
    pub provisional: bool,
    pub stopped_at: Option<DateTimeUtc>,
    pub breached_at: Option<DateTimeUtc>,
    pub entries: i32,
    /// Whose part of the feedback it measures; null for the feedback's own.
    pub part_id: Option<Uuid>,
    /// The version of the calendar by which the columns above were worked out.
    pub calendar_version: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
