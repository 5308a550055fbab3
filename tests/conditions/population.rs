//! Customers made at random, with gaps.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::tiering::condition::{Field, Home, Kind};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, Value as Bound};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::pools::{CUSTOMERS, Dice, KEYS, Pools, TEXTS};
use crate::support::Running;
use crate::support::builders::user;

pub(super) async fn insert(running: &Running, table: &'static str, row: Vec<(&'static str, Bound)>) {
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    let statement = Query::insert()
        .into_table(table)
        .columns(columns)
        .values_panic(values.into_iter().map(sea_orm::sea_query::Expr::val))
        .to_owned();
    running.app.db.execute(&statement).await.unwrap();
}

pub(super) fn stored(dice: &mut Dice, pools: &Pools, field: Field) -> Bound {
    let none = dice.chance(30);
    match field.kind() {
        Kind::Text(_) => (!none).then(|| (*dice.one(TEXTS)).to_owned()).into(),
        Kind::Choice(choices) => (!none).then(|| (*dice.one(&choices.texts())).to_owned()).into(),
        Kind::Date => (!none).then(|| *dice.one(&pools.dates)).into(),
        Kind::Time => (!none).then(|| *dice.one(&pools.times)).into(),
        Kind::Money => (!none).then(|| *dice.one(&[0i64, 1, -1250, 10_000, 10_000_000])).into(),
        Kind::Number => (!none).then(|| *dice.one(&[0i32, 1, 2, 3, 5])).into(),
        _ => Bound::String(None),
    }
}

