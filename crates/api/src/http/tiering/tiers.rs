use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::{Code, Lang};
use huiyin_domain::money::Money;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::tiering::runs::{self, Run};
use huiyin_persistence::tiering::tiers::{self, CustomerTier as Stored};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::enums::{RfmClassSchema, TierSchema};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_tier);
}

/// Scores from 1 (worst fifth) to 5.
#[derive(Debug, Serialize, ToSchema)]
struct ScoreTriple {
    #[schema(minimum = 1, maximum = 5, example = 5)]
    r: i32,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    f: i32,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    m: i32,
}

/// The tier of a customer (客户分层) and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerTier {
    #[schema(value_type = TierSchema)]
    tier: String,
    #[schema(value_type = RfmClassSchema)]
    rfm_class: String,
    /// Days between the local dates of the last order and the reference date.
    #[schema(example = 3)]
    recency_days: i32,
    /// Orders that count.
    #[schema(example = 12)]
    frequency: i64,
    /// Their sum.
    #[schema(value_type = String, example = "5120.00")]
    monetary: Money,
    scores: ScoreTriple,
    /// The reference date.
    as_of: NaiveDate,
    computed_at: DateTime<Utc>,
    /// Why, in a few sentences.
    explanation: String,
}

/// Read the tier of a customer
#[utoipa::path(tag = "tiering", operation_id = "get_customer_tier", params(("id" = Uuid, Path, description = "The customer")), security(("bearer" = [])),
    responses((status = 200, description = "The tier and the figures behind it", body = CustomerTier)),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["customer_not_found", "tier_not_found"]))))]
#[get("/customers/{id}/tier")]
async fn get_tier(
    can: Can<may::TieringRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<CustomerTier>> {
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let tier = tier_of(&app, customer.id, language(&request)).await?;
    Ok(web::Json(tier.ok_or(Code::TierNotFound)?))
}

/// The tier of a customer that the caller has found within its scope.
pub async fn tier_of(app: &App, customer: Uuid, lang: Lang) -> ApiResult<Option<CustomerTier>> {
    let Some(tier) = tiers::find(&app.db, customer).await? else { return Ok(None) };
    let Some(run) = runs::find(&app.db, tier.run_id).await? else { return Ok(None) };
    let explanation = explain(&tier, &run, lang);
    Ok(Some(CustomerTier {
        tier: tier.tier,
        rfm_class: tier.rfm_class,
        recency_days: tier.recency_days,
        frequency: tier.frequency,
        monetary: Money::from_minor(tier.monetary),
        scores: ScoreTriple { r: tier.r, f: tier.f, m: tier.m },
        as_of: run.as_of,
        computed_at: tier.computed_at,
        explanation,
    }))
}

fn explain(tier: &Stored, run: &Run, lang: Lang) -> String {
    let total = run.customers_total.unwrap_or_default().max(1);
    let share = |worse: i32| format!("{:.1}%", f64::from(worse) * 100.0 / total as f64);
    let (r, f, m) = (share(tier.r_worse), share(tier.f_worse), share(tier.m_worse));
    let (as_of, money) = (run.as_of, Money::from_minor(tier.monetary));
    let Stored { recency_days, frequency, tier: name, rfm_class, .. } = tier;
    let (rs, fs, ms) = (tier.r, tier.f, tier.m);
    match (lang, tier.rule) {
        (Lang::Zh, rule) => {
            let by = rule.map_or_else(|| "没有规则匹配，取缺省分层".to_owned(), |rule| format!("按分层表第 {rule} 条"));
            format!(
                "截至 {as_of}：最近一次下单在 {recency_days} 天前，优于 {total} 位客户中的 {r}（R={rs}）；共 {frequency} 单，优于 {f}（F={fs}）；\
                 金额合计 {money}，优于 {m}（M={ms}）。{by}：{name}；RFM 类别：{rfm_class}。"
            )
        }
        (Lang::En, rule) => {
            let by = rule.map_or_else(
                || "no rule matches, so the default".to_owned(),
                |rule| format!("by rule {rule} of the table"),
            );
            format!(
                "As of {as_of}: the last order was {recency_days} days ago, better than {r} of {total} customers (R={rs}); {frequency} orders, \
                 better than {f} (F={fs}); {money} in all, better than {m} (M={ms}). Tier {name}, {by}; RFM class {rfm_class}."
            )
        }
    }
}
