use std::fmt;

use super::text::fold;

/// A mail address in the form in which it is stored and matched: half-width, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// `None` where there is not exactly one `@` with something on both sides, or where space is inside.
    pub fn parse(text: &str) -> Option<Email> {
        let folded = fold(text).trim().to_lowercase();
        let (local, domain) = folded.split_once('@')?;
        let plain =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control());
        (plain(local) && plain(domain) && folded.chars().count() <= 254).then_some(Email(folded))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::normalise_name;
    use proptest::prelude::*;

    #[test]
    fn mail_is_folded_and_checked() {
        assert_eq!(Email::parse(" ＤＥＬＴＡ506＠EXAMPLE.CN ").map(|m| m.0).as_deref(), Some("delta506@example.cn"));
        for text in ["cedar.example.com", "heron@@example.org", "maple 77@example.com", "lotus@", "@x"] {
            assert_eq!(Email::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_what_was_stored_changes_nothing(text in "\\PC{0,24}") {
            if let Some(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Some(email.clone()));
            }
            let name = normalise_name(&text);
            prop_assert_eq!(normalise_name(&name), name);
        }
    }
}
