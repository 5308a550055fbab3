use std::collections::HashMap;

use actix_web::{get, patch, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::{CustomerKind, Email, Phone, mask_email, mask_phone, normalise_name};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Actor;
use huiyin_persistence::customers::profiles::{self, Customer as Stored, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::CustomerKindSchema;
use crate::http::support::input::ExternalKey;
use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::profiles::{Profile, create, put_by_external, update};

pub fn routes(config: &mut ServiceConfig) {
    // The fixed path before the one with an id.
    config
        .service(get_customer)
        .service(list_customers)
        .service(create_customer)
        .service(get_customer_by_external_id)
        .service(put_customer_by_external_id)
        .service(update_customer);
}

/// What another system calls a customer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    #[schema(min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    system: String,
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "10086")]
    id: String,
}

impl ExternalId {
    pub fn into_pair(self) -> (String, String) {
        (self.system, self.id)
    }
}

/// A customer (客户). Phone and mail are masked for whoever has no need of them.
#[derive(Debug, Serialize, ToSchema)]
struct Customer {
    id: Uuid,
    /// The number people see.
    #[schema(example = "C000001")]
    number: String,
    #[schema(value_type = CustomerKindSchema)]
    kind: String,
    #[schema(example = "上海晨光贸易有限公司")]
    name: String,
    #[schema(example = "零售")]
    industry: Option<String>,
    #[schema(example = "138****8000")]
    phone: Option<String>,
    #[schema(example = "z****@example.com")]
    email: Option<String>,
    address: Option<String>,
    /// Where the customer came from.
    #[schema(example = "api")]
    source: String,
    /// The user who cares for the customer (客户经理).
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    note: Option<String>,
    external_ids: Vec<ExternalId>,
    /// Whether phone and mail are masked in this answer.
    masked: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Customer {
    fn of(row: Stored, external_ids: Vec<ExternalId>, reader: &Actor) -> Self {
        let clear = reader.sees_personal_data(row.owner_id, row.department_id);
        let shown =
            |text: Option<String>, mask: fn(&str) -> String| text.map(|text| if clear { text } else { mask(&text) });
        let phone = if clear { row.phone } else { row.phone_key };
        Customer {
            id: row.id,
            number: row.number,
            kind: row.kind,
            name: row.name,
            industry: row.industry,
            phone: shown(phone, mask_phone),
            email: shown(row.email, mask_email),
            address: row.address.filter(|_| clear),
            source: row.source,
            owner_id: row.owner_id,
            department_id: row.department_id,
            note: row.note,
            external_ids,
            masked: !clear,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(CustomerPage, Customer);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateCustomer {
    /// `enterprise` unless given.
    #[schema(value_type = Option<CustomerKindSchema>)]
    kind: Option<CustomerKind>,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "上海晨光贸易有限公司")]
    name: String,
    #[schema(max_length = 500, example = "零售")]
    industry: Option<String>,
    /// Any usual spelling; matched in its normalised form.
    #[schema(max_length = 50, pattern = "@phone", example = "138 0013 8000")]
    phone: Option<String>,
    #[schema(max_length = 254, pattern = "@email", example = "zhang.wei@example.com")]
    email: Option<String>,
    #[schema(max_length = 500, example = "上海市浦东新区世纪大道 1 号")]
    address: Option<String>,
    /// `api` unless given.
    #[schema(min_length = 1, max_length = 100, example = "exhibition")]
    source: Option<String>,
    owner_id: Option<Uuid>,
    /// The owner's unless given.
    department_id: Option<Uuid>,
    #[schema(max_length = 10000)]
    note: Option<String>,
    #[schema(max_items = 20)]
    external_ids: Option<Vec<ExternalId>>,
}

/// Fields that are absent stay; those that are null are cleared, where a customer can be without them.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchCustomer {
    #[schema(value_type = Option<CustomerKindSchema>, nullable = false)]
    kind: Option<CustomerKind>,
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "上海晨光贸易有限公司")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500, example = "零售")]
    industry: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50, pattern = "@phone", example = "138 0013 8000")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = "@email", example = "zhang.wei@example.com")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    address: Option<Option<String>>,
    #[schema(nullable = false, min_length = 1, max_length = 100, example = "exhibition")]
    source: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<Option<Uuid>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    note: Option<Option<String>>,
}

