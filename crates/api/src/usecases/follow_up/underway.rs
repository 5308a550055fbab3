//! How far a sweep has come: whoever goes on with it after a kill tells people of all that they have been given.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_persistence::Tx;
use huiyin_persistence::follow_up::plans::Touchpoint;
use huiyin_persistence::integration::events;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::usecases::support::Result;

/// What stands with the timer while its sweep is under way.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Underway {
    /// How many new tasks have come in whose hands: they are told once.
    pub given: HashMap<Uuid, i64>,
}

impl Underway {
    /// Tells each person of all that a sweep has brought.
    pub async fn tell(self, tx: &Tx, touchpoint: &Touchpoint, now: DateTime<Utc>) -> Result<()> {
        let mut told: Vec<(Uuid, i64)> = self.given.into_iter().collect();
        told.sort_unstable();
        let told = told.into_iter().map(|(assignee_id, tasks)| Event::FollowUpPlanTasksGiven {
            plan_id: touchpoint.plan_id,
            touchpoint_id: touchpoint.id,
            assignee_id,
            tasks,
        });
        Ok(events::append(tx, None, now, &told.collect::<Vec<_>>()).await?)
    }
}
