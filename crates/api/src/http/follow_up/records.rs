use std::collections::HashMap;

use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::Mood;
use huiyin_domain::follow_up::RecordOutcome;
use huiyin_domain::follow_up::record::Consequences;
use huiyin_persistence::customers::todos;
use huiyin_persistence::follow_up::records::{self, Filter, Record as Stored};
use huiyin_persistence::identity::users;
use huiyin_persistence::support::{Page, from_json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::record_body::{CreateFollowUpRecord, RecordFollowUp, ScriptAnswer, all};
use crate::http::support::enums::{FollowUpMethodSchema, MoodSchema, RecordOutcomeSchema, ResolutionVerdictSchema};
use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::corrections::{Correction, update};
use crate::usecases::follow_up::recording::NewRecord;
use crate::usecases::follow_up::records::{create, record};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_follow_up)
        .service(create_follow_up_record)
        .service(list_follow_up_records)
        .service(get_follow_up_record)
        .service(update_follow_up_record);
}

/// With whom somebody spoke.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordCustomer {
    pub id: Uuid,
    #[schema(example = "C000001")]
    pub number: String,
    #[schema(example = "上海晨光贸易有限公司")]
    pub name: String,
}

/// What came of a record, by ids.
#[derive(Debug, Serialize, ToSchema)]
struct RecordConsequences {
    to_do_ids: Vec<Uuid>,
    feedback_ids: Vec<Uuid>,
    lead_ids: Vec<Uuid>,
    /// Fields of the customer that were corrected at once.
    #[schema(example = json!(["address"]))]
    corrected: Vec<String>,
    /// Corrections that wait for approval.
    change_request_id: Option<Uuid>,
    /// Fields of the contact who was spoken with that were corrected at once.
    #[schema(example = json!(["position"]))]
    contact_corrected: Vec<String>,
    /// Corrections of the contact that wait for approval.
    contact_change_request_id: Option<Uuid>,
    /// Raised by a low score.
    alert_id: Option<Uuid>,
    /// The call that is to be made because of the low score.
    care_task_id: Option<Uuid>,
    /// The next follow-up.
    next_task_id: Option<Uuid>,
}

impl From<Consequences> for RecordConsequences {
    fn from(of: Consequences) -> Self {
        RecordConsequences {
            to_do_ids: of.to_dos,
            feedback_ids: of.feedback,
            lead_ids: of.leads,
            corrected: of.corrected,
            change_request_id: of.change_request,
            contact_corrected: of.contact_corrected,
            contact_change_request_id: of.contact_change_request,
            alert_id: of.alert,
            care_task_id: of.care_task,
            next_task_id: of.next_task,
        }
    }
}

