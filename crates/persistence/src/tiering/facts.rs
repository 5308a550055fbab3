//! What is known of customers, for conditions that are asked in memory.

use std::collections::HashMap;

use huiyin_domain::customers::{Birthday, CalendarKind};
use huiyin_domain::tiering::condition::{Facts, Field, Home, Kind, Value, birthday_key};
use sea_orm::prelude::*;
use sea_orm::sea_query::{Alias, Query, SelectStatement};
use sea_orm::{ConnectionTrait, ExprTrait, QueryResult};

use crate::support::stored;

/// Customers of one statement: bounded by its parameters.
const BATCH: usize = 10_000;

/// The facts of these customers. Those that are no more, or were merged into others, are left out.
pub async fn load(db: &impl ConnectionTrait, customers: &[Uuid]) -> Result<HashMap<Uuid, Facts>, DbErr> {
    let mut all = HashMap::new();
    for part in customers.chunks(BATCH) {
        for row in db.query_all(&profiles(part)).await? {
            let id: Uuid = row.try_get("", "id")?;
            all.insert(id, of_row(&row)?);
        }
        for row in db.query_all(&pairs("customer_tags", "tag", part)).await? {
            let (id, tag): (Uuid, String) = (row.try_get("", "customer_id")?, row.try_get("", "tag")?);
            if let Some(facts) = all.get_mut(&id) {
                facts.tags.insert(tag);
            }
        }
        for row in db.query_all(&pairs("order_products", "product_line", part)).await? {
            let (id, line): (Uuid, String) = (row.try_get("", "customer_id")?, row.try_get("", "product_line")?);
            if let Some(facts) = all.get_mut(&id) {
                facts.bought.insert(line);
            }
        }
    }
    Ok(all)
}

fn pairs(table: &'static str, column: &'static str, customers: &[Uuid]) -> SelectStatement {
    Query::select()
        .distinct()
        .column("customer_id")
        .column(column)
        .from(table)
        .and_where(Expr::col("customer_id").is_in(customers.iter().copied()))
        .to_owned()
}

/// The table and column of a field that is kept in one.
fn place(field: Field) -> Option<(&'static str, &'static str)> {
    match field.home() {
        Home::Customer(column) => Some(("customers", column)),
        Home::Figures(column) => Some(("customer_figures", column)),
        Home::Tier(column) => Some(("customer_tiers", column)),
        Home::Churn(column) => Some(("customer_churn", column)),
        Home::Tags | Home::Bought | Home::CoreProducts | Home::Birthday => None,
    }
}

fn profiles(customers: &[Uuid]) -> SelectStatement {
    let mut select = Query::select();
    select.from("customers").column(("customers", "id"));
    for field in Field::ALL {
        let Some(column) = place(*field).map(Expr::col) else { continue };
        // Whole numbers are of several widths.
        let column = match field.kind() {
            Kind::Number | Kind::Money => column.cast_as(Alias::new("bigint")),
            _ => column,
        };
        select.expr_as(column, field.as_str());
    }
    for column in ["core_products", "custom", "birthday_calendar", "birthday_leap"] {
        select.column(("customers", column));
    }
    for table in ["customer_figures", "customer_tiers", "customer_churn"] {
        select.left_join(table, Expr::col((table, "customer_id")).equals(("customers", "id")));
    }
    select
        .and_where(Expr::col(("customers", "id")).is_in(customers.iter().copied()))
        .and_where(Expr::col(("customers", "merged_into")).is_null())
        .to_owned()
}

fn of_row(row: &QueryResult) -> Result<Facts, DbErr> {
    let mut facts = Facts::default();
    for field in Field::ALL {
        if place(*field).is_none() {
            continue;
        }
        let name = field.as_str();
        let value = match field.kind() {
            Kind::Number | Kind::Money => row.try_get::<Option<i64>>("", name)?.map(Value::Number),
            Kind::Date => row.try_get::<Option<Date>>("", name)?.map(Value::Date),
            Kind::Time => row.try_get::<Option<DateTimeUtc>>("", name)?.map(Value::Time),
            Kind::Id => row.try_get::<Option<Uuid>>("", name)?.map(Value::Id),
            _ => row.try_get::<Option<String>>("", name)?.map(Value::Text),
        };
        facts.set(*field, value);
    }
    let products: Json = row.try_get("", "core_products")?;
    let products = products.as_array().into_iter().flatten().filter_map(Json::as_str);
    facts.core_products = products.map(str::to_owned).collect();
    if let Json::Object(custom) = row.try_get("", "custom")? {
        facts.custom = custom;
    }
    facts.birthday = birthday(row)?;
    Ok(facts)
}

fn birthday(row: &QueryResult) -> Result<Option<i32>, DbErr> {
    let number = |name: &str| row.try_get::<Option<i64>>("", name);
    let part = |value: i64| u32::try_from(value).unwrap_or_default();
    let (Some(month), Some(day)) = (number("birthday_month")?, number("birthday_day")?) else { return Ok(None) };
    let calendar: Option<String> = row.try_get("", "birthday_calendar")?;
    let calendar = calendar.as_deref().map(stored).transpose()?.unwrap_or(CalendarKind::Solar);
    let leap_month = row.try_get("", "birthday_leap")?;
    Ok(Some(birthday_key(&Birthday { calendar, year: None, month: part(month), day: part(day), leap_month })))
}

/// The customers of these feedback.
pub async fn customers_of_feedback(db: &impl ConnectionTrait, feedback: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    if feedback.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select()
        .distinct()
        .column("customer_id")
        .from("feedback")
        .and_where(Expr::col("id").is_in(feedback.iter().copied()))
        .and_where(Expr::col("customer_id").is_not_null())
        .to_owned();
    db.query_all(&query).await?.iter().map(|row| row.try_get("", "customer_id")).collect()
}
