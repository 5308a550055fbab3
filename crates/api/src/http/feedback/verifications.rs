use std::collections::HashMap;

use actix_web::{get, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::{mask_email, mask_phone};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::case::mask_text;
use huiyin_domain::feedback::{VerificationOutcome, VerificationState};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_persistence::customers::profiles;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::feedback::rounds::{self, Round as StoredRound};
use huiyin_persistence::feedback::verifications::{self, Feedback, Filter, Verification as Stored};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{VerificationOutcomeSchema, VerificationStateSchema};
use crate::http::support::page::{encode, page_of};
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::verifications::{Answer, answer};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_verifications).service(get_verification).service(answer_verification).service(list_rounds);
}

/// One attempt to ask the customer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct VerificationAttempt {
    at: DateTime<Utc>,
    /// Null where another system asked.
    by: Option<Uuid>,
    #[schema(value_type = VerificationOutcomeSchema)]
    outcome: String,
    #[schema(example = "无人接听，下午再打")]
    note: String,
}

/// A customer is to be asked whether a resolution holds (二次回访).
#[derive(Debug, Serialize, ToSchema)]
struct Verification {
    id: Uuid,
    feedback_id: Uuid,
    #[schema(example = "F000001")]
    feedback_number: String,
    customer_id: Option<Uuid>,
    /// How often the feedback had been reopened before this resolution.
    #[schema(example = 0)]
    round: i32,
    /// Who resolved it.
    handler_id: Option<Uuid>,
    /// Who is to ask; null: whoever of the department does.
    assignee_id: Option<Uuid>,
    department_id: Option<Uuid>,
    resolved_at: DateTime<Utc>,
    /// The opening of the third working day after the resolution, or of the next attempt's day.
    due_from: DateTime<Utc>,
    /// The closing of the fifth working day after the resolution, or of the next attempt's day.
    due_by: DateTime<Utc>,
    #[schema(value_type = VerificationStateSchema)]
    state: String,
    /// Three at most.
    #[schema(example = 1)]
    attempts: i32,
    log: Vec<VerificationAttempt>,
    #[schema(value_type = Option<VerificationOutcomeSchema>)]
    outcome: Option<String>,
    /// Satisfaction (CSAT), 1 to 5.
    #[schema(example = 5)]
    score: Option<i32>,
    note: Option<String>,
    answered_by: Option<Uuid>,
    answered_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

page_of!(VerificationPage, Verification);

impl Verification {
    fn of(row: Stored, feedback: Option<&Feedback>) -> ApiResult<Self> {
        Ok(Verification {
            id: row.id,
            feedback_id: row.feedback_id,
            feedback_number: feedback.map(|feedback| feedback.number.clone()).unwrap_or_default(),
            customer_id: feedback.and_then(|feedback| feedback.customer_id),
            round: row.round,
            handler_id: row.handler_id,
            assignee_id: row.assignee_id,
            department_id: row.department_id,
            resolved_at: row.resolved_at,
            due_from: row.due_from,
            due_by: row.due_by,
            state: row.state,
            attempts: row.attempts,
            log: from_json(&row.log)?,
            outcome: row.outcome,
            score: row.score,
            note: row.note,
            answered_by: row.answered_by,
            answered_at: row.answered_at,
            updated_at: row.updated_at,
        })
    }
}

/// Whom to ask. Masked for whoever has no need of it.
#[derive(Debug, Default, Serialize, ToSchema)]
struct WhomToAsk {
    #[schema(example = "张伟")]
    name: Option<String>,
    #[schema(example = "138****8000")]
    phone: Option<String>,
    #[schema(example = "z****@example.com")]
    email: Option<String>,
}

/// A verification, and what one must know to ask.
#[derive(Debug, Serialize, ToSchema)]
struct VerificationInHand {
    #[serde(flatten)]
    verification: Verification,
    /// What the customer said; phone numbers and mail addresses in it are masked.
    #[schema(example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    #[schema(example = "已重置登录服务")]
    solution: Option<String>,
    #[schema(example = "增加告警")]
    improvement: Option<String>,
    contact: WhomToAsk,
}

/// Whoever is to ask has need of the contact data, as has the department that is to.
async fn contact(app: &App, row: &Stored, feedback: &Feedback, reader: &Actor) -> ApiResult<WhomToAsk> {
    let clear = reader.sees_personal_data(row.assignee_id, row.department_id);
    let shown =
        |text: Option<String>, mask: fn(&str) -> String| text.map(|text| if clear { text } else { mask(&text) });
    let customer = match feedback.customer_id {
        Some(customer) => profiles::find(&app.db, Scope::All, customer).await?,
        None => None,
    };
    let (name, phone, email) = match customer {
        Some(customer) => (Some(customer.name), customer.phone, customer.email),
        None => (None, None, None),
    };
    Ok(WhomToAsk {
        name: feedback.contact_name.clone().or(name),
        phone: shown(feedback.contact_phone.clone().or(phone), mask_phone),
        email: shown(feedback.contact_email.clone().or(email), mask_email),
    })
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct VerificationParams {
    /// Only in this state.
    #[schema(value_type = Option<VerificationStateSchema>)]
    #[param(value_type = Option<VerificationStateSchema>)]
    state: Option<VerificationState>,
    /// `true`: only those that you are to ask.
    mine: Option<bool>,
    /// `true`: only those whose time has come.
    due: Option<bool>,
    /// `true`: only those whose time has passed.
    overdue: Option<bool>,
    /// Only of this feedback.
    feedback_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List verifications
///
/// Those that you are to ask, and those of your department. The latest resolution first.
#[utoipa::path(tag = "verifications", operation_id = "list_verifications", params(VerificationParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of verifications within reach", body = VerificationPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/verifications")]
async fn list_verifications(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<VerificationParams>,
) -> ApiResult<web::Json<VerificationPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let wanted = |flag: Option<bool>| flag.unwrap_or_default().then_some(can.now);
    let filter = Filter {
        state: params.state,
        assignee_id: params.mine.unwrap_or_default().then_some(can.actor.id),
        feedback_id: params.feedback_id,
        due_at: wanted(params.due),
        overdue_at: wanted(params.overdue),
    };
    let page = verifications::list(&app.db, can.scope(), filter, page).await?;
    let behind = verifications::feedback_of(&app.db, &page.items).await?;
    let behind: HashMap<Uuid, Feedback> = behind.into_iter().map(|feedback| (feedback.id, feedback)).collect();
    let next_cursor = page.next.map(encode);
    let one = |row: Stored| {
        let feedback = behind.get(&row.feedback_id);
        Verification::of(row, feedback)
    };
    let items = page.items.into_iter().map(one).collect::<ApiResult<_>>()?;
    Ok(web::Json(VerificationPage { items, next_cursor }))
}

/// Read a verification
///
/// With what one must know to ask.
#[utoipa::path(tag = "verifications", operation_id = "get_verification", params(("id" = Uuid, Path, description = "The verification")), security(("bearer" = [])),
    responses((status = 200, description = "The verification", body = VerificationInHand, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["verification_not_found"]))))]
