//! When a plan contacts its customers (触点).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_touchpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub position: i32,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub trigger_kind: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub event: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub trigger: Json,
    pub window_days: i32,
    pub created_at: DateTimeUtc,
    pub retired_at: Option<DateTimeUtc>,
    pub swept_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
