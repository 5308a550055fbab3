use std::borrow::Cow;

use actix_web::{get, patch, post, put, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::money::Money;
use huiyin_persistence::customers::orders::{self, Filter, Order as Stored};
use huiyin_persistence::customers::profiles;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::OrderStatusSchema;
use crate::http::support::input::ExternalKey;
use crate::http::support::money::Price;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::orders::{OrderChange, OrderTimes, SingleOrder, create, put_by_external, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_orders)
        .service(create_order)
        .service(get_order_by_external_id)
        .service(put_order_by_external_id)
        .service(get_order)
        .service(update_order)
        .service(list_customer_orders);
}

/// A purchase (购买记录).
#[derive(Debug, Serialize, ToSchema)]
struct Order {
    id: Uuid,
    #[schema(example = "erp")]
    external_system: String,
    #[schema(example = "SO-2026-0001")]
    order_no: String,
    customer_id: Uuid,
    ordered_at: DateTime<Utc>,
    /// The local date of it.
    ordered_on: NaiveDate,
    /// Decimal string with two places.
    #[schema(value_type = String, example = "128.50")]
    amount: Money,
    #[schema(value_type = OrderStatusSchema)]
    status: String,
    /// As they were sent.
    #[schema(value_type = Option<Vec<Object>>)]
    lines: Option<serde_json::Value>,
    paid_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    /// When the goods were signed for.
    signed_at: Option<DateTime<Utc>>,
    /// What was given back of the amount; the rest counts.
    #[schema(value_type = String, example = "0.00")]
    refunded: Money,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for Order {
    fn from(row: Stored) -> Self {
        Order {
            id: row.id,
            external_system: row.external_system,
            order_no: row.order_no,
            customer_id: row.customer_id,
            ordered_at: row.ordered_at,
            ordered_on: row.ordered_on,
            amount: Money::from_minor(row.amount),
            status: row.status,
            lines: row.lines,
            paid_at: row.paid_at,
            delivered_at: row.delivered_at,
            signed_at: row.signed_at,
            refunded: Money::from_minor(row.refunded),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(OrderPage, Order);

/// What was bought: names and plain values, as the other system has them.
struct ProductLine;

impl PartialSchema for ProductLine {
    fn schema() -> RefOr<Schema> {
        let plain = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let value = ObjectBuilder::new().schema_type(SchemaType::from_iter(plain)).max_length(Some(500));
        let name = ObjectBuilder::new().schema_type(Type::String).max_length(Some(50));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property_names(Some(Schema::from(name)))
            .additional_properties(Some(Schema::from(value)))
            .max_properties(Some(50))
            .description(Some("What was bought: names and plain values, as the other system has them."))
            .examples([serde_json::json!({"sku": "A-100", "name": "打印纸", "quantity": 10, "unit_price": "12.85"})])
            .into()
    }
}

impl ToSchema for ProductLine {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProductLine")
    }
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateOrder {
    /// The system that numbers the order; `api` unless given.
    #[schema(min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    external_system: Option<String>,
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "SO-2026-0001")]
    order_no: String,
    customer_id: Uuid,
    ordered_at: DateTime<Utc>,
    #[schema(value_type = Price)]
    amount: Price,
    /// `paid` unless given; cancelled orders do not count.
    #[schema(value_type = Option<OrderStatusSchema>)]
    status: Option<OrderStatus>,
    /// What was bought, kept as it is; `product_line` (or `product`) of a line is what conditions know as bought.
    #[schema(value_type = Option<Vec<ProductLine>>, max_items = 2000)]
    lines: Option<serde_json::Value>,
    paid_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    signed_at: Option<DateTime<Utc>>,
    /// What was given back of the amount; nothing unless given.
    #[schema(nullable = false, value_type = Option<Price>)]
    refunded: Option<Price>,
}

/// A body with its own fields and those of an order that may change.
macro_rules! order_body {
    ($(#[$about:meta])* $body:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Deserialize, ToSchema, Validate)]
        #[serde(deny_unknown_fields)]
        struct $body {
            $($own)*
            #[schema(nullable = false)]
            ordered_at: Option<DateTime<Utc>>,
            #[schema(nullable = false, value_type = Option<Price>)]
            amount: Option<Price>,
            #[schema(nullable = false, value_type = Option<OrderStatusSchema>)]
            status: Option<OrderStatus>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<Vec<ProductLine>>, max_items = 2000)]
            lines: Option<Option<serde_json::Value>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<DateTime<Utc>>)]
            paid_at: Option<Option<DateTime<Utc>>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<DateTime<Utc>>)]
            delivered_at: Option<Option<DateTime<Utc>>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<DateTime<Utc>>)]
            signed_at: Option<Option<DateTime<Utc>>>,
            #[schema(nullable = false, value_type = Option<Price>)]
            refunded: Option<Price>,
        }

        impl $body {
            fn change(self) -> Result<OrderChange, Fault> {
                let money = |price: Option<Price>, at: &str| {
                    price.map(|price| price.money()).transpose().map_err(|fault: Fault| fault.at(at))
                };
                Ok(OrderChange {
                    ordered_at: self.ordered_at,
                    amount: money(self.amount, "/amount")?,
                    status: self.status,
                    lines: self.lines,
                    paid_at: self.paid_at,
                    delivered_at: self.delivered_at,
                    signed_at: self.signed_at,
                    refunded: money(self.refunded, "/refunded")?,
                })
            }
        }
    };
}

