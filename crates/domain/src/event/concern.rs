//! Whom an event concerns.

use uuid::Uuid;

use super::{Event, Subject};

impl Event {
    /// The customer whom it concerns, where it names one.
    pub fn customer(&self) -> Option<Uuid> {
        if let (Subject::Customer, id) = self.subject() {
            return Some(id);
        }
        let json = serde_json::to_value(self).ok()?;
        json["data"]["customer_id"].as_str()?.parse().ok()
    }

    /// Whether the timeline of the customer whom it concerns tells of it: whatever names a customer does, and what
    /// happens to a customer's feedback, but not the house's own reminders. Nor does it tell of segments: whose condition
    /// compares personal data, would tell those to whom the customer reads masked.
    pub fn in_timeline(&self) -> bool {
        !matches!(
            self,
            Event::FeedbackSlaWarning { .. }
                | Event::FeedbackPromiseReminder { .. }
                | Event::FeedbackDeadlineMoved { .. }
                | Event::FeedbackEscalated { .. }
                | Event::FeedbackPartReminded { .. }
                | Event::FeedbackPartOverdue { .. }
                | Event::FeedbackExplanationOwed { .. }
                | Event::FeedbackDelayExplained { .. }
                | Event::FeedbackExplanationApproved { .. }
                | Event::FeedbackExplanationRejected { .. }
                | Event::ChangeRequestOverdue { .. }
                | Event::SegmentEntered { .. }
                | Event::SegmentLeft { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_unique_and_stand_in_the_json() {
        let mut kinds = Event::KINDS.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), Event::KINDS.len());
        let event = Event::FeedbackStarted { feedback_id: Uuid::nil() };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], event.kind());
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
    }
}
