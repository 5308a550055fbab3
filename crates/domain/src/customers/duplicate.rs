//! Which customers are likely the same (疑似重复).

use uuid::Uuid;

use crate::text_enum;

text_enum! {
    /// What two customers have in common.
    DuplicateReason {
        Phone = "phone",
        Email = "email",
        /// The firm's name without legal form, brackets and spaces.
        Firm = "firm",
        Name = "name",
    }
}

impl DuplicateReason {
    /// Whether it tells something of contact data, which not everybody sees.
    pub fn is_personal(self) -> bool {
        matches!(self, DuplicateReason::Phone | DuplicateReason::Email)
    }
}

text_enum! {
    /// Whose value stays when two customers are merged.
    MergeSide {
        /// The survivor's.
        Into = "into",
        /// That of the one that is no more.
        From = "from",
    }
}

/// By which a customer is compared: its keys, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchKeys {
    pub phone: Option<String>,
    pub email: Option<String>,
    pub firm: Option<String>,
    pub name: String,
}

impl MatchKeys {
    pub fn get(&self, reason: DuplicateReason) -> Option<&str> {
        let key = match reason {
            DuplicateReason::Phone => self.phone.as_deref(),
            DuplicateReason::Email => self.email.as_deref(),
            DuplicateReason::Firm => self.firm.as_deref(),
            DuplicateReason::Name => Some(self.name.as_str()),
        };
        key.filter(|key| !key.is_empty())
    }

    /// Everything two customers have in common.
    pub fn common(&self, other: &MatchKeys) -> Vec<DuplicateReason> {
        let same = |reason: &DuplicateReason| self.get(*reason).is_some_and(|key| other.get(*reason) == Some(key));
        DuplicateReason::ALL.iter().copied().filter(same).collect()
    }
}

/// Two customers in the one order in which a pair of them is kept: the newer first.
pub fn pair(one: Uuid, other: Uuid) -> (Uuid, Uuid) {
    if one > other { (one, other) } else { (other, one) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_nothing_in_common() {
        let empty = MatchKeys::default();
        assert_eq!(empty.common(&empty), []);
        let one = MatchKeys { phone: Some("+8613800138000".into()), name: "甲".into(), ..MatchKeys::default() };
        let other = MatchKeys { firm: Some("甲".into()), ..one.clone() };
        assert_eq!(one.common(&other), [DuplicateReason::Phone, DuplicateReason::Name]);
    }

    #[test]
    fn a_pair_is_the_same_from_both_sides() {
        let (older, newer) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(pair(older, newer), (newer, older));
        assert_eq!(pair(newer, older), (newer, older));
    }
}
