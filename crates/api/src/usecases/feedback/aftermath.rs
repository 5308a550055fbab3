//! What a resolution, a confirmation or a reopening brings with it, in the transaction in which it happens.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::Feedback;

use super::cases;
use crate::usecases::support::Result;

/// Lets the case library follow what has just happened to a feedback, and answers what happened by that. The caller holds
/// the lock of the feedback. Verification follow-ups follow the events themselves: feedback knows nothing of them.
pub async fn follow(tx: &Tx, feedback: &Feedback, happened: &[Event], now: DateTime<Utc>) -> Result<Vec<Event>> {
    let mut more = Vec::new();
    for event in happened {
        match event {
            Event::FeedbackClosed { .. } => more.push(cases::archive(tx, feedback, now).await?),
            Event::FeedbackReopened { .. } => more.extend(cases::take_out(tx, feedback.id).await?),
            _ => {}
        }
    }
    Ok(more)
}