order_body! {
    /// Fields that are absent stay.
    PatchOrder {}
}

order_body! {
    /// An order as another system has it. Where it is new, customer, time and amount are needed.
    PutOrder {
        /// Whose it is, where it is new; a known order keeps its customer.
        #[schema(nullable = false)]
        customer_id: Option<Uuid>,
    }
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OrderParams {
    /// Orders of this customer.
    customer_id: Option<Uuid>,
    /// Orders that this system numbers.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    external_system: Option<String>,
    /// Orders of this number.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    order_no: Option<String>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List orders
#[utoipa::path(tag = "orders", operation_id = "list_orders", params(OrderParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of orders of customers within reach", body = OrderPage)),
    extensions(("x-permission" = json!("orders:read"))))]
#[get("/orders")]
async fn list_orders(
    can: Can<may::OrdersRead>,
    app: web::Data<App>,
    params: Params<OrderParams>,
) -> ApiResult<web::Json<OrderPage>> {
    let OrderParams { customer_id, external_system, order_no, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let filter = Filter { customer_id, external_system, order_no };
    let page = orders::list(&app.db, can.scope(), filter, page).await?;
    Ok(web::Json(page.map(Order::from).into()))
}

/// Create an order
///
/// One that exists is refused; `POST /orders/bulk` overwrites instead.
#[utoipa::path(tag = "orders", operation_id = "create_order", request_body = CreateOrder, security(("bearer" = [])),
    responses((status = 201, description = "The order", body = Order, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the order")))),
    extensions(("x-permission" = json!("orders:write")), ("x-errors" = json!(["customer_not_found", "order_exists", "refund_too_large"]))))]
#[post("/orders")]
async fn create_order(
    can: Can<may::OrdersWrite>,
    app: web::Data<App>,
    body: Body<CreateOrder>,
) -> ApiResult<Versioned<Order>> {
    let body = body.0;
    let new = SingleOrder {
        external_system: body.external_system.unwrap_or_else(|| "api".to_owned()),
        order_no: body.order_no,
        customer_id: body.customer_id,
        ordered_at: body.ordered_at,
        amount: body.amount.money().map_err(|fault| fault.at("/amount"))?,
        status: body.status.unwrap_or(OrderStatus::Paid),
        lines: body.lines,
        times: OrderTimes { paid_at: body.paid_at, delivered_at: body.delivered_at, signed_at: body.signed_at },
        refunded: body
            .refunded
            .map_or(Ok(Money::default()), |price| price.money())
            .map_err(|fault| fault.at("/refunded"))?,
    };
    let order = create(&app, &can.command()?, new).await?;
    let (version, location) = (order.version, format!("/api/v1/orders/{}", order.id));
    Ok(Versioned::created(order.into(), version, location))
}

/// Read an order
#[utoipa::path(tag = "orders", operation_id = "get_order", params(("id" = Uuid, Path, description = "The order")), security(("bearer" = [])),
    responses((status = 200, description = "The order", body = Order, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("orders:read")), ("x-errors" = json!(["order_not_found"]))))]
#[get("/orders/{id}")]
async fn get_order(can: Can<may::OrdersRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Order>> {
    let order = orders::find(&app.db, can.scope(), id.0).await?.ok_or(Code::OrderNotFound)?;
    let version = order.version;
    Ok(Versioned::ok(order.into(), version))
}

/// Change an order
///
/// Tiers follow at the next run.
#[utoipa::path(tag = "orders", operation_id = "update_order", params(("id" = Uuid, Path, description = "The order")),
    request_body = PatchOrder, security(("bearer" = [])),
    responses((status = 200, description = "The order", body = Order, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("orders:write")), ("x-errors" = json!(["order_not_found", "refund_too_large"]))))]
