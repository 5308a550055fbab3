use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::tiering::ChurnRisk;
use huiyin_domain::tiering::churn::{ChurnModel as Fitted, Holdout as Judged, ModelKind, Period, RiskCut};
use huiyin_persistence::customers::profiles;
use huiyin_persistence::support::from_json;
use huiyin_persistence::tiering::churn::{self, StoredModel};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{
    ChurnModelKindSchema, ChurnPeriodSchema, ChurnRiskSchema, ChurnScoringSchema, ChurnShortfallSchema,
};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, may};
use crate::usecases::App;
use crate::usecases::tiering::churn::{Wanted, create};

const DEFAULT_HORIZON_DAYS: u32 = 90;

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_model).service(list_models).service(get_model).service(get_churn);
}

/// What was fitted. Rates of orders are Gamma(r, α) distributed over customers, chances of dropping out after an order
/// Beta(a, b); time is in periods.
#[derive(Debug, Serialize, ToSchema)]
struct ChurnParameters {
    #[schema(example = 0.243)]
    r: f64,
    #[schema(example = 4.414)]
    alpha: f64,
    /// 0 for NBD, which is the limit as a goes to 0.
    #[schema(example = 0.793)]
    a: f64,
    /// `null` for NBD.
    #[schema(example = 2.426)]
    b: Option<f64>,
}

/// What the model foretold of the time after its reference date, beside what happened.
#[derive(Debug, Serialize, ToSchema)]
struct ChurnHoldout {
    until: NaiveDate,
    customers: u64,
    /// The chance that a customer who ordered was ranked above one who did not (area under the ROC curve), ties half;
    /// `null` where all ordered or nobody did.
    #[schema(example = 0.78)]
    auc: Option<f64>,
    /// How many customers were expected to order.
    #[schema(example = 712.4)]
    customers_expected: f64,
    customers_ordered: u64,
    /// How many days with an order were expected.
    #[schema(example = 1730.9)]
    orders_expected: f64,
    orders: u64,
}

/// A model of who orders again (流失预测), fitted to the days of all orders up to a reference date.
#[derive(Debug, Serialize, ToSchema)]
struct ChurnModel {
    id: Uuid,
    /// The reference date: later orders do not count.
    as_of: NaiveDate,
    #[schema(value_type = ChurnPeriodSchema)]
    period: Period,
    #[schema(value_type = ChurnModelKindSchema)]
    kind: ModelKind,
    parameters: ChurnParameters,
    /// Of the model in use; densities are per period.
    #[schema(example = -9582.4)]
    log_likelihood: f64,
    /// Customers with an order up to the reference date.
    #[schema(example = 2357)]
    customers: i64,
    /// Whether this is BG/NBD at the maximum of its likelihood.
    converged: bool,
    /// Why not: what is in use is then the simpler model `kind`, or parameters held at a bound.
    #[schema(value_type = Option<ChurnShortfallSchema>)]
    shortfall: Option<String>,
    /// For how many days ahead customers are scored.
    #[schema(example = 90)]
    horizon_days: i32,
    /// The risk is high below this chance of an order within the horizon.
    #[schema(example = 0.2)]
    high_below: f64,
    /// The risk is low from this chance on.
    #[schema(example = 0.5)]
    low_from: f64,
    /// Only where asked for.
    holdout: Option<ChurnHoldout>,
    #[schema(value_type = ChurnScoringSchema)]
    scoring: String,
    customers_scored: i64,
    /// Why scoring failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    scored_at: Option<DateTime<Utc>>,
}

fn shown(stored: StoredModel) -> ApiResult<ChurnModel> {
    let model: Fitted = from_json(&stored.model)?;
    let RiskCut { high_below, low_from } = from_json(&stored.risk_cut)?;
    let holdout = match stored.holdout_until.zip(stored.holdout) {
        Some((until, holdout)) => {
            let judged: Judged = from_json(&holdout)?;
            Some(ChurnHoldout {
                until,
                customers: judged.customers,
                auc: judged.auc,
                customers_expected: judged.customers_expected,
                customers_ordered: judged.customers_ordered,
                orders_expected: judged.orders_expected,
                orders: judged.orders,
            })
        }
        None => None,
    };
    Ok(ChurnModel {
        id: stored.id,
        as_of: stored.as_of,
        period: model.period,
        kind: model.kind,
        parameters: ChurnParameters {
            r: model.r,
            alpha: model.alpha,
            a: model.a,
            b: (model.kind == ModelKind::BgNbd).then_some(model.b),
        },
        log_likelihood: stored.log_likelihood,
        customers: stored.customers,
        converged: stored.shortfall.is_none(),
        shortfall: stored.shortfall,
        horizon_days: stored.horizon_days,
        high_below,
        low_from,
        holdout,
        scoring: stored.scoring,
        customers_scored: stored.customers_scored,
        error: stored.error,
        created_at: stored.created_at,
        scored_at: stored.scored_at,
    })
}

