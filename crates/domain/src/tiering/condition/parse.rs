//! From JSON to a condition, with a fault for everything that is wrong, where it is wrong.

use std::str::FromStr;

use serde_json::{Map, Value as Json};

use super::value::{Typed, text, whole};
use super::{
    ANNIVERSARY_LIMIT, CUSTOM_PREFIX, Check, Condition, DEPTH_LIMIT, Edge, Field, Form, Kind, LIST_LIMIT, NODE_LIMIT,
    Op, PART_LIMIT, Shape, Span, SpanUnit, Subject, Test, Value,
};
use crate::customers::{CustomField, CustomKind, normalise_name};
use crate::fault::{Code, Fault};

/// A comparison of a custom field: which types of field it makes sense for is known only where they are defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomUse {
    /// Where it stands.
    pub pointer: String,
    pub key: String,
    /// The type of field that it takes it for; `None` for those operators that any type has.
    kind: Option<&'static str>,
    op: Op,
}

impl Condition {
    /// Reads a condition; `Err` are all its faults, with pointers from `prefix` on.
    pub fn parse(json: &Json, prefix: &str) -> Result<Condition, Vec<Fault>> {
        Self::parse_with_customs(json, prefix).map(|(condition, _)| condition)
    }

    /// As [`Condition::parse`], and held against the custom fields that are defined.
    pub fn parse_for(json: &Json, prefix: &str, fields: &[CustomField]) -> Result<Condition, Vec<Fault>> {
        let (condition, uses) = Self::parse_with_customs(json, prefix)?;
        let faults: Vec<Fault> = uses.iter().filter_map(|used| used.fault(fields)).collect();
        if faults.is_empty() { Ok(condition) } else { Err(faults) }
    }

    fn parse_with_customs(json: &Json, prefix: &str) -> Result<(Condition, Vec<CustomUse>), Vec<Fault>> {
        let mut reader = Reader { pointer: prefix.to_owned(), faults: Vec::new(), customs: Vec::new(), nodes: 0 };
        let condition = reader.node(json, 1);
        let Reader { faults, customs, .. } = reader;
        match condition {
            Some(condition) if faults.is_empty() => Ok((condition, customs)),
            _ => Err(faults),
        }
    }
}

impl CustomUse {
    fn fault(&self, fields: &[CustomField]) -> Option<Fault> {
        let Some(field) = fields.iter().find(|field| field.key == self.key) else {
            return Some(
                Fault::new(Code::CustomFieldUnknown).at(format!("{}/field", self.pointer)).with("name", &self.key),
            );
        };
        let suits = match self.kind {
            None => true,
            Some("text") => match field.kind {
                CustomKind::Text | CustomKind::Choice => true,
                // A date is kept as its text.
                CustomKind::Date => matches!(self.op, Op::Eq | Op::Ne | Op::In | Op::NotIn),
                CustomKind::Number | CustomKind::Boolean => false,
            },
            Some(kind) => field.kind.as_str() == kind,
        };
        let mismatch = || Fault::new(Code::ConditionMismatch).with("name", &self.key).with("kind", field.kind);
        (!suits).then(|| mismatch().at(self.pointer.clone()))
    }
}

struct Reader {
    pointer: String,
    faults: Vec<Fault>,
    customs: Vec<CustomUse>,
    nodes: usize,
}

impl Reader {
    fn within<T>(&mut self, segment: impl std::fmt::Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push_str(&format!("/{segment}"));
        let result = read(self);
        self.pointer.truncate(length);
        result
    }

    fn wrong<T>(&mut self, fault: Fault) -> Option<T> {
        self.faults.push(fault.at(self.pointer.clone()));
        None
    }

    fn wrong_type<T>(&mut self, expected: &str) -> Option<T> {
        self.wrong(Fault::new(Code::WrongType).with("expected", expected))
    }

    fn not_allowed<T>(&mut self, allowed: &[&str]) -> Option<T> {
        self.wrong(Fault::new(Code::NotAllowed).with("allowed", allowed.join(", ")))
    }

