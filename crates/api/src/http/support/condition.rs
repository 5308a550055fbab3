//! Conditions in the contract: a schema that is made of the table of fields and operators, so that the two cannot differ.

use std::borrow::Cow;

use huiyin_domain::customers::CustomField;
use huiyin_domain::fault::{Fault, Kind as FaultKind};
use huiyin_domain::tiering::condition::{
    ANNIVERSARY_LIMIT, Choices, Condition as Checked, Field, Form, Kind, LIST_LIMIT, NUMBER_LIMIT, Op, PART_LIMIT,
    Shape, SpanUnit, TEXT_LIMIT,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The name of the schema in the contract.
pub const NAME: &str = "Condition";

const DESCRIPTION: &str = "Which customers are meant (条件): `all`, `any` and `not` over comparisons of a `field` with a `value` by an operator `op`. \
`GET /api/v1/conditions/fields` lists fields, labels and operators; a custom field is `custom.` and its key.\n\n\
A field without a value satisfies `is_empty` and the operators that are the opposite of another (`ne`, `not_in`, `not_contains`, `has_none`, `not_within_last`, `not_within_next`), and no others. \
What is counted (orders, complaints …) is 0 where nothing was. An empty `all` is everybody, an empty `any` nobody.\n\n\
Spans are `{\"days\": 30}` or weeks, months, and for moments hours. They go by the calendar of the deployment's zone: `within_last` is from so long ago until now (dates: today), `within_next` from now until then, \
`older_than` before so long ago, `anniversary_within` that the day comes round again within so many days (0: today; solar and lunar birthdays). \
Text is compared exactly, names whatever their case and width, phones and mail in their normalised form. \
At most 50 parts of one `all` or `any`, 200 nodes in 8 levels (409 `condition_too_large`). Comparing personal data matches only customers whose data the caller sees.";

/// A condition as it is written; [`Condition::checked`] says what is wrong with it beyond its shape.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Condition(pub Value);

impl Condition {
    /// The condition, held against the custom fields that are defined. `at` is where it stands in the body.
    pub fn checked(&self, at: &str, fields: &[CustomField]) -> Result<Checked, Vec<Fault>> {
        Checked::parse_for(&self.0, at, fields)
    }
}

/// The faults of a value that does not fit the schema, in the words for conditions: a schema with alternatives can only
/// say that none of them fits.
pub fn faults(value: &Value, at: &str) -> Vec<Fault> {
    let told = Checked::parse(value, at).err().unwrap_or_default();
    told.into_iter().filter(|fault| fault.code.kind() == FaultKind::Invalid).collect()
}

impl ToSchema for Condition {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }
}

impl PartialSchema for Condition {
    fn schema() -> RefOr<Schema> {
        let nodes = || ArrayBuilder::new().items(Ref::from_schema_name(NAME)).max_items(Some(PART_LIMIT));
        let combined = |name: &str| ObjectBuilder::new().required(name).additional_properties(closed());
        let mut schema = AnyOfBuilder::new()
            .item(combined("all").property("all", nodes()))
            .item(combined("any").property("any", nodes()))
            .item(combined("not").property("not", Ref::from_schema_name(NAME)));
        for comparison in comparisons() {
            schema = schema.item(comparison);
        }
        schema.description(Some(DESCRIPTION)).examples(examples()).into()
    }
}

fn closed() -> Option<AdditionalProperties<Schema>> {
    Some(AdditionalProperties::FreeForm(false))
}

fn examples() -> Vec<Value> {
    vec![
        json!({"all": [
            {"field": "annual_amount", "op": "gte", "value": "100000"},
            {"field": "last_interaction_at", "op": "not_within_last", "value": {"days": 90}},
            {"field": "complaints", "op": "lte", "value": 2},
        ]}),
        json!({"field": "last_delivered_at", "op": "within_last", "value": {"days": 30}}),
        json!({"any": [
            {"field": "tier", "op": "in", "value": ["vip", "potential"]},
            {"all": [{"field": "bought", "op": "has_any", "value": ["办公耗材"]}, {"field": "tags", "op": "has_none", "value": ["黑名单"]}]},
        ]}),
        json!({"not": {"field": "custom.colour", "op": "eq", "value": "红"}}),
        json!({"field": "birthday", "op": "anniversary_within", "value": {"days": 7}}),
        json!({"field": "contract_end", "op": "between", "value": ["2026-10-01", "2026-12-31"]}),
    ]
}

/// The fields that one alternative is for.
#[derive(Clone)]
enum Of {
    Fields(Vec<Field>),
    Custom,
    Every,
}

impl Of {
    fn schema(&self) -> ObjectBuilder {
        let custom = || ObjectBuilder::new().schema_type(Type::String).pattern(Some("@custom-field"));
        match self {
            Of::Custom => custom(),
            Of::Fields(fields) => names(fields.iter().map(|field| field.as_str())),
            Of::Every => names(Field::ALL.iter().map(|field| field.as_str())),
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.collect::<Vec<_>>()))
}

