//! Custom fields: what an administrator adds to the profile, and what their values must be.

use chrono::NaiveDate;
use regex::Regex;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// The type of a custom field.
    CustomKind {
        Text = "text",
        Number = "number",
        Date = "date",
        Choice = "choice",
        Boolean = "boolean",
    }
}

/// Longest text of a value, in characters (C0).
const TEXT_LIMIT: usize = 500;

/// A custom field as defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    pub key: String,
    pub kind: CustomKind,
    pub required: bool,
    /// A regular expression that the whole text must match.
    pub pattern: Option<String>,
    /// The least number or first date.
    pub minimum: Option<String>,
    /// The greatest number or last date.
    pub maximum: Option<String>,
    pub choices: Vec<String>,
}

impl CustomField {
    /// Everything that is wrong with the definition itself.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let only_for = |given: bool, kinds: &[CustomKind], pointer: &str, faults: &mut Vec<Fault>| {
            if given && !kinds.contains(&self.kind) {
                faults.push(invalid(pointer, format!("not for {}", self.kind)));
            }
        };
        only_for(self.pattern.is_some(), &[CustomKind::Text], "/pattern", &mut faults);
        only_for(self.minimum.is_some(), &[CustomKind::Number, CustomKind::Date], "/minimum", &mut faults);
        only_for(self.maximum.is_some(), &[CustomKind::Number, CustomKind::Date], "/maximum", &mut faults);
        only_for(!self.choices.is_empty(), &[CustomKind::Choice], "/choices", &mut faults);
        if self.kind == CustomKind::Choice && self.choices.is_empty() {
            faults.push(invalid("/choices", "a choice needs choices".to_owned()));
        }
        if let Some(Err(error)) = self.pattern.as_deref().map(whole) {
            faults.push(invalid("/pattern", error.to_string()));
        }
        let bound = |text: &Option<String>| text.as_deref().map(|text| self.order(text));
        let (minimum, maximum) = (bound(&self.minimum), bound(&self.maximum));
        if matches!(self.kind, CustomKind::Number | CustomKind::Date) {
            for (bound, pointer) in [(&minimum, "/minimum"), (&maximum, "/maximum")] {
                if matches!(bound, Some(None)) {
                    faults.push(invalid(pointer, format!("no {}", self.kind)));
                }
            }
            if let (Some(Some(minimum)), Some(Some(maximum))) = (minimum, maximum)
                && minimum > maximum
            {
                faults.push(invalid("/minimum", "greater than the maximum".to_owned()));
            }
        }
        faults
    }

    /// A text as something that has an order: a number, or a date as its day number.
    fn order(&self, text: &str) -> Option<Decimal> {
        match self.kind {
            CustomKind::Number => text.parse().ok(),
            CustomKind::Date => {
                text.parse::<NaiveDate>().ok().map(|date| Decimal::from(chrono::Datelike::num_days_from_ce(&date)))
            }
            _ => None,
        }
    }

    /// What is wrong with a value of this field.
    pub fn fault(&self, value: &Value) -> Option<Fault> {
        let here = format!("/custom/{}", self.key);
        let wrong = |reason: String| Some(Fault::new(Code::CustomFieldInvalid).at(here.clone()).with("reason", reason));
        let text = match (self.kind, value) {
            (CustomKind::Boolean, Value::Bool(_)) => return None,
            (CustomKind::Number, Value::Number(number)) => number.to_string(),
            (CustomKind::Text | CustomKind::Date | CustomKind::Choice, Value::String(text)) => text.clone(),
            _ => return wrong(format!("expected {}", self.kind)),
        };
        match self.kind {
            CustomKind::Text if text.chars().count() > TEXT_LIMIT => wrong(format!("longer than {TEXT_LIMIT}")),
            CustomKind::Text => match self.pattern.as_deref() {
                Some(pattern) if !whole(pattern).is_ok_and(|regex| regex.is_match(&text)) => {
                    wrong(format!("does not match {pattern}"))
                }
                _ => None,
            },
            CustomKind::Choice if !self.choices.contains(&text) => wrong(format!("one of {}", self.choices.join(", "))),
            CustomKind::Number | CustomKind::Date => {
                let Some(given) = self.order(&text) else { return wrong(format!("expected {}", self.kind)) };
                let bound = |text: &Option<String>| text.as_deref().and_then(|text| self.order(text));
                let below = bound(&self.minimum).is_some_and(|minimum| given < minimum);
                let above = bound(&self.maximum).is_some_and(|maximum| given > maximum);
                let range =
                    || [self.minimum.as_deref(), self.maximum.as_deref()].map(|bound| bound.unwrap_or_default());
                if below || above { wrong(range().join(" … ")) } else { None }
            }
            _ => None,
        }
    }
}

