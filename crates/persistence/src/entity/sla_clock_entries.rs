//! The ledger of a clock.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "sla_clock_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub clock_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub entry: Json,
    /// The event that brought it about, such as `feedback.accepted`.
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<String>,
    pub actor_id: Option<Uuid>,
    /// By which calendar the clock goes from here on; null where that does not change.
    pub calendar_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
