//! What an owner is to confirm of one customer in a stocktake, and what was answered.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "stocktake_confirmations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub stocktake_id: Uuid,
    pub customer_id: Uuid,
    pub owner_id: Option<Uuid>,
    pub answered_at: Option<DateTimeUtc>,
    pub answered_by: Option<Uuid>,
    pub renewed: Option<bool>,
    pub lost: Option<bool>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cooperation_stage: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub corrected: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
