//! An import of customers.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    #[sea_orm(column_type = "Text")]
    pub file_name: String,
    pub file_size: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub format: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub encoding: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub mapping: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub columns: Json,
    #[sea_orm(column_type = "Text")]
    pub on_duplicate: String,
    pub dry_run: bool,
    #[sea_orm(column_type = "Text")]
    pub system: String,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub created_by: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub actor: Json,
    pub rows_total: Option<i64>,
    pub rows_done: i64,
    pub done_ppm: i32,
    pub created: i64,
    pub updated: i64,
    pub skipped: i64,
    pub failed: i64,
    pub ignored: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub unknown_owners: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub failure: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub undo_status: Option<String>,
    pub undo_row: Option<i64>,
    pub undo_removed: i64,
    pub undo_restored: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub undo_kept: Json,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
