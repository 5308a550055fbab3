//! A purchase intent found in a follow-up (线索), and in whose hands such things are.

use uuid::Uuid;

use crate::customers::may_change;
use crate::fault::{Code, Fault};
use crate::identity::Actor;
use crate::text_enum;

text_enum! {
    /// How far a purchase intent has come (线索状态).
    LeadStatus {
        Open = "open",
        /// Somebody has spoken with the customer about it.
        Contacted = "contacted",
        /// The customer has bought.
        Won = "won",
        /// The customer will not buy.
        Lost = "lost",
    }
}

impl LeadStatus {
    /// Those that are still worked on.
    pub const OPEN: [LeadStatus; 2] = [LeadStatus::Open, LeadStatus::Contacted];
    /// How it can end.
    pub const CLOSED: [LeadStatus; 2] = [LeadStatus::Won, LeadStatus::Lost];

    /// What has ended stays so.
    pub fn check_open(self) -> Result<(), Fault> {
        match LeadStatus::OPEN.contains(&self) {
            true => Ok(()),
            false => Err(Fault::new(Code::LeadState).with("state", self)),
        }
    }
}

/// Refuses whoever neither has a thing in hand nor is set over those who have. What is nobody's is for the people of its
/// department.
pub fn in_hands_of(
    actor: &Actor,
    people: &[Option<Uuid>],
    owner: Option<Uuid>,
    department: Option<Uuid>,
) -> Result<(), Fault> {
    if owner.is_none() && department.is_some() && department == actor.department {
        return Ok(());
    }
    may_change(actor, people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DataScope, Principal, Role};

    #[test]
    fn what_has_ended_stays_so() {
        for status in LeadStatus::OPEN {
            assert!(status.check_open().is_ok());
        }
        for status in LeadStatus::CLOSED {
            assert_eq!(status.check_open().unwrap_err().code, Code::LeadState);
        }
    }

    #[test]
    fn what_is_nobodys_is_for_the_people_of_its_department() {
        let [me, other, here, there] = [1, 2, 3, 4].map(Uuid::from_u128);
        let agent = |department| Actor {
            id: me,
            principal: Principal::User { session: me },
            role: Role::Agent,
            data_scope: DataScope::Own,
            department,
        };
        let may = |actor: &Actor, owner| in_hands_of(actor, &[owner], owner, Some(here)).is_ok();
        assert!(may(&agent(Some(here)), None) && !may(&agent(Some(there)), None) && !may(&agent(None), None));
        assert!(may(&agent(None), Some(me)) && !may(&agent(Some(here)), Some(other)));
    }
}
