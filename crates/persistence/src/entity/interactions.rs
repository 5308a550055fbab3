//! One communication with a customer (互动记录).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "interactions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub customer_id: Uuid,
    pub happened_at: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub method: String,
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub staff_ids: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub contact_ids: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub other_participants: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub key_points: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub wishes: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub commitments: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub next_step: Option<String>,
    pub author_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
