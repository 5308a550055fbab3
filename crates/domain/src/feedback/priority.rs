use super::{FeedbackType, Priority};
use crate::tiering::Tier;

/// The priority after the customer's tier has had its say: a vip's complaint is at least important.
pub fn raise_for_tier(priority: Priority, kind: FeedbackType, tier: Option<Tier>) -> Priority {
    match (priority, kind, tier) {
        (Priority::Normal, FeedbackType::Complaint, Some(Tier::Vip)) => Priority::Important,
        _ => priority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vips_complaint_is_raised_and_nothing_is_lowered() {
        let raise = |p, k, t| raise_for_tier(p, k, t);
        assert_eq!(raise(Priority::Normal, FeedbackType::Complaint, Some(Tier::Vip)), Priority::Important);
        assert_eq!(raise(Priority::Normal, FeedbackType::Inquiry, Some(Tier::Vip)), Priority::Normal);
        assert_eq!(raise(Priority::Normal, FeedbackType::Complaint, Some(Tier::Dormant)), Priority::Normal);
        assert_eq!(raise(Priority::Urgent, FeedbackType::Complaint, None), Priority::Urgent);
    }
}
