//! Checks input against the schema that stands in the contract. The rules are stated once, every fault is named, and
//! what the contract says is what happens.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::fault::{Code, Fault};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;
use utoipa::ToSchema;

use super::{condition, text};
use crate::usecases::support::Error;

/// The compiled schemas of all inputs, made as they are first needed.
#[derive(Debug)]
pub struct SchemaChecks {
    /// Those of the contract by name.
    components: &'static Value,
    compiled: RwLock<HashMap<TypeId, Arc<Check>>>,
}

/// The schema of one input.
#[derive(Debug)]
pub struct Check {
    validator: Validator,
    /// The type of each property, to read texts of a query as what they mean.
    pub property_types: HashMap<String, String>,
}

impl SchemaChecks {
    /// `components` are the schemas of the contract.
    pub fn new(components: &'static Value) -> Self {
        SchemaChecks { components, compiled: RwLock::default() }
    }

    /// The compiled schema of `T`.
    pub fn check<T: ToSchema + 'static>(&self) -> Result<Arc<Check>, Error> {
        let id = TypeId::of::<T>();
        if let Some(found) = self.compiled.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(found.clone());
        }
        let mut root = serde_json::to_value(T::schema()).map_err(|error| Error::broken("schema", error))?;
        let property_types = property_types(&root);
        super::openapi::tighten(&mut root);
        let needed = super::openapi::needed(&root, self.components);
        if let Some(object) = root.as_object_mut() {
            object.insert("components".to_owned(), serde_json::json!({ "schemas": needed }));
        }
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .build(&root)
            .map_err(|error| Error::broken("schema", error))?;
        let built = Arc::new(Check { validator: built, property_types });
        self.compiled.write().unwrap_or_else(PoisonError::into_inner).insert(id, built.clone());
        Ok(built)
    }

    /// Every way in which `value` is no `T`; `prefix` stands before the pointers.
    pub fn faults<T: ToSchema + 'static>(&self, value: &Value, prefix: &str) -> Result<Vec<Fault>, Error> {
        let mut faults = Vec::new();
        find_nul(value, &mut prefix.to_owned(), &mut faults);
        let check = self.check::<T>()?;
        let validator = &check.validator;
        if !validator.is_valid(value) {
            faults.extend(validator.iter_errors(value).flat_map(|error| of_error(&error, prefix)));
        }
        Ok(without_echoes(faults))
    }
}

fn property_types(schema: &Value) -> HashMap<String, String> {
    let property = |(name, schema): (&String, &Value)| {
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
            kind => kind.clone(),
        };
        (name.clone(), kind.as_str().unwrap_or("string").to_owned())
    };
    schema["properties"].as_object().map(|all| all.iter().map(property).collect()).unwrap_or_default()
}

/// What has the wrong type is no allowed value either, and a wrong date breaks its format and its pattern: told once.
fn without_echoes(faults: Vec<Fault>) -> Vec<Fault> {
    let mut kept: Vec<Fault> = Vec::with_capacity(faults.len());
    let mistyped: Vec<Option<String>> =
        faults.iter().filter(|fault| fault.code == Code::WrongType).map(|fault| fault.pointer.clone()).collect();
    for fault in faults {
        let echo = fault.code != Code::WrongType && mistyped.contains(&fault.pointer);
        if !echo && !kept.iter().any(|known| known.code == fault.code && known.pointer == fault.pointer) {
            kept.push(fault);
        }
    }
    kept
}

/// PostgreSQL cannot store U+0000, and no text of ours means anything by it.
fn find_nul(value: &Value, pointer: &mut String, faults: &mut Vec<Fault>) {
    let has_nul = |text: &str| text.contains('\0');
    match value {
        Value::String(text) if has_nul(text) => faults.push(Fault::new(Code::NulCharacter).at(pointer.clone())),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, item)| within(pointer, &i.to_string(), |p| find_nul(item, p, faults))),
        Value::Object(fields) => {
            for (name, field) in fields {
                within(pointer, &escape(name), |p| {
                    if has_nul(name) {
                        faults.push(Fault::new(Code::NulCharacter).at(p.replace('\0', "\u{FFFD}")));
                    }
                    find_nul(field, p, faults);
                });
            }
        }
        _ => {}
    }
}

