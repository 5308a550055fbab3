use std::collections::BTreeSet;

use actix_web::{get, post, put, web};
use huiyin_domain::audit::PersonalField;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::birthday::ShownBirthday;
use crate::http::support::enums::PersonalFieldSchema;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::draft::birthday_of;
use crate::usecases::customers::protection::{Protection, protect, protection};
use crate::usecases::customers::reveal::reveal;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_protected_fields).service(put_protected_fields).service(reveal_customer);
}

/// The fields whose edits by agents wait for approval (受保护字段).
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ProtectedFields {
    /// Names of a customer's fields; custom fields as `custom.<key>`, those of contacts as `contact.<field>`.
    #[schema(max_items = 200, example = json!(["name", "phone", "email", "owner_id", "department_id", "annual_amount", "contact.phone", "contact.email"]))]
    fields: BTreeSet<ProtectableField>,
}

/// The name of a field that can be protected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(example = "annual_amount", pattern = "@protectable")]
struct ProtectableField(String);

fn shown(protection: Protection) -> Versioned<ProtectedFields> {
    let fields = protection.fields.0.into_iter().map(ProtectableField).collect();
    Versioned::ok(ProtectedFields { fields }, protection.version)
}

/// Read which fields are protected
#[utoipa::path(tag = "customers", operation_id = "get_protected_fields", security(("bearer" = [])),
    responses((status = 200, description = "The protected fields", body = ProtectedFields, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/customers/protected-fields")]
async fn get_protected_fields(
    _can: Can<may::CustomersRead>,
    app: web::Data<App>,
) -> ApiResult<Versioned<ProtectedFields>> {
    Ok(shown(protection(&app.db).await?))
}

/// Say which fields are protected
///
/// Takes the place of what was protected before; requests that wait already go on waiting.
#[utoipa::path(tag = "customers", operation_id = "put_protected_fields", request_body = ProtectedFields, security(("bearer" = [])),
    responses((status = 200, description = "The protected fields", body = ProtectedFields, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:configure"))))]
#[put("/customers/protected-fields")]
async fn put_protected_fields(
    can: Can<may::CustomersConfigure>,
    app: web::Data<App>,
    body: Body<ProtectedFields>,
) -> ApiResult<Versioned<ProtectedFields>> {
    let fields = body.0.fields.into_iter().map(|field| field.0).collect();
    Ok(shown(protect(&app, &can.command()?, fields).await?))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// What is to be shown.
    #[schema(value_type = Vec<PersonalFieldSchema>, min_items = 1, max_items = 4, example = json!(["phone"]))]
    pub fields: BTreeSet<PersonalField>,
    /// Why; it stands in the audit log.
    #[schema(min_length = 2, max_length = 500, pattern = "@prose", example = "客户来电，需核对号码")]
    pub reason: String,
}

/// Personal data of a customer, unmasked; only what was asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Revealed {
    customer_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "138 0013 8000")]
    phone: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "zhang.wei@example.com")]
    email: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ShownBirthday>)]
    birthday: Option<Option<ShownBirthday>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "上海市浦东新区世纪大道 1 号")]
    address: Option<Option<String>>,
}

/// Show masked data
///
/// For a stated reason, and written into the audit log each time, a repeated request too. 60 times an hour and user at most:
/// 429 `reveal_limit` beyond.
#[utoipa::path(tag = "customers", operation_id = "reveal_customer", params(("id" = Uuid, Path, description = "The customer")),
    request_body = Reveal, security(("bearer" = [])),
    responses((status = 200, description = "The data", body = Revealed)),
    extensions(("x-permission" = json!("personal_data:reveal")), ("x-errors" = json!(["customer_not_found", "reveal_limit"]))))]
#[post("/customers/{id}/reveal")]
async fn reveal_customer(
    can: Can<may::PersonalDataReveal>,
    app: web::Data<App>,
    id: Id,
    body: Body<Reveal>,
) -> ApiResult<web::Json<Revealed>> {
    let Reveal { fields, reason } = body.0;
    let names: Vec<PersonalField> = fields.iter().copied().collect();
    let customer = reveal(&app, &can.command()?, id.0, &names, reason).await?;
    let today = app.local_date(can.now);
    let birthday = birthday_of(&customer).map(|birthday| ShownBirthday::of(birthday, true, today));
    let wanted = |field: PersonalField| fields.contains(&field);
    Ok(web::Json(Revealed {
        customer_id: customer.id,
        birthday: wanted(PersonalField::Birthday).then_some(birthday),
        phone: wanted(PersonalField::Phone).then_some(customer.phone),
        email: wanted(PersonalField::Email).then_some(customer.email),
        address: wanted(PersonalField::Address).then_some(customer.address),
    }))
}