#[patch("/orders/{id}")]
async fn update_order(
    can: Can<may::OrdersWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchOrder>,
) -> ApiResult<Versioned<Order>> {
    let order = update(&app, &can.command()?, id.0, body.0.change()?).await?;
    let version = order.version;
    Ok(Versioned::ok(order.into(), version))
}

/// Read the order that another system numbers so
#[utoipa::path(tag = "orders", operation_id = "get_order_by_external_id", security(("bearer" = [])), params(ExternalKey),
    responses((status = 200, description = "The order", body = Order, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("orders:read")), ("x-errors" = json!(["order_not_found"]))))]
#[get("/orders/by-external-id/{system}/{id}")]
async fn get_order_by_external_id(
    can: Can<may::OrdersRead>,
    app: web::Data<App>,
    key: ExternalKey,
) -> ApiResult<Versioned<Order>> {
    let order = orders::find_by_external(&app.db, can.scope(), &key.system, &key.id).await?;
    let order = order.ok_or(Code::OrderNotFound)?;
    let version = order.version;
    Ok(Versioned::ok(order.into(), version))
}

/// Create or update the order that another system numbers so
///
/// Merge semantics as in PATCH; where the order is new, `customer_id`, `ordered_at` and `amount` are needed (409
/// `order_incomplete` names those that are missing).
#[utoipa::path(tag = "orders", operation_id = "put_order_by_external_id", security(("bearer" = [])), params(ExternalKey),
    request_body = PutOrder,
    responses(
        (status = 200, description = "Updated", body = Order, headers(("ETag" = String, description = "Version"))),
        (status = 201, description = "Created", body = Order, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the order")))),
    extensions(("x-permission" = json!("orders:write")), ("x-errors" = json!(["order_not_found", "customer_not_found", "order_incomplete", "refund_too_large"]))))]
#[put("/orders/by-external-id/{system}/{id}")]
async fn put_order_by_external_id(
    can: Can<may::OrdersWrite>,
    app: web::Data<App>,
    key: ExternalKey,
    body: Body<PutOrder>,
) -> ApiResult<Versioned<Order>> {
    let customer_id = body.0.customer_id;
    let change = body.0.change()?;
    let missing = [
        ("customer_id", customer_id.is_none()),
        ("ordered_at", change.ordered_at.is_none()),
        ("amount", change.amount.is_none()),
    ];
    let missing = missing.iter().filter(|(_, missing)| *missing);
    let incomplete = |name: &str| Fault::new(Code::OrderIncomplete).at(format!("/{name}")).with("name", name);
    let new = match (customer_id, change.ordered_at, change.amount) {
        (Some(customer_id), Some(ordered_at), Some(amount)) => Ok(SingleOrder {
            external_system: key.system.clone(),
            order_no: key.id.clone(),
            customer_id,
            ordered_at,
            amount,
            status: change.status.unwrap_or(OrderStatus::Paid),
            lines: change.lines.clone().flatten(),
            times: OrderTimes {
                paid_at: change.paid_at.flatten(),
                delivered_at: change.delivered_at.flatten(),
                signed_at: change.signed_at.flatten(),
            },
            refunded: change.refunded.unwrap_or(Money::default()),
        }),
        _ => Err(missing.map(|(name, _)| incomplete(name)).collect()),
    };
    let (order, created) = put_by_external(&app, &can.command()?, (key.system, key.id), new, change).await?;
    let (version, location) = (order.version, format!("/api/v1/orders/{}", order.id));
    let body = Order::from(order);
    Ok(if created { Versioned::created(body, version, location) } else { Versioned::ok(body, version) })
}

/// List the orders of a customer
#[utoipa::path(tag = "orders", operation_id = "list_customer_orders", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The customer"), ListParams),
    responses((status = 200, description = "A page of orders, newest first", body = OrderPage)),
    extensions(("x-permission" = json!("orders:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/orders")]
async fn list_customer_orders(
    can: Can<may::OrdersRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<OrderPage>> {
    let page = params.0.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let filter = Filter { customer_id: Some(customer.id), ..Filter::default() };
    let page = orders::list(&app.db, can.scope(), filter, page).await?;
    Ok(web::Json(page.map(Order::from).into()))
}
