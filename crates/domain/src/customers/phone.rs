//! Phone numbers in E.164, read with Google's metadata (libphonenumber); numbers without a country are Chinese.

use std::fmt;

use phonenumber::{Mode, country};

use super::text::fold;

/// A phone number in the form in which it is stored and matched: E.164 (`+8613800138000`). Service numbers such as
/// `95588` have no such form and stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Digits of the shortest numbers that there are, with their country code.
const SHORTEST: usize = 7;

impl Phone {
    /// Reads `138 0013 8000`, `+86-13800138000`, `（０１０）6552-9988`, `400-810-8888`, `+1 650 253 0000`; `None` where it
    /// is no such number. Nothing is guessed: a Chinese mobile number has eleven digits.
    pub fn parse(text: &str) -> Option<Phone> {
        let folded = fold(text);
        let mut digits = String::with_capacity(16);
        let mut international = false;
        for c in folded.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if digits.is_empty() && !international => international = true,
                ' ' | '-' | '(' | ')' | '.' | '\t' => {}
                _ => return None,
            }
        }
        if let Some(rest) = digits.strip_prefix("00").filter(|_| !international) {
            (international, digits) = (true, rest.to_owned());
        }
        let chinese = match digits.strip_prefix("86") {
            Some(national) if international || is_mobile(national) => Some(national),
            _ if international => None,
            _ => Some(digits.as_str()),
        };
        match chinese {
            Some(national) if is_mobile(national) => Some(Phone(format!("+86{national}"))),
            Some(national) if is_land_line(national, international) => {
                Self::by_metadata(Some(country::CN), &format!("0{}", national.trim_start_matches('0')))
            }
            Some(national) if is_free_call(national) => Some(Phone(format!("+86{national}"))),
            Some(national) if !international && is_service(national) => Some(Phone(national.to_owned())),
            Some(_) => None,
            None if (7..=15).contains(&digits.len()) => Self::by_metadata(None, &format!("+{digits}")),
            None => None,
        }
    }

    fn by_metadata(country: Option<country::Id>, text: &str) -> Option<Phone> {
        let number = phonenumber::parse(country, text).ok()?;
        let number = number.format().mode(Mode::E164).to_string();
        // The library drops zeros: of +211 00001 is left what no country has.
        (number.len() > SHORTEST).then_some(Phone(number))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Loads the metadata now, so that the first number need not wait for it (some 100 ms).
    pub fn preload() {
        Self::by_metadata(Some(country::CN), "01065529988");
    }
}

/// `1[3-9]` and nine more digits. New prefixes are given out faster than metadata is, so those are not asked.
fn is_mobile(national: &str) -> bool {
    national.len() == 11 && matches!(national.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// An area code with its trunk zero, which may be missing after `+86`, and seven or eight digits.
fn is_land_line(national: &str, international: bool) -> bool {
    let rest = national.strip_prefix('0');
    let area = rest.unwrap_or(national).as_bytes();
    (rest.is_some() || international)
        && (9..=11).contains(&area.len())
        && matches!(area, [b'1', b'0', ..] | [b'2'..=b'9', ..])
}

/// 400 and 800 numbers.
fn is_free_call(national: &str) -> bool {
    national.len() == 10 && (national.starts_with("400") || national.starts_with("800"))
}

/// `95588`, `12345`, `10086`.
fn is_service(national: &str) -> bool {
    (5..=6).contains(&national.len()) && matches!(national.as_bytes(), [b'1' | b'9', ..])
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        Phone::parse(text).map(|phone| phone.to_string())
    }

    #[test]
    fn one_phone_in_many_spellings_is_one_phone() {
        for text in [
            "13800138000",
            "138-0013-8000",
            "+86 138 0013 8000",
            "(+86)13800138000",
            "8613800138000",
            "0086 138 0013 8000",
            "１３８００１３８０００",
            "\u{202D}13800138000\u{202C}",
        ] {
            assert_eq!(read(text).as_deref(), Some("+8613800138000"), "{text}");
        }
        for text in ["010-65529988", "（０１０）6552 9988", "+86 10 6552 9988", "+86 010 65529988"] {
            assert_eq!(read(text).as_deref(), Some("+861065529988"), "{text}");
        }
        assert_eq!(read("0571-8765432").as_deref(), Some("+865718765432"));
        assert_eq!(read("400-810-8888").as_deref(), Some("+864008108888"));
        assert_eq!(read("95588").as_deref(), Some("95588"));
        assert_eq!(read("+1 (650) 253-0000").as_deref(), Some("+16502530000"));
        assert_eq!(read("+852 2123 4567").as_deref(), Some("+85221234567"));
    }

    #[test]
    fn what_is_no_phone_is_refused_not_guessed() {
        for text in [
            "",
            "139OOOO12I7",
            "1.38E+10",
            "13500001203/15000004406",
            "1234",
            "12345678901234567",
            "1590000247",
            "+86 186-0000-373",
            "65529988",
            "12345678901",
            "+21100001",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_what_was_stored_changes_nothing(text in "[+＋]?[0-9０-９ ()-]{0,18}") {
            if let Some(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()), Some(phone.clone()));
            }
        }
    }
}
