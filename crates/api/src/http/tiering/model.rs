use actix_web::{get, put, web};
use huiyin_domain::tiering::{ClassCut, ScoreRange, Tier, TierModel as Rules, TierRule as Rule};
use huiyin_persistence::support::from_json;
use huiyin_persistence::tiering::models::{self, StoredModel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::enums::TierSchema;
use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::support::Error;
use crate::usecases::tiering::models::replace;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_model).service(put_model);
}

/// Scores from `min` to `max`, both included; a range that is upside down is taken the other way round.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Range {
    #[schema(minimum = 1, maximum = 5, example = 4)]
    min: u8,
    #[schema(minimum = 1, maximum = 5, example = 5)]
    max: u8,
}

/// One line of the table: scores within all three ranges give the tier.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TierRule {
    #[schema(value_type = TierSchema)]
    tier: Tier,
    r: Range,
    f: Range,
    m: Range,
}

/// From which score on a figure counts as high in the eight classes.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct HighFrom {
    #[schema(minimum = 1, maximum = 5, example = 4)]
    r: u8,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    f: u8,
    #[schema(minimum = 1, maximum = 5, example = 4)]
    m: u8,
}

/// How scores become tiers and classes. The first rule that matches decides.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct TierModel {
    #[schema(min_items = 1, max_items = 125)]
    rules: Vec<TierRule>,
    /// Where no rule matches.
    #[schema(value_type = TierSchema)]
    otherwise: Tier,
    high_from: HighFrom,
}

impl From<Range> for ScoreRange {
    fn from(Range { min, max }: Range) -> Self {
        ScoreRange { min: min.min(max), max: min.max(max) }
    }
}

impl From<ScoreRange> for Range {
    fn from(ScoreRange { min, max }: ScoreRange) -> Self {
        Range { min, max }
    }
}

impl From<TierModel> for Rules {
    fn from(model: TierModel) -> Self {
        let rule = |rule: TierRule| Rule { tier: rule.tier, r: rule.r.into(), f: rule.f.into(), m: rule.m.into() };
        let HighFrom { r, f, m } = model.high_from;
        Rules {
            rules: model.rules.into_iter().map(rule).collect(),
            otherwise: model.otherwise,
            high_from: ClassCut { r, f, m },
        }
    }
}

fn shown(stored: &StoredModel) -> ApiResult<TierModel> {
    let rules: Rules = from_json(&stored.model)?;
    let rule = |rule: Rule| TierRule { tier: rule.tier, r: rule.r.into(), f: rule.f.into(), m: rule.m.into() };
    let ClassCut { r, f, m } = rules.high_from;
    Ok(TierModel {
        rules: rules.rules.into_iter().map(rule).collect(),
        otherwise: rules.otherwise,
        high_from: HighFrom { r, f, m },
    })
}

/// Read the tier table
#[utoipa::path(tag = "tiering", operation_id = "get_tiering_model", security(("bearer" = [])),
    responses((status = 200, description = "The table", body = TierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:read"))))]
#[get("/tiering/model")]
async fn get_model(_can: Can<may::TieringRead>, app: web::Data<App>) -> ApiResult<Versioned<TierModel>> {
    let stored = models::active(&app.db).await?.ok_or_else(|| Error::Internal("no tiering model".to_owned()))?;
    Ok(Versioned::ok(shown(&stored)?, stored.version))
}

/// Replace the tier table
///
/// Customers move at the next run.
#[utoipa::path(tag = "tiering", operation_id = "put_tiering_model", request_body = TierModel, security(("bearer" = [])),
    responses((status = 200, description = "The table", body = TierModel, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("tiering:configure"))))]
#[put("/tiering/model")]
async fn put_model(
    can: Can<may::TieringConfigure>,
    app: web::Data<App>,
    body: Body<TierModel>,
) -> ApiResult<Versioned<TierModel>> {
    let stored = replace(&app, &can.command()?, body.0.into()).await?;
    Ok(Versioned::ok(shown(&stored)?, stored.version))
}
