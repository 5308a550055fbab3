use actix_web::{get, web};
use chrono::NaiveDate;
use huiyin_domain::money::Money;
use huiyin_persistence::tiering::pareto::{self, Bringer, Field};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::page::encode;
use crate::http::support::{ApiResult, Can, PageParams, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_pareto);
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ParetoParams {
    /// Per cent of the revenue; 80 unless given.
    #[schema(minimum = 1, maximum = 100)]
    #[param(minimum = 1, maximum = 100, example = 80)]
    share: Option<i64>,
    /// Orders of this local day and later.
    #[param(example = "2026-01-01")]
    from: Option<NaiveDate>,
    /// Orders of this local day and earlier.
    #[param(example = "2026-12-31")]
    to: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// A customer that brings much revenue.
#[derive(Debug, Serialize, ToSchema)]
struct ParetoCustomer {
    customer_id: Uuid,
    #[schema(example = "C000128")]
    number: String,
    #[schema(example = "上海明远贸易有限公司")]
    name: String,
    #[schema(value_type = String, example = "5120.00")]
    revenue: Money,
    /// Together with all that bring more.
    #[schema(value_type = String, example = "91200.00")]
    running: Money,
}

/// The fewest customers that together bring a share of the revenue (帕累托). Of customers within the reader's reach.
#[derive(Debug, Serialize, ToSchema)]
struct Pareto {
    /// Per cent of the revenue that was asked for.
    #[schema(example = 80)]
    share: i64,
    /// Customers that bring it.
    #[schema(example = 1033)]
    customers: i64,
    /// Of all customers with revenue.
    #[schema(example = 4338)]
    customers_total: i64,
    /// Their share of those, per cent with one place.
    #[schema(example = 23.8)]
    customers_percent: f64,
    /// What they bring.
    #[schema(value_type = String, example = "7130000.00")]
    revenue: Money,
    #[schema(value_type = String, example = "8911000.00")]
    revenue_total: Money,
    /// The least revenue among them; null where there is none.
    #[schema(value_type = Option<String>, example = "1520.00")]
    cut: Option<Money>,
    /// They themselves, the most revenue first.
    items: Vec<ParetoCustomer>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

impl From<Bringer> for ParetoCustomer {
    fn from(row: Bringer) -> Self {
        let Bringer { customer_id, number, name, revenue, running } = row;
        let (revenue, running) = (Money::from_minor(revenue), Money::from_minor(running));
        ParetoCustomer { customer_id, number, name, revenue, running }
    }
}

/// The customers that bring most of the revenue
///
/// Amounts of orders that count, less what was refunded. Without a period all orders; customers without revenue are left
/// out. Of customers with equal revenue the one created last comes first.
#[utoipa::path(tag = "tiering", operation_id = "get_tiering_pareto", params(ParetoParams), security(("bearer" = [])),
    responses((status = 200, description = "The customers, and what they bring", body = Pareto)),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/pareto")]
async fn get_pareto(
    can: Can<may::TieringRead>,
    app: web::Data<App>,
    params: Params<ParetoParams>,
) -> ApiResult<web::Json<Pareto>> {
    let ParetoParams { share, from, to, cursor, limit } = params.0;
    let request = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let share = share.unwrap_or(80);
    let field = Field { scope: can.scope(), from, to };
    let whole = pareto::whole(&app.db, &field).await?;
    // Rounded up: a share is reached by no less.
    let target = (i128::from(whole.revenue) * i128::from(share) + 99) / 100;
    let target = i64::try_from(target).unwrap_or(i64::MAX);
    let head = pareto::head(&app.db, &field, target).await?;
    let page = pareto::page(&app.db, &field, target, request.before, request.limit).await?;
    let permille = (head.customers * 1000 + whole.customers / 2) / whole.customers.max(1);
    Ok(web::Json(Pareto {
        share,
        customers: head.customers,
        customers_total: whole.customers,
        customers_percent: permille as f64 / 10.0,
        revenue: Money::from_minor(head.revenue),
        revenue_total: Money::from_minor(whole.revenue),
        cut: head.cut.map(Money::from_minor),
        items: page.items.into_iter().map(ParetoCustomer::from).collect(),
        next_cursor: page.next.map(encode),
    }))
}