#[get("/feedback/verifications/{id}")]
async fn get_verification(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<VerificationInHand>> {
    let row = verifications::find(&app.db, can.scope(), id.0).await?.ok_or(Code::VerificationNotFound)?;
    let mut behind = verifications::feedback_of(&app.db, std::slice::from_ref(&row)).await?;
    let feedback = behind.pop().ok_or(Code::VerificationNotFound)?;
    let version = row.version;
    let contact = contact(&app, &row, &feedback, &can.actor).await?;
    let shown = VerificationInHand {
        content: mask_text(&feedback.content),
        solution: feedback.solution.as_deref().map(mask_text),
        improvement: feedback.improvement.as_deref().map(mask_text),
        contact,
        verification: Verification::of(row, Some(&feedback))?,
    };
    Ok(Versioned::ok(shown, version))
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct AnswerVerification {
    #[schema(value_type = VerificationOutcomeSchema)]
    outcome: VerificationOutcome,
    /// Satisfaction (CSAT): at least 3 of who is satisfied, at most 3 of who is not, none of who was not reached.
    #[schema(nullable = false, minimum = 1, maximum = 5)]
    score: Option<i32>,
    /// What the customer said; of who is not satisfied it is the reason of reopening.
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "客户表示今天又登录不上了")]
    note: String,
}

