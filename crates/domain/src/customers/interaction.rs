use chrono::{DateTime, TimeDelta, Utc};

use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// How one communicated with the customer.
    InteractionMethod {
        /// 拜访
        Visit = "visit",
        /// 电话
        Call = "call",
        /// 邮件
        Mail = "mail",
        /// 会议
        Meeting = "meeting",
        /// 问候
        Greeting = "greeting",
        /// 试用反馈
        TrialFeedback = "trial_feedback",
        /// 企业微信
        Wecom = "wecom",
        Sms = "sms",
        Other = "other",
    }
}

/// How far clocks of other systems may be ahead of ours.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Refuses an interaction that has not happened yet: "no interaction for 90 days" would be wrong until it has.
pub fn happened_by(happened_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Fault> {
    match happened_at <= now + SKEW {
        true => Ok(()),
        false => Err(Fault::new(Code::InTheFuture).at("/happened_at")),
    }
}
