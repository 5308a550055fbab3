//! Triggers of touchpoints and ways of assigning in the contract. Their shapes have alternatives, each of which is closed,
//! which derived schemas cannot say.

use std::borrow::Cow;

use huiyin_domain::follow_up::plan::{DELAY_LIMIT, INTERVAL_LIMIT};
use huiyin_domain::follow_up::{Assignment, DelayUnit, Direction, IntervalUnit, TouchEvent, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The texts of an enum.
macro_rules! texts {
    ($name:ident) => {
        $name::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>()
    };
}

const TRIGGER: &str = "When a touchpoint is due.\n\n\
`once`: everybody on one day. `every`: everybody again and again, counted from a day (the 31st is the last day of a shorter month) until a last one, if there is one; \
`spread` gives each customer a day of the own within each interval, always the same. \
`after`: so long after something happened to the customer; the day of it is not counted, working days go by the calendar of the SLA policy in force. \
`around`: before or after a date of the customer, a date field as in conditions (`contract_end`, `custom.go_live_on`); `yearly` also when it comes round again, as a birthday does, \
29 February on the 28th in common years.";

const ASSIGNMENT: &str = "Who makes the contact: the customer's owner, the department's people by turn, whoever of them has the fewest open tasks, a certain person, \
or nobody yet (`pool`: whoever of the department takes it). Whoever is away has a deputy; where there is none, it lies in the department's pool.";

/// A trigger as it is sent and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerBody(pub Trigger);

/// A way of assigning as it is sent and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssignmentBody(pub Assignment);

impl ToSchema for TriggerBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Trigger")
    }
}

impl ToSchema for AssignmentBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Assignment")
    }
}

impl PartialSchema for TriggerBody {
    fn schema() -> RefOr<Schema> {
        let once = of_kind("once").property("on", date()).required("on");
        let every = of_kind("every")
            .property("every", amount(1, INTERVAL_LIMIT, &texts!(IntervalUnit)))
            .required("every")
            .property("from", date())
            .required("from")
            .property("until", date().schema_type(SchemaType::from_iter([Type::String, Type::Null])))
            .property("spread", flag());
        let after = of_kind("after")
            .property("event", one_of(&texts!(TouchEvent)))
            .required("event")
            .property("delay", delay())
            .required("delay");
        let around = of_kind("around")
            .property("field", field())
            .required("field")
            .property("direction", one_of(&texts!(Direction)))
            .required("direction")
            .property("delay", delay())
            .required("delay")
            .property("yearly", flag());
        let all = OneOfBuilder::new().item(once).item(every).item(after).item(around);
        let examples = [
            json!({"kind": "after", "event": "order_paid", "delay": {"amount": 7, "unit": "days"}}),
            json!({"kind": "once", "on": "2026-12-01"}),
            json!({"kind": "every", "every": {"amount": 3, "unit": "months"}, "from": "2026-10-01", "until": null, "spread": true}),
            json!({"kind": "around", "field": "contract_end", "direction": "before", "delay": {"amount": 90, "unit": "days"}, "yearly": false}),
        ];
        all.description(Some(TRIGGER)).examples(examples).into()
    }
}

impl PartialSchema for AssignmentBody {
    fn schema() -> RefOr<Schema> {
        let id = || {
            let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
            ObjectBuilder::new().schema_type(Type::String).format(Some(format))
        };
        let to = |names: &[&'static str]| closed().property("to", one_of(names)).required("to");
        let departments = to(&["round_robin", "least_loaded", "pool"]);
        let all = OneOfBuilder::new()
            .item(to(&["owner"]))
            .item(departments.property("department_id", id()).required("department_id"))
            .item(to(&["user"]).property("user_id", id()).required("user_id"));
        let examples = [
            json!({"to": "owner"}),
            json!({"to": "least_loaded", "department_id": "01998c5e-6b7a-7e52-8a5c-0f5d3b1c9e11"}),
        ];
        all.description(Some(ASSIGNMENT)).examples(examples).into()
    }
}

fn closed() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn one_of(names: &[&'static str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.to_vec()))
}

fn of_kind(kind: &'static str) -> ObjectBuilder {
    closed().property("kind", one_of(&[kind])).required("kind")
}

fn date() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

fn flag() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some("False unless given."))
}

fn amount(least: u32, most: u32, units: &[&'static str]) -> ObjectBuilder {
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most));
    closed().property("amount", count).required("amount").property("unit", one_of(units)).required("unit")
}

fn delay() -> ObjectBuilder {
    amount(0, DELAY_LIMIT, &texts!(DelayUnit))
}

/// What is no date field is told with the field's name, by what is defined.
fn field() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(60))
}
