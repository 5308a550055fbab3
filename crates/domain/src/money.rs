//! Money: integer minor units inside, a decimal string with two places outside.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An amount in minor units (cents, 分).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Money(i64);

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not a decimal number")]
    NotANumber,
    #[error("more than two decimal places")]
    TooPrecise,
    #[error("amount out of range")]
    OutOfRange,
}

impl Money {
    /// The largest amount accepted from outside: 10 trillion. Sums of a million such orders still fit an `i64`.
    pub const MAX: Money = Money(1_000_000_000_000_000);

    pub const fn from_minor(minor: i64) -> Self {
        Money(minor)
    }

    pub const fn minor(self) -> i64 {
        self.0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads `-12`, `12.3`, `12.30`; trailing zeros beyond two places are no precision and are accepted.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let decimal = Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_scientific(text))
            .map_err(|_| MoneyError::NotANumber)?
            .normalize();
        if decimal.scale() > 2 {
            return Err(MoneyError::TooPrecise);
        }
        let minor = decimal.checked_mul(Decimal::ONE_HUNDRED).ok_or(MoneyError::OutOfRange)?;
        let minor = i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?;
        if minor.abs() > Self::MAX.0 {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Money(minor))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minor) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl From<Money> for String {
    fn from(money: Money) -> String {
        money.to_string()
    }
}

impl TryFrom<String> for Money {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_and_machines_write() {
        for (text, minor) in [("12", 1200), ("12.3", 1230), ("12.300", 1230), ("-0.01", -1), ("1e3", 100_000), ("0", 0)]
        {
            assert_eq!(text.parse::<Money>(), Ok(Money(minor)), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_round_or_guess() {
        assert_eq!("0.001".parse::<Money>(), Err(MoneyError::TooPrecise));
        assert_eq!("面议".parse::<Money>(), Err(MoneyError::NotANumber));
        assert_eq!("".parse::<Money>(), Err(MoneyError::NotANumber));
        assert_eq!("99999999999999999".parse::<Money>(), Err(MoneyError::OutOfRange));
        assert_eq!("79228162514264337593543950335".parse::<Money>(), Err(MoneyError::OutOfRange));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in -1_000_000_000_000_000i64..=1_000_000_000_000_000) {
            prop_assert_eq!(Money(minor).to_string().parse::<Money>(), Ok(Money(minor)));
        }
    }
}