    fn node(&mut self, json: &Json, depth: usize) -> Option<Condition> {
        self.nodes += 1;
        if depth > DEPTH_LIMIT || self.nodes > NODE_LIMIT {
            // Told once: whatever lies beyond is not looked at.
            if self.faults.iter().all(|fault| fault.code != Code::ConditionTooLarge) {
                let limits = Fault::new(Code::ConditionTooLarge).with("nodes", NODE_LIMIT).with("depth", DEPTH_LIMIT);
                return self.wrong(limits);
            }
            return None;
        }
        let Some(fields) = json.as_object() else { return self.wrong_type("object") };
        let form = ["all", "any", "not", "field"].into_iter().find(|form| fields.contains_key(*form));
        let known: &[&str] = match form {
            Some("field") => &["field", "op", "value"],
            Some("all") => &["all"],
            Some("any") => &["any"],
            Some("not") => &["not"],
            _ => {
                return self.within("field", |reader| {
                    reader.wrong(Fault::new(Code::Required).with("name", "field / all / any / not"))
                });
            }
        };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            self.within(escaped, |reader| reader.wrong::<()>(Fault::new(Code::UnknownField).with("name", name)));
        }
        match form {
            Some("not") => {
                let part = self.within("not", |reader| reader.node(&fields["not"], depth + 1))?;
                Some(Condition::Not(Box::new(part)))
            }
            Some(list @ ("all" | "any")) => {
                let parts = self.within(list, |reader| reader.nodes(&fields[list], depth + 1))?;
                Some(if list == "all" { Condition::All(parts) } else { Condition::Any(parts) })
            }
            _ => self.comparison(fields),
        }
    }

    fn nodes(&mut self, json: &Json, depth: usize) -> Option<Vec<Condition>> {
        let Some(items) = json.as_array() else { return self.wrong_type("array") };
        if items.len() > PART_LIMIT {
            return self.wrong(Fault::new(Code::TooLong).with("limit", PART_LIMIT));
        }
        let parts: Vec<Option<Condition>> =
            items.iter().enumerate().map(|(i, item)| self.within(i, |reader| reader.node(item, depth))).collect();
        parts.into_iter().collect()
    }

    /// A text that must be there and name one of something.
    fn named<T: FromStr>(&mut self, fields: &Map<String, Json>, name: &str, allowed: &[&str]) -> Option<T> {
        self.within(name, |reader| match fields.get(name) {
            None => reader.wrong(Fault::new(Code::Required).with("name", name)),
            Some(Json::String(text)) => match text.parse() {
                Ok(value) => Some(value),
                Err(_) => reader.not_allowed(allowed),
            },
            Some(_) => reader.wrong_type("string"),
        })
    }

    fn comparison(&mut self, fields: &Map<String, Json>) -> Option<Condition> {
        let names: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).chain(["custom.…"]).collect();
        let subject: Option<Subject> = self.named(fields, "field", &names);
        let ops: Vec<&str> = match &subject {
            Some(Subject::Field(field)) => field.kind().ops().iter().map(|op| op.as_str()).collect(),
            _ => Op::ALL.iter().map(|op| op.as_str()).collect(),
        };
        let op: Option<Op> = self.named(fields, "op", &ops);
        let (subject, op) = (subject?, op?);
        let value = fields.get("value");
        let kind = match &subject {
            Subject::Field(field) => Some(field.kind()),
            Subject::Custom(key) => {
                let kind = custom_kind(op, value);
                let told = kind.map(Kind::as_str);
                self.customs.push(CustomUse { pointer: self.pointer.clone(), key: key.clone(), kind: told, op });
                kind
            }
        };
        let ops = kind.map_or(&[Op::IsEmpty, Op::IsNotEmpty][..], Kind::ops);
        if !ops.contains(&op) || (kind == Some(Kind::Date) && is_custom(&subject) && op == Op::AnniversaryWithin) {
            let allowed: Vec<&str> = ops.iter().map(|op| op.as_str()).collect();
            return self.within("op", |reader| reader.not_allowed(&allowed));
        }
        let Some(value) = value else {
            return match op.shape() {
                Shape::None => self.test(subject, op, kind.unwrap_or(Kind::Boolean), &Json::Null),
                _ => self.within("value", |reader| reader.wrong(Fault::new(Code::Required).with("name", "value"))),
            };
        };
        if op.shape() == Shape::None {
            return self.within("value", |reader| reader.wrong(Fault::new(Code::UnknownField).with("name", "value")));
        }
        self.within("value", |reader| reader.test(subject, op, kind.unwrap_or(Kind::Boolean), value))
    }

    fn test(&mut self, subject: Subject, op: Op, kind: Kind, json: &Json) -> Option<Condition> {
        let kind = Typed { kind, custom: is_custom(&subject) };
        let fixed = |check: Check| Condition::Test(subject.clone(), Test::Fixed(check));
        let range = |from, to| fixed(Check::Range { from, to });
        let relative = |test: Test| Condition::Test(subject.clone(), test);
        use Edge::{Excluded, Included};
        let condition = match op {
            Op::Eq | Op::Ne => fixed(Check::OneOf(vec![self.value(kind, json)?])),
            Op::In | Op::NotIn => fixed(Check::OneOf(self.values(kind, json)?)),
            Op::Lt => range(None, Some((self.value(kind, json)?, Excluded))),
            Op::Lte => range(None, Some((self.value(kind, json)?, Included))),
            Op::Gt => range(Some((self.value(kind, json)?, Excluded)), None),
            Op::Gte => range(Some((self.value(kind, json)?, Included)), None),
            Op::Between => {
                let [from, to] = self.pair(kind, json)?;
                range(Some((from, Included)), Some((to, Included)))
            }
            Op::Contains | Op::NotContains => fixed(Check::Contains(self.part(kind, json)?)),
            Op::StartsWith => fixed(Check::StartsWith(self.part(kind, json)?)),
            Op::IsEmpty | Op::IsNotEmpty => fixed(Check::Missing),
            Op::HasAny | Op::HasNone => fixed(Check::HasAny(self.texts(json)?)),
            Op::HasAll => {
                let each = self.texts(json)?.into_iter().map(|text| fixed(Check::HasAny(vec![text])));
                Condition::All(each.collect())
            }
            Op::WithinLast | Op::NotWithinLast => relative(Test::WithinLast(self.span(kind, json)?)),
            Op::WithinNext | Op::NotWithinNext => relative(Test::WithinNext(self.span(kind, json)?)),
            Op::OlderThan => relative(Test::OlderThan(self.span(kind, json)?)),
            Op::AnniversaryWithin => {
                let span = self.span_of(json, &[SpanUnit::Days], |_| ANNIVERSARY_LIMIT, 0)?;
                relative(Test::AnniversaryWithin { days: span.count })
            }
        };
        let opposite = matches!(
            op,
            Op::Ne | Op::NotIn | Op::NotContains | Op::IsNotEmpty | Op::HasNone | Op::NotWithinLast | Op::NotWithinNext
        );
        Some(if opposite { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn value(&mut self, kind: Typed, json: &Json) -> Option<Value> {
        match kind.read(json) {
            Ok(value) => Some(value),
            Err(fault) => self.wrong(fault),
        }
    }

    fn list<T>(&mut self, json: &Json, mut read: impl FnMut(&mut Self, &Json) -> Option<T>) -> Option<Vec<T>> {
        let Some(items) = json.as_array() else { return self.wrong_type("array") };
        if items.is_empty() {
            return self.wrong(Fault::new(Code::TooShort).with("limit", 1));
        }
        if items.len() > LIST_LIMIT {
            return self.wrong(Fault::new(Code::TooLong).with("limit", LIST_LIMIT));
        }
        let values: Vec<Option<T>> =
            items.iter().enumerate().map(|(i, item)| self.within(i, |reader| read(reader, item))).collect();
        values.into_iter().collect()
    }

    fn values(&mut self, kind: Typed, json: &Json) -> Option<Vec<Value>> {
        self.list(json, |reader, item| reader.value(kind, item))
    }

    fn texts(&mut self, json: &Json) -> Option<Vec<String>> {
        self.list(json, |reader, item| match text(item) {
            Ok(text) => Some(text.to_owned()),
            Err(fault) => reader.wrong(fault),
        })
    }

    fn pair(&mut self, kind: Typed, json: &Json) -> Option<[Value; 2]> {
        let values = self.values(kind, json)?;
        match values.len() {
            1 => self.wrong(Fault::new(Code::TooShort).with("limit", 2)),
            _ => match <[Value; 2]>::try_from(values) {
                Ok(pair) => Some(pair),
                Err(_) => self.wrong(Fault::new(Code::TooLong).with("limit", 2)),
            },
        }
    }

    /// A part of a text, in the form in which the text is kept.
    fn part(&mut self, kind: Typed, json: &Json) -> Option<String> {
        match text(json) {
            Ok(text) => Some(match kind.kind {
                Kind::Text(Form::Name) => normalise_name(text),
                Kind::Text(Form::Email) => text.to_lowercase(),
                _ => text.to_owned(),
            }),
            Err(fault) => self.wrong(fault),
        }
    }

    fn span(&mut self, kind: Typed, json: &Json) -> Option<Span> {
        let units = if kind.kind == Kind::Time { SpanUnit::ALL } else { &SpanUnit::ALL[1..] };
        self.span_of(json, units, SpanUnit::limit, 1)
    }

    fn span_of(&mut self, json: &Json, units: &[SpanUnit], limit: fn(SpanUnit) -> u32, least: u32) -> Option<Span> {
        let Some(fields) = json.as_object() else { return self.wrong_type("object") };
        let names: Vec<&str> = units.iter().map(|unit| unit.as_str()).collect();
        let mut spans = fields.iter();
        let (Some((name, count)), None) = (spans.next(), spans.next()) else {
            return self.wrong(Fault::new(Code::Required).with("name", names.join(" / ")));
        };
        let Some(unit) = units.iter().copied().find(|unit| unit.as_str() == name) else {
            return self.wrong(Fault::new(Code::Required).with("name", names.join(" / ")));
        };
        self.within(unit, |reader| {
            let Some(number) = whole(count) else { return reader.wrong_type("integer") };
            match u32::try_from(number).ok().filter(|count| (least..=limit(unit)).contains(count)) {
                Some(count) => Some(Span { count, unit }),
                None => {
                    let range = format!("{least} … {}", limit(unit));
                    reader.wrong(Fault::new(Code::OutOfRange).with("limit", range))
                }
            }
        })
    }
}

fn is_custom(subject: &Subject) -> bool {
    matches!(subject, Subject::Custom(_))
}

impl FromStr for Subject {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(field) = Field::by_name(text) {
            return Ok(Subject::Field(field));
        }
        let key = text.strip_prefix(CUSTOM_PREFIX).ok_or(())?;
        let plain = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let begins = key.starts_with(|c: char| c.is_ascii_lowercase());
        if plain && begins && key.len() <= 50 { Ok(Subject::Custom(key.to_owned())) } else { Err(()) }
    }
}

/// What a custom field is taken for, by what is asked of it.
fn custom_kind(op: Op, value: Option<&Json>) -> Option<Kind> {
    let sample = match value {
        Some(Json::Array(items)) => items.first(),
        value => value,
    };
    match (op, sample) {
        (Op::IsEmpty | Op::IsNotEmpty, _) => None,
        (_, Some(Json::Number(_))) => Some(Kind::Real),
        (Op::Eq | Op::Ne, Some(Json::Bool(_))) => Some(Kind::Boolean),
        (Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between, _) => Some(Kind::Date),
        (Op::WithinLast | Op::NotWithinLast | Op::WithinNext | Op::NotWithinNext | Op::OlderThan, _) => {
            Some(Kind::Date)
        }
        (Op::AnniversaryWithin, _) => Some(Kind::Date),
        _ => Some(Kind::Text(Form::Plain)),
    }
}
