use actix_web::{post, web};
use chrono::NaiveDate;
use huiyin_domain::fault::Code;
use huiyin_domain::money::Money;
use huiyin_domain::tiering::Tier;
use huiyin_persistence::support::from_json;
use huiyin_persistence::tiering::models;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::spec::TierModel;
use crate::http::support::enums::TierSchema;
use crate::http::support::{ApiResult, Body, Can, Id, may};
use crate::usecases::App;
use crate::usecases::tiering::model_preview::{self, preview};

pub fn routes(config: &mut ServiceConfig) {
    config.service(preview_model).service(preview_stored_model);
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewModel {
    model: TierModel,
    /// As in a run; today unless given.
    #[schema(nullable = false, example = "2026-11-01")]
    as_of: Option<NaiveDate>,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewStoredModel {
    /// As in a run; today unless given.
    #[schema(nullable = false, example = "2026-11-01")]
    as_of: Option<NaiveDate>,
}

/// How many customers would move so.
#[derive(Debug, Serialize, ToSchema)]
struct TierMoves {
    /// The tier now; null: none.
    #[schema(value_type = Option<TierSchema>)]
    from: Option<Tier>,
    /// The tier by the model; null: none, because no order counts.
    #[schema(value_type = Option<TierSchema>)]
    to: Option<Tier>,
    #[schema(example = 128)]
    customers: i64,
}

/// What the scores 2, 3, 4 and 5 take; null where nobody reaches that score.
#[derive(Debug, Serialize, ToSchema)]
struct ScoreCuts {
    /// Days since the last order, at most.
    #[schema(example = json!([180, 90, 30, 7]))]
    r: Vec<Option<i64>>,
    /// Orders, at least.
    #[schema(example = json!([2, 3, 5, 10]))]
    f: Vec<Option<i64>>,
    /// Their sum, at least.
    #[schema(value_type = Vec<Option<String>>, example = json!(["100.00", "500.00", "2000.00", "10000.00"]))]
    m: Vec<Option<Money>>,
}

/// A customer that would move.
#[derive(Debug, Serialize, ToSchema)]
struct TierMover {
    customer_id: Uuid,
    #[schema(example = "C000128")]
    number: String,
    #[schema(example = "上海明远贸易有限公司")]
    name: String,
    #[schema(value_type = Option<TierSchema>)]
    from: Option<Tier>,
    #[schema(value_type = Option<TierSchema>)]
    to: Option<Tier>,
    /// The sum of the orders that count.
    #[schema(value_type = String, example = "5120.00")]
    monetary: Money,
}

/// Who would move where.
#[derive(Debug, Serialize, ToSchema)]
struct TierPreview {
    /// The reference date.
    as_of: NaiveDate,
    /// Customers with an order that counts.
    #[schema(example = 4338)]
    customers: i64,
    /// Customers whose tier would be another.
    #[schema(example = 128)]
    moving: i64,
    /// Of all customers, those outside the reader's reach included.
    matrix: Vec<TierMoves>,
    cut_points: ScoreCuts,
    /// Of those who would move and are within reach, twenty with the most money.
    sample: Vec<TierMover>,
}

impl From<model_preview::Preview> for TierPreview {
    fn from(seen: model_preview::Preview) -> Self {
        let moving = seen.moves.iter().filter(|((from, to), _)| from != to).map(|(_, customers)| customers).sum();
        let cuts = seen.cut_points;
        TierPreview {
            as_of: seen.reference,
            customers: seen.customers,
            moving,
            matrix: seen.moves.into_iter().map(|((from, to), customers)| TierMoves { from, to, customers }).collect(),
            cut_points: ScoreCuts {
                r: cuts.r.to_vec(),
                f: cuts.f.to_vec(),
                m: cuts.m.iter().map(|cut| cut.map(Money::from_minor)).collect(),
            },
            sample: seen
                .sample
                .into_iter()
                .map(|mover| TierMover {
                    customer_id: mover.customer_id,
                    number: mover.number,
                    name: mover.name,
                    from: mover.from,
                    to: mover.to,
                    monetary: Money::from_minor(mover.monetary),
                })
                .collect(),
        }
    }
}

/// Preview a tier model
///
/// Who would move where if it were active. Nothing is written. With a million customers it takes seconds; previews wait
/// for each other.
#[utoipa::path(tag = "tiering", operation_id = "preview_tiering_model", request_body = PreviewModel, security(("bearer" = [])),
    responses((status = 200, description = "Who would move where", body = TierPreview)),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_conflict"]))))]
#[post("/tiering/models/preview")]
async fn preview_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<PreviewModel>,
) -> ApiResult<web::Json<TierPreview>> {
    let PreviewModel { model, as_of } = body.0;
    let as_of = as_of.unwrap_or_else(|| app.local_date(can.now));
    Ok(web::Json(preview(&app, can.scope(), model.rules("/model")?, as_of).await?.into()))
}

/// Preview a stored tier model
///
/// As with a model in the body.
#[utoipa::path(tag = "tiering", operation_id = "preview_stored_tiering_model", params(("id" = Uuid, Path, description = "The model")),
    request_body = PreviewStoredModel, security(("bearer" = [])),
    responses((status = 200, description = "Who would move where", body = TierPreview)),
    extensions(("x-permission" = json!("tiering:configure")), ("x-errors" = json!(["tiering_model_not_found"]))))]
#[post("/tiering/models/{id}/preview")]
async fn preview_stored_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<PreviewStoredModel>,
) -> ApiResult<web::Json<TierPreview>> {
    let stored = models::find(&app.db, id.0).await?.ok_or(Code::TieringModelNotFound)?;
    let as_of = body.0.as_of.unwrap_or_else(|| app.local_date(can.now));
    Ok(web::Json(preview(&app, can.scope(), from_json(&stored.model)?, as_of).await?.into()))
}
