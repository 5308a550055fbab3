//! Money at the edge: a decimal string, or a JSON number for those who send one.

use std::borrow::Cow;

use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::money::{Money, MoneyError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An amount with at most two decimal places, as a string (`"12.50"`) or a number (`12.5`).
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Amount(Value);

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[0-9]{1,13}(\.[0-9]{1,2})?$"));
        let number =
            ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(10_000_000_000_000_i64));
        OneOfBuilder::new()
            .item(text)
            .item(number)
            .description(Some("An amount with at most two decimal places, as a string or a number."))
            .examples([Value::from("128.50")])
            .into()
    }
}

impl ToSchema for Amount {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}

impl Amount {
    /// What is wrong with a text or number as an amount, in the words for amounts; a schema speaks of patterns only.
    pub fn fault(value: &Value) -> Option<Fault> {
        if value.is_string() || value.is_number() { Amount(value.clone()).money().err() } else { None }
    }

    /// The amount, not negative.
    pub fn money(&self) -> Result<Money, Fault> {
        let text = self.0.as_str().map_or_else(|| self.0.to_string(), str::to_owned);
        // A JSON number of another magnitude than ours is a number all the same.
        Price(text).money().map_err(|fault| match self.0.as_f64().filter(|_| fault.code == Code::InvalidFormat) {
            Some(number) if number.abs() < 1.0 => Fault::new(Code::AmountPrecision),
            Some(_) => out_of_range(),
            None => fault,
        })
    }
}

fn out_of_range() -> Fault {
    Fault::new(Code::OutOfRange).with("limit", format!("≤ {}", Money::MAX))
}

/// An amount as a decimal string with at most two places.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = r"^[0-9]{1,13}(\.[0-9]{1,2})?$", example = "128.50")]
pub struct Price(String);

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        Price(money.to_string())
    }
}

impl Price {
    /// The amount, not negative.
    pub fn money(&self) -> Result<Money, Fault> {
        let text = &self.0;
        let money: Money = text.parse().map_err(|error| match error {
            MoneyError::TooPrecise => Fault::new(Code::AmountPrecision),
            MoneyError::NotANumber => Fault::new(Code::InvalidFormat).with("expected", "128.50"),
            MoneyError::OutOfRange => out_of_range(),
        })?;
        if money.is_negative() { Err(Fault::new(Code::AmountNegative)) } else { Ok(money) }
    }
}