page_of!(ChurnModelPage, ChurnModel);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FitChurnModel {
    /// The reference date (local); not in the future.
    #[schema(example = "2026-10-31")]
    as_of: NaiveDate,
    /// `week` unless given.
    #[schema(nullable = false, value_type = Option<ChurnPeriodSchema>)]
    period: Option<Period>,
    /// For how many days ahead customers are scored; 90 unless given. Choose it after the rhythm of the business.
    #[schema(nullable = false, minimum = 1, maximum = 3650, example = 90)]
    horizon_days: Option<u32>,
    /// The risk is high below this chance of an order within the horizon; 0.2 unless given.
    #[schema(nullable = false, minimum = 0, maximum = 1, example = 0.2)]
    high_below: Option<f64>,
    /// The risk is low from this chance on; 0.5 unless given. Not below `high_below`.
    #[schema(nullable = false, minimum = 0, maximum = 1, example = 0.5)]
    low_from: Option<f64>,
    /// Compare what the model foretells with the orders up to this day: after `as_of`, not in the future.
    #[schema(nullable = false, example = "2026-11-15")]
    holdout_until: Option<NaiveDate>,
}

impl From<FitChurnModel> for Wanted {
    fn from(body: FitChurnModel) -> Self {
        let default = RiskCut::default();
        Wanted {
            as_of: body.as_of,
            period: body.period.unwrap_or(Period::Week),
            horizon_days: body.horizon_days.unwrap_or(DEFAULT_HORIZON_DAYS),
            risk_cut: RiskCut {
                high_below: body.high_below.unwrap_or(default.high_below),
                low_from: body.low_from.unwrap_or(default.low_from),
            },
            holdout_until: body.holdout_until,
        }
    }
}

/// Fit a churn model
///
/// Fits BG/NBD (Fader, Hardie & Lee 2005) by maximum likelihood to the days of the orders up to `as_of`: orders of one local day
/// count once, cancelled ones do not, recency and T are in periods. Answers when it is fitted, seconds for a million
/// customers; scoring all customers follows, see `scoring`. The model holds from now on. Where the likelihood has no
/// maximum, `converged` is false, `shortfall` says why, and a simpler model is in use.
#[utoipa::path(tag = "tiering", operation_id = "create_churn_model", request_body = FitChurnModel, security(("bearer" = [])),
    responses((status = 201, description = "The model", body = ChurnModel, headers(("Location" = String, description = "Address of the model")))),
    extensions(("x-permission" = json!("tiering:run")),
        ("x-errors" = json!(["date_in_future", "holdout_not_after", "thresholds_crossed", "churn_no_history", "churn_fit_running"]))))]
#[post("/tiering/churn-models")]
async fn create_model(
    can: Can<may::TieringRun>,
    app: web::Data<App>,
    body: Body<FitChurnModel>,
) -> ApiResult<HttpResponse> {
    let model = create(&app, &can.command()?, body.0.into()).await?;
    let location = format!("/api/v1/tiering/churn-models/{}", model.id);
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(shown(model)?))
}

/// List churn models
///
/// The first one holds.
#[utoipa::path(tag = "tiering", operation_id = "list_churn_models", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of models", body = ChurnModelPage)),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/churn-models")]
async fn list_models(
    _can: Can<may::TieringRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<ChurnModelPage>> {
    let page = churn::list(&app.db, params.0.request()?).await?;
    let next_cursor = page.next.map(crate::http::support::page::encode);
    let items = page.items.into_iter().map(shown).collect::<ApiResult<_>>()?;
    Ok(web::Json(ChurnModelPage { items, next_cursor }))
}

/// Read a churn model
#[utoipa::path(tag = "tiering", operation_id = "get_churn_model", params(("id" = Uuid, Path, description = "The model")), security(("bearer" = [])),
    responses((status = 200, description = "The model", body = ChurnModel)),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["churn_model_not_found"]))))]
