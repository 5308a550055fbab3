//! A field that an administrator adds to the profile (自定义字段).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "custom_fields")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub key: String,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub required: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub pattern: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub minimum: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub maximum: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub choices: Json,
    pub active: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
