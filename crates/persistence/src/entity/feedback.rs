//! A feedback (反馈), which is also the ticket (工单).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "feedback")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub number: String,
    #[sea_orm(column_type = "Text")]
    pub channel: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub channel_message_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub content: String,
    pub customer_id: Option<Uuid>,
    pub reporter_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub contact_name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub contact_phone: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub contact_email: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub subtype: String,
    #[sea_orm(column_type = "Text")]
    pub priority: String,
    #[sea_orm(column_type = "Text")]
    pub mood: String,
    pub confidence: f64,
    pub needs_review: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub evidence: Json,
    #[sea_orm(column_type = "Text")]
    pub classified_by: String,
    pub model_version: Option<i64>,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub awaiting: Option<String>,
    pub department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub first_handler_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub collaborators: Json,
    pub promised_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub solution: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub improvement: Option<String>,
    pub reopened_times: i32,
    pub escalation_level: i32,
    pub escalated_at: Option<DateTimeUtc>,
    pub explanation_owed_since: Option<DateTimeUtc>,
    pub policy_id: Option<Uuid>,
    pub received_at: DateTimeUtc,
    pub accepted_at: Option<DateTimeUtc>,
    pub resolved_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    /// The place in the order of work as long as it is open.
    pub work_key: Option<i64>,
    pub deputy_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub proposed_departments: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub rejections: Json,
    /// The record of the follow-up in which it was raised.
    pub source_record_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
