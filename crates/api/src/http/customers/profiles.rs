use actix_web::{Either, HttpResponse, get, patch, post, put, web};
use huiyin_domain::customers::{Email, Phone, normalise_name};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Scope;
use huiyin_persistence::customers::profiles::{self, Customer as Stored, Filter, Known};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::{CreateCustomer, Customer, CustomerPage, ExternalId, PatchCustomer, Tag};
use super::changes::ChangeRequest;
use crate::http::support::input::ExternalKey;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::changes::Edited;
use crate::usecases::customers::draft::Profile;
use crate::usecases::customers::profiles::{change_tags, create, put_by_external, update};

pub fn routes(config: &mut ServiceConfig) {
    // The fixed path before the one with an id.
    config
        .service(get_customer)
        .service(list_customers)
        .service(create_customer)
        .service(get_customer_by_external_id)
        .service(put_customer_by_external_id)
        .service(update_customer)
        .service(change_customer_tags);
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CustomerParams {
    /// Customers of this owner.
    owner_id: Option<Uuid>,
    /// Customers of this department.
    department_id: Option<Uuid>,
    /// Exactly this phone, in any spelling. Only for those who see it unmasked.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    phone: Option<String>,
    /// Exactly this mail address. Only for those who see it unmasked.
    #[schema(max_length = 254)]
    #[param(max_length = 254)]
    email: Option<String>,
    /// Exactly this name, whatever its case, width and spaces.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    name: Option<String>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Changes of tags.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TagChange {
    #[schema(nullable = false, max_items = 100)]
    add: Option<Vec<Tag>>,
    #[schema(nullable = false, max_items = 100)]
    remove: Option<Vec<Tag>>,
}

/// What has just been written, as its writer sees it: whoever gives a customer away sees it once more.
pub async fn shown<P>(app: &App, can: &Can<P>, row: Stored) -> ApiResult<Customer> {
    let known = profiles::show(&app.db, Scope::All, row.id).await?.ok_or(Code::CustomerNotFound)?;
    Ok(Customer::of(Known { customer: row, ..known }, &can.actor, app.local_date(can.now)))
}

/// The customer as it is now, or the change request for what has to wait.
type Outcome = Either<Versioned<Customer>, HttpResponse>;

async fn outcome<P>(app: &App, can: &Can<P>, edited: Edited) -> ApiResult<Outcome> {
    Ok(match edited {
        Edited::Done(row) => {
            let version = row.version;
            Either::Left(Versioned::ok(shown(app, can, *row).await?, version))
        }
        Edited::Waits(asked) => Either::Right(ChangeRequest::accepted(*asked, &can.actor)?),
    })
}

/// List customers
#[utoipa::path(tag = "customers", operation_id = "list_customers", params(CustomerParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of customers within reach", body = CustomerPage)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/customers")]
async fn list_customers(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    params: Params<CustomerParams>,
) -> ApiResult<web::Json<CustomerPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    // A filter by what is masked would tell it after all; a text that is no phone at all matches nobody.
    let by_contact = params.phone.is_some() || params.email.is_some();
    let unmasked = can.actor.personal_data_scope();
    let clear = |key: Option<String>| key.filter(|_| unmasked.is_some()).or(Some(String::new()));
    let filter = Filter {
        owner_id: params.owner_id,
        department_id: params.department_id,
        phone_key: params.phone.and_then(|text| clear(Phone::parse(&text).map(|phone| phone.to_string()))),
        email_key: params.email.and_then(|text| clear(Email::parse(&text).map(|email| email.to_string()))),
        name_key: params.name.map(|text| normalise_name(&text)),
        within: unmasked.filter(|_| by_contact),
    };
    let page = profiles::list(&app.db, can.scope(), filter, page).await?;
    let today = app.local_date(can.now);
    let page = page.map(|known| Customer::of(known, &can.actor, today));
    Ok(web::Json(page.into()))
}

