//! What is said about a customer, laid over what is known.

use chrono::NaiveDate;
use huiyin_domain::customers::{
    Birthday, BirthdayFault, CooperationStage, CustomField, CustomerKind, Email, Phone, PreferredChannel,
    custom_faults, firm_key, normalise_name, search_text,
};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::money::Money;
use huiyin_domain::tiering::LifecycleStage;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::support::new_id;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::usecases::support::{Command, Error, Result};

/// What may be said about a customer. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<CustomerKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub industry: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub email: Option<Option<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Option<Birthday>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub address: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub department_id: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub cooperation_start: Option<Option<NaiveDate>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub cooperation_stage: Option<Option<CooperationStage>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub annual_amount: Option<Option<Money>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub contract_end: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_products: Option<Vec<String>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<Option<PreferredChannel>>,
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub note: Option<Option<String>>,
    /// All tags that the customer will have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Values of custom fields; null clears one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Map<String, Value>>,
}

/// Tells `null` from absent.
pub fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A customer of whom nothing is known yet.
pub fn blank(command: &Command) -> Customer {
    Customer {
        id: new_id(command.now),
        number: String::new(),
        kind: CustomerKind::Enterprise.to_string(),
        name: String::new(),
        name_key: String::new(),
        industry: None,
        phone: None,
        phone_key: None,
        email: None,
        email_key: None,
        address: None,
        source: "api".to_owned(),
        owner_id: None,
        department_id: None,
        note: None,
        firm_key: None,
        birthday_calendar: None,
        birthday_year: None,
        birthday_month: None,
        birthday_day: None,
        birthday_leap: false,
        cooperation_start: None,
        cooperation_stage: None,
        annual_amount: None,
        contract_end: None,
        core_products: Value::Array(Vec::new()),
        preferred_channel: None,
        // Everybody begins so; whom a contract or orders put elsewhere is moved soon after.
        lifecycle_stage: Some(LifecycleStage::New.to_string()),
        last_activity_at: None,
        custom: Value::Object(Map::new()),
        search: String::new(),
        merged_into: None,
        created_at: command.now,
        updated_at: command.now,
        version: 1,
    }
}

/// Sets name and kind with everything that follows from them.
pub fn set_name(customer: &mut Customer, name: &str) {
    customer.name = name.trim().to_owned();
    customer.name_key = normalise_name(name);
    customer.search = search_text(name);
    customer.firm_key = if customer.kind == CustomerKind::Enterprise.as_str() { firm_key(name) } else { None };
}

/// The stored birthday, if there is one.
pub fn birthday_of(customer: &Customer) -> Option<Birthday> {
    Some(Birthday {
        calendar: customer.birthday_calendar.as_deref()?.parse().ok()?,
        year: customer.birthday_year,
        month: u32::try_from(customer.birthday_month?).ok()?,
        day: u32::try_from(customer.birthday_day?).ok()?,
        leap_month: customer.birthday_leap,
    })
}

fn set_birthday(customer: &mut Customer, birthday: Option<Birthday>) {
    customer.birthday_calendar = birthday.map(|birthday| birthday.calendar.to_string());
    customer.birthday_year = birthday.and_then(|birthday| birthday.year);
    customer.birthday_month = birthday.and_then(|birthday| i32::try_from(birthday.month).ok());
    customer.birthday_day = birthday.and_then(|birthday| i32::try_from(birthday.day).ok());
    customer.birthday_leap = birthday.is_some_and(|birthday| birthday.leap_month);
}

/// The sentence for a day that there is not.
pub fn birthday_fault(fault: BirthdayFault) -> Fault {
    let reason = match fault {
        BirthdayFault::LeapMonthOfSolar => "公历没有闰月 (no leap months in the solar calendar)".to_owned(),
        BirthdayFault::Year => "1900–2100".to_owned(),
        BirthdayFault::Month => "1–12".to_owned(),
        BirthdayFault::NoSuchLeapMonth => "该年没有这个闰月 (that year has no such leap month)".to_owned(),
        BirthdayFault::Day { last } => format!("该月只有 {last} 天 (the month has {last} days)"),
    };
    Fault::new(Code::BirthdayInvalid).with("reason", reason)
}