/// The fields of each type, those of custom fields after them.
fn types() -> Vec<(Kind, Of)> {
    let mut types: Vec<(Kind, Vec<Field>)> = Vec::new();
    for field in Field::ALL {
        // Texts are written alike in whatever form they are kept.
        let kind = match field.kind() {
            Kind::Text(_) => Kind::Text(Form::Plain),
            kind => kind,
        };
        match types.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, fields)) => fields.push(*field),
            None => types.push((kind, vec![*field])),
        }
    }
    let customs = [Kind::Text(Form::Plain), Kind::Real, Kind::Date, Kind::Boolean].map(|kind| (kind, Of::Custom));
    types.into_iter().map(|(kind, fields)| (kind, Of::Fields(fields))).chain(customs).collect()
}

/// One alternative for each type of field and shape of value.
fn comparisons() -> Vec<ObjectBuilder> {
    let empties = [Op::IsEmpty, Op::IsNotEmpty];
    let mut all = vec![comparison(&Of::Every, &empties, None), comparison(&Of::Custom, &empties, None)];
    for (kind, of) in types() {
        for shape in [Shape::One, Shape::Many, Shape::Pair, Shape::Span, Shape::Days] {
            let fits = |op: &&Op| {
                let of_custom_date = matches!(of, Of::Custom) && kind == Kind::Date;
                // A custom date is compared for equality as a text, and its anniversary is not looked for.
                let left_out = [Op::Eq, Op::Ne, Op::In, Op::NotIn, Op::AnniversaryWithin];
                op.shape() == shape && !(of_custom_date && left_out.contains(*op))
            };
            let ops: Vec<Op> = kind.ops().iter().filter(fits).copied().collect();
            if !ops.is_empty() {
                all.push(comparison(&of, &ops, Some(value(kind, shape))));
            }
        }
    }
    all
}

fn comparison(of: &Of, ops: &[Op], value: Option<Schema>) -> ObjectBuilder {
    let comparison = ObjectBuilder::new()
        .property("field", of.schema())
        .required("field")
        .property("op", names(ops.iter().map(|op| op.as_str())))
        .required("op")
        .additional_properties(closed());
    match value {
        Some(value) => comparison.property("value", value).required("value"),
        None => comparison,
    }
}

fn value(kind: Kind, shape: Shape) -> Schema {
    let list = |least: usize, most: usize| {
        ArrayBuilder::new().items(RefOr::from(scalar(kind))).min_items(Some(least)).max_items(Some(most)).into()
    };
    match shape {
        Shape::None | Shape::One => scalar(kind),
        Shape::Many => list(1, LIST_LIMIT),
        Shape::Pair => list(2, 2),
        Shape::Span if kind == Kind::Time => span(SpanUnit::ALL),
        Shape::Span => span(&[SpanUnit::Days, SpanUnit::Weeks, SpanUnit::Months]),
        Shape::Days => count(ObjectBuilder::new(), SpanUnit::Days, 0, ANNIVERSARY_LIMIT).required("days").into(),
    }
}

fn count(object: ObjectBuilder, unit: SpanUnit, least: u32, most: u32) -> ObjectBuilder {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most));
    object.property(unit.as_str(), count).additional_properties(closed())
}

/// Exactly one unit.
fn span(units: &[SpanUnit]) -> Schema {
    let object = units.iter().fold(ObjectBuilder::new(), |object, unit| count(object, *unit, 1, unit.limit()));
    object.min_properties(Some(1)).max_properties(Some(1)).into()
}

fn scalar(kind: Kind) -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let of_format = |format| text().format(Some(SchemaFormat::KnownFormat(format)));
    let integer =
        |limit: i64| ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(-limit)).maximum(Some(limit));
    match kind {
        Kind::Text(_) | Kind::Set | Kind::Birthday => text().min_length(Some(1)).max_length(Some(TEXT_LIMIT)).into(),
        Kind::Choice(choices) => chosen(choices),
        Kind::Number => integer(NUMBER_LIMIT).into(),
        Kind::Money => AnyOfBuilder::new()
            .item(text().pattern(Some(r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$")))
            .item(integer(10_000_000_000_000))
            .into(),
        Kind::Date => of_format(KnownFormat::Date).into(),
        Kind::Time => of_format(KnownFormat::DateTime).into(),
        Kind::Id => of_format(KnownFormat::Uuid).into(),
        Kind::Real => ObjectBuilder::new().schema_type(Type::Number).into(),
        Kind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean).into(),
    }
}

fn chosen(choices: Choices) -> Schema {
    names(choices.texts().into_iter()).into()
}
