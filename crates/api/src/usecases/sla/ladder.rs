//! The ladder of a missed deadline: one timer a clock, set anew for each step when the one before has been taken.

use chrono::{DateTime, Utc};
use huiyin_domain::sla::due;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::integration::timers::NewTimer;
use huiyin_persistence::sla::clocks::StoredClock;
use huiyin_persistence::support::from_json;

use super::clocks::key;
use super::policies::Effective;
use crate::usecases::support::Result;

/// Where on the ladder a timer stands.
#[derive(Debug, Clone, Copy)]
pub struct Rung {
    pub level: i32,
    /// From when its time counts: the missed deadline, or when its clock ran on.
    pub from: DateTime<Utc>,
}

impl Rung {
    /// What the timer says; one from before there was a ladder says nothing.
    pub fn of(payload: &serde_json::Value, clock_due: DateTime<Utc>) -> Result<Rung> {
        let level = from_json::<Option<i32>>(&payload["level"])?;
        let from = from_json::<Option<DateTime<Utc>>>(&payload["from"])?;
        Ok(Rung { level: level.unwrap_or(1), from: from.unwrap_or(clock_due) })
    }
}

/// The timer of the next step above `level`, if the policy has one and its time is within reach.
pub fn next_step(effective: &Effective, clock: &StoredClock, level: i32, from: DateTime<Utc>) -> Option<NewTimer> {
    let step = effective.spec.step_above(level)?;
    let due = due(&effective.calendar, from, step.after, &[]).ok()?;
    Some(NewTimer {
        kind: TimerKind::SlaEscalation,
        subject_id: clock.feedback_id,
        unique_key: key(TimerKind::SlaEscalation, clock),
        due_at: due.at,
        payload: serde_json::json!({ "clock_id": clock.id, "level": step.level.number(), "from": from }),
    })
}
