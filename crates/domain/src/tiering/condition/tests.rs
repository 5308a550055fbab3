use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::*;
use crate::customers::{Birthday, CalendarKind, CustomField, CustomKind};
use crate::fault::{Code, Lang};

fn at(now: &str) -> Moment {
    Moment { now: now.parse().unwrap(), zone: chrono_tz::Asia::Shanghai }
}

fn time(text: &str) -> Option<Value> {
    Some(Value::Time(text.parse::<DateTime<Utc>>().unwrap()))
}

fn date(text: &str) -> Option<Value> {
    Some(Value::Date(text.parse().unwrap()))
}

fn facts(values: &[(Field, Option<Value>)]) -> Facts {
    let mut facts = Facts::default();
    for (field, value) in values {
        facts.set(*field, value.clone());
    }
    facts
}

#[track_caller]
fn holds(condition: Json, now: &str, facts: &Facts) -> bool {
    Condition::parse(&condition, "").unwrap().bind(at(now)).holds(facts)
}

fn faults(condition: &Json) -> Vec<(String, Code)> {
    let faults = Condition::parse(condition, "/condition").unwrap_err();
    faults.into_iter().map(|fault| (fault.pointer.unwrap(), fault.code)).collect()
}

const NOW: &str = "2026-10-20T02:00:00Z";

#[test]
fn names_are_unique_and_labelled() {
    for field in Field::ALL {
        assert_eq!(Field::by_name(field.as_str()), Some(*field));
        assert!(!field.label(Lang::Zh).is_empty() && !field.label(Lang::En).is_empty());
    }
}

#[test]
fn what_is_missing_satisfies_only_what_asks_for_it_or_is_the_opposite_of_something() {
    let nobody = Facts::default();
    for (field, value) in [
        ("annual_amount", json!("100000")),
        ("name", json!("晨光")),
        ("contract_end", json!("2026-12-31")),
        ("tier", json!("vip")),
        ("custom.colour", json!("red")),
    ] {
        assert!(!holds(json!({"field": field, "op": "eq", "value": value}), NOW, &nobody), "{field}");
        assert!(holds(json!({"field": field, "op": "ne", "value": value}), NOW, &nobody), "{field}");
        assert!(holds(json!({"field": field, "op": "not_in", "value": [value]}), NOW, &nobody), "{field}");
        assert!(holds(json!({"field": field, "op": "is_empty"}), NOW, &nobody), "{field}");
        assert!(!holds(json!({"field": field, "op": "is_not_empty"}), NOW, &nobody), "{field}");
    }
    let never = json!({"field": "last_interaction_at", "op": "not_within_last", "value": {"days": 90}});
    assert!(holds(never, NOW, &nobody), "no interaction for 90 days: none at all is none");
    assert!(!holds(json!({"field": "last_interaction_at", "op": "older_than", "value": {"days": 90}}), NOW, &nobody));
    assert!(
        holds(json!({"field": "complaints", "op": "lte", "value": 2}), NOW, &nobody),
        "no complaint is zero of them"
    );
    assert!(!holds(json!({"field": "complaints", "op": "is_empty"}), NOW, &nobody));
    assert!(holds(json!({"field": "tags", "op": "is_empty"}), NOW, &nobody));
    assert!(holds(json!({"field": "tags", "op": "has_none", "value": ["a"]}), NOW, &nobody));
    assert!(holds(json!({"all": []}), NOW, &nobody));
    assert!(!holds(json!({"any": []}), NOW, &nobody));
}