/// Record what came of a verification
///
/// `satisfied` closes the feedback; `dissatisfied` reopens it and gives it back to its department, `assigned`, with handler
/// and times of the round before kept; `unreachable` sets the next working day, and after the third time the head of the
/// department is told and decides.
#[utoipa::path(tag = "verifications", operation_id = "answer_verification", params(("id" = Uuid, Path, description = "The verification")),
    request_body = AnswerVerification, security(("bearer" = [])),
    responses((status = 200, description = "The verification", body = Verification, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:handle")), ("x-errors" = json!(["verification_not_found", "verification_state", "verification_not_yours", "score_contradicts", "solution_not_shown", "feedback_state"]))))]
#[post("/feedback/verifications/{id}/outcome")]
async fn answer_verification(
    can: Can<may::FeedbackHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<AnswerVerification>,
) -> ApiResult<Versioned<Verification>> {
    let AnswerVerification { outcome, score, note } = body.0;
    let row = answer(&app, &can.command()?, id.0, Answer { outcome, score, note }).await?;
    let behind = verifications::feedback_of(&app.db, std::slice::from_ref(&row)).await?;
    let version = row.version;
    Ok(Versioned::ok(Verification::of(row, behind.first())?, version))
}

/// What a reopened feedback was before: who handled it, and when.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackRound {
    /// 1 is the first.
    #[schema(example = 1)]
    round: i32,
    department_id: Option<Uuid>,
    handler_id: Option<Uuid>,
    accepted_at: Option<DateTime<Utc>>,
    promised_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    /// Null where the customer did not agree at once.
    closed_at: Option<DateTime<Utc>>,
    #[schema(example = "已重置登录服务")]
    solution: Option<String>,
    #[schema(example = "增加告警")]
    improvement: Option<String>,
    reopened_at: DateTime<Utc>,
    reopened_by: Option<Uuid>,
    #[schema(example = "今天又登录不上了")]
    reason: String,
}

impl From<StoredRound> for FeedbackRound {
    fn from(row: StoredRound) -> Self {
        FeedbackRound {
            round: row.round,
            department_id: row.department_id,
            handler_id: row.handler_id,
            accepted_at: row.accepted_at,
            promised_at: row.promised_at,
            resolved_at: row.resolved_at,
            closed_at: row.closed_at,
            solution: row.solution,
            improvement: row.improvement,
            reopened_at: row.reopened_at,
            reopened_by: row.reopened_by,
            reason: row.reason,
        }
    }
}

/// The rounds of a feedback that have ended.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackRounds {
    /// Oldest first; empty as long as it was never reopened.
    items: Vec<FeedbackRound>,
}

/// List the earlier rounds of a feedback
///
/// One for each time that it was reopened, with handler, times and solution of the round that ended.
#[utoipa::path(tag = "feedback", operation_id = "list_feedback_rounds", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The rounds", body = FeedbackRounds)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/rounds")]
async fn list_rounds(can: Can<may::FeedbackRead>, app: web::Data<App>, id: Id) -> ApiResult<web::Json<FeedbackRounds>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let items = rounds::of_feedback(&app.db, feedback.id).await?;
    Ok(web::Json(FeedbackRounds { items: items.into_iter().map(FeedbackRound::from).collect() }))
}
