use actix_web::{get, put, web};
use huiyin_domain::follow_up::frequency::{ContactLimit as Limit, ContactLimits as Limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::{ApiResult, Body, Can, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::frequency::{Kept, read, replace};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_contact_limits).service(put_contact_limits);
}

/// So many contacts by one method at most in any stretch of so many months.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ContactLimit {
    /// 0: none at all.
    #[schema(minimum = 0, maximum = 100, example = 2)]
    contacts: u32,
    #[schema(minimum = 1, maximum = 24, example = 3)]
    months: u32,
}

/// How often marketing plans may have customers contacted (频次上限), by tier; null: as often as they like. Customers
/// without a tier count as `regular`.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ContactLimits {
    #[schema(required)]
    vip: Option<ContactLimit>,
    #[schema(required)]
    potential: Option<ContactLimit>,
    #[schema(required)]
    regular: Option<ContactLimit>,
    #[schema(required)]
    at_risk: Option<ContactLimit>,
    #[schema(required)]
    dormant: Option<ContactLimit>,
}

impl From<ContactLimit> for Limit {
    fn from(ContactLimit { contacts, months }: ContactLimit) -> Self {
        Limit { contacts, months }
    }
}

impl From<ContactLimits> for Limits {
    fn from(body: ContactLimits) -> Self {
        Limits {
            vip: body.vip.map(Limit::from),
            potential: body.potential.map(Limit::from),
            regular: body.regular.map(Limit::from),
            at_risk: body.at_risk.map(Limit::from),
            dormant: body.dormant.map(Limit::from),
        }
    }
}

fn shown(Kept { version, limits }: Kept) -> Versioned<ContactLimits> {
    let one = |limit: Option<Limit>| limit.map(|Limit { contacts, months }| ContactLimit { contacts, months });
    let limits = ContactLimits {
        vip: one(limits.vip),
        potential: one(limits.potential),
        regular: one(limits.regular),
        at_risk: one(limits.at_risk),
        dormant: one(limits.dormant),
    };
    Versioned::ok(limits, version)
}

/// Read how often customers are contacted at most
#[utoipa::path(tag = "follow-up plans", operation_id = "get_contact_limits", security(("bearer" = [])),
    responses((status = 200, description = "The limits", body = ContactLimits, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-plans/contact-limits")]
async fn get_contact_limits(_can: Can<may::FollowUpRead>, app: web::Data<App>) -> ApiResult<Versioned<ContactLimits>> {
    Ok(shown(read(&app.db).await?))
}

/// Say how often customers are contacted at most
///
/// For tasks that plans with the purpose `marketing` make from now on. What such plans have had made for a customer by the same
/// method counts, by the days on which it begins and is done, unless it was cancelled. A task too many is stored as `cancelled` with
/// `contact_limit`.
#[utoipa::path(tag = "follow-up plans", operation_id = "put_contact_limits", request_body = ContactLimits, security(("bearer" = [])),
    responses((status = 200, description = "The limits", body = ContactLimits, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:configure"))))]
#[put("/follow-up-plans/contact-limits")]
async fn put_contact_limits(
    can: Can<may::FollowUpConfigure>,
    app: web::Data<App>,
    body: Body<ContactLimits>,
) -> ApiResult<Versioned<ContactLimits>> {
    Ok(shown(replace(&app, &can.command()?, body.0.into()).await?))
}