impl From<PatchCustomer> for Profile {
    fn from(body: PatchCustomer) -> Self {
        let PatchCustomer { kind, name, industry, phone, email, address, source, owner_id, department_id, note } = body;
        Profile { kind, name, industry, phone, email, address, source, owner_id, department_id, note }
    }
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

async fn shown(app: &App, row: Stored, reader: &Actor) -> ApiResult<Customer> {
    let links = profiles::external_ids(&app.db, &[row.id]).await?;
    let links = links.into_iter().map(|link| ExternalId { system: link.system, id: link.external_id }).collect();
    Ok(Customer::of(row, links, reader))
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
    let ids: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
    let mut links: HashMap<Uuid, Vec<ExternalId>> = HashMap::new();
    for link in profiles::external_ids(&app.db, &ids).await? {
        links.entry(link.customer_id).or_default().push(ExternalId { system: link.system, id: link.external_id });
    }
    let page = page.map(|row| {
        let external = links.remove(&row.id).unwrap_or_default();
        Customer::of(row, external, &can.actor)
    });
    Ok(web::Json(page.into()))
}

/// Create a customer
#[utoipa::path(tag = "customers", operation_id = "create_customer", request_body = CreateCustomer, security(("bearer" = [])),
    responses((status = 201, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the customer")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["user_not_found", "department_not_found", "external_id_taken"]))))]
#[post("/customers")]
async fn create_customer(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    body: Body<CreateCustomer>,
) -> ApiResult<Versioned<Customer>> {
    let body = body.0;
    let external = body.external_ids.unwrap_or_default().into_iter().map(ExternalId::into_pair).collect();
    let profile = Profile {
        kind: body.kind,
        name: Some(body.name),
        industry: body.industry.map(Some),
        phone: body.phone.map(Some),
        email: body.email.map(Some),
        address: body.address.map(Some),
        source: body.source,
        owner_id: body.owner_id.map(Some),
        department_id: body.department_id.map(Some),
        note: body.note.map(Some),
    };
    let row = create(&app, &can.command()?, profile, external).await?;
    let (version, location) = (row.version, format!("/api/v1/customers/{}", row.id));
    Ok(Versioned::created(shown(&app, row, &can.actor).await?, version, location))
}

/// Read a customer
#[utoipa::path(tag = "customers", operation_id = "get_customer", params(("id" = Uuid, Path, description = "The customer")), security(("bearer" = [])),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}")]
async fn get_customer(can: Can<may::CustomersRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Customer>> {
    let row = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, row, &can.actor).await?, version))
}

/// Change a customer
///
/// Merge semantics: absent fields stay, null clears.
#[utoipa::path(tag = "customers", operation_id = "update_customer", params(("id" = Uuid, Path, description = "The customer")),
    request_body = PatchCustomer, security(("bearer" = [])),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "user_not_found", "department_not_found"]))))]
#[patch("/customers/{id}")]
async fn update_customer(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchCustomer>,
) -> ApiResult<Versioned<Customer>> {
    let row = update(&app, &can.command()?, id.0, body.0.into()).await?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, row, &can.actor).await?, version))
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
    Ok(Versioned::ok(shown(&app, row, &can.actor).await?, version))
}

/// Create or update the customer that another system calls so
///
/// Merge semantics as in PATCH; `name` is required where the customer is new (409 `name_required` otherwise).
#[utoipa::path(tag = "customers", operation_id = "put_customer_by_external_id", security(("bearer" = [])),
    params(ExternalKey),
    request_body = PatchCustomer,
    responses(
        (status = 200, description = "Updated", body = Customer, headers(("ETag" = String, description = "Version"))),
        (status = 201, description = "Created", body = Customer, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the customer")))),
    extensions(("x-permission" = json!("customers:write")), ("x-errors" = json!(["customer_not_found", "user_not_found", "department_not_found", "name_required"]))))]
#[put("/customers/by-external-id/{system}/{id}")]
async fn put_customer_by_external_id(
    can: Can<may::CustomersWrite>,
    app: web::Data<App>,
    key: ExternalKey,
    body: Body<PatchCustomer>,
) -> ApiResult<Versioned<Customer>> {
    let ExternalKey { system, id } = key;
    let (row, created) = put_by_external(&app, &can.command()?, system, id, body.0.into()).await?;
    let (version, location) = (row.version, format!("/api/v1/customers/{}", row.id));
    let body = shown(&app, row, &can.actor).await?;
    Ok(if created { Versioned::created(body, version, location) } else { Versioned::ok(body, version) })
}
