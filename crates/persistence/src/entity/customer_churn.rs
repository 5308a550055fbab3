//! What the last churn model says of a customer, within the model's own horizon.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customer_churn")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    pub model_id: Uuid,
    #[sea_orm(column_type = "Double")]
    pub p_alive: f64,
    #[sea_orm(column_type = "Double")]
    pub expected_orders: f64,
    #[sea_orm(column_type = "Double")]
    pub probability_of_order: f64,
    #[sea_orm(column_type = "Text")]
    pub risk: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