/// Create a customer
#[utoipa::path(tag = "customers", operation_id = "create_customer", request_body = CreateCustomer, security(("bearer" = [])),
    responses((status = 201, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the customer")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["user_not_found", "department_not_found", "external_id_taken", "phone_invalid", "birthday_invalid", "custom_field_unknown", "custom_field_required", "custom_field_invalid"]))))]
#[post("/customers")]
async fn create_customer(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    body: Body<CreateCustomer>,
) -> ApiResult<Versioned<Customer>> {
    let mut body = body.0;
    let external = body.external_ids.take().unwrap_or_default().into_iter().map(ExternalId::into_pair).collect();
    let profile = Profile::try_from(body)?;
    let row = create(&app, &can.command()?, profile, external).await?;
    let (version, location) = (row.version, format!("/api/v1/customers/{}", row.id));
    Ok(Versioned::created(shown(&app, &can, row).await?, version, location))
}

/// Read a customer
#[utoipa::path(tag = "customers", operation_id = "get_customer", params(("id" = Uuid, Path, description = "The customer")), security(("bearer" = [])),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}")]
async fn get_customer(can: Can<may::CustomersRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Customer>> {
    let known = profiles::show(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let version = known.customer.version;
    Ok(Versioned::ok(Customer::of(known, &can.actor, app.local_date(can.now)), version))
}

/// Change a customer
///
/// Merge semantics: absent fields stay, null clears. Where protected fields are among them and somebody else decides on those
/// (for an agent: a manager of the department), they wait as a change request: 202. Everything else is done at once.
#[utoipa::path(tag = "customers", operation_id = "update_customer", params(("id" = Uuid, Path, description = "The customer")),
    request_body = PatchCustomer, security(("bearer" = [])),
    responses(
        (status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version"))),
        (status = 202, description = "Protected fields wait for approval; the others are changed", body = ChangeRequest, headers(("Location" = String, description = "Address of the change request")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "change_request_pending", "user_not_found", "department_not_found", "phone_invalid", "birthday_invalid", "custom_field_unknown", "custom_field_required", "custom_field_invalid"]))))]
#[patch("/customers/{id}")]
async fn update_customer(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchCustomer>,
) -> ApiResult<Outcome> {
    let edited = update(&app, &can.command()?, id.0, body.0.try_into()?).await?;
    outcome(&app, &can, edited).await
}

/// Change the tags of a customer
///
/// Puts some on and takes some off, whatever others the customer has; at most 100 in all.
#[utoipa::path(tag = "customers", operation_id = "change_customer_tags", params(("id" = Uuid, Path, description = "The customer")),
    request_body = TagChange, security(("bearer" = [])),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "too_many_tags"]))))]
#[post("/customers/{id}/tags")]
async fn change_customer_tags(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<TagChange>,
) -> ApiResult<Versioned<Customer>> {
    let texts = |tags: Option<Vec<Tag>>| tags.unwrap_or_default().into_iter().map(|tag| tag.0).collect();
    let TagChange { add, remove } = body.0;
    let row = change_tags(&app, &can.command()?, id.0, texts(add), texts(remove)).await?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, &can, row).await?, version))
}

/// Read the customer that another system calls so
#[utoipa::path(tag = "customers", operation_id = "get_customer_by_external_id", security(("bearer" = [])),
    params(ExternalKey),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/by-external-id/{system}/{id}")]
async fn get_customer_by_external_id(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    key: ExternalKey,
) -> ApiResult<Versioned<Customer>> {
    let ExternalKey { system, id } = key;
    let row = profiles::find_by_external(&app.db, can.scope(), &system, &id).await?.ok_or(Code::CustomerNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, &can, row).await?, version))
}

/// Create or update the customer that another system calls so
///
/// Merge semantics as in PATCH, protected fields as well; `name` is required where the customer is new (409 `name_required` otherwise).
#[utoipa::path(tag = "customers", operation_id = "put_customer_by_external_id", security(("bearer" = [])),
    params(ExternalKey),
    request_body = PatchCustomer,
    responses(
        (status = 200, description = "Updated", body = Customer, headers(("ETag" = String, description = "Version"))),
        (status = 201, description = "Created", body = Customer, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the customer"))),
        (status = 202, description = "Protected fields wait for approval; the others are changed", body = ChangeRequest, headers(("Location" = String, description = "Address of the change request")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "user_not_found", "department_not_found", "name_required", "change_request_pending", "phone_invalid", "birthday_invalid", "custom_field_unknown", "custom_field_required", "custom_field_invalid"]))))]
#[put("/customers/by-external-id/{system}/{id}")]
async fn put_customer_by_external_id(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    key: ExternalKey,
    body: Body<PatchCustomer>,
) -> ApiResult<Outcome> {
    let ExternalKey { system, id } = key;
    match put_by_external(&app, &can.command()?, system, id, body.0.try_into()?).await? {
        (Edited::Done(row), true) => {
            let (version, location) = (row.version, format!("/api/v1/customers/{}", row.id));
            Ok(Either::Left(Versioned::created(shown(&app, &can, *row).await?, version, location)))
        }
        (edited, _) => outcome(&app, &can, edited).await,
    }
}
