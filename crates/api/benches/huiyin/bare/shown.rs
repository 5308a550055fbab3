//! A customer as the API shows it, so that both sides write the same JSON. `super::Db` is the database.

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::money::Money;
use huiyin_persistence::customers::profiles::Customer;
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{Database, Row};
use uuid::Uuid;

use super::Db;

#[derive(Serialize)]
pub struct Shown {
    pub id: Uuid,
    number: String,
    kind: String,
    name: String,
    industry: Option<String>,
    phone: Option<String>,
    phone_e164: Option<String>,
    email: Option<String>,
    birthday: Option<Value>,
    address: Option<String>,
    source: String,
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    cooperation_start: Option<NaiveDate>,
    cooperation_stage: Option<String>,
    annual_amount: Option<String>,
    contract_end: Option<NaiveDate>,
    core_products: Value,
    preferred_channel: Option<String>,
    lifecycle_stage: Option<String>,
    churn_risk: Option<String>,
    last_activity_at: Option<DateTime<Utc>>,
    tags: Vec<String>,
    custom: Value,
    note: Option<String>,
    external_ids: Vec<Link>,
    masked: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Link {
    system: String,
    id: String,
}

type Line = <Db as Database>::Row;

/// A customer by its columns in order.
pub fn customer(row: &Line) -> Result<Customer, sqlx::Error> {
    Ok(Customer {
        id: row.try_get(0)?,
        number: row.try_get(1)?,
        kind: row.try_get(2)?,
        name: row.try_get(3)?,
        name_key: row.try_get(4)?,
        industry: row.try_get(5)?,
        phone: row.try_get(6)?,
        phone_key: row.try_get(7)?,
        email: row.try_get(8)?,
        email_key: row.try_get(9)?,
        address: row.try_get(10)?,
        source: row.try_get(11)?,
        owner_id: row.try_get(12)?,
        department_id: row.try_get(13)?,
        note: row.try_get(14)?,
        firm_key: row.try_get(15)?,
        birthday_calendar: row.try_get(16)?,
        birthday_year: row.try_get(17)?,
        birthday_month: row.try_get(18)?,
        birthday_day: row.try_get(19)?,
        birthday_leap: row.try_get(20)?,
        cooperation_start: row.try_get(21)?,
        cooperation_stage: row.try_get(22)?,
        annual_amount: row.try_get(23)?,
        contract_end: row.try_get(24)?,
        core_products: row.try_get(25)?,
        preferred_channel: row.try_get(26)?,
        lifecycle_stage: row.try_get(27)?,
        last_activity_at: row.try_get(28)?,
        custom: row.try_get(29)?,
        search: row.try_get(30)?,
        merged_into: row.try_get(31)?,
        created_at: row.try_get(32)?,
        updated_at: row.try_get(33)?,
        version: row.try_get(34)?,
    })
}

/// A customer with its tags and external ids.
pub fn shown(line: &Line) -> Result<Shown, sqlx::Error> {
    let row = customer(line)?;
    let tags: Option<Json<Vec<String>>> = line.try_get(35)?;
    let links: Option<Json<Vec<(String, String)>>> = line.try_get(36)?;
    let links = links.map(|links| links.0).unwrap_or_default();
    Ok(Shown {
        id: row.id,
        number: row.number,
        kind: row.kind,
        name: row.name,
        industry: row.industry,
        phone: row.phone,
        phone_e164: row.phone_key,
        email: row.email,
        birthday: None,
        address: row.address,
        source: row.source,
        owner_id: row.owner_id,
        department_id: row.department_id,
        cooperation_start: row.cooperation_start,
        cooperation_stage: row.cooperation_stage,
        annual_amount: row.annual_amount.map(|amount| Money::from_minor(amount).to_string()),
        contract_end: row.contract_end,
        core_products: row.core_products,
        preferred_channel: row.preferred_channel,
        lifecycle_stage: row.lifecycle_stage,
        churn_risk: line.try_get(37)?,
        last_activity_at: row.last_activity_at,
        tags: tags.map(|tags| tags.0).unwrap_or_default(),
        custom: row.custom,
        note: row.note,
        external_ids: links.into_iter().map(|(system, id)| Link { system, id }).collect(),
        masked: false,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
