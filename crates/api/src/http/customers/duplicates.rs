use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpResponse, get, post, web};
use huiyin_domain::customers::{DuplicateReason, MergeSide};
use huiyin_persistence::customers::duplicates::{self, Pair};
use huiyin_persistence::customers::profiles;
use huiyin_persistence::support::{Page, to_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::Customer;
use super::profiles::shown;
use crate::http::support::enums::{DuplicateReasonSchema, MergeSideSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::duplicates::dismiss;
use crate::usecases::customers::merging::merge;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_duplicates).service(dismiss_duplicate).service(merge_customers);
}

/// Two customers that are likely the same (疑似重复).
#[derive(Debug, Serialize, ToSchema)]
struct Duplicate {
    id: Uuid,
    /// The older one.
    a: Customer,
    b: Customer,
    /// What they have in common; phone and mail only where the reader sees those of both.
    #[schema(value_type = Vec<DuplicateReasonSchema>)]
    reasons: Vec<DuplicateReason>,
}

page_of!(DuplicatePage, Duplicate);

fn reasons(pair: &Pair, clear: bool) -> Vec<DuplicateReason> {
    let has = |reason: &DuplicateReason| match reason {
        DuplicateReason::Phone => pair.phone,
        DuplicateReason::Email => pair.email,
        DuplicateReason::Firm => pair.firm,
        DuplicateReason::Name => pair.name,
    };
    DuplicateReason::ALL.iter().copied().filter(has).filter(|reason| clear || !reason.is_personal()).collect()
}

/// List likely duplicates
///
/// Pairs of customers with the same phone, mail, firm name (without its legal form) or name, those found last first. Only pairs of
/// which both are within reach. A new customer is compared within about a second, with the 20 nearest that share a key.
#[utoipa::path(tag = "customers", operation_id = "list_duplicate_customers", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of pairs", body = DuplicatePage)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/customers/duplicates")]
async fn list_duplicates(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<DuplicatePage>> {
    let personal = can.actor.personal_data_scope();
    let page = duplicates::list(&app.db, can.scope(), personal, params.0.request()?).await?;
    let ids: Vec<Uuid> = page.items.iter().flat_map(|pair| [pair.newer_id, pair.older_id]).collect();
    let known = profiles::show_all(&app.db, can.scope(), &ids).await?;
    let known: HashMap<Uuid, _> = known.into_iter().map(|known| (known.customer.id, known)).collect();
    let today = app.local_date(can.now);
    let clear = |id: &Uuid| {
        known
            .get(id)
            .is_some_and(|known| can.actor.sees_personal_data(known.customer.owner_id, known.customer.department_id))
    };
    let items = page.items.into_iter().filter_map(|pair| {
        let shown = |id: &Uuid| Some(Customer::of(known.get(id)?.clone(), &can.actor, today));
        let reasons = reasons(&pair, clear(&pair.newer_id) && clear(&pair.older_id));
        Some(Duplicate { id: pair.id, a: shown(&pair.older_id)?, b: shown(&pair.newer_id)?, reasons })
    });
    Ok(web::Json(Page { items: items.collect(), next: page.next }.into()))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct NotTheSame {
    a: Uuid,
    b: Uuid,
}

/// Say that two customers are not the same
///
/// The pair is not listed again.
#[utoipa::path(tag = "customers", operation_id = "dismiss_duplicate_customers", request_body = NotTheSame, security(("bearer" = [])),
    responses((status = 204, description = "Remembered")),
    extensions(("x-permission" = json!("customers:merge")), ("x-errors" = json!(["customer_not_found", "merge_with_itself"]))))]
#[post("/customers/duplicates/dismiss")]
async fn dismiss_duplicate(
    can: Can<may::CustomersMerge>,
    app: web::Data<App>,
    body: Body<NotTheSame>,
) -> ApiResult<HttpResponse> {
    dismiss(&app, &can.command()?, body.0.a, body.0.b).await?;
    Ok(HttpResponse::NoContent().finish())
}

macro_rules! sides {
    ($($field:ident),+) => {
        /// Whose value of a field stays. Unless given: the survivor's, where it has one; both notes, one after the other.
        #[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        struct MergeSides {
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(value_type = Option<MergeSideSchema>, nullable = false)]
                $field: Option<MergeSide>,
            )+
            /// Custom fields by their keys.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<BTreeMap<String, MergeSideSchema>>, nullable = false)]
            custom: Option<BTreeMap<String, MergeSide>>,
        }
    };
}

sides!(
    kind,
    name,
    industry,
    phone,
    email,
    birthday,
    address,
    source,
    owner_id,
    department_id,
    cooperation_start,
    cooperation_stage,
    annual_amount,
    contract_end,
    core_products,
    preferred_channel,
    note
);

impl MergeSides {
    fn by_field(self) -> ApiResult<BTreeMap<String, MergeSide>> {
        let mut sides = BTreeMap::new();
        if let Value::Object(fields) = to_json(&self)? {
            for (field, side) in fields.into_iter().filter(|(field, _)| field != "custom") {
                sides.insert(field, huiyin_persistence::support::from_json(&side)?);
            }
        }
        sides.extend(self.custom.unwrap_or_default().into_iter().map(|(key, side)| (format!("custom.{key}"), side)));
        Ok(sides)
    }
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Merge {
    /// The customer that is the same, and will be no more.
    from: Uuid,
    #[schema(nullable = false)]
    fields: Option<MergeSides>,
}

/// Merge another customer into this one
///
/// Everything of `from` becomes this customer's: external ids, orders, feedback, tags, history and whatever else is attached to it;
/// empty fields are filled. `GET` by the id of `from` redirects here from then on (308), changes to it are refused (409
/// `customer_merged`), its external ids name this customer. Its pending change requests are superseded.
#[utoipa::path(tag = "customers", operation_id = "merge_customers", params(("id" = Uuid, Path, description = "The customer that stays")),
    request_body = Merge, security(("bearer" = [])),
    responses((status = 200, description = "The customer", body = Customer, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:merge")), ("x-errors" = json!([
        "customer_not_found", "merge_with_itself", "not_your_department", "version_conflict"]))))]
#[post("/customers/{id}/merge")]
async fn merge_customers(
    can: Can<may::CustomersMerge>,
    app: web::Data<App>,
    id: Id,
    body: Body<Merge>,
) -> ApiResult<Versioned<Customer>> {
    let Merge { from, fields } = body.0;
    let row = merge(&app, &can.command()?, id.0, from, fields.unwrap_or_default().by_field()?).await?;
    let version = row.version;
    Ok(Versioned::ok(shown(&app, &can, row).await?, version))
}
