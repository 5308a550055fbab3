use std::fmt;

/// Full-width ASCII (ＡＢＣ１２３＠) and the ideographic space as their half-width forms.
fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Marks that carry no meaning in contact data but come along when it is copied: direction marks, zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// A name as it is compared: half-width, inner runs of space as one, lower case.
pub fn normalise_name(name: &str) -> String {
    let folded: String = name.chars().filter(|c| !is_invisible(*c)).map(half_width).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A phone number in the form in which it is stored and matched: `+` and digits; Chinese numbers get `+86`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads `138 0013 8000`, `+86-13800138000`, `（０１０）6552-9988`; `None` where it is no number of 5 to 15 digits.
    pub fn parse(text: &str) -> Option<Phone> {
        let mut digits = String::with_capacity(16);
        let mut international = false;
        for c in text.chars().filter(|c| !is_invisible(*c)).map(half_width) {
            match c {
                '0'..='9' => digits.push(c),
                '+' if digits.is_empty() && !international => international = true,
                ' ' | '-' | '(' | ')' | '.' | '\t' => {}
                _ => return None,
            }
        }
        if !(5..=15).contains(&digits.len()) {
            return None;
        }
        let chinese_mobile = |d: &str| d.len() == 11 && d.starts_with('1');
        Some(Phone(match digits.strip_prefix("86") {
            _ if international => format!("+{digits}"),
            Some(rest) if chinese_mobile(rest) => format!("+{digits}"),
            _ if chinese_mobile(&digits) => format!("+86{digits}"),
            // A land line with its trunk zero: 010-65529988 is +86 10 65529988.
            _ if digits.starts_with('0') && digits.len() >= 10 => format!("+86{}", &digits[1..]),
            _ => digits,
        }))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail address in the form in which it is stored and matched: half-width, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// `None` where there is not exactly one `@` with something on both sides, or where space is inside.
    pub fn parse(text: &str) -> Option<Email> {
        let folded: String = text.chars().filter(|c| !is_invisible(*c)).map(half_width).collect();
        let folded = folded.trim().to_lowercase();
        let (local, domain) = folded.split_once('@')?;
        let plain =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control());
        (plain(local) && plain(domain) && folded.chars().count() <= 254).then_some(Email(folded))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    use proptest::prelude::*;

    #[test]
    fn one_phone_in_many_spellings_is_one_phone() {
        for text in [
            "13800138000",
            "138-0013-8000",
            "+86 138 0013 8000",
            "8613800138000",
            "１３８００１３８０００",
            "\u{202D}13800138000\u{202C}",
        ] {
            assert_eq!(Phone::parse(text).map(|p| p.0).as_deref(), Some("+8613800138000"), "{text}");
        }
        assert_eq!(Phone::parse("010-65529988").map(|p| p.0).as_deref(), Some("+861065529988"));
        assert_eq!(Phone::parse("95588").map(|p| p.0).as_deref(), Some("95588"));
    }

    #[test]
    fn what_is_no_phone_is_refused_not_guessed() {
        for text in ["", "139OOOO12I7", "1.38E+10", "13500001203/15000004406", "1234", "12345678901234567"] {
            assert_eq!(Phone::parse(text), None, "{text}");
        }
    }

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
            if let Some(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()), Some(phone.clone()));
            }
            if let Some(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Some(email.clone()));
            }
            let name = normalise_name(&text);
            prop_assert_eq!(normalise_name(&name), name);
        }
    }
}
