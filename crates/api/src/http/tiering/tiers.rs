use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::{Code, Lang};
use huiyin_domain::money::Money;
use huiyin_domain::tiering::{Figures, Scales};
use huiyin_persistence::customers::profiles;
use huiyin_persistence::tiering::history::{self, TierMove};
use huiyin_persistence::tiering::runs;
use huiyin_persistence::tiering::tiers::{self, CustomerTier as Stored};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::support::enums::{RfmClassSchema, TierCauseSchema, TierSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_tier).service(get_history);
}

/// Scores from 1 (worst) to 5.
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
    /// Their sum, less what was refunded.
    #[schema(value_type = String, example = "5120.00")]
    monetary: Money,
    scores: ScoreTriple,
    /// The reference date.
    as_of: NaiveDate,
    /// The tag by which the tier was changed last; null: none has.
    #[schema(example = "price_sensitive")]
    tag: Option<String>,
    /// What the tier was last computed for.
    #[schema(value_type = TierCauseSchema)]
    cause: String,
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
    let (tier, scales) = match runs::standing(&app.db).await? {
        Some((run, scales)) => (confirmed(tier, &run, &scales), scales),
        None => (tier, Scales::default()),
    };
    let explanation = explain(&tier, &scales, lang);
    Ok(Some(CustomerTier {
        recency_days: figures(&tier).recency_days(tier.as_of),
        tier: tier.tier,
        rfm_class: tier.rfm_class,
        frequency: tier.frequency,
        monetary: Money::from_minor(tier.monetary),
        scores: ScoreTriple { r: tier.r, f: tier.f, m: tier.m },
        as_of: tier.as_of,
        tag: tier.tag,
        cause: tier.cause,
        computed_at: tier.computed_at,
        explanation,
    }))
}

/// A tier that a later run has found to be right is as of that run, though it was not written again.
fn confirmed(tier: Stored, run: &runs::Run, scales: &Scales) -> Stored {
    if tier.run_id >= run.id {
        return tier;
    }
    let computed_at = run.finished_at.unwrap_or(tier.computed_at);
    Stored { as_of: scales.reference, cause: run.cause.clone(), computed_at, ..tier }
}

fn figures(tier: &Stored) -> Figures {
    Figures { last_on: tier.last_on, frequency: tier.frequency, monetary: tier.monetary }
}

fn explain(tier: &Stored, scales: &Scales, lang: Lang) -> String {
    let figures = figures(tier);
    let share = |share: f64| format!("{:.1}%", share * 100.0);
    let r = share(scales.r.share_below(figures.recency()));
    let f = share(scales.f.share_below(figures.frequency));
    let m = share(scales.m.share_below(figures.monetary));
    let (as_of, money, total) = (tier.as_of, Money::from_minor(tier.monetary), scales.customers);
    let recency_days = figures.recency_days(as_of);
    let Stored { frequency, tier: name, rfm_class, .. } = tier;
    let (rs, fs, ms) = (tier.r, tier.f, tier.m);
    match (lang, tier.rule) {
        (Lang::Zh, rule) => {
            let by = rule.map_or_else(|| "没有规则匹配，取缺省分层".to_owned(), |rule| format!("按分层表第 {rule} 条"));
            let tag = tier.tag.as_ref().map(|tag| format!("，并按标签“{tag}”调整")).unwrap_or_default();
            format!(
                "截至 {as_of}：最近一次下单在 {recency_days} 天前，优于 {total} 位客户中的 {r}（R={rs}）；共 {frequency} 单，优于 {f}（F={fs}）；\
                 金额合计 {money}，优于 {m}（M={ms}）。{by}{tag}：{name}；RFM 类别：{rfm_class}。"
            )
        }
        (Lang::En, rule) => {
            let by = rule.map_or_else(
                || "no rule matches, so the default".to_owned(),
                |rule| format!("by rule {rule} of the table"),
            );
            let tag = tier.tag.as_ref().map(|tag| format!(" and the tag \u{201c}{tag}\u{201d}")).unwrap_or_default();
            format!(
                "As of {as_of}: the last order was {recency_days} days ago, better than {r} of {total} customers (R={rs}); {frequency} orders, \
                 better than {f} (F={fs}); {money} in all, better than {m} (M={ms}). Tier {name}, {by}{tag}; RFM class {rfm_class}."
            )
        }
    }
}

/// One move of a customer from tier to tier, and the figures that explain it.
#[derive(Debug, Serialize, ToSchema)]
struct CustomerTierMove {
    id: Uuid,
    /// Null: had none.
    #[schema(value_type = Option<TierSchema>)]
    from: Option<String>,
    /// Null: has none any more, because no order counts.
    #[schema(value_type = Option<TierSchema>)]
    to: Option<String>,
    #[schema(value_type = TierCauseSchema)]
    cause: String,
    /// The run that computed it, or by whose model and scales it was computed.
    run_id: Uuid,
    /// The reference date.
    as_of: NaiveDate,
    /// The figures are null where no order counts.
    #[schema(value_type = Option<RfmClassSchema>)]
    rfm_class: Option<String>,
    #[schema(example = 3)]
    recency_days: Option<i32>,
    #[schema(example = 12)]
    frequency: Option<i64>,
    #[schema(value_type = Option<String>, example = "5120.00")]
    monetary: Option<Money>,
    scores: Option<ScoreTriple>,
    /// The line of the table that matched, from 1; null: none.
    #[schema(example = 1)]
    rule: Option<i32>,
    /// The tag by which the tier was changed last.
    #[schema(example = "price_sensitive")]
    tag: Option<String>,
    changed_at: DateTime<Utc>,
}

impl From<TierMove> for CustomerTierMove {
    fn from(row: TierMove) -> Self {
        let recency_days =
            row.last_on.map(|last_on| Figures { last_on, frequency: 0, monetary: 0 }.recency_days(row.as_of));
        let scores = match (row.r, row.f, row.m) {
            (Some(r), Some(f), Some(m)) => Some(ScoreTriple { r, f, m }),
            _ => None,
        };
        CustomerTierMove {
            id: row.id,
            from: row.from_tier,
            to: row.to_tier,
            cause: row.cause,
            run_id: row.run_id,
            as_of: row.as_of,
            rfm_class: row.rfm_class,
            recency_days,
            frequency: row.frequency,
            monetary: row.monetary.map(Money::from_minor),
            scores,
            rule: row.rule,
            tag: row.tag,
            changed_at: row.changed_at,
        }
    }
}

page_of!(CustomerTierMovePage, CustomerTierMove);

/// List how a customer moved from tier to tier
#[utoipa::path(tag = "tiering", operation_id = "list_customer_tier_history", params(("id" = Uuid, Path, description = "The customer"), ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of moves", body = CustomerTierMovePage)),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/tier/history")]
async fn get_history(
    can: Can<may::TieringRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ListParams>,
) -> ApiResult<web::Json<CustomerTierMovePage>> {
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let page = history::list(&app.db, customer.id, params.0.request()?).await?;
    Ok(web::Json(page.map(CustomerTierMove::from).into()))
}
