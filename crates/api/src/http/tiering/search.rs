use actix_web::{get, post, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huiyin_domain::customers::{Email, Phone, query_tokens};
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_domain::tiering::condition::{CUSTOM_PREFIX, Field, Kind, Moment};
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::tiering::search::{self, Key, Position, Search, Sort, SortBy, TextQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::customers::{Customer, CustomerPage, Tag};
use crate::http::support::condition::Condition;
use crate::http::support::{ApiResult, Body, Can, PageParams, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(search_customers).service(list_condition_fields);
}

/// By what the customers are ordered. Those without the value come last, whichever way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SortKey {
    Created,
    Name,
    AnnualAmount,
    LastActivityAt,
    Revenue,
    LastOrderOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SortOrder {
    Asc,
    Desc,
}

/// The order of a search: newest first unless given.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SortInput {
    by: SortKey,
    /// `desc` unless given.
    #[schema(nullable = false)]
    order: Option<SortOrder>,
}

/// What is looked for; all that is given must hold.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct SearchCustomers {
    #[schema(nullable = false)]
    condition: Option<Condition>,
    /// Any part of the name, or exactly a number, an external id, or (for customers whose data one sees) a phone or
    /// mail address.
    #[schema(nullable = false, min_length = 1, max_length = 200, example = "晨光")]
    text: Option<String>,
    /// With any of these tags.
    #[schema(nullable = false, min_items = 1, max_items = 50)]
    tags: Option<Vec<Tag>>,
    #[schema(nullable = false)]
    sort: Option<SortInput>,
    /// `next_cursor` of the page before, of the same search.
    #[schema(nullable = false, min_length = 24, max_length = 4000, pattern = "@position")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

pub fn sort(input: Option<SortInput>) -> Sort {
    let by = match input.as_ref().map_or(SortKey::Created, |sort| sort.by) {
        SortKey::Created => SortBy::Created,
        SortKey::Name => SortBy::Name,
        SortKey::AnnualAmount => SortBy::AnnualAmount,
        SortKey::LastActivityAt => SortBy::LastActivityAt,
        SortKey::Revenue => SortBy::Revenue,
        SortKey::LastOrderOn => SortBy::LastOrderOn,
    };
    Sort { by, ascending: input.and_then(|sort| sort.order) == Some(SortOrder::Asc) }
}

/// What a cursor was made for.
fn tag(sort: Sort) -> u8 {
    sort.by as u8 * 2 + u8::from(sort.ascending)
}

fn encode(sort: Sort, position: &Position) -> String {
    let mut bytes = vec![tag(sort), position.band];
    bytes.extend_from_slice(position.id.as_bytes());
    match &position.key {
        Key::None => {}
        Key::Number(number) => bytes.extend_from_slice(&number.to_be_bytes()),
        Key::Text(text) => bytes.extend_from_slice(text.as_bytes()),
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One that was made for another order is refused, since it would skip rows.
fn decode(sort: Sort, cursor: &str) -> Result<Position, Fault> {
    let mismatch = || Fault::new(Code::CursorMismatch).at("/cursor");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| mismatch())?;
    let [made_for, band, rest @ ..] = bytes.as_slice() else { return Err(mismatch()) };
    let (id, key) = rest.split_at_checked(16).ok_or_else(mismatch)?;
    if *made_for != tag(sort) {
        return Err(mismatch());
    }
    let id = Uuid::from_slice(id).map_err(|_| mismatch())?;
    let number = key.first_chunk::<8>().map(|bytes| Key::Number(i64::from_be_bytes(*bytes)));
    let key = match sort.by {
        SortBy::Created => Key::None,
        SortBy::Name => Key::Text(String::from_utf8_lossy(key).replace('\0', "")),
        _ => number.unwrap_or(Key::None),
    };
    Ok(Position { band: *band, key, id })
}

/// Search customers
///
/// By condition, text and tags together, in the order asked for. A text finds names by any part of them, in Chinese too.
#[utoipa::path(tag = "customers", operation_id = "search_customers", request_body = SearchCustomers, security(("bearer" = [])),
    responses((status = 200, description = "A page of customers within reach", body = CustomerPage)),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["condition_too_large", "condition_mismatch", "custom_field_unknown", "cursor_mismatch"]))))]
#[post("/customers/search")]
async fn search_customers(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    body: Body<SearchCustomers>,
) -> ApiResult<web::Json<CustomerPage>> {
    let SearchCustomers { condition, text, tags, sort: order, cursor, limit } = body.0;
    let sort = sort(order);
    let after = cursor.map(|cursor| decode(sort, &cursor)).transpose()?;
    let search = narrowed(&app, &can, condition, text, tags).await?;
    let page = PageParams { cursor: None, limit }.request()?;
    let found = search::page(&app.db, can.scope(), &search, sort, after.as_ref(), page.limit).await?;
    let today = app.local_date(can.now);
    let items = found.items.into_iter().map(|known| Customer::of(known, &can.actor, today)).collect();
    let next_cursor = found.next.map(|position| encode(sort, &position));
    Ok(web::Json(CustomerPage { items, next_cursor }))
}

