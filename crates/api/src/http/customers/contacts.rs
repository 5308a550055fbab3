use actix_web::{Either, HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::audit::PersonalField;
use huiyin_domain::customers::{Birthday, mask_email, mask_phone};
use huiyin_domain::fault::Code;
use huiyin_persistence::customers::contacts::{self, Contact as Stored};
use huiyin_persistence::customers::profiles;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::birthday::{BirthdayInput, ShownBirthday};
use super::changes::ChangeRequest;
use super::protection::Reveal;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::contact_changes::Edited;
use crate::usecases::customers::contacts::{Person, birthday_of, create, delete as remove, update};
use crate::usecases::customers::reveal::reveal_contact as show;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_contact)
        .service(list_contacts)
        .service(get_contact)
        .service(update_contact)
        .service(reveal_contact)
        .service(delete_contact);
}

/// A person at a customer (联系人). Phone, mail and birthday are masked as the customer's are.
#[derive(Debug, Serialize, ToSchema)]
pub struct Contact {
    id: Uuid,
    customer_id: Uuid,
    #[schema(example = "王芳")]
    name: String,
    #[schema(example = "采购经理")]
    position: Option<String>,
    /// As entered; `phone_e164` is what it is matched by.
    #[schema(example = "138****8000")]
    phone: Option<String>,
    /// The phone in E.164; `null` where it is masked, or no phone of that form.
    #[schema(example = "+8613800138000")]
    phone_e164: Option<String>,
    #[schema(example = "w****@example.com")]
    email: Option<String>,
    birthday: Option<ShownBirthday>,
    /// Whom one asks first; one contact of a customer at most.
    is_primary: bool,
    note: Option<String>,
    /// Whether personal data is masked in this answer.
    masked: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Contact {
    /// `clear`: whether the reader sees the customer's personal data; `today` is the local date.
    pub fn of(row: Stored, clear: bool, today: NaiveDate) -> Self {
        let shown =
            |text: Option<String>, mask: fn(&str) -> String| text.map(|text| if clear { text } else { mask(&text) });
        let birthday = birthday_of(&row).map(|birthday| ShownBirthday::of(birthday, clear, today));
        let phone = if clear { row.phone } else { row.phone_key.clone() };
        Contact {
            id: row.id,
            customer_id: row.customer_id,
            name: row.name,
            position: row.position,
            phone: shown(phone, mask_phone),
            phone_e164: row.phone_key.filter(|key| clear && key.starts_with('+')),
            email: shown(row.email, mask_email),
            birthday,
            is_primary: row.is_primary,
            note: row.note,
            masked: !clear,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(ContactPage, Contact);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateContact {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "王芳")]
    name: String,
    #[schema(max_length = 500, example = "采购经理")]
    position: Option<String>,
    /// Any usual spelling; kept as entered, matched in E.164.
    #[schema(max_length = 50, pattern = "@phone", example = "138 0013 8000")]
    phone: Option<String>,
    #[schema(max_length = 254, pattern = "@email", example = "wang.fang@example.com")]
    email: Option<String>,
    birthday: Option<BirthdayInput>,
    /// Another primary contact of the customer is it no more.
    #[schema(nullable = false)]
    is_primary: Option<bool>,
    #[schema(max_length = 10000)]
    note: Option<String>,
}

/// Fields that are absent stay; those that are null are cleared, where a contact can be without them.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchContact {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "王芳")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500, example = "采购经理")]
    position: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50, pattern = "@phone", example = "138 0013 8000")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = "@email", example = "wang.fang@example.com")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<BirthdayInput>)]
    birthday: Option<Option<BirthdayInput>>,
    #[schema(nullable = false)]
    is_primary: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    note: Option<Option<String>>,
}

/// A contact as this reader sees it: as much as of its customer.
async fn shown<P>(app: &App, row: Stored, can: &Can<P>) -> ApiResult<Contact> {
    let customer = profiles::find(&app.db, can.scope(), row.customer_id).await?.ok_or(Code::ContactNotFound)?;
    let clear = can.actor.sees_personal_data(customer.owner_id, customer.department_id);
    Ok(Contact::of(row, clear, app.local_date(can.now)))
}