pub(super) async fn populate(running: &Running, dice: &mut Dice, pools: &mut Pools) -> Vec<Uuid> {
    let mut all = Vec::new();
    let now: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let admin = running.admin().await;
    let (_, owner) = user(running, &admin, "owner", "agent", None).await;
    let owner: Uuid = owner.parse().unwrap();
    pools.ids = vec![owner, Uuid::from_u128(7)];
    let run = Uuid::now_v7();
    let empty = Bound::Json(Some(Box::new(json!({}))));
    insert(
        running,
        "tiering_runs",
        vec![
            ("id", run.into()),
            ("as_of", NaiveDate::MIN.max("2026-01-01".parse().unwrap()).into()),
            ("status", "completed".into()),
            ("model", empty),
            ("customers_done", 0i64.into()),
            ("created_at", now.into()),
        ],
    )
    .await;
    let model = Uuid::now_v7();
    let json = |value: Json| Bound::Json(Some(Box::new(value)));
    insert(
        running,
        "churn_models",
        vec![
            ("id", model.into()),
            ("as_of", pools.dates[0].into()),
            ("model", json(json!({}))),
            ("risk_cut", json(json!({}))),
            ("horizon_days", 90i32.into()),
            ("log_likelihood", 0f64.into()),
            ("customers", 0i64.into()),
            ("scoring", "done".into()),
            ("created_at", now.into()),
        ],
    )
    .await;
    for n in 0..CUSTOMERS {
        let id = Uuid::now_v7();
        let mut row: Vec<(&'static str, Bound)> = vec![
            ("id", id.into()),
            ("number", format!("C{:06}", n + 1).into()),
            ("name", "any".into()),
            ("updated_at", now.into()),
            ("version", 1i64.into()),
            ("owner_id", dice.chance(50).then_some(owner).into()),
        ];
        for field in Field::ALL {
            let Home::Customer(column) = field.home() else { continue };
            let value = match column {
                "number" | "owner_id" | "department_id" => continue,
                "name_key" | "source" | "kind" => {
                    (*dice.one(if column == "kind" { &["enterprise", "person"] } else { TEXTS })).to_owned().into()
                }
                "created_at" => (*dice.one(&pools.times)).into(),
                "birthday_month" => dice.chance(70).then(|| 1 + dice.below(12) as i32).into(),
                "birthday_day" => dice.chance(90).then(|| 1 + dice.below(29) as i32).into(),
                _ => stored(dice, pools, *field),
            };
            row.push((column, value));
        }
        row.push(("birthday_calendar", dice.chance(90).then(|| (*dice.one(&["solar", "lunar"])).to_owned()).into()));
        row.push(("birthday_leap", dice.chance(10).into()));
        let products: BTreeSet<&str> = (0..dice.below(3)).map(|_| *dice.one(TEXTS)).collect();
        row.push(("core_products", Bound::Json(Some(Box::new(json!(products))))));
        row.push(("custom", Bound::Json(Some(Box::new(custom(dice, pools))))));
        insert(running, "customers", row).await;

        if dice.chance(70) {
            let mut row: Vec<(&'static str, Bound)> = vec![("customer_id", id.into())];
            for field in Field::ALL {
                let Home::Figures(column) = field.home() else { continue };
                let value = match field.kind() {
                    Kind::Number => i64::from(*dice.one(&[0i32, 1, 2, 3])).into(),
                    Kind::Money => (*dice.one(&[0i64, 1, 10_000, -1250])).into(),
                    _ => stored(dice, pools, *field),
                };
                row.push((column, value));
            }
            insert(running, "customer_figures", row).await;
        }
        if dice.chance(60) {
            let score = |dice: &mut Dice| Bound::from(1 + dice.below(5) as i32);
            let mut row: Vec<(&'static str, Bound)> = vec![
                ("customer_id", id.into()),
                ("run_id", run.into()),
                ("computed_at", now.into()),
                ("tier", (*dice.one(&["vip", "regular", "dormant"])).into()),
                ("rfm_class", (*dice.one(&["important_value", "general_winback"])).into()),
                ("r", score(dice)),
                ("f", score(dice)),
                ("m", score(dice)),
            ];
            row.extend([("last_on", pools.dates[0].into()), ("as_of", pools.dates[0].into())]);
            row.extend([("frequency", 1i64.into()), ("monetary", 1i64.into())]);
            insert(running, "customer_tiers", row).await;
        }
        if dice.chance(60) {
            let mut row: Vec<(&'static str, Bound)> = vec![
                ("customer_id", id.into()),
                ("model_id", model.into()),
                ("risk", (*dice.one(&["low", "medium", "high"])).into()),
            ];
            row.extend(["p_alive", "expected_orders", "probability_of_order"].map(|column| (column, 0.5f64.into())));
            insert(running, "customer_churn", row).await;
        }
        for tag in (0..dice.below(3)).map(|_| *dice.one(TEXTS)).collect::<BTreeSet<_>>() {
            insert(running, "customer_tags", vec![("customer_id", id.into()), ("tag", tag.into())]).await;
        }
        if dice.chance(40) {
            let order = Uuid::now_v7();
            insert(
                running,
                "orders",
                vec![
                    ("id", order.into()),
                    ("external_system", "erp".into()),
                    ("order_no", n.to_string().into()),
                    ("customer_id", id.into()),
                    ("ordered_at", now.into()),
                    ("ordered_on", pools.dates[0].into()),
                    ("amount", 1i64.into()),
                    ("status", "paid".into()),
                    ("created_at", now.into()),
                    ("updated_at", now.into()),
                    ("version", 1i64.into()),
                ],
            )
            .await;
            let line = *dice.one(TEXTS);
            insert(
                running,
                "order_products",
                vec![("order_id", order.into()), ("product_line", line.into()), ("customer_id", id.into())],
            )
            .await;
        }
        all.push(id);
    }
    all
}

/// Values of the field's type and, to be looked past, of others.
pub(super) fn custom(dice: &mut Dice, pools: &Pools) -> Json {
    let mut custom = serde_json::Map::new();
    for key in KEYS {
        let value = match dice.below(8) {
            0 => json!(dice.one(TEXTS)),
            1 => json!(dice.one(&pools.dates)),
            2 => json!(*dice.one(&[0.0, 0.1, 2.5, -3.25, 1e15])),
            3 => json!(*dice.one(&[0, 10, 3])),
            4 => json!(dice.chance(50)),
            5 => Json::Null,
            _ => continue,
        };
        custom.insert((*key).to_owned(), value);
    }
    Json::Object(custom)
}
