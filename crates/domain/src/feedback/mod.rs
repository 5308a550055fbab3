//! Feedback (反馈): what it is about, how urgent, where it goes, and the loop that ends when the customer says so.

pub mod classify;
pub mod entry;
mod priority;
mod promise;
mod taxonomy;
mod workflow;

pub use priority::raise_for_tier;
pub use promise::{DELAY_AFTER, DelayExplanation, ExplanationStatus, REMIND_BEFORE};
pub use taxonomy::{FeedbackType, Mood, Priority, Subtype};
pub use workflow::{Awaiting, ClockMove, State, Step, Ticket};

use crate::text_enum;

text_enum! {
    /// Where a feedback came from (渠道).
    Channel {
        Hotline = "hotline",
        OnlineChat = "online_chat",
        Email = "email",
        SocialMedia = "social_media",
        App = "app",
        Shop = "shop",
        FollowUp = "follow_up",
        Survey = "survey",
        Api = "api",
    }
}

text_enum! {
    /// How somebody spoke with the customer.
    Method {
        Phone = "phone",
        Email = "email",
        Sms = "sms",
        OnlineChat = "online_chat",
        Wecom = "wecom",
        Visit = "visit",
        Other = "other",
    }
}

text_enum! {
    /// Who spoke: we to the customer, or the customer to us.
    Direction {
        Outbound = "outbound",
        Inbound = "inbound",
    }
}

/// The number people see: `F000001`.
pub fn feedback_no(sequence: i64) -> String {
    format!("F{sequence:06}")
}
