//! Conditions: whatever is asked of whichever customers, SQL and memory answer alike, on both databases; and what the
//! contract refuses is what the domain refuses.

mod pools;
mod population;

use std::collections::{BTreeMap, BTreeSet};

use huiyin_domain::fault::Kind as FaultKind;
use huiyin_domain::tiering::condition::{Condition, Field};
use huiyin_persistence::tiering::{conditions, facts};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Query};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Running, journey};
use pools::{CONDITIONS, Dice, Pools, dates, moments, times};
use population::populate;

journey! {
    async fn sql_and_memory_answer_alike(running: Running) {
        let mut dice = Dice::new(7);
        let mut pools = Pools { dates: dates(), times: times(), ids: Vec::new() };
        let customers = populate(&running, &mut dice, &mut pools).await;
        let db = &running.app.db;
        let known = facts::load(db, &customers).await.unwrap();
        assert_eq!(known.len(), customers.len());
        let (mut told_apart, moments) = (0, moments());
        for _ in 0..CONDITIONS {
            let depth = dice.below(4);
            let json = pools.condition(&mut dice, depth);
            let condition = Condition::parse(&json, "").unwrap_or_else(|faults| panic!("{json}: {faults:?}"));
            let predicate = condition.bind(*dice.one(&moments));
            let in_memory: BTreeSet<Uuid> =
                customers.iter().copied().filter(|id| predicate.holds(&known[id])).collect();
            let meant = conditions::expression(&predicate, db.get_database_backend());
            let query = Query::select().column(Alias::new("id")).from("customers").and_where(meant.clone()).to_owned();
            let rows = db.query_all(&query).await.unwrap_or_else(|error| panic!("{json}: {error}"));
            let in_sql: BTreeSet<Uuid> = rows.iter().map(|row| row.try_get("", "id").unwrap()).collect();
            assert_eq!(in_sql, in_memory, "{json}\n{}", db.get_database_backend().build(&query));
            // Two values: what is not true is false, and never neither.
            let opposite = Query::select().column(Alias::new("id")).from("customers").and_where(sea_orm::ExprTrait::not(meant)).to_owned();
            assert_eq!(db.query_all(&opposite).await.unwrap().len(), customers.len() - in_sql.len(), "{json}");
            told_apart += usize::from(!in_sql.is_empty() && in_sql.len() < customers.len());
        }
        assert!(told_apart > CONDITIONS / 3, "only {told_apart} conditions told customers apart");
    }
}

/// Each operator of each field by itself: what is rare among random conditions is not left to chance.
#[test]
fn every_operator_of_every_field_is_generated_and_fits_the_contract() {
    let pools = Pools { dates: dates(), times: times(), ids: vec![Uuid::from_u128(7)] };
    let mut dice = Dice::new(3);
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let contract = contract();
    for _ in 0..8_000 {
        let leaf = pools.leaf(&mut dice);
        *seen.entry((leaf["field"].to_string(), leaf["op"].to_string())).or_default() += 1;
        Condition::parse(&leaf, "").unwrap_or_else(|faults| panic!("{leaf}: {faults:?}"));
        assert!(contract.is_valid(&leaf), "{leaf}");
    }
    for field in Field::ALL {
        for op in field.kind().ops() {
            let key = (json!(field.as_str()).to_string(), json!(op).to_string());
            assert!(seen.contains_key(&key), "{key:?}");
        }
    }
}

fn contract() -> jsonschema::Validator {
    let mut root = json!({"$ref": "#/components/schemas/Condition"});
    root["components"] = huiyin::http::contract()["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&root).unwrap()
}

/// Changes something somewhere: a value of another type, a name that is none, a part that is missing.
fn spoil(dice: &mut Dice, json: &mut Json) {
    let junk = [
        json!(null),
        json!(1),
        json!(1.5),
        json!("vip"),
        json!(""),
        json!(true),
        json!([]),
        json!({}),
        json!({"days": 0}),
        json!({"days": 1, "hours": 2}),
        json!(["a", 1]),
        json!("custom.colour"),
        json!("custom.X"),
        json!("eq"),
        json!("within_last"),
        json!("2026-02-30"),
        json!("12.345"),
        json!(99_999_999_999_999_999i64),
        json!("x".repeat(501)),
        json!([1, 2, 3]),
    ];
    match json {
        Json::Object(fields) if !fields.is_empty() && dice.chance(70) => {
            let key = fields.keys().nth(dice.below(fields.len())).unwrap().clone();
            match dice.below(10) {
                0 => drop(fields.remove(&key)),
                1 => drop(fields.insert("extra".to_owned(), json!(1))),
                2 => {
                    let value = fields.remove(&key).unwrap();
                    fields.insert("value".to_owned(), value);
                }
                _ => spoil(dice, fields.get_mut(&key).unwrap()),
            }
        }
        Json::Array(items) if !items.is_empty() && dice.chance(70) => {
            let place = dice.below(items.len());
            spoil(dice, &mut items[place]);
        }
        other => *other = dice.one(&junk).clone(),
    }
}

#[test]
fn the_contract_refuses_what_the_domain_calls_invalid_and_nothing_else() {
    let pools = Pools { dates: dates(), times: times(), ids: vec![Uuid::from_u128(7)] };
    let mut dice = Dice::new(11);
    let contract = contract();
    let (mut refused, mut accepted) = (0, 0);
    for _ in 0..4_000 {
        let mut json = pools.condition(&mut dice, 2);
        spoil(&mut dice, &mut json);
        let faults = Condition::parse(&json, "").err().unwrap_or_default();
        let invalid = faults.iter().any(|fault| fault.code.kind() == FaultKind::Invalid);
        assert_eq!(contract.is_valid(&json), !invalid, "{json}: {faults:?}");
        if invalid { refused += 1 } else { accepted += 1 }
    }
    assert!(refused > 500 && accepted > 100, "{refused} refused, {accepted} accepted");
}
