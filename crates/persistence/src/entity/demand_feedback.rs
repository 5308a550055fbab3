//! A suggestion asks for a demand.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "demand_feedback")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub demand_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub feedback_id: Uuid,
    pub attached_by: Option<Uuid>,
    pub attached_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
