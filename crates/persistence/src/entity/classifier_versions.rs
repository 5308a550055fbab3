//! What the classifier has learnt here from corrections. Version 0 is the shipped model.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "classifier_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub number: i64,
    pub active: bool,
    pub corrections: i64,
    pub through: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub skipped: Json,
    #[sea_orm(column_type = "Text")]
    pub model: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub weights: Json,
    pub weight_count: i64,
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
