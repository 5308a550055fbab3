//! Feedback (反馈): what it is about, how urgent, where it goes, and the loop that ends when the customer says so.

pub mod case;
pub mod classify;
mod demand;
pub mod entry;
pub mod parts;
mod priority;
mod promise;
mod rejection;
mod root_cause;
mod routing;
mod taxonomy;
mod turn;
pub mod verification;
mod work;
mod workflow;

pub use demand::DemandStatus;
pub use parts::{Part, PartRole, PartState};
pub use priority::raise_for_tier;
pub use promise::{DELAY_AFTER, DelayExplanation, ExplanationStatus, REMIND_BEFORE};
pub use rejection::Rejection;
pub use root_cause::{CauseCategory, MOST_WHYS, Why};
pub use routing::{Asked, Criteria, Criterion, Lead};
pub use taxonomy::{FeedbackType, Mood, Priority, Subtype};
pub use turn::{Candidate, Strategy, next as next_handler};
pub use verification::VerificationOutcome;
pub use work::{WorkView, work_key, work_keys};
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

impl Channel {
    /// How a customer who spoke through this channel is usually answered.
    pub fn method(self) -> Method {
        match self {
            Channel::Hotline | Channel::FollowUp => Method::Phone,
            Channel::OnlineChat | Channel::App => Method::OnlineChat,
            Channel::Email => Method::Email,
            Channel::Shop => Method::Visit,
            Channel::SocialMedia | Channel::Survey | Channel::Api => Method::Other,
        }
    }
}

/// The number people see: `F000001`.
pub fn feedback_no(sequence: i64) -> String {
    format!("F{sequence:06}")
}
