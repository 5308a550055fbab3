//! A fitted model of who orders again, and how far scoring by it has come.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "churn_models")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub as_of: Date,
    #[sea_orm(column_type = "JsonBinary")]
    pub model: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub risk_cut: Json,
    pub horizon_days: i32,
    #[sea_orm(column_type = "Double")]
    pub log_likelihood: f64,
    pub customers: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub shortfall: Option<String>,
    pub holdout_until: Option<Date>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub holdout: Option<Json>,
    #[sea_orm(column_type = "Text")]
    pub scoring: String,
    pub customers_scored: i64,
    pub scored_to: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub scored_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
