//! Segments (客户群): customers that satisfy a stored condition.

use crate::text_enum;

text_enum! {
    /// Whether a segment follows its condition.
    SegmentStatus {
        Active = "active",
        /// Its members stay as they were.
        Archived = "archived",
    }
}

text_enum! {
    /// Where looking at all customers stands.
    RefreshState {
        Idle = "idle",
        Pending = "pending",
        Running = "running",
        Failed = "failed",
    }
}

impl RefreshState {
    /// Whether one is on its way.
    pub fn is_under_way(self) -> bool {
        matches!(self, RefreshState::Pending | RefreshState::Running)
    }
}