fn within(pointer: &mut String, segment: &str, visit: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(segment);
    visit(pointer);
    pointer.truncate(length);
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn of_error(error: &ValidationError<'_>, prefix: &str) -> Vec<Fault> {
    use ValidationErrorKind as K;
    let at = format!("{prefix}{}", error.instance_path());
    let fault = |code: Code| Fault::new(code).at(at.clone());
    let inside = |name: &str| format!("{at}/{}", escape(name));
    vec![match error.kind() {
        K::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            fault(Code::Required).at(inside(name)).with("name", name)
        }
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            let unknown = |name: &String| Fault::new(Code::UnknownField).at(inside(name)).with("name", name);
            return unexpected.iter().map(unknown).collect();
        }
        K::Type { kind } => fault(Code::WrongType).with("expected", type_name(kind)),
        K::MaxLength { limit } => fault(Code::TooLong).with("limit", limit),
        K::MinLength { limit } => fault(Code::TooShort).with("limit", limit),
        K::MaxItems { limit } | K::MaxProperties { limit } => fault(Code::TooLong).with("limit", limit),
        K::MinItems { limit } | K::MinProperties { limit } => fault(Code::TooShort).with("limit", limit),
        K::Maximum { limit } => fault(Code::OutOfRange).with("limit", format!("≤ {limit}")),
        K::Minimum { limit } => fault(Code::OutOfRange).with("limit", format!("≥ {limit}")),
        K::ExclusiveMaximum { limit } => fault(Code::OutOfRange).with("limit", format!("< {limit}")),
        K::ExclusiveMinimum { limit } => fault(Code::OutOfRange).with("limit", format!("> {limit}")),
        K::Pattern { pattern } => fault(Code::InvalidFormat).with("expected", text::told(pattern)),
        K::Format { format } => fault(Code::InvalidFormat).with("expected", format),
        K::UniqueItems => fault(Code::NotUnique),
        K::Enum { options } => {
            let allowed: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
            fault(Code::NotAllowed).with("allowed", allowed.join(", "))
        }
        K::OneOfNotValid { context } | K::AnyOf { context } => {
            // Which of the many comparisons was meant, the language of conditions knows better than their schemas.
            let told = if is_condition(error) { condition::faults(error.instance(), &at) } else { Vec::new() };
            if !told.is_empty() {
                return told;
            }
            return of_branches(context, prefix, fault(Code::InvalidValue));
        }
        other => fault(Code::InvalidValue).with("reason", other.keyword()),
    }]
}

fn is_condition(error: &ValidationError<'_>) -> bool {
    error.schema_path().as_str().ends_with(&format!("/schemas/{}/anyOf", condition::NAME))
}

/// A nullable reference or a choice of shapes: the branch that was meant is one of the value's type and of the kind that it
/// names, with the fewest faults. Where the type fits no branch, all of their types are told.
fn of_branches(context: &[Vec<ValidationError<'static>>], prefix: &str, otherwise: Fault) -> Vec<Fault> {
    let wrong_type = |errors: &[ValidationError<'static>]| match errors {
        [error] => match error.kind() {
            ValidationErrorKind::Type { kind } => Some(type_name(kind)),
            _ => None,
        },
        _ => None,
    };
    let mut types: Vec<String> =
        context.iter().filter_map(|errors| wrong_type(errors)).filter(|t| t != "null").collect();
    types.dedup();
    // The one text that a property can have is the name of the branch.
    let other_kind = |error: &&ValidationError<'static>| match error.kind() {
        ValidationErrorKind::Enum { options } => options.as_array().is_some_and(|options| options.len() == 1),
        _ => false,
    };
    let faults = |errors: &&Vec<ValidationError<'static>>| (errors.iter().filter(other_kind).count(), errors.len());
    let meant = context.iter().filter(|errors| wrong_type(errors).is_none()).min_by_key(faults);
    match meant {
        None if !types.is_empty() => {
            vec![Fault { code: Code::WrongType, ..otherwise }.with("expected", types.join(" / "))]
        }
        Some(errors) if !errors.is_empty() => errors.iter().flat_map(|error| of_error(error, prefix)).collect(),
        _ => vec![otherwise.with("reason", "oneOf")],
    }
}

fn type_name(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(set) => {
            set.iter().map(|one| one.to_string()).filter(|name| name != "null").collect::<Vec<_>>().join(" / ")
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
