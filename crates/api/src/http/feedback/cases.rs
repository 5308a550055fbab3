use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::Subtype;
use huiyin_domain::feedback::case::excerpt;
use huiyin_persistence::feedback::cases::{self, Case as Stored, Filter};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::support::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{CauseCategorySchema, FeedbackTypeSchema, SubtypeSchema};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::feedback::cases::{Fit, search, similar};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_cases).service(get_case).service(find_similar_cases).service(list_similar_cases);
}

/// Cases offered for one feedback.
pub const OFFERED: usize = 3;
/// Cases that a search answers at most.
const FOUND: i64 = 50;

/// A closed feedback in the case library (案例). Phone numbers, mail addresses and numbers of cards are masked in its texts.
#[derive(Debug, Serialize, ToSchema)]
struct Case {
    id: Uuid,
    feedback_id: Uuid,
    /// The number of the feedback.
    #[schema(example = "F000001")]
    number: String,
    #[serde(rename = "type")]
    #[schema(value_type = FeedbackTypeSchema)]
    kind: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    /// The department that resolved it.
    department_id: Option<Uuid>,
    /// What the customer said.
    #[schema(example = "系统登录不上，一直报错，影响我们开单")]
    symptom: String,
    /// The conclusion of the root cause, where there is one.
    #[schema(example = "证书到期前没有提醒")]
    cause: Option<String>,
    #[schema(value_type = Option<CauseCategorySchema>)]
    cause_category: Option<String>,
    #[schema(example = "已更换证书")]
    solution: String,
    #[schema(example = "证书到期前三十天提醒")]
    improvement: String,
    closed_at: DateTime<Utc>,
    /// How well it fits what was asked for, 0 to 1; null in a list that asks for nothing.
    #[schema(minimum = 0, maximum = 1, example = 0.82)]
    score: Option<f64>,
}

impl Case {
    fn of(row: Stored, score: Option<f64>) -> Self {
        Case {
            id: row.id,
            feedback_id: row.feedback_id,
            number: row.number,
            kind: row.kind,
            subtype: row.subtype,
            department_id: row.department_id,
            symptom: row.symptom,
            cause: row.cause,
            cause_category: row.cause_category,
            solution: row.solution,
            improvement: row.improvement,
            closed_at: row.closed_at,
            score,
        }
    }
}

impl From<Fit> for Case {
    fn from(fit: Fit) -> Self {
        Case::of(fit.case, Some(fit.score))
    }
}

page_of!(CasePage, Case);

/// A closed case that is like a feedback.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarCase {
    /// The case; read it there for more.
    id: Uuid,
    #[schema(example = "F000001")]
    number: String,
    /// How what the customer said begins.
    #[schema(example = "系统登录不上，一直报错，影响我们开单")]
    symptom: String,
    #[schema(example = "已更换证书")]
    solution: String,
    /// How much of the text stands in the case too, weighed by how rare the words are, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.82)]
    score: f64,
}

impl From<Fit> for SimilarCase {
    fn from(fit: Fit) -> Self {
        let Fit { case, score } = fit;
        SimilarCase {
            id: case.id,
            number: case.number,
            symptom: excerpt(&case.symptom),
            solution: case.solution,
            score,
        }
    }
}

/// The closed cases that are most like a text, the best first.
#[derive(Debug, Serialize, ToSchema)]
struct SimilarCases {
    items: Vec<SimilarCase>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CaseParams {
    /// What is looked for, in any words: cases in which all of them stand come first, by how well they fit. The answer is
    /// one page of 50 cases at most.
    #[schema(min_length = 1, max_length = 200)]
    #[param(min_length = 1, max_length = 200, example = "登录报错")]
    q: Option<String>,
    /// Only of this category.
    #[schema(value_type = Option<SubtypeSchema>)]
    #[param(value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
    /// Only closed from then on.
    from: Option<DateTime<Utc>>,
    /// Only closed before then.
    to: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before; of no use with `q`.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given, and with `q` no more than that.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct SimilarTo {
    #[schema(min_length = 1, max_length = 10000, pattern = "@any", example = "登录页面打不开，提示证书过期")]
    text: String,
}

/// List or search the case library
///
/// Without `q` every case, the latest first, page by page. With `q` those that fit it best, in Chinese or English: one
/// page, `next_cursor` is null; ask with more words for others.
#[utoipa::path(tag = "cases", operation_id = "list_cases", params(CaseParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of cases", body = CasePage)),
    extensions(("x-permission" = json!("cases:read"))))]
#[get("/feedback/cases")]
async fn list_cases(
    _can: Can<may::CasesRead>,
    app: web::Data<App>,
    params: Params<CaseParams>,
) -> ApiResult<web::Json<CasePage>> {
    let CaseParams { q, subtype, from, to, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let filter = Filter { subtype, from, to };
    let page = match q {
        Some(question) => {
            let limit = usize::try_from(limit.unwrap_or(FOUND).clamp(1, FOUND)).unwrap_or_default();
            let found = search(&app.db, &filter, &question, limit).await?;
            Page { items: found.into_iter().map(Case::from).collect(), next: None }
        }
        None => cases::list(&app.db, &filter, page).await?.map(|row| Case::of(row, None)),
    };
    Ok(web::Json(page.into()))
}

/// Read a case
#[utoipa::path(tag = "cases", operation_id = "get_case", params(("id" = Uuid, Path, description = "The case")), security(("bearer" = [])),
    responses((status = 200, description = "The case", body = Case)),
    extensions(("x-permission" = json!("cases:read")), ("x-errors" = json!(["case_not_found"]))))]
#[get("/feedback/cases/{id}")]
async fn get_case(_can: Can<may::CasesRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<Case>> {
    let row = cases::find(&app.db, id.0).await?.ok_or(Code::CaseNotFound)?;
    Ok(web::Json(Case::of(row, None)))
}

/// Find cases like a text
///
/// Without storing anything: for a customer who is still on the line.
#[utoipa::path(tag = "cases", operation_id = "find_similar_cases", request_body = SimilarTo, security(("bearer" = [])),
    responses((status = 200, description = "The three most like it", body = SimilarCases)),
    extensions(("x-permission" = json!("cases:read"))))]
#[post("/feedback/cases/similar")]
async fn find_similar_cases(
    _can: Can<may::CasesRead>,
    app: web::Data<App>,
    body: Body<SimilarTo>,
) -> ApiResult<web::Json<SimilarCases>> {
    Ok(web::Json(SimilarCases { items: offered(&app, &body.0.text, None).await? }))
}

/// The closed cases that are offered for a text.
pub async fn offered(app: &App, text: &str, except: Option<Uuid>) -> ApiResult<Vec<SimilarCase>> {
    let found = similar(&app.db, text, except, OFFERED).await?;
    Ok(found.into_iter().map(SimilarCase::from).collect())
}

/// Find cases like a feedback
#[utoipa::path(tag = "cases", operation_id = "list_similar_cases", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The three most like it", body = SimilarCases)),
    extensions(("x-permission" = json!("cases:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/similar-cases")]
async fn list_similar_cases(
    can: Can<may::CasesRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<SimilarCases>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    Ok(web::Json(SimilarCases { items: offered(&app, &feedback.content, Some(feedback.id)).await? }))
}
