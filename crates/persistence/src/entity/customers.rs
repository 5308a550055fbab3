//! A customer (客户).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub number: String,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub name_key: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub industry: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub phone_key: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub email_key: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub source: String,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub firm_key: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub birthday_calendar: Option<String>,
    pub birthday_year: Option<i32>,
    pub birthday_month: Option<i32>,
    pub birthday_day: Option<i32>,
    pub birthday_leap: bool,
    pub cooperation_start: Option<Date>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cooperation_stage: Option<String>,
    pub annual_amount: Option<i64>,
    pub contract_end: Option<Date>,
    #[sea_orm(column_type = "JsonBinary")]
    pub core_products: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub preferred_channel: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub lifecycle_stage: Option<String>,
    pub last_activity_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary")]
    pub custom: Json,
    #[sea_orm(column_type = "Text")]
    pub search: String,
    pub merged_into: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
