//! Entry points (反馈入口): where anybody may leave a feedback without signing in, and what they are shown of it later.

use super::{Awaiting, State};
use crate::customers::{Email, Phone};
use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// Whether an entry point asks for something.
    FieldRule {
        NotAsked = "not_asked",
        Optional = "optional",
        Required = "required",
    }
}

text_enum! {
    /// What an entry point may ask for; never more than these three, and a picture.
    EntryField {
        Content = "content",
        Contact = "contact",
        Name = "name",
    }
}

text_enum! {
    /// Where a feedback stands, for the one who left it.
    PublicState {
        /// It waits for somebody to take it up.
        Received = "received",
        InProgress = "in_progress",
        /// Something was asked back.
        WaitingForYou = "waiting_for_you",
        /// A solution was given.
        Resolved = "resolved",
        Closed = "closed",
    }
}

impl PublicState {
    /// Nothing of the house's own ways: that it was sent back and forth is none of the customer's business.
    pub fn of(state: State, awaiting: Option<Awaiting>) -> Self {
        match (state, awaiting) {
            (State::New | State::Assigned | State::Rejected, _) => PublicState::Received,
            (State::Accepted | State::InProgress | State::Reopened, _) => PublicState::InProgress,
            (State::AwaitingCustomer, Some(Awaiting::Confirmation)) => PublicState::Resolved,
            (State::AwaitingCustomer, _) => PublicState::WaitingForYou,
            (State::Closed, _) => PublicState::Closed,
        }
    }
}

/// Phone or mail, as it was written; which of the two it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    Phone(String),
    Email(String),
}

impl Contact {
    /// `None` where it is neither.
    pub fn parse(text: &str) -> Option<Contact> {
        let text = text.trim().to_owned();
        if Phone::parse(&text).is_some() {
            return Some(Contact::Phone(text));
        }
        Email::parse(&text).is_some().then_some(Contact::Email(text))
    }
}

/// What an entry point asks for beside the content, which is always needed.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub contact: FieldRule,
    pub name: FieldRule,
    pub picture: bool,
}

/// Which of it was given.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub contact: Option<&'a str>,
    pub name: Option<&'a str>,
    pub picture: bool,
}

impl Asked {
    /// The contact, where there is one; every way in which what was given is not what is asked for.
    pub fn check(self, given: Given<'_>) -> Result<Option<Contact>, Vec<Fault>> {
        let at = |code: Code, name: &str| Fault::new(code).at(format!("/{name}")).with("name", name);
        let fields = [("contact", self.contact, given.contact.is_some()), ("name", self.name, given.name.is_some())];
        let mut faults: Vec<Fault> = fields
            .into_iter()
            .filter_map(|(name, rule, given)| match (rule, given) {
                (FieldRule::NotAsked, true) => Some(at(Code::FieldNotAsked, name)),
                (FieldRule::Required, false) => Some(at(Code::FieldNeeded, name)),
                _ => None,
            })
            .collect();
        if given.picture && !self.picture {
            faults.push(at(Code::FieldNotAsked, "picture"));
        }
        let contact = given.contact.map(Contact::parse);
        if contact == Some(None) && self.contact != FieldRule::NotAsked {
            faults.push(at(Code::ContactInvalid, "contact"));
        }
        if faults.is_empty() { Ok(contact.flatten()) } else { Err(faults) }
    }
}

/// Whether a text can be the key of an entry point: what cannot be one need not be looked for.
pub fn is_entry_key(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=50).contains(&text.len()) && text.bytes().all(inside) && !text.starts_with('-')
}

/// Whether a text can be the token of a receipt.
pub fn is_receipt_token(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What a message is called within its channel. An entry point's own name stands before it: whoever is not signed in
/// takes no name away from the channel's other messages, nor from those of another entry point.
pub fn message_of_entry(entry_key: &str, message: &str) -> String {
    format!("entry:{entry_key}:{message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(faults: Vec<Fault>) -> Vec<(Code, String)> {
        faults.into_iter().map(|fault| (fault.code, fault.pointer.unwrap())).collect()
    }

    #[test]
    fn every_way_in_which_too_much_or_too_little_is_given_is_told() {
        let asked = Asked { contact: FieldRule::Required, name: FieldRule::NotAsked, picture: false };
        let wrong = asked.check(Given { contact: None, name: Some("张伟"), picture: true }).unwrap_err();
        let expected = [
            (Code::FieldNeeded, "/contact".to_owned()),
            (Code::FieldNotAsked, "/name".to_owned()),
            (Code::FieldNotAsked, "/picture".to_owned()),
        ];
        assert_eq!(codes(wrong), expected);
        let wrong = asked.check(Given { contact: Some("no number"), name: None, picture: false }).unwrap_err();
        assert_eq!(codes(wrong), [(Code::ContactInvalid, "/contact".to_owned())]);
        let phone = asked.check(Given { contact: Some(" 138 0013 8000"), name: None, picture: false }).unwrap();
        assert_eq!(phone, Some(Contact::Phone("138 0013 8000".to_owned())));
        let email = asked.check(Given { contact: Some("zhang.wei@example.com"), name: None, picture: false }).unwrap();
        assert_eq!(email, Some(Contact::Email("zhang.wei@example.com".to_owned())));
        let nothing = Asked { contact: FieldRule::NotAsked, name: FieldRule::Optional, picture: true };
        assert_eq!(nothing.check(Given { contact: None, name: None, picture: true }).unwrap(), None);
        let wrong = nothing.check(Given { contact: Some("?"), name: None, picture: false }).unwrap_err();
        assert_eq!(codes(wrong), [(Code::FieldNotAsked, "/contact".to_owned())], "told once");
    }

    #[test]
    fn the_customer_sees_no_inner_ways() {
        assert_eq!(PublicState::of(State::Rejected, None), PublicState::Received);
        assert_eq!(PublicState::of(State::AwaitingCustomer, Some(Awaiting::Information)), PublicState::WaitingForYou);
        assert_eq!(PublicState::of(State::AwaitingCustomer, Some(Awaiting::Confirmation)), PublicState::Resolved);
        assert_eq!(PublicState::of(State::Reopened, None), PublicState::InProgress);
    }

    proptest! {
        #[test]
        fn messages_of_two_entries_are_never_the_same(
            one in "[a-z0-9][a-z0-9-]{1,9}", other in "[a-z0-9][a-z0-9-]{1,9}", a in "[a-z:-]{1,9}", b in "[a-z:-]{1,9}",
        ) {
            prop_assert!(is_entry_key(&one) && is_entry_key(&other));
            prop_assert_eq!(message_of_entry(&one, &a) == message_of_entry(&other, &b), (one, a) == (other, b));
        }
    }
}