/// What is looked for, as the database is asked for it.
pub async fn narrowed<P>(
    app: &App,
    can: &Can<P>,
    condition: Option<Condition>,
    text: Option<String>,
    tags: Option<Vec<Tag>>,
) -> ApiResult<Search> {
    let unmasked = can.actor.personal_data_scope();
    let mut search = Search { tags: tags.into_iter().flatten().map(|tag| tag.0).collect(), ..Search::default() };
    if let Some(condition) = condition {
        let condition = condition.checked("/condition", &custom_fields::active(&app.db).await?)?;
        // A match by what is masked would tell it after all.
        search.within = condition.is_personal().then_some(unmasked);
        search.predicate = Some(condition.bind(Moment { now: can.now, zone: app.config.time_zone }));
    }
    if let Some(text) = text {
        let text = text.trim();
        let phone = Phone::parse(text).map(|phone| phone.to_string());
        let email = Email::parse(text).map(|email| email.to_string());
        let exact = search::named(&app.db, text, phone, email, unmasked).await?;
        search.text = Some(TextQuery { tokens: query_tokens(text), exact });
    }
    Ok(search)
}

/// A field that a condition may compare.
#[derive(Serialize, ToSchema)]
struct ConditionField {
    /// As it stands in conditions.
    #[schema(example = "annual_amount")]
    field: String,
    /// `text`, `choice`, `integer`, `money`, `date`, `time`, `id`, `set`, `birthday`, `number` or `boolean`.
    #[schema(example = "money")]
    kind: String,
    #[schema(example = "年度金额")]
    label_zh: String,
    #[schema(example = "Annual amount")]
    label_en: String,
    /// By which operators it may be compared.
    #[schema(example = json!(["gte", "between"]))]
    ops: Vec<String>,
    /// The texts of a choice.
    choices: Vec<String>,
    /// Whether it matches only customers whose personal data one sees.
    personal: bool,
}

/// Everything that a condition may compare.
#[derive(Serialize, ToSchema)]
struct ConditionFields {
    items: Vec<ConditionField>,
}

fn of_kind(kind: Kind, custom: bool) -> Vec<String> {
    use huiyin_domain::tiering::condition::Op;
    let fits = |op: &&Op| !custom || **op != Op::AnniversaryWithin;
    kind.ops().iter().filter(fits).map(|op| op.to_string()).collect()
}

/// List the fields that conditions may compare
///
/// With their labels and operators; custom fields stand at the end.
#[utoipa::path(tag = "customers", operation_id = "list_condition_fields", security(("bearer" = [])),
    responses((status = 200, description = "The fields", body = ConditionFields)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/conditions/fields")]
async fn list_condition_fields(
    _can: Can<may::CustomersRead>,
    app: web::Data<App>,
) -> ApiResult<web::Json<ConditionFields>> {
    use huiyin_domain::customers::CustomKind;
    use huiyin_domain::tiering::condition::Form;
    let known = Field::ALL.iter().map(|field| ConditionField {
        field: field.as_str().to_owned(),
        kind: field.kind().as_str().to_owned(),
        label_zh: field.label(Lang::Zh).to_owned(),
        label_en: field.label(Lang::En).to_owned(),
        ops: of_kind(field.kind(), false),
        choices: match field.kind() {
            Kind::Choice(choices) => choices.texts().into_iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        },
        personal: field.is_personal(),
    });
    let customs = custom_fields::list(&app.db).await?.into_iter().filter(|row| row.active);
    let customs = customs.map(|row| {
        let field = custom_fields::definition(&row)?;
        let kind = match field.kind {
            CustomKind::Text | CustomKind::Choice => Kind::Text(Form::Plain),
            CustomKind::Number => Kind::Real,
            CustomKind::Date => Kind::Date,
            CustomKind::Boolean => Kind::Boolean,
        };
        Ok(ConditionField {
            field: format!("{CUSTOM_PREFIX}{}", row.key),
            kind: if field.kind == CustomKind::Choice { "choice".to_owned() } else { kind.as_str().to_owned() },
            label_zh: row.label.clone(),
            label_en: row.label,
            ops: of_kind(kind, true),
            choices: field.choices,
            personal: false,
        })
    });
    let items = known.map(Ok).chain(customs).collect::<ApiResult<_>>()?;
    Ok(web::Json(ConditionFields { items }))
}
