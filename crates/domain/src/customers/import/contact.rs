//! Phones and mail addresses, and why a text is none: who has to mend a list wants to know what is wrong with a cell.

use super::clean::fold;
use super::reason::{Finding, Reason};
use crate::customers::{Email, Phone};

/// A phone number, or why it is none. Digits are never guessed.
pub fn phone(cell: &str) -> Result<Phone, Finding> {
    let text = fold(cell);
    if is_scientific(&text) {
        return Err(Finding::new(Reason::PhoneScientific));
    }
    let digits_of = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let numbers = text.split(['/', '、', ',', ';', '\n', '或', '|']).filter(|part| digits_of(part) >= 5).count();
    if numbers > 1 {
        return Err(Finding::new(Reason::PhoneSeveral));
    }
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).take(10).collect();
    if !letters.is_empty() {
        return Err(Finding::new(Reason::PhoneLetters).with("letters", letters));
    }
    let all: String = text.chars().filter(char::is_ascii_digit).collect();
    let country = text.contains('+') || all.starts_with("0086") || (all.starts_with("861") && all.len() > 11);
    let national = match all.strip_prefix("0086").or_else(|| all.strip_prefix("86")) {
        Some(national) if country => national,
        _ if text.contains('+') => "",
        _ => &all,
    };
    if is_mobile_like(national) && national.len() != 11 {
        let reason = if country { Reason::PhoneCountryDigits } else { Reason::PhoneDigits };
        return Err(Finding::new(reason).with("digits", national.len()));
    }
    Phone::parse(&text).ok_or_else(|| Finding::new(Reason::PhoneInvalid))
}

/// `1.38E+10`: what a spreadsheet makes of a long number.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(&mantissa.replacen('.', "", 1)) && digits(exponent.strip_prefix('+').unwrap_or(exponent))
}

/// Mobile numbers of China begin with 13 to 19; nothing else of more than three digits does.
fn is_mobile_like(digits: &str) -> bool {
    digits.len() > 5 && digits.starts_with('1') && digits[1..].starts_with(['3', '4', '5', '6', '7', '8', '9'])
}

/// A mail address, or why it is none.
pub fn email(cell: &str) -> Result<Email, Finding> {
    let text = fold(cell);
    let Some((local, domain)) = text.split_once('@') else { return Err(Finding::new(Reason::EmailNoAt)) };
    let reason = match () {
        () if domain.contains('@') => Reason::EmailSeveralAt,
        () if text.contains(char::is_whitespace) => Reason::EmailSpace,
        () if local.is_empty() => Reason::EmailNoLocal,
        () if domain.is_empty() => Reason::EmailNoDomain,
        // As `POST /customers` would take it.
        () if local.len() > 64 || !local.chars().all(|c| c.is_ascii_alphanumeric() || "._%+'&=~-".contains(c)) => {
            Reason::EmailInvalid
        }
        () if domain.len() > 180 || !domain.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)) => {
            Reason::EmailInvalid
        }
        () => return Email::parse(&text).ok_or_else(|| Finding::new(Reason::EmailInvalid)),
    };
    Err(Finding::new(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_phone_that_is_none_is_told_why() {
        for (text, reason) in [
            ("139OOOO12I7", Reason::PhoneLetters),
            ("1590000247", Reason::PhoneDigits),
            ("1380000395", Reason::PhoneDigits),
            ("138000039512", Reason::PhoneDigits),
            ("13500001203/15000004406", Reason::PhoneSeveral),
            ("13500001203、15000004406", Reason::PhoneSeveral),
            ("+86 186-0000-373", Reason::PhoneCountryDigits),
            ("1.38E+10", Reason::PhoneScientific),
            ("无", Reason::PhoneLetters),
            ("1", Reason::PhoneInvalid),
        ] {
            assert_eq!(phone(text).map_err(|finding| finding.reason), Err(reason), "{text}");
        }
    }

    #[test]
    fn one_phone_in_many_spellings() {
        for text in [
            "13900004259",
            "+86 13900004259",
            "+86-13900004259",
            "8613900004259",
            "(+86)13900004259",
            "139 0000 4259",
            "139-0000-4259",
            "１３９００００４２５９",
            " 13900004259 ",
            "\u{202D}13900004259\u{202C}",
        ] {
            assert_eq!(phone(text).map(|phone| phone.to_string()).as_deref(), Ok("+8613900004259"), "{text}");
        }
        for text in ["010-65529988", "0755-82345678", "400-800-8888"] {
            assert!(phone(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_mail_that_is_none_is_told_why() {
        for (text, reason) in [
            ("cedar.example.com", Reason::EmailNoAt),
            ("heron@@example.org", Reason::EmailSeveralAt),
            ("a@example.org;b@example.org", Reason::EmailSeveralAt),
            ("maple 77@example.com", Reason::EmailSpace),
            ("lotus@", Reason::EmailNoDomain),
            ("@example.com", Reason::EmailNoLocal),
            ("张三@example.com", Reason::EmailInvalid),
        ] {
            assert_eq!(email(text).map_err(|finding| finding.reason), Err(reason), "{text}");
        }
        assert_eq!(
            email(" ｉｎｄｉｇｏ＠ＥＸＡＭＰＬＥ．ｃｎ ").map(|mail| mail.to_string()).as_deref(),
            Ok("indigo@example.cn")
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[0-9+()eE. /-]{0,20}|\\PC{0,16}") {
            drop((phone(&text), email(&text)));
        }
    }
}
