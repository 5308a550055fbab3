//! The fields of a profile by their names in JSON: read one, take one over, leave some out.

use huiyin_domain::customers::Changes;
use huiyin_domain::money::Money;
use huiyin_persistence::customers::profiles::Customer;
use huiyin_persistence::support::to_json;
use serde_json::{Map, Value, json};

use super::draft::{Profile, birthday_of, set_name};
use crate::usecases::support::{Error, Result};

const CUSTOM: &str = "custom.";

/// The value of a field as it stands in the customer's body.
pub fn value(customer: &Customer, field: &str) -> Result<Value> {
    if let Some(key) = field.strip_prefix(CUSTOM) {
        return Ok(customer.custom.get(key).cloned().unwrap_or_default());
    }
    Ok(match field {
        "kind" => json!(customer.kind),
        "name" => json!(customer.name),
        "industry" => json!(customer.industry),
        "phone" => json!(customer.phone),
        "email" => json!(customer.email),
        "birthday" => to_json(&birthday_of(customer))?,
        "address" => json!(customer.address),
        "source" => json!(customer.source),
        "owner_id" => json!(customer.owner_id),
        "department_id" => json!(customer.department_id),
        "cooperation_start" => json!(customer.cooperation_start),
        "cooperation_stage" => json!(customer.cooperation_stage),
        "annual_amount" => to_json(&customer.annual_amount.map(Money::from_minor))?,
        "contract_end" => json!(customer.contract_end),
        "core_products" => customer.core_products.clone(),
        "preferred_channel" => json!(customer.preferred_channel),
        "note" => json!(customer.note),
        other => return Err(Error::broken("field of a customer", other)),
    })
}

/// What a request asks for, as the edit that does it.
pub fn requested(changes: &Changes) -> Result<Profile> {
    let mut body = Map::new();
    let mut custom = Map::new();
    for (field, change) in changes {
        match field.strip_prefix(CUSTOM) {
            Some(key) => custom.insert(key.to_owned(), change.to.clone()),
            None => body.insert(field.clone(), change.to.clone()),
        };
    }
    if !custom.is_empty() {
        body.insert("custom".to_owned(), Value::Object(custom));
    }
    serde_json::from_value(Value::Object(body)).map_err(|error| Error::broken("change request", error))
}

/// Whether an edit says something of this personal field.
pub fn says(profile: &Profile, field: &str) -> bool {
    match field {
        "phone" => profile.phone.is_some(),
        "email" => profile.email.is_some(),
        "birthday" => profile.birthday.is_some(),
        "address" => profile.address.is_some(),
        _ => false,
    }
}

/// An edit without some of its fields.
pub fn without(profile: &Profile, fields: &[String]) -> Result<Profile> {
    let mut body = to_json(profile)?;
    for field in fields {
        match field.strip_prefix(CUSTOM) {
            Some(key) => body["custom"].as_object_mut().map(|custom| custom.remove(key)),
            None => body.as_object_mut().map(|body| body.remove(field)),
        };
    }
    serde_json::from_value(body).map_err(|error| Error::broken("profile", error))
}

/// Takes the value of a field over from another customer, with all that follows from it. Nothing is checked: it has
/// been valid there.
pub fn take_over(into: &mut Customer, from: &Customer, field: &str) {
    match field {
        "kind" => into.kind.clone_from(&from.kind),
        "name" => into.name.clone_from(&from.name),
        "industry" => into.industry.clone_from(&from.industry),
        "phone" => (into.phone, into.phone_key) = (from.phone.clone(), from.phone_key.clone()),
        "email" => (into.email, into.email_key) = (from.email.clone(), from.email_key.clone()),
        "birthday" => {
            into.birthday_calendar.clone_from(&from.birthday_calendar);
            (into.birthday_year, into.birthday_month) = (from.birthday_year, from.birthday_month);
            (into.birthday_day, into.birthday_leap) = (from.birthday_day, from.birthday_leap);
        }
        "address" => into.address.clone_from(&from.address),
        "source" => into.source.clone_from(&from.source),
        "owner_id" => into.owner_id = from.owner_id,
        "department_id" => into.department_id = from.department_id,
        "cooperation_start" => into.cooperation_start = from.cooperation_start,
        "cooperation_stage" => into.cooperation_stage.clone_from(&from.cooperation_stage),
        "annual_amount" => into.annual_amount = from.annual_amount,
        "contract_end" => into.contract_end = from.contract_end,
        "core_products" => into.core_products.clone_from(&from.core_products),
        "preferred_channel" => into.preferred_channel.clone_from(&from.preferred_channel),
        "note" => into.note.clone_from(&from.note),
        _ => {}
    }
    if matches!(field, "kind" | "name") {
        let name = into.name.clone();
        set_name(into, &name);
    }
}