#[test]
fn spans_go_by_the_calendar_of_the_zone() {
    let delivered = |at| facts(&[(Field::LastDeliveredAt, time(at))]);
    let within = |span: Json| json!({"field": "last_delivered_at", "op": "within_last", "value": span});
    // 10:00 in Shanghai, 30 days before.
    assert!(holds(within(json!({"days": 30})), NOW, &delivered("2026-09-20T02:00:00Z")));
    assert!(!holds(within(json!({"days": 30})), NOW, &delivered("2026-09-20T01:59:59.999999Z")));
    assert!(!holds(within(json!({"days": 30})), NOW, &delivered("2026-10-20T02:00:00.000001Z")), "not yet");
    // One month before 31 March is the last of February.
    let end_of_march = "2026-03-31T02:00:00Z";
    assert!(holds(within(json!({"months": 1})), end_of_march, &delivered("2026-02-28T02:00:00Z")));
    assert!(!holds(within(json!({"months": 1})), end_of_march, &delivered("2026-02-28T01:59:59Z")));

    // It is the 21st in Shanghai already.
    let late = "2026-10-20T16:00:00Z";
    let ends = |on| facts(&[(Field::ContractEnd, date(on))]);
    let next = json!({"field": "contract_end", "op": "within_next", "value": {"days": 90}});
    assert!(!holds(next.clone(), late, &ends("2026-10-20")));
    assert!(holds(next.clone(), late, &ends("2026-10-21")));
    assert!(holds(next.clone(), late, &ends("2027-01-19")));
    assert!(!holds(next, late, &ends("2027-01-20")));
}

#[test]
fn days_are_as_long_as_the_clocks_say() {
    // In Berlin the 25th of October 2026 has 25 hours.
    let berlin = Moment { now: "2026-10-25T12:00:00Z".parse().unwrap(), zone: chrono_tz::Europe::Berlin };
    let within = |span: Json| {
        let json = json!({"field": "created_at", "op": "within_last", "value": span});
        Condition::parse(&json, "").unwrap().bind(berlin)
    };
    let created = facts(&[(Field::CreatedAt, time("2026-10-24T11:00:00Z"))]);
    assert!(within(json!({"days": 1})).holds(&created));
    assert!(!within(json!({"hours": 24})).holds(&created));
}

#[test]
fn anniversaries_come_round_in_both_calendars() {
    let within = |field: &str, days: u32| json!({"field": field, "op": "anniversary_within", "value": {"days": days}});
    let started = facts(&[(Field::CooperationStart, date("2020-10-27"))]);
    assert!(holds(within("cooperation_start", 7), NOW, &started));
    assert!(!holds(within("cooperation_start", 6), NOW, &started));
    // The 29th of February is celebrated on the 28th.
    let mut leap = Facts::default();
    leap.birthday = Some(solar_key(2, 29));
    assert!(holds(within("birthday", 0), "2026-02-28T02:00:00Z", &leap));
    // Mid-autumn of 2026 is on 25 September.
    let mut lunar = Facts::default();
    let mid_autumn = Birthday { calendar: CalendarKind::Lunar, year: None, month: 8, day: 15, leap_month: false };
    lunar.birthday = Some(birthday_key(&mid_autumn));
    assert!(holds(within("birthday", 0), "2026-09-25T02:00:00Z", &lunar));
    assert!(holds(within("birthday", 3), "2026-09-22T02:00:00Z", &lunar));
    assert!(!holds(within("birthday", 2), "2026-09-22T02:00:00Z", &lunar));
}

#[test]
fn texts_are_compared_in_the_form_in_which_they_are_kept() {
    let known = facts(&[
        (Field::Name, Some(Value::Text("acme 贸易".into()))),
        (Field::Phone, Some(Value::Text("+8613800138000".into()))),
    ]);
    assert!(holds(json!({"field": "name", "op": "contains", "value": "ＡＣＭＥ"}), NOW, &known));
    assert!(holds(json!({"field": "name", "op": "starts_with", "value": "Acme"}), NOW, &known));
    assert!(holds(json!({"field": "phone", "op": "eq", "value": "138 0013 8000"}), NOW, &known));
    assert!(!holds(json!({"field": "phone", "op": "eq", "value": "nobody"}), NOW, &known));
}