/// What was said and scored in one follow-up (回访记录).
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpRecord {
    pub id: Uuid,
    pub task_id: Uuid,
    /// Null where the customer is not known.
    pub customer: Option<RecordCustomer>,
    pub plan_id: Option<Uuid>,
    pub contact_id: Option<Uuid>,
    #[schema(value_type = FollowUpMethodSchema)]
    pub method: String,
    pub happened_at: DateTime<Utc>,
    #[schema(value_type = RecordOutcomeSchema)]
    pub outcome: String,
    pub identity_confirmed: bool,
    /// The script that was asked, and its version.
    pub script_id: Option<Uuid>,
    pub script_version: Option<i32>,
    pub answers: Vec<ScriptAnswer>,
    /// Satisfaction (满意度) from 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub csat: Option<i16>,
    /// Willingness to recommend (净推荐值) from 0 to 10.
    #[schema(minimum = 0, maximum = 10, example = 9)]
    pub nps: Option<i16>,
    #[schema(value_type = Option<MoodSchema>)]
    pub mood: Option<String>,
    pub praise: Option<String>,
    pub complaints: Option<String>,
    pub wishes: Option<String>,
    pub commitments: Option<String>,
    pub summary: Option<String>,
    pub read_back: bool,
    /// Whether the contact data was found right; null: not asked.
    pub contact_confirmed: Option<bool>,
    /// What the customer said of a resolution.
    #[schema(value_type = Option<ResolutionVerdictSchema>)]
    pub verification: Option<String>,
    /// At or below a threshold of its time.
    pub low_score: bool,
    consequences: RecordConsequences,
    /// Who recorded it.
    pub author_id: Option<Uuid>,
    #[schema(example = "李静")]
    pub author_name: Option<String>,
    pub department_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

page_of!(FollowUpRecordPage, FollowUpRecord);

/// Rows with what they say of customers and authors: two statements more, however many.
pub async fn shown(app: &App, rows: Vec<Stored>) -> ApiResult<Vec<FollowUpRecord>> {
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|row| row.customer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers = todos::customers_of(&app.db, &ids).await?.into_iter();
    let customers: HashMap<Uuid, RecordCustomer> =
        customers.map(|(id, number, name)| (id, RecordCustomer { id, number, name })).collect();
    let authors: Vec<Uuid> = rows.iter().filter_map(|row| row.author_id).collect();
    let names = users::names(&app.db, &authors).await?;
    let one = |row: Stored| -> ApiResult<FollowUpRecord> {
        Ok(FollowUpRecord {
            customer: row.customer_id.and_then(|id| customers.get(&id).cloned()),
            answers: from_json(&row.answers)?,
            consequences: from_json::<Consequences>(&row.consequences)?.into(),
            author_name: row.author_id.and_then(|author| names.get(&author).cloned()),
            id: row.id,
            task_id: row.task_id,
            plan_id: row.plan_id,
            contact_id: row.contact_id,
            method: row.method,
            happened_at: row.happened_at,
            outcome: row.outcome,
            identity_confirmed: row.identity_confirmed,
            script_id: row.script_id,
            script_version: row.script_version,
            csat: row.csat,
            nps: row.nps,
            mood: row.mood,
            praise: row.praise,
            complaints: row.complaints,
            wishes: row.wishes,
            commitments: row.commitments,
            summary: row.summary,
            read_back: row.read_back,
            contact_confirmed: row.contact_confirmed,
            verification: row.verification,
            low_score: row.low_score,
            author_id: row.author_id,
            department_id: row.department_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    };
    rows.into_iter().map(one).collect()
}

async fn one(app: &App, row: Stored) -> ApiResult<(FollowUpRecord, i64)> {
    let version = row.version;
    let shown = shown(app, vec![row]).await?.pop().ok_or(Code::FollowUpRecordNotFound)?;
    Ok((shown, version))
}

async fn made(app: &App, row: Stored) -> ApiResult<Versioned<FollowUpRecord>> {
    let location = format!("/api/v1/follow-up-records/{}", row.id);
    let (record, version) = one(app, row).await?;
    Ok(Versioned::created(record, version, location))
}

/// Corrections. Fields that are absent stay; null clears.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchFollowUpRecord {
    /// Not in the future.
    #[schema(nullable = false)]
    happened_at: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    identity_confirmed: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    contact_id: Option<Option<Uuid>>,
    /// All answers, to the version of the script that was asked; the scores follow them.
    #[schema(nullable = false, max_items = 50)]
    answers: Option<Vec<ScriptAnswer>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i16>, minimum = 1, maximum = 5, example = 4)]
    csat: Option<Option<i16>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 10, example = 9)]
    nps: Option<Option<i16>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MoodSchema>)]
    mood: Option<Option<Mood>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    praise: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    complaints: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    wishes: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    commitments: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    summary: Option<Option<String>>,
    #[schema(nullable = false)]
    read_back: Option<bool>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RecordParams {
    /// Only of this customer.
    customer_id: Option<Uuid>,
    /// Only of this plan.
    plan_id: Option<Uuid>,
    /// Only recorded by this user.
    author_id: Option<Uuid>,
    /// Only with this outcome.
    #[schema(value_type = Option<RecordOutcomeSchema>)]
    #[param(value_type = Option<RecordOutcomeSchema>)]
    outcome: Option<RecordOutcome>,
    /// Only what happened from this moment on.
    from: Option<DateTime<Utc>>,
    /// Only what happened before this moment.
    to: Option<DateTime<Utc>>,
    /// Only those with a low score, or only the others.
    low_score: Option<bool>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Record a follow-up
///
/// Everything in one request: what was said and scored, to-dos, corrected contact data, feedback, leads and the next
/// follow-up. All of it is kept, or nothing, and whatever is wrong with any part is told at once. The task is completed by it; a low
/// score raises an alert and a call to be made within one working day. A task is recorded once.
#[utoipa::path(tag = "follow-up records", operation_id = "record_follow_up", params(("id" = Uuid, Path, description = "The task")),
    request_body = RecordFollowUp, security(("bearer" = [])),
    responses((status = 201, description = "The record", body = FollowUpRecord, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the record")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!([
        "task_not_found", "task_state", "task_not_yours", "record_exists", "contact_not_found", "user_not_found", "script_not_found", "script_version_not_found",
        "in_the_future", "refused_with_answers", "answers_without_script", "answer_unknown", "answer_repeated", "answer_not_asked", "answer_missing",
        "answer_invalid", "score_differs", "score_contradicts", "verdict_needed", "verdict_unasked", "customer_needed", "next_out_of_range", "assignee_cannot_follow_up", "reference_missing",
        "phone_invalid", "change_request_pending", "feedback_state", "solution_not_shown", "version_conflict"]))))]
