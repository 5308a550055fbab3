use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::fault::{Code, Fault};
use crate::identity::{Actor, Role};
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

/// Refuses whoever is neither one of these people nor set over them. What another system has recorded belongs to nobody,
/// and other systems may correct it.
pub fn may_change(actor: &Actor, people: &[Option<Uuid>]) -> Result<(), Fault> {
    let allowed = match actor.role {
        Role::Admin | Role::Manager => true,
        Role::Integration => people.contains(&None),
        Role::Director | Role::Agent => people.contains(&Some(actor.id)),
    };
    if allowed { Ok(()) } else { Err(Fault::new(Code::NotAuthor)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DataScope, Principal};

    #[test]
    fn what_somebody_recorded_is_changed_by_them_or_those_over_them() {
        let me = Uuid::from_u128(1);
        let actor = |role| Actor {
            id: me,
            principal: Principal::User { session: me },
            role,
            data_scope: DataScope::All,
            department: None,
        };
        let other = [Some(Uuid::from_u128(2))];
        assert!(may_change(&actor(Role::Agent), &[Some(me)]).is_ok());
        assert!(may_change(&actor(Role::Agent), &other).is_err());
        assert!(may_change(&actor(Role::Agent), &[None]).is_err());
        assert!(may_change(&actor(Role::Manager), &other).is_ok());
        assert!(may_change(&actor(Role::Integration), &other).is_err());
        assert!(may_change(&actor(Role::Integration), &[None]).is_ok());
    }

    #[test]
    fn what_has_not_happened_is_no_interaction() {
        let now = DateTime::UNIX_EPOCH;
        assert!(happened_by(now + TimeDelta::minutes(5), now).is_ok(), "clocks differ a little");
        assert_eq!(happened_by(now + TimeDelta::hours(1), now).unwrap_err().code, Code::InTheFuture);
    }
}
