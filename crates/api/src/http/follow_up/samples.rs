use std::collections::HashMap;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::coverage::Period;
use huiyin_domain::follow_up::sampling::SampleVerdict;
use huiyin_domain::identity::Actor;
use huiyin_persistence::customers::profiles::Known;
use huiyin_persistence::follow_up::samples::{self, Figures, Item, Record, Sample as Stored};
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::customers::Customer;
use crate::http::support::enums::{FollowUpMethodSchema, MoodSchema, SampleVerdictSchema, TaskOutcomeSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::{ApiError, ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::samples::{NewSample, draw, judge};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_samples)
        .service(draw_sample)
        .service(get_sample)
        .service(list_sample_items)
        .service(judge_sample_item);
}

/// Records drawn at random (抽查), and how far checking them has come.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpSample {
    id: Uuid,
    /// Records of this local day and later.
    from: NaiveDate,
    /// Records of this local day and earlier.
    to: NaiveDate,
    plan_id: Option<Uuid>,
    author_id: Option<Uuid>,
    /// Whose records took part; null where everybody's did, or only the caller's own.
    department_id: Option<Uuid>,
    /// How many were asked for.
    #[schema(minimum = 1, maximum = 500, example = 20)]
    size: i32,
    /// The same seed draws the same records out of the same.
    #[schema(minimum = 0, example = 20260930)]
    seed: i64,
    /// How many took part.
    #[schema(minimum = 0, example = 1280)]
    population: i64,
    /// How many were drawn: all there were, where those are fewer.
    #[schema(minimum = 0, maximum = 500, example = 20)]
    drawn: i32,
    #[schema(minimum = 0, example = 12)]
    checked: i32,
    #[schema(minimum = 0, example = 10)]
    matches: i32,
    #[schema(minimum = 0, example = 1)]
    differs: i32,
    #[schema(minimum = 0, example = 1)]
    doubtful: i32,
    /// Those that match, per cent of those checked; null as long as none is.
    #[schema(minimum = 0, maximum = 100, example = 83.3)]
    match_rate: Option<f64>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for FollowUpSample {
    fn from(row: Stored) -> Self {
        let checked = row.matches + row.differs + row.doubtful;
        FollowUpSample {
            id: row.id,
            from: row.from_on,
            to: row.to_on,
            plan_id: row.plan_id,
            author_id: row.author_id,
            department_id: row.department_id,
            size: row.size,
            seed: row.seed,
            population: row.population,
            drawn: row.drawn,
            checked,
            matches: row.matches,
            differs: row.differs,
            doubtful: row.doubtful,
            match_rate: (checked > 0).then(|| f64::from(100 * row.matches) / f64::from(checked)),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(FollowUpSamplePage, FollowUpSample);

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
struct SampledRecord {
    id: Uuid,
    task_id: Uuid,
    #[schema(value_type = FollowUpMethodSchema)]
    method: String,
    happened_at: DateTime<Utc>,
    #[schema(value_type = TaskOutcomeSchema)]
    outcome: String,
    author_id: Option<Uuid>,
    identity_confirmed: bool,
    #[schema(minimum = 1, maximum = 5, example = 5)]
    csat: Option<i16>,
    #[schema(minimum = 0, maximum = 10, example = 9)]
    nps: Option<i16>,
    #[schema(value_type = Option<MoodSchema>)]
    mood: Option<String>,
    praise: Option<String>,
    complaints: Option<String>,
    wishes: Option<String>,
    commitments: Option<String>,
    summary: Option<String>,
}

impl From<Record> for SampledRecord {
    fn from(row: Record) -> Self {
        SampledRecord {
            id: row.id,
            task_id: row.task_id,
            method: row.method,
            happened_at: row.happened_at,
            outcome: row.outcome,
            author_id: row.author_id,
            identity_confirmed: row.identity_confirmed,
            csat: row.csat,
            nps: row.nps,
            mood: row.mood,
            praise: row.praise,
            complaints: row.complaints,
            wishes: row.wishes,
            commitments: row.commitments,
            summary: row.summary,
        }
    }
}

/// What is known to have happened with the customer.
#[derive(Debug, Default, Serialize, ToSchema)]
struct SampledFigures {
    #[schema(minimum = 0, example = 12)]
    orders: i64,
    last_order_on: Option<NaiveDate>,
    #[schema(minimum = 0, example = 7)]
    interactions: i64,
    last_interaction_at: Option<DateTime<Utc>>,
    #[schema(minimum = 0, example = 1)]
    complaints: i64,
    #[schema(minimum = 0, example = 0)]
    feedback_open: i64,
}

impl From<Figures> for SampledFigures {
    fn from(row: Figures) -> Self {
        SampledFigures {
            orders: row.orders,
            last_order_on: row.last_order_on,
            interactions: row.interactions,
            last_interaction_at: row.last_interaction_at,
            complaints: row.complaints,
            feedback_open: row.feedback_open,
        }
    }
}

/// A record beside the file of its customer.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpSampleItem {
    record: SampledRecord,
    /// As it is now, masked as everywhere; null where the record is of nobody.
    customer: Option<Customer>,
    figures: Option<SampledFigures>,
    /// Null as long as it has not been checked.
    #[schema(value_type = Option<SampleVerdictSchema>)]
    verdict: Option<String>,
    #[schema(example = "电话中客户表示从未接到回访")]
    note: Option<String>,
    checked_by: Option<Uuid>,
    checked_at: Option<DateTime<Utc>>,
}

page_of!(FollowUpSampleItemPage, FollowUpSampleItem);

/// The sample after a record was checked, and the verdict.
#[derive(Debug, Serialize, ToSchema)]
struct CheckedSample {
    #[serde(flatten)]
    sample: FollowUpSample,
    record_id: Uuid,
    #[schema(value_type = SampleVerdictSchema)]
    verdict: SampleVerdict,
    note: Option<String>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct DrawSample {
    /// Records of this local day and later.
    #[schema(example = "2026-09-01")]
    from: NaiveDate,
    /// Records of this local day and earlier, 366 days at most.
    #[schema(example = "2026-09-30")]
    to: NaiveDate,
    /// Only of this plan.
    #[schema(nullable = false)]
    plan_id: Option<Uuid>,
    /// Only by this person.
    #[schema(nullable = false)]
    author_id: Option<Uuid>,
    /// How many.
    #[schema(minimum = 1, maximum = 500, example = 20)]
    size: u16,
    /// Made up unless given; kept, so that the draw can be done again.
    #[schema(nullable = false, minimum = 0, maximum = 2147483647, example = 20260930)]
    seed: Option<i64>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct JudgeSampleItem {
    #[schema(value_type = SampleVerdictSchema)]
    verdict: SampleVerdict,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 500,
        pattern = "@prose",
        example = "电话中客户表示从未接到回访"
    )]
    note: Option<String>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SampleItemParams {
    /// Only those that have been checked, or that have not.
    checked: Option<bool>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// A record of a sample in the path.
struct ItemPath {
    id: Uuid,
    record_id: Uuid,
}

impl FromRequest for ItemPath {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = |name: &str| {
            let text = request.match_info().get(name).unwrap_or_default();
            let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
            parsed.ok_or_else(|| Fault::new(Code::InvalidFormat).at(format!("#path/{name}")).with("expected", "uuid"))
        };
        std::future::ready(match (read("id"), read("record_id")) {
            (Ok(id), Ok(record_id)) => Ok(ItemPath { id, record_id }),
            (id, record) => Err([id.err(), record.err()].into_iter().flatten().collect::<Vec<_>>().into()),
        })
    }
}

/// List samples
#[utoipa::path(tag = "follow-up figures", operation_id = "list_follow_up_samples", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of samples", body = FollowUpSamplePage)),
    extensions(("x-permission" = json!("follow_up:plan"))))]
#[get("/follow-up-samples")]
async fn list_samples(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<FollowUpSamplePage>> {
    let page = samples::list(&app.db, can.scope(), params.0.request()?).await?;
    Ok(web::Json(page.map(FollowUpSample::from).into()))
}

/// Draw a sample
///
/// Records within reach, each as likely as any other, to be checked against the customer file by somebody else than who
/// wrote them.
#[utoipa::path(tag = "follow-up figures", operation_id = "draw_follow_up_sample", request_body = DrawSample, security(("bearer" = [])),
    responses((status = 201, description = "The sample", body = FollowUpSample, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the sample")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["period_invalid", "plan_not_found", "user_not_found"]))))]
#[post("/follow-up-samples")]
async fn draw_sample(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    body: Body<DrawSample>,
) -> ApiResult<Versioned<FollowUpSample>> {
    let DrawSample { from, to, plan_id, author_id, size, seed } = body.0;
    let period = Period::new(from, to, "/to")?;
    let sample = draw(&app, &can.command()?, NewSample { period, plan_id, author_id, size, seed }).await?;
    let (version, location) = (sample.version, format!("/api/v1/follow-up-samples/{}", sample.id));
    Ok(Versioned::created(sample.into(), version, location))
}

/// Read a sample
#[utoipa::path(tag = "follow-up figures", operation_id = "get_follow_up_sample", params(("id" = Uuid, Path, description = "The sample")), security(("bearer" = [])),
    responses((status = 200, description = "The sample", body = FollowUpSample, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["sample_not_found"]))))]
#[get("/follow-up-samples/{id}")]
async fn get_sample(can: Can<may::FollowUpPlan>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<FollowUpSample>> {
    let sample = samples::find(&app.db, can.scope(), id.0).await?.ok_or(Code::SampleNotFound)?;
    let version = sample.version;
    Ok(Versioned::ok(sample.into(), version))
}

/// List what is in a sample
///
/// Each record beside the file of its customer, in the order in which they were drawn.
#[utoipa::path(tag = "follow-up figures", operation_id = "list_follow_up_sample_items", params(("id" = Uuid, Path, description = "The sample"), SampleItemParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of records", body = FollowUpSampleItemPage)),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["sample_not_found"]))))]
#[get("/follow-up-samples/{id}/items")]
async fn list_sample_items(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
    params: Params<SampleItemParams>,
) -> ApiResult<web::Json<FollowUpSampleItemPage>> {
    let SampleItemParams { checked, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let sample = samples::find(&app.db, can.scope(), id.0).await?.ok_or(Code::SampleNotFound)?;
    let Page { items, next } = samples::items(&app.db, sample.id, checked, page).await?;
    let items = shown(&app, &can.actor, items, app.local_date(can.now)).await?;
    Ok(web::Json(Page { items, next }.into()))
}

async fn shown(app: &App, actor: &Actor, items: Vec<Item>, today: NaiveDate) -> ApiResult<Vec<FollowUpSampleItem>> {
    let records = samples::records_of(&app.db, &items).await?;
    let (known, figures) = samples::files_of(&app.db, &records).await?;
    let mut records: HashMap<Uuid, Record> = records.into_iter().map(|row| (row.id, row)).collect();
    let known: HashMap<Uuid, Known> = known.into_iter().map(|known| (known.customer.id, known)).collect();
    let figures: HashMap<Uuid, Figures> = figures.into_iter().map(|row| (row.customer_id, row)).collect();
    let item = |item: Item| {
        let record = records.remove(&item.record_id)?;
        let customer = record.customer_id;
        Some(FollowUpSampleItem {
            record: record.into(),
            customer: customer.and_then(|id| known.get(&id)).map(|known| Customer::of(known.clone(), actor, today)),
            figures: customer.map(|id| figures.get(&id).cloned().map(SampledFigures::from).unwrap_or_default()),
            verdict: item.verdict,
            note: item.note,
            checked_by: item.checked_by,
            checked_at: item.checked_at,
        })
    };
    Ok(items.into_iter().filter_map(item).collect())
}

/// Say what checking a record has shown
///
/// By somebody else than who wrote it. Said anew it takes the place of what was said before.
#[utoipa::path(tag = "follow-up figures", operation_id = "judge_follow_up_sample_item",
    params(("id" = Uuid, Path, description = "The sample"), ("record_id" = Uuid, Path, description = "The record")),
    request_body = JudgeSampleItem, security(("bearer" = [])),
    responses((status = 200, description = "The sample", body = CheckedSample, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["sample_not_found", "sample_item_not_found", "own_record"]))))]
#[post("/follow-up-samples/{id}/items/{record_id}/verdict")]
async fn judge_sample_item(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    path: ItemPath,
    body: Body<JudgeSampleItem>,
) -> ApiResult<Versioned<CheckedSample>> {
    let JudgeSampleItem { verdict, note } = body.0;
    let (sample, item) = judge(&app, &can.command()?, path.id, path.record_id, verdict, note).await?;
    let version = sample.version;
    let checked = CheckedSample { sample: sample.into(), record_id: item.record_id, verdict, note: item.note };
    Ok(Versioned::ok(checked, version))
}
