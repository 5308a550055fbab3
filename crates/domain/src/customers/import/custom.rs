//! Cells of custom fields.

use serde_json::{Number, Value};

use super::clean::{fold, trim};
use super::date;
use super::reason::{Finding, Reason};
use crate::customers::{CustomField, CustomKind};
use crate::fault::Lang;

/// The value that a cell has as a custom field of this definition.
pub fn value(field: &CustomField, cell: &str) -> Result<Value, Finding> {
    let value = match field.kind {
        CustomKind::Text => Value::from(trim(cell)),
        CustomKind::Number => Value::Number(number(cell).ok_or_else(|| Finding::new(Reason::NumberUnknown))?),
        CustomKind::Date => Value::from(date::solar(cell)?.to_string()),
        CustomKind::Choice => {
            let text = fold(cell);
            let known = field.choices.iter().find(|choice| fold(choice).eq_ignore_ascii_case(&text));
            let known =
                known.ok_or_else(|| Finding::new(Reason::ChoiceUnknown).with("allowed", field.choices.join("、")))?;
            Value::from(known.clone())
        }
        CustomKind::Boolean => Value::from(boolean(cell).ok_or_else(|| Finding::new(Reason::BooleanUnknown))?),
    };
    match field.fault(&value) {
        None => Ok(value),
        Some(fault) => {
            let reason = match field.kind {
                CustomKind::Number | CustomKind::Date => Reason::OutOfRange,
                _ => Reason::InvalidText,
            };
            let told = fault.params.iter().find(|(name, _)| *name == "reason").map(|(_, text)| text.clone());
            let told = told.unwrap_or_else(|| fault.message(Lang::En));
            Err(Finding::new(reason).with("limit", &told).with("expected", told))
        }
    }
}

fn number(cell: &str) -> Option<Number> {
    let text = fold(cell).replace(',', "");
    text.parse::<i64>().map(Number::from).ok().or_else(|| Number::from_f64(text.parse().ok()?))
}

fn boolean(cell: &str) -> Option<bool> {
    match fold(cell).to_lowercase().as_str() {
        "是" | "有" | "对" | "真" | "true" | "yes" | "y" | "1" | "√" => Some(true),
        "否" | "无" | "错" | "假" | "false" | "no" | "n" | "0" | "×" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: CustomKind) -> CustomField {
        let some = |text: &str| Some(text.to_owned());
        let number = kind == CustomKind::Number;
        CustomField {
            key: "k".to_owned(),
            kind,
            required: false,
            pattern: if kind == CustomKind::Text { some("[A-Z]+") } else { None },
            minimum: if number { some("0") } else { None },
            maximum: if number { some("10") } else { None },
            choices: if kind == CustomKind::Choice { vec!["甲".to_owned(), "B".to_owned()] } else { Vec::new() },
        }
    }

    #[test]
    fn cells_become_values_of_the_fields_type() {
        for (kind, cell, wanted) in [
            (CustomKind::Text, " ABC ", Value::from("ABC")),
            (CustomKind::Number, "７", Value::from(7)),
            (CustomKind::Number, "1.5", Value::from(1.5)),
            (CustomKind::Date, "2024年3月5日", Value::from("2024-03-05")),
            (CustomKind::Choice, "ｂ", Value::from("B")),
            (CustomKind::Boolean, "是", Value::from(true)),
        ] {
            assert_eq!(value(&field(kind), cell), Ok(wanted), "{cell}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_why() {
        for (kind, cell, reason) in [
            (CustomKind::Text, "abc", Reason::InvalidText),
            (CustomKind::Number, "x", Reason::NumberUnknown),
            (CustomKind::Number, "11", Reason::OutOfRange),
            (CustomKind::Date, "2024-02-30", Reason::DateNoSuchDay),
            (CustomKind::Choice, "丙", Reason::ChoiceUnknown),
            (CustomKind::Boolean, "也许", Reason::BooleanUnknown),
        ] {
            assert_eq!(value(&field(kind), cell).map_err(|finding| finding.reason), Err(reason), "{cell}");
        }
    }
}