/// Lays what is said over what is known; contact data is kept as entered and as it is matched. `fields` are the
/// custom fields in use, and `complete` whether those that are required must all be there.
pub fn merge(
    mut customer: Customer,
    profile: Profile,
    fields: &[CustomField],
    complete: bool,
) -> Result<Customer, Vec<Fault>> {
    let mut faults = Vec::new();
    if let Some(kind) = profile.kind {
        customer.kind = kind.to_string();
    }
    if profile.kind.is_some() || profile.name.is_some() {
        let name = profile.name.unwrap_or_else(|| customer.name.clone());
        set_name(&mut customer, &name);
    }
    if let Some(phone) = profile.phone {
        let key = phone.as_deref().map(Phone::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::PhoneInvalid).at("/phone"));
        }
        customer.phone_key = key.flatten().map(|phone| phone.to_string());
        customer.phone = phone.map(|text| text.trim().to_owned());
    }
    if let Some(email) = profile.email {
        let key = email.as_deref().map(Email::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::InvalidFormat).at("/email").with("expected", "email"));
        }
        customer.email_key = key.flatten().map(|email| email.to_string());
        customer.email = email.map(|text| text.trim().to_owned());
    }
    if let Some(birthday) = profile.birthday {
        faults.extend(birthday.and_then(|day| day.fault()).map(|fault| birthday_fault(fault).at("/birthday")));
        set_birthday(&mut customer, birthday);
    }
    for (target, value) in [
        (&mut customer.industry, profile.industry),
        (&mut customer.address, profile.address),
        (&mut customer.note, profile.note),
        (&mut customer.cooperation_stage, profile.cooperation_stage.map(|stage| stage.map(|stage| stage.to_string()))),
        (&mut customer.preferred_channel, profile.preferred_channel.map(|one| one.map(|one| one.to_string()))),
    ] {
        if let Some(value) = value {
            *target = value;
        }
    }
    customer.source = profile.source.unwrap_or(customer.source);
    customer.owner_id = profile.owner_id.unwrap_or(customer.owner_id);
    customer.department_id = profile.department_id.unwrap_or(customer.department_id);
    customer.cooperation_start = profile.cooperation_start.unwrap_or(customer.cooperation_start);
    customer.contract_end = profile.contract_end.unwrap_or(customer.contract_end);
    customer.annual_amount = profile.annual_amount.map_or(customer.annual_amount, |amount| amount.map(Money::minor));
    if let Some(products) = profile.core_products {
        customer.core_products = Value::from(unique(products));
    }
    let given = profile.custom.unwrap_or_default();
    let mut all = customer.custom.as_object().cloned().unwrap_or_default();
    for (key, value) in &given {
        match value {
            Value::Null => all.remove(key),
            value => all.insert(key.clone(), value.clone()),
        };
    }
    faults.extend(custom_faults(fields, &given, &all, complete));
    customer.custom = Value::Object(all);
    if faults.is_empty() { Ok(customer) } else { Err(faults) }
}

/// Trimmed, each once, in the order given.
pub fn unique(texts: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        if !kept.iter().any(|known| known == text) {
            kept.push(text.to_owned());
        }
    }
    kept
}

/// The custom fields that a profile is held against; none are read where none can matter.
pub async fn fields_for(tx: &Tx, profile: &Profile, complete: bool) -> Result<Vec<CustomField>> {
    if complete || profile.custom.is_some() { Ok(custom_fields::active(tx).await?) } else { Ok(Vec::new()) }
}

/// Owner and department must be there.
pub async fn check_references(tx: &Tx, customer: &Customer) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(owner) = customer.owner_id
        && users::active(tx, owner).await?.is_none()
    {
        faults.push(Fault::new(Code::UserNotFound).at("/owner_id"));
    }
    if let Some(department) = customer.department_id
        && departments::find(tx, department).await?.is_none()
    {
        faults.push(Fault::new(Code::DepartmentNotFound).at("/department_id"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

/// The fields in which two states of a customer differ, by their names in JSON; custom fields as `custom.key`.
pub fn changed_fields(before: &Customer, after: &Customer) -> Vec<String> {
    let changes = [
        ("kind", before.kind != after.kind),
        ("name", before.name != after.name),
        ("industry", before.industry != after.industry),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("birthday", birthday_of(before) != birthday_of(after)),
        ("address", before.address != after.address),
        ("source", before.source != after.source),
        ("owner_id", before.owner_id != after.owner_id),
        ("department_id", before.department_id != after.department_id),
        ("cooperation_start", before.cooperation_start != after.cooperation_start),
        ("cooperation_stage", before.cooperation_stage != after.cooperation_stage),
        ("annual_amount", before.annual_amount != after.annual_amount),
        ("contract_end", before.contract_end != after.contract_end),
        ("core_products", before.core_products != after.core_products),
        ("preferred_channel", before.preferred_channel != after.preferred_channel),
        ("note", before.note != after.note),
    ];
    let mut changed: Vec<String> =
        changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect();
    let custom = |customer: &Customer| customer.custom.as_object().cloned().unwrap_or_default();
    let (old, new) = (custom(before), custom(after));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    changed.extend(keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).map(|key| format!("custom.{key}")));
    changed
}
