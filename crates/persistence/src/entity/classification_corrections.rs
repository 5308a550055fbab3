//! What a person has changed of a classification. The text stays with the feedback.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "classification_corrections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub feedback_id: Uuid,
    pub model_version: Option<i64>,
    #[sea_orm(column_type = "Text")]
    pub subtype_before: String,
    #[sea_orm(column_type = "Text")]
    pub subtype: String,
    #[sea_orm(column_type = "Text")]
    pub priority_before: String,
    #[sea_orm(column_type = "Text")]
    pub priority: String,
    #[sea_orm(column_type = "Text")]
    pub mood_before: String,
    #[sea_orm(column_type = "Text")]
    pub mood: String,
    pub corrected_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
