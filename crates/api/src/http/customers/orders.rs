use actix_web::{get, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::money::Money;
use huiyin_persistence::customers::orders::{self, Order as Stored};
use huiyin_persistence::customers::profiles;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::http::support::enums::OrderStatusSchema;
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Can, Id, Params, may};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_orders);
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
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(OrderPage, Order);

/// List the orders of a customer
#[utoipa::path(tag = "orders", operation_id = "list_customer_orders", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The customer"), ListParams),
    responses((status = 200, description = "A page of orders, newest first", body = OrderPage)),
    extensions(("x-permission" = json!("orders:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/orders")]
async fn list_orders(
    can: Can<may::OrdersRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<OrderPage>> {
    let page = params.0.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let page = orders::of_customer(&app.db, customer.id, page).await?;
    Ok(web::Json(page.map(Order::from).into()))
}
