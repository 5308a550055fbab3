//! Conditions (条件): one JSON language by which segments, search, rules and plans say which customers they mean.
//!
//! A condition is `{"all": […]}`, `{"any": […]}`, `{"not": …}` or a comparison
//! `{"field": "annual_amount", "op": "gte", "value": "100000"}`. [`Condition::parse`] checks it and names every fault
//! where it stands; [`Condition::bind`] turns what is relative (`within_last`) into fixed bounds for one moment, and what
//! comes out, a [`Predicate`], is either asked of one customer's [`Facts`] or compiled to SQL. There are few checks in a
//! predicate, so that both can be seen to agree.
//!
//! It has two values. A comparison of a field that has no value is false, except by the operators that are defined as
//! the opposite of another (`ne`, `not_in`, `not_contains`, `has_none`, `not_within_last`, `not_within_next`), which are
//! then true; `is_empty` asks for just that. `not` turns true into false and nothing else. An empty `all` is true, an
//! empty `any` false. What is counted (orders, complaints …) is zero where nothing was.

mod bind;
mod field;
mod op;
mod parse;
mod predicate;
#[cfg(test)]
mod tests;
mod value;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use field::{Choices, Field, Form, Home, Kind};
pub use op::{Op, Shape, SpanUnit};
pub use parse::CustomUse;
pub use predicate::{Check, Edge, Facts, Leaf, Predicate, birthday_key, solar_key};

/// Nodes on the way from the whole to a comparison.
pub const DEPTH_LIMIT: usize = 8;
/// Nodes altogether.
pub const NODE_LIMIT: usize = 200;
/// Parts of one `all` or `any` at most. What is checked against a recursive schema grows with a power of it.
pub const PART_LIMIT: usize = 50;
/// Values of one list. With the nodes it bounds the parameters of a statement.
pub const LIST_LIMIT: usize = 100;
/// Characters of one text.
pub const TEXT_LIMIT: usize = 500;
/// How far ahead an anniversary is looked for, in days.
pub const ANNIVERSARY_LIMIT: u32 = 180;
/// Whole numbers beyond this are no longer the same number to every reader of JSON.
pub const NUMBER_LIMIT: i64 = 9_000_000_000_000_000;
/// How a custom field is named: this and its key.
pub const CUSTOM_PREFIX: &str = "custom.";

/// A value that something is compared with.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum Value {
    Text(String),
    Number(i64),
    Real(f64),
    Boolean(bool),
    Date(NaiveDate),
    Time(DateTime<Utc>),
    Id(Uuid),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    Field(Field),
    /// A custom field by its key.
    Custom(String),
}

/// A span of time (时间跨度).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub count: u32,
    pub unit: SpanUnit,
}

/// What a comparison asks; the operators that are opposites of these stand as [`Condition::Not`].
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// One that means the same at any moment.
    Fixed(Check),
    WithinLast(Span),
    WithinNext(Span),
    OlderThan(Span),
    AnniversaryWithin {
        days: u32,
    },
}

/// A condition that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Subject, Test),
}

impl Condition {
    /// Everybody.
    pub fn everybody() -> Self {
        Condition::All(Vec::new())
    }

    fn tests(&self) -> Vec<(&Subject, &Test)> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().flat_map(Condition::tests).collect(),
            Condition::Not(part) => part.tests(),
            Condition::Test(subject, test) => vec![(subject, test)],
        }
    }

    /// The fields that it compares.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.tests().into_iter().filter_map(|(subject, _)| match subject {
            Subject::Field(field) => Some(*field),
            Subject::Custom(_) => None,
        })
    }

    /// Whether it compares personal data: what it matches may only be told of customers whose data one sees.
    pub fn is_personal(&self) -> bool {
        self.fields().any(Field::is_personal)
    }

    /// Whether it compares what only a computation of tiers changes.
    pub fn depends_on_tiers(&self) -> bool {
        self.fields()
            .any(|field| matches!(field.home(), Home::Tier(_) | Home::Churn(_)) || field == Field::LifecycleStage)
    }

    /// Whether who satisfies it changes by the passing of time alone.
    pub fn is_relative(&self) -> bool {
        self.tests().into_iter().any(|(_, test)| !matches!(test, Test::Fixed(_)))
    }
}

/// The moment and place at which a condition is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub now: DateTime<Utc>,
    pub zone: chrono_tz::Tz,
}

/// A condition as it is kept: the JSON that was given, so that it is shown as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Written(pub serde_json::Value);
