//! Whether a row is somebody who is known already, and what then.

use std::collections::HashMap;

use uuid::Uuid;

use super::clean::squashed;
use crate::text_enum;

text_enum! {
    /// What becomes of a row that is a customer already.
    OnDuplicate {
        /// Left out and reported.
        Skip = "skip",
        /// What its cells say is laid over the customer that is there.
        Update = "update",
        /// Created all the same.
        Create = "create",
    }
}

text_enum! {
    /// By what two are the same, the surest first.
    MatchKey {
        ExternalId = "external_id",
        Phone = "phone",
        Email = "email",
        /// The name of an enterprise without legal form, brackets and space.
        Firm = "firm_name",
    }
}

/// What a customer is matched by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    /// Of enterprises only.
    pub firm: Option<String>,
}

impl Keys {
    /// What is there, the surest first.
    pub fn each(&self) -> impl Iterator<Item = (MatchKey, &str)> {
        [
            (MatchKey::ExternalId, &self.external_id),
            (MatchKey::Phone, &self.phone),
            (MatchKey::Email, &self.email),
            (MatchKey::Firm, &self.firm),
        ]
        .into_iter()
        .filter_map(|(kind, key)| Some((kind, key.as_deref()?)))
    }
}

/// A customer found, with everything it was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub customer: Uuid,
    pub keys: Vec<MatchKey>,
}

/// Who has which key: the database's answers for some rows, and the customers that those rows make.
#[derive(Debug, Default)]
pub struct Index {
    known: HashMap<(MatchKey, String), Uuid>,
}

impl Index {
    /// The first to have a key keeps it.
    pub fn add(&mut self, kind: MatchKey, key: &str, customer: Uuid) {
        self.known.entry((kind, key.to_owned())).or_insert(customer);
    }

    pub fn add_all(&mut self, keys: &Keys, customer: Uuid) {
        keys.each().for_each(|(kind, key)| self.add(kind, key, customer));
    }

    pub fn holder(&self, kind: MatchKey, key: &str) -> Option<Uuid> {
        self.known.get(&(kind, key.to_owned())).copied()
    }

    /// The customer that the surest of the keys names, and which other keys name it too.
    pub fn find(&self, keys: &Keys) -> Option<Match> {
        let customer = keys.each().find_map(|(kind, key)| self.holder(kind, key))?;
        let same = keys.each().filter(|(kind, key)| self.holder(*kind, key) == Some(customer));
        Some(Match { customer, keys: same.map(|(kind, _)| kind).collect() })
    }
}

/// Whether what a row says may be laid over the customer it matches. A phone, a mail address or an id alone does not
/// make somebody of another name the same: that is for a person to judge, and nothing is overwritten unseen.
pub fn may_merge(found: &Match, row_name: &str, known_name: &str) -> bool {
    let same_name = squashed(row_name) == squashed(known_name);
    let sure = found.keys.iter().any(|key| *key != MatchKey::Firm);
    same_name || (sure && found.keys.contains(&MatchKey::Firm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(external_id: &str, phone: &str, firm: &str) -> Keys {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Keys { external_id: some(external_id), phone: some(phone), email: None, firm: some(firm) }
    }

    #[test]
    fn the_surest_key_says_who_it_is() {
        let mut index = Index::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        index.add_all(&keys("KH1", "+8613800138000", "晨光"), one);
        index.add_all(&keys("KH2", "+8613900139000", "晨光"), other);
        let found = index.find(&keys("KH2", "+8613800138000", "晨光")).unwrap();
        assert_eq!(found, Match { customer: other, keys: vec![MatchKey::ExternalId] });
        let found = index.find(&keys("KH3", "+8613800138000", "晨光")).unwrap();
        assert_eq!(found, Match { customer: one, keys: vec![MatchKey::Phone, MatchKey::Firm] });
        assert_eq!(index.find(&keys("KH3", "", "")), None);
    }

    #[test]
    fn another_name_is_not_overwritten() {
        let found = |keys: &[MatchKey]| Match { customer: Uuid::nil(), keys: keys.to_vec() };
        assert!(may_merge(&found(&[MatchKey::Phone]), "温 若谷", "温若谷"));
        assert!(!may_merge(&found(&[MatchKey::ExternalId]), "晨光", "夕照"));
        assert!(may_merge(&found(&[MatchKey::Phone, MatchKey::Firm]), "晨光有限公司", "晨光"));
        assert!(!may_merge(&found(&[MatchKey::Firm]), "晨光有限公司", "晨光"));
    }
}
