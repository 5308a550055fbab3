//! What a handler promised, and every revision of it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "feedback_promises")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub feedback_id: Uuid,
    /// The promise before; none where it is the first of a round.
    pub promised_from: Option<DateTimeUtc>,
    pub promised_to: DateTimeUtc,
    /// The SLA's resolve deadline at that time.
    pub bound: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The delay explanation by whose approval it came about.
    pub explanation_id: Option<Uuid>,
    pub made_by: Option<Uuid>,
    pub made_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