/// Add a contact
#[utoipa::path(tag = "contacts", operation_id = "create_contact", params(("id" = Uuid, Path, description = "The customer")),
    request_body = CreateContact, security(("bearer" = [])),
    responses((status = 201, description = "The contact", body = Contact, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the contact")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "phone_invalid", "birthday_invalid"]))))]
#[post("/customers/{id}/contacts")]
async fn create_contact(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<CreateContact>,
) -> ApiResult<Versioned<Contact>> {
    let body = body.0;
    let person = Person {
        name: Some(body.name),
        position: Some(body.position),
        phone: Some(body.phone),
        email: Some(body.email),
        birthday: Some(body.birthday.map(Birthday::from)),
        is_primary: body.is_primary,
        note: Some(body.note),
    };
    let row = create(&app, &can.command()?, id.0, person).await?;
    let (version, location) = (row.version, format!("/api/v1/contacts/{}", row.id));
    Ok(Versioned::created(shown(&app, row, &can).await?, version, location))
}

/// List the contacts of a customer
#[utoipa::path(tag = "contacts", operation_id = "list_contacts", params(("id" = Uuid, Path, description = "The customer"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of contacts", body = ContactPage)),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/contacts")]
async fn list_contacts(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<ContactPage>> {
    let page = params.0.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let clear = can.actor.sees_personal_data(customer.owner_id, customer.department_id);
    let today = app.local_date(can.now);
    let page = contacts::list(&app.db, customer.id, page).await?;
    Ok(web::Json(page.map(|row| Contact::of(row, clear, today)).into()))
}

/// Read a contact
#[utoipa::path(tag = "contacts", operation_id = "get_contact", params(("id" = Uuid, Path, description = "The contact")), security(("bearer" = [])),
    responses((status = 200, description = "The contact", body = Contact, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["contact_not_found"]))))]
#[get("/contacts/{id}")]
async fn get_contact(can: Can<may::CustomersRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Contact>> {
    let row = contacts::find(&app.db, can.scope(), id.0).await?.ok_or(Code::ContactNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, row, &can).await?, version))
}

/// Change a contact
///
/// Merge semantics: absent fields stay, null clears. Where an agent edits what is protected of contacts, that waits for
/// approval (202), and the rest is changed at once.
#[utoipa::path(tag = "contacts", operation_id = "update_contact", params(("id" = Uuid, Path, description = "The contact")),
    request_body = PatchContact, security(("bearer" = [])),
    responses(
        (status = 200, description = "The contact", body = Contact, headers(("ETag" = String, description = "Version"))),
        (status = 202, description = "Protected fields wait for approval; the others are changed", body = ChangeRequest, headers(("Location" = String, description = "Address of the change request")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["contact_not_found", "change_request_pending", "phone_invalid", "birthday_invalid"]))))]
#[patch("/contacts/{id}")]
async fn update_contact(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchContact>,
) -> ApiResult<Either<Versioned<Contact>, HttpResponse>> {
    let Body(PatchContact { name, position, phone, email, birthday, is_primary, note }) = body;
    let birthday = birthday.map(|birthday| birthday.map(Birthday::from));
    let person = Person { name, position, phone, email, birthday, is_primary, note };
    Ok(match update(&app, &can.command()?, id.0, person).await? {
        Edited::Done(row) => {
            let version = row.version;
            Either::Left(Versioned::ok(shown(&app, *row, &can).await?, version))
        }
        Edited::Waits(asked) => Either::Right(ChangeRequest::accepted(*asked, &can.actor)?),
    })
}

/// Personal data of a contact, unmasked; only what was asked for.
#[derive(Debug, Serialize, ToSchema)]
struct RevealedContact {
    contact_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "138 0013 8000")]
    phone: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "wang.fang@example.com")]
    email: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ShownBirthday>)]
    birthday: Option<Option<ShownBirthday>>,
}

/// Show masked data of a contact
///
/// As of a customer: for a stated reason, in the audit log each time, within the same limit. A contact has no address.
#[utoipa::path(tag = "contacts", operation_id = "reveal_contact", params(("id" = Uuid, Path, description = "The contact")),
    request_body = Reveal, security(("bearer" = [])),
    responses((status = 200, description = "The data", body = RevealedContact)),
    extensions(("x-permission" = json!("personal_data:reveal")), ("x-errors" = json!(["contact_not_found", "reveal_limit"]))))]
#[post("/contacts/{id}/reveal")]
async fn reveal_contact(
    can: Can<may::PersonalDataReveal>,
    app: web::Data<App>,
    id: Id,
    body: Body<Reveal>,
) -> ApiResult<web::Json<RevealedContact>> {
    let Reveal { fields, reason } = body.0;
    let names: Vec<PersonalField> = fields.iter().copied().collect();
    let row = show(&app, &can.command()?, id.0, &names, reason).await?;
    let today = app.local_date(can.now);
    let birthday = birthday_of(&row).map(|birthday| ShownBirthday::of(birthday, true, today));
    let wanted = |field: PersonalField| fields.contains(&field);
    Ok(web::Json(RevealedContact {
        contact_id: row.id,
        birthday: wanted(PersonalField::Birthday).then_some(birthday),
        phone: wanted(PersonalField::Phone).then_some(row.phone),
        email: wanted(PersonalField::Email).then_some(row.email),
    }))
}

/// Remove a contact
#[utoipa::path(tag = "contacts", operation_id = "delete_contact", params(("id" = Uuid, Path, description = "The contact")), security(("bearer" = [])),
    responses((status = 204, description = "Removed")),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["contact_not_found", "version_conflict"]))))]
#[delete("/contacts/{id}")]
async fn delete_contact(can: Can<may::CustomersWrite>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    remove(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
