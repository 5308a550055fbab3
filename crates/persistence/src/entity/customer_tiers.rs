//! The tier of a customer and the figures behind it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customer_tiers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    pub run_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub tier: String,
    #[sea_orm(column_type = "Text")]
    pub rfm_class: String,
    pub rule: Option<i32>,
    pub frequency: i64,
    pub monetary: i64,
    pub r: i32,
    pub f: i32,
    pub m: i32,
    pub computed_at: DateTimeUtc,
    pub last_on: Date,
    pub as_of: Date,
    #[sea_orm(column_type = "Text")]
    pub cause: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub tag: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
