//! A condition at one moment: what is left of it to ask, and asking it of one customer.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use chrono::Datelike;
use serde_json::{Map, Value as Json};

use super::{Field, Home, Subject, Value};
use crate::customers::{Birthday, CalendarKind};

/// Whether the end of a range belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Included,
    Excluded,
}

/// What a comparison comes down to.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// There is no value; of a set, no element.
    Missing,
    OneOf(Vec<Value>),
    Range {
        from: Option<(Value, Edge)>,
        to: Option<(Value, Edge)>,
    },
    Contains(String),
    StartsWith(String),
    /// The set has one of these.
    HasAny(Vec<String>),
    /// The day of the year is one of these: see [`birthday_key`].
    DayOfYear(BTreeSet<i32>),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    pub subject: Subject,
    pub check: Check,
}

/// A condition at one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    Leaf(Leaf),
}

/// A day of the solar year: 3 December is 1203.
pub fn solar_key(month: u32, day: u32) -> i32 {
    i32::try_from(month * 100 + day).unwrap_or_default()
}

/// Where the keys of lunar days begin.
pub(super) const SOLAR_KEYS_END: i32 = 10_000;

/// The key of a birthday: as [`solar_key`], in the lunar calendar from 10,000 on, in its leap months from 30,000 on.
pub fn birthday_key(birthday: &Birthday) -> i32 {
    let lunar = if birthday.calendar == CalendarKind::Lunar { SOLAR_KEYS_END } else { 0 };
    let leap = if birthday.leap_month { 2 * SOLAR_KEYS_END } else { 0 };
    solar_key(birthday.month, birthday.day) + lunar + leap
}

/// What is known of one customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    values: HashMap<Field, Value>,
    pub tags: BTreeSet<String>,
    pub bought: BTreeSet<String>,
    pub core_products: BTreeSet<String>,
    pub custom: Map<String, Json>,
    /// The [`birthday_key`].
    pub birthday: Option<i32>,
}

impl Facts {
    pub fn set(&mut self, field: Field, value: Option<Value>) {
        match value {
            Some(value) => self.values.insert(field, value),
            None => self.values.remove(&field),
        };
    }

    fn value(&self, subject: &Subject) -> Option<Cow<'_, Value>> {
        match subject {
            Subject::Field(field) => match self.values.get(field) {
                None if field.counts_from_zero() => Some(Cow::Owned(Value::Number(0))),
                value => value.map(Cow::Borrowed),
            },
            Subject::Custom(key) => match self.custom.get(key)? {
                Json::String(text) => Some(Cow::Owned(Value::Text(text.clone()))),
                Json::Number(number) => number.as_f64().map(|number| Cow::Owned(Value::Real(number))),
                Json::Bool(value) => Some(Cow::Owned(Value::Boolean(*value))),
                _ => None,
            },
        }
    }

    fn elements(&self, subject: &Subject) -> Option<&BTreeSet<String>> {
        let Subject::Field(field) = subject else { return None };
        match field.home() {
            Home::Tags => Some(&self.tags),
            Home::Bought => Some(&self.bought),
            Home::CoreProducts => Some(&self.core_products),
            _ => None,
        }
    }

    fn is_missing(&self, subject: &Subject) -> bool {
        match (self.elements(subject), subject) {
            (Some(elements), _) => elements.is_empty(),
            (None, Subject::Custom(key)) => self.custom.get(key).is_none_or(Json::is_null),
            (None, Subject::Field(Field::Birthday)) => self.birthday.is_none(),
            (None, Subject::Field(_)) => self.value(subject).is_none(),
        }
    }

    fn day_of_year(&self, subject: &Subject) -> Option<i32> {
        match (subject, self.value(subject).as_deref()) {
            (Subject::Field(Field::Birthday), _) => self.birthday,
            (_, Some(Value::Date(date))) => Some(solar_key(date.month(), date.day())),
            _ => None,
        }
    }

    fn satisfies(&self, leaf: &Leaf) -> bool {
        let Leaf { subject, check } = leaf;
        let text = |holds: &dyn Fn(&str) -> bool| match self.value(subject).as_deref() {
            Some(Value::Text(text)) => holds(text),
            _ => false,
        };
        match check {
            Check::Missing => self.is_missing(subject),
            Check::OneOf(values) => self.value(subject).is_some_and(|value| values.contains(value.as_ref())),
            Check::Range { from, to } => self.value(subject).is_some_and(|value| {
                from.as_ref().is_none_or(|(end, edge)| after(&value, end, *edge))
                    && to.as_ref().is_none_or(|(end, edge)| after(end, &value, *edge))
            }),
            Check::Contains(part) => text(&|text| text.contains(part.as_str())),
            Check::StartsWith(part) => text(&|text| text.starts_with(part.as_str())),
            Check::HasAny(wanted) => {
                self.elements(subject).is_some_and(|elements| wanted.iter().any(|one| elements.contains(one)))
            }
            Check::DayOfYear(days) => self.day_of_year(subject).is_some_and(|day| days.contains(&day)),
        }
    }
}

/// Whether `a` is after `b`, or at it where the end is included. Values of two types are neither.
fn after(a: &Value, b: &Value, edge: Edge) -> bool {
    let same_type = std::mem::discriminant(a) == std::mem::discriminant(b);
    same_type && if edge == Edge::Included { a >= b } else { a > b }
}

impl Predicate {
    /// Whether a customer satisfies it.
    pub fn holds(&self, facts: &Facts) -> bool {
        match self {
            Predicate::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Predicate::Any(parts) => parts.iter().any(|part| part.holds(facts)),
            Predicate::Not(part) => !part.holds(facts),
            Predicate::Leaf(leaf) => facts.satisfies(leaf),
        }
    }
}
