//! Where feedback goes that meets certain criteria.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "routing_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub position: i32,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub active: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub subtype: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub criteria: Json,
    pub department_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub collaborators: Json,
    #[sea_orm(column_type = "Text")]
    pub strategy: String,
    pub handler_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