fn invalid(pointer: &str, reason: String) -> Fault {
    Fault::new(Code::CustomFieldConflict).at(pointer).with("reason", reason)
}

/// The pattern as one that the whole text must match; matching takes linear time whatever it is.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build()
}

/// Everything that is wrong with values given for a customer. Null clears a value; `all` are the values as they will
/// be, of which none that is required may be missing where `complete` is asked for.
pub fn custom_faults(
    fields: &[CustomField],
    given: &Map<String, Value>,
    all: &Map<String, Value>,
    complete: bool,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for (key, value) in given {
        match fields.iter().find(|field| field.key == *key) {
            None => faults.push(Fault::new(Code::CustomFieldUnknown).at(format!("/custom/{key}")).with("name", key)),
            Some(field) if !value.is_null() => faults.extend(field.fault(value)),
            Some(_) => {}
        }
    }
    let missing = |field: &&CustomField| {
        field.required && !all.contains_key(&field.key) && (complete || given.contains_key(&field.key))
    };
    faults.extend(fields.iter().filter(missing).map(|field| {
        Fault::new(Code::CustomFieldRequired).at(format!("/custom/{}", field.key)).with("name", &field.key)
    }));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: CustomKind) -> CustomField {
        CustomField {
            key: "f".to_owned(),
            kind,
            required: false,
            pattern: None,
            minimum: None,
            maximum: None,
            choices: Vec::new(),
        }
    }

    #[test]
    fn values_are_held_against_their_field() {
        let number =
            CustomField { minimum: Some("1".into()), maximum: Some("10.5".into()), ..field(CustomKind::Number) };
        let date = CustomField { minimum: Some("2020-01-01".into()), ..field(CustomKind::Date) };
        let text = CustomField { pattern: Some("[A-Z]{2}".into()), ..field(CustomKind::Text) };
        let choice = CustomField { choices: vec!["红".into(), "蓝".into()], ..field(CustomKind::Choice) };
        for (field, good, bad) in [
            (&number, json!(10.5), json!(10.6)),
            (&number, json!(1), json!("1")),
            (&date, json!("2020-01-01"), json!("2019-12-31")),
            (&date, json!("2024-02-29"), json!("2023-02-29")),
            (&text, json!("AB"), json!("ABC")),
            (&choice, json!("红"), json!("绿")),
            (&field(CustomKind::Boolean), json!(true), json!("true")),
        ] {
            assert_eq!(field.fault(&good), None, "{good}");
            assert!(field.fault(&bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_definition_that_contradicts_itself_is_told_why() {
        assert_eq!(field(CustomKind::Choice).faults().len(), 1);
        assert_eq!(CustomField { pattern: Some("(".into()), ..field(CustomKind::Text) }.faults().len(), 1);
        assert_eq!(CustomField { pattern: Some("a".into()), ..field(CustomKind::Date) }.faults().len(), 1);
        let reversed =
            CustomField { minimum: Some("2".into()), maximum: Some("1".into()), ..field(CustomKind::Number) };
        assert_eq!(reversed.faults().len(), 1);
    }

    #[test]
    fn required_and_unknown_fields_are_told_together() {
        let required = CustomField { required: true, ..field(CustomKind::Text) };
        let given = json!({ "g": 1 });
        let given = given.as_object().unwrap();
        assert_eq!(custom_faults(std::slice::from_ref(&required), given, &Map::new(), true).len(), 2);
        assert_eq!(custom_faults(&[required], given, &Map::new(), false).len(), 1);
    }
}
