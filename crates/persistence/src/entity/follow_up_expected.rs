//! A follow-up that an event has brought and that is yet to come.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "follow_up_expected")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub touchpoint_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub occasion: String,
    pub happened_at: DateTimeUtc,
    pub due_at: DateTimeUtc,
    pub feedback_id: Option<Uuid>,
    pub meant: bool,
    pub dropped_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
