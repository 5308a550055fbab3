//! One move of a customer from tier to tier, and the figures behind it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customer_tier_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub customer_id: Uuid,
    #[sea_orm(column_type = "Text", nullable)]
    pub from_tier: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub to_tier: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub cause: String,
    pub run_id: Uuid,
    pub as_of: Date,
    #[sea_orm(column_type = "Text", nullable)]
    pub rfm_class: Option<String>,
    pub rule: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub tag: Option<String>,
    pub last_on: Option<Date>,
    pub frequency: Option<i64>,
    pub monetary: Option<i64>,
    pub r: Option<i32>,
    pub f: Option<i32>,
    pub m: Option<i32>,
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
