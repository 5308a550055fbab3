use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A department's word that a feedback is not its own (退回).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub department_id: Option<Uuid>,
    pub rejected_by: Option<Uuid>,
    pub reason: String,
    pub rejected_at: DateTime<Utc>,
}
