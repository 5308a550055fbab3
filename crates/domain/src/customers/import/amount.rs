//! Amounts as people write them.

use rust_decimal::Decimal;

use super::clean::fold;
use super::reason::{Finding, Reason};
use crate::money::{Money, MoneyError};

/// What follows a number and multiplies it, the longest first.
const UNITS: &[(&str, i64)] = &[
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("亿", 100_000_000),
    ("万", 10_000),
    ("w", 10_000),
    ("千", 1_000),
    ("百", 100),
];

/// Reads `120000`, `12万`, `12.5万`, `120,000`, `¥120,000.00` and the like, in `unit`s (10,000 for a column in 万元).
/// Nothing is guessed: words are no amount, and a sign is not dropped.
pub fn amount(cell: &str, unit: i64) -> Result<Money, Finding> {
    let text = fold(cell).to_lowercase();
    let bracketed = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let mut negative = bracketed.is_some();
    let mut rest = bracketed.unwrap_or(&text).trim();
    loop {
        let before = rest;
        for mark in ["¥", "rmb", "cny", "人民币"] {
            rest = rest.strip_prefix(mark).unwrap_or(rest).trim_start();
        }
        if let Some(unsigned) = rest.strip_prefix('-') {
            negative = true;
            rest = unsigned.trim_start();
        } else {
            rest = rest.strip_prefix('+').unwrap_or(rest).trim_start();
        }
        if rest == before {
            break;
        }
    }
    for mark in ["人民币", "rmb", "cny", "整", "圆", "元"] {
        rest = rest.strip_suffix(mark).unwrap_or(rest).trim_end();
    }
    let factor = UNITS.iter().find_map(|(name, factor)| rest.strip_suffix(name).map(|rest| (rest.trim_end(), *factor)));
    let (digits, factor) = factor.unwrap_or((rest, unit));
    let number = number(digits).ok_or_else(|| Finding::new(Reason::AmountUnknown))?;
    if negative && !number.is_zero() {
        return Err(Finding::new(Reason::AmountNegative));
    }
    let product = number.checked_mul(Decimal::from(factor)).ok_or_else(|| Finding::new(Reason::AmountRange))?;
    product.normalize().to_string().parse().map_err(|error| {
        Finding::new(match error {
            MoneyError::TooPrecise => Reason::AmountPrecision,
            MoneyError::OutOfRange => Reason::AmountRange,
            MoneyError::NotANumber => Reason::AmountUnknown,
        })
    })
}

/// Digits, perhaps in groups of three, perhaps with decimals.
pub fn number(text: &str) -> Option<Decimal> {
    let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = whole.contains(',');
    if !all_digits(first) || (grouped && first.len() > 3) || !groups.all(|group| group.len() == 3 && all_digits(group))
    {
        return None;
    }
    if decimals.is_some_and(|decimals| !all_digits(decimals)) {
        return None;
    }
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    Decimal::from_str_exact(&plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_amount_in_many_spellings() {
        for text in [
            "120000",
            "12万",
            "12.0 万元",
            "120,000",
            "¥120,000.00",
            "￥120,000",
            "１２００００",
            " 120000 ",
            "12w",
            "RMB 120000元",
            "人民币 120,000 元整",
            "0.0012亿",
            "120千",
            "+120000",
        ] {
            assert_eq!(amount(text, 1).map(Money::minor), Ok(12_000_000), "{text}");
        }
        assert_eq!(amount("12", 10_000).map(Money::minor), Ok(12_000_000));
        assert_eq!(amount("0", 1).map(Money::minor), Ok(0));
    }

    #[test]
    fn what_is_no_amount_is_told_why() {
        for (text, reason) in [
            ("-50000", Reason::AmountNegative),
            ("¥-12,000.00", Reason::AmountNegative),
            ("-¥12", Reason::AmountNegative),
            ("(3,000)", Reason::AmountNegative),
            ("面议", Reason::AmountUnknown),
            ("1,2", Reason::AmountUnknown),
            ("1.2E+05", Reason::AmountUnknown),
            ("12万3", Reason::AmountUnknown),
            ("1.234", Reason::AmountPrecision),
            ("999999999999999999", Reason::AmountRange),
            ("99999999999999999999999999999999", Reason::AmountUnknown),
        ] {
            assert_eq!(amount(text, 1).map_err(|finding| finding.reason), Err(reason), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_written_plainly_is_read_as_it_is(minor in 0i64..=Money::MAX.minor()) {
            let money = Money::from_minor(minor);
            prop_assert_eq!(amount(&String::from(money), 1), Ok(money));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,24}") {
            drop(amount(&text, 10_000));
        }
    }
}