#[test]
fn every_fault_is_told_where_it_stands() {
    use Code::*;
    let bad = json!({"all": [
        {"field": "nonsense", "op": "eq", "value": 1},
        {"field": "annual_amount", "op": "contains", "value": "1"},
        {"any": [{"field": "tier", "op": "in", "value": ["vip", "gold"]}, {"not": 7}, {}]},
        {"field": "created_at", "op": "within_last", "value": {"days": 0}},
        {"field": "contract_end", "op": "within_last", "value": {"hours": 5}},
        {"field": "name", "op": "is_empty", "value": "x", "extra": 1},
        {"field": "orders", "op": "between", "value": [1]},
        {"field": "revenue", "op": "gte", "value": "1.234"},
        {"op": "eq"},
        {"field": "custom.Colour", "op": "eq", "value": "red"},
        {"field": "tags", "op": "has_any", "value": []},
        {"field": "custom.colour", "op": "has_any", "value": ["x"]},
    ]});
    let at = |path: &str, code| (format!("/condition/all/{path}"), code);
    assert_eq!(
        faults(&bad),
        [
            at("0/field", NotAllowed),
            at("1/op", NotAllowed),
            at("2/any/0/value/1", NotAllowed),
            at("2/any/1/not", WrongType),
            at("2/any/2/field", Required),
            at("3/value/days", OutOfRange),
            at("4/value", Required),
            at("5/extra", UnknownField),
            at("5/value", UnknownField),
            at("6/value", TooShort),
            at("7/value", InvalidFormat),
            at("8/field", Required),
            at("9/field", NotAllowed),
            at("10/value", TooShort),
            at("11/op", NotAllowed),
        ]
    );
}

#[test]
fn what_is_too_large_is_told_once() {
    let leaf = json!({"field": "orders", "op": "gt", "value": 1});
    let deep = (0..DEPTH_LIMIT).fold(leaf.clone(), |inner, _| json!({"not": inner}));
    assert_eq!(faults(&deep), [(format!("/condition{}", "/not".repeat(DEPTH_LIMIT)), Code::ConditionTooLarge)]);
    let wide = json!({"all": vec![json!({"all": vec![leaf; 50]}); 4]});
    assert_eq!(faults(&wide), [("/condition/all/3/all/45".to_owned(), Code::ConditionTooLarge)]);
}

#[test]
fn custom_fields_are_held_against_their_definition() {
    let field = |key: &str, kind| CustomField {
        key: key.to_owned(),
        kind,
        required: false,
        pattern: None,
        minimum: None,
        maximum: None,
        choices: Vec::new(),
    };
    let fields = [
        field("colour", CustomKind::Choice),
        field("seats", CustomKind::Number),
        field("renewed", CustomKind::Date),
        field("gold", CustomKind::Boolean),
    ];
    let fits = |json: Json| Condition::parse_for(&json, "", &fields).is_ok();
    assert!(fits(json!({"field": "custom.colour", "op": "in", "value": ["红"]})));
    assert!(fits(json!({"field": "custom.seats", "op": "gte", "value": 2.5})));
    assert!(fits(json!({"field": "custom.renewed", "op": "within_last", "value": {"weeks": 2}})));
    assert!(fits(json!({"field": "custom.renewed", "op": "eq", "value": "2026-10-20"})));
    assert!(fits(json!({"field": "custom.gold", "op": "eq", "value": true})));
    assert!(fits(json!({"field": "custom.gold", "op": "is_empty"})));
    for (wrong, code) in [
        (json!({"field": "custom.shoe", "op": "is_empty"}), Code::CustomFieldUnknown),
        (json!({"field": "custom.colour", "op": "gt", "value": 1}), Code::ConditionMismatch),
        (json!({"field": "custom.seats", "op": "contains", "value": "1"}), Code::ConditionMismatch),
        (json!({"field": "custom.gold", "op": "eq", "value": "true"}), Code::ConditionMismatch),
        (json!({"field": "custom.renewed", "op": "contains", "value": "2026"}), Code::ConditionMismatch),
    ] {
        let faults = Condition::parse_for(&wrong, "", &fields).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [code], "{wrong}");
    }
}

#[test]
fn custom_values_of_another_type_are_no_values_of_this_one() {
    let mut known = Facts::default();
    known.custom =
        json!({"seats": 10, "renewed": "2026-10-01", "gold": false, "gone": null}).as_object().unwrap().clone();
    assert!(holds(json!({"field": "custom.seats", "op": "gt", "value": 9.5}), NOW, &known));
    assert!(!holds(json!({"field": "custom.seats", "op": "eq", "value": "10"}), NOW, &known));
    assert!(holds(json!({"field": "custom.renewed", "op": "within_last", "value": {"months": 1}}), NOW, &known));
    assert!(holds(json!({"field": "custom.gold", "op": "eq", "value": false}), NOW, &known));
    assert!(holds(json!({"field": "custom.gone", "op": "is_empty"}), NOW, &known));
}