#[post("/follow-up-tasks/{id}/record")]
async fn record_follow_up(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<RecordFollowUp>,
) -> ApiResult<Versioned<FollowUpRecord>> {
    let row = record(&app, &can.command()?, id.0, NewRecord::try_from(body.0)?).await?;
    made(&app, row).await
}

/// Record a follow-up that was not planned
///
/// Makes its task and completes it at once; otherwise as any other record.
#[utoipa::path(tag = "follow-up records", operation_id = "create_follow_up_record", request_body = CreateFollowUpRecord, security(("bearer" = [])),
    responses((status = 201, description = "The record", body = FollowUpRecord, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the record")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!([
        "customer_not_found", "contact_not_found", "user_not_found", "script_not_found", "script_version_not_found", "in_the_future", "refused_with_answers",
        "answers_without_script", "answer_unknown", "answer_repeated", "answer_not_asked", "answer_missing", "answer_invalid", "score_differs", "verdict_unasked",
        "next_out_of_range", "assignee_cannot_follow_up", "reference_missing", "phone_invalid", "change_request_pending"]))))]
#[post("/follow-up-records")]
async fn create_follow_up_record(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    body: Body<CreateFollowUpRecord>,
) -> ApiResult<Versioned<FollowUpRecord>> {
    let mut body = body.0;
    let (customer, title) = (body.customer_id, body.title.take());
    let row = create(&app, &can.command()?, customer, title, NewRecord::try_from(body)?).await?;
    made(&app, row).await
}

/// List follow-up records
///
/// In the order in which they were recorded, newest first: one's own, and those of customers within reach.
#[utoipa::path(tag = "follow-up records", operation_id = "list_follow_up_records", params(RecordParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of records", body = FollowUpRecordPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-records")]
async fn list_follow_up_records(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<RecordParams>,
) -> ApiResult<web::Json<FollowUpRecordPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let filter = Filter {
        customer_id: params.customer_id,
        plan_id: params.plan_id,
        author_id: params.author_id,
        outcome: params.outcome,
        from: params.from,
        to: params.to,
        low_score: params.low_score,
    };
    let page = records::list(&app.db, can.scope(), filter, page).await?;
    let next = page.next;
    let items = shown(&app, page.items).await?;
    Ok(web::Json(Page { items, next }.into()))
}

/// Read a follow-up record
#[utoipa::path(tag = "follow-up records", operation_id = "get_follow_up_record", params(("id" = Uuid, Path, description = "The record")), security(("bearer" = [])),
    responses((status = 200, description = "The record", body = FollowUpRecord, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["follow_up_record_not_found"]))))]
#[get("/follow-up-records/{id}")]
async fn get_follow_up_record(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<FollowUpRecord>> {
    let row = records::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FollowUpRecordNotFound)?;
    let (record, version) = one(&app, row).await?;
    Ok(Versioned::ok(record, version))
}

/// Correct a follow-up record
///
/// Within 24 hours, by whoever recorded it, managers and administrators. A score that is low now raises its alert, unless there is
/// one; one that is not low any more leaves it to whoever handles it.
#[utoipa::path(tag = "follow-up records", operation_id = "update_follow_up_record", params(("id" = Uuid, Path, description = "The record")),
    request_body = PatchFollowUpRecord, security(("bearer" = [])),
    responses((status = 200, description = "The record", body = FollowUpRecord, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:handle")), ("x-errors" = json!([
        "follow_up_record_not_found", "contact_not_found", "not_author", "record_sealed", "in_the_future", "refused_with_answers", "answers_without_script",
        "answer_unknown", "answer_repeated", "answer_not_asked", "answer_missing", "answer_invalid", "score_differs", "customer_needed"]))))]
#[patch("/follow-up-records/{id}")]
async fn update_follow_up_record(
    can: Can<may::FollowUpHandle>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchFollowUpRecord>,
) -> ApiResult<Versioned<FollowUpRecord>> {
    let body = body.0;
    let mut faults: Vec<Fault> = Vec::new();
    let answers = body.answers.map(|answers| all(answers.into_iter().map(ScriptAnswer::read), &mut faults));
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let change = Correction {
        happened_at: body.happened_at,
        identity_confirmed: body.identity_confirmed,
        contact_id: body.contact_id,
        answers,
        csat: body.csat,
        nps: body.nps,
        mood: body.mood,
        praise: body.praise,
        complaints: body.complaints,
        wishes: body.wishes,
        commitments: body.commitments,
        summary: body.summary,
        read_back: body.read_back,
    };
    let row = update(&app, &can.command()?, id.0, change).await?;
    let (record, version) = one(&app, row).await?;
    Ok(Versioned::ok(record, version))
}
