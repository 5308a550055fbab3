//! How many tasks of a plan somebody has closed, and as what.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_plan_closed")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: Uuid,
    /// Nil: nobody, as the clock does.
    #[sea_orm(primary_key, auto_increment = false)]
    pub closed_by: Uuid,
    /// The outcome, or why it was cancelled.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub closed_as: String,
    pub tasks: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
