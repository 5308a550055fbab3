//! What the orders, interactions and feedback of a customer add up to.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "customer_figures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    pub orders: i64,
    pub revenue: i64,
    pub first_order_on: Option<Date>,
    pub last_order_on: Option<Date>,
    pub last_ordered_at: Option<DateTimeUtc>,
    pub last_paid_at: Option<DateTimeUtc>,
    pub last_delivered_at: Option<DateTimeUtc>,
    pub last_signed_at: Option<DateTimeUtc>,
    pub interactions: i64,
    pub last_interaction_at: Option<DateTimeUtc>,
    pub complaints: i64,
    pub feedback_open: i64,
    pub last_feedback_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