#[get("/tiering/churn-models/{id}")]
async fn get_model(_can: Can<may::TieringRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<ChurnModel>> {
    let model = churn::find(&app.db, id.0).await?.ok_or(Code::ChurnModelNotFound)?;
    Ok(web::Json(shown(model)?))
}

#[derive(Debug, Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ChurnParams {
    /// How many days to look ahead; the model's own horizon unless given.
    #[schema(minimum = 1, maximum = 3650)]
    #[param(minimum = 1, maximum = 3650, example = 90)]
    horizon_days: Option<u32>,
}

/// Which model speaks.
#[derive(Debug, Serialize, ToSchema)]
struct ChurnModelUsed {
    id: Uuid,
    /// The reference date: the horizon begins after it.
    as_of: NaiveDate,
    #[schema(value_type = ChurnPeriodSchema)]
    period: Period,
    #[schema(value_type = ChurnModelKindSchema)]
    kind: ModelKind,
    converged: bool,
}

/// Whether a customer orders again (流失预测).
#[derive(Debug, Serialize, ToSchema)]
struct CustomerChurn {
    /// The chance that the customer has not dropped out. 1 for whoever has ordered once, however long ago: see
    /// `probability_of_order`.
    #[schema(minimum = 0, maximum = 1, example = 0.71)]
    p_alive: f64,
    /// Days with an order to be expected within the horizon.
    #[schema(example = 1.23)]
    expected_orders: f64,
    /// The chance of at least one order within the horizon.
    #[schema(minimum = 0, maximum = 1, example = 0.58)]
    probability_of_order: f64,
    /// Days with an order after the first one.
    #[schema(example = 2)]
    frequency: u32,
    /// Periods from the first order to the last.
    #[schema(example = 30.43)]
    recency: f64,
    /// Periods from the first order to the reference date.
    #[schema(example = 38.86)]
    t: f64,
    /// By `probability_of_order` and the model's thresholds.
    #[schema(value_type = ChurnRiskSchema)]
    risk: ChurnRisk,
    #[schema(example = 90)]
    horizon_days: u32,
    model: ChurnModelUsed,
}

/// Read the churn risk of a customer
///
/// By the model fitted last and the customer's orders up to its reference date.
#[utoipa::path(tag = "tiering", operation_id = "get_customer_churn", params(("id" = Uuid, Path, description = "The customer"), ChurnParams), security(("bearer" = [])),
    responses((status = 200, description = "What is to be expected", body = CustomerChurn)),
    extensions(("x-permission" = json!("tiering:read")), ("x-errors" = json!(["customer_not_found", "churn_model_not_found", "churn_not_found"]))))]
#[get("/customers/{id}/churn")]
async fn get_churn(
    can: Can<may::TieringRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<ChurnParams>,
) -> ApiResult<web::Json<CustomerChurn>> {
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let stored = churn::latest(&app.db).await?.ok_or(Code::ChurnModelNotFound)?;
    let history = churn::history(&app.db, customer.id, stored.as_of).await?.ok_or(Code::ChurnNotFound)?;
    let model: Fitted = from_json(&stored.model)?;
    let cut: RiskCut = from_json(&stored.risk_cut)?;
    let horizon_days = params.0.horizon_days.unwrap_or_else(|| stored.horizon_days.unsigned_abs());
    let said = model.predict(history, horizon_days);
    Ok(web::Json(CustomerChurn {
        p_alive: said.p_alive,
        expected_orders: said.expected_orders,
        probability_of_order: said.probability_of_order,
        frequency: history.frequency,
        recency: f64::from(history.recency_days) / model.period.days(),
        t: f64::from(history.age_days) / model.period.days(),
        risk: cut.risk(said.probability_of_order),
        horizon_days,
        model: ChurnModelUsed {
            id: stored.id,
            as_of: stored.as_of,
            period: model.period,
            kind: model.kind,
            converged: stored.shortfall.is_none(),
        },
    }))
}
