//! A follow-up as it is handed on: what was said, and everything that came of it, as JSON or on paper.

use std::collections::HashMap;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::{mask_email, mask_phone};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::record::Consequences;
use huiyin_domain::follow_up::script::{Answer, Content, Given, Values, Variable};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_domain::money::Money;
use huiyin_persistence::customers::{contacts, profiles, todos};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::follow_up::records::{self, Record};
use huiyin_persistence::follow_up::{leads, scripts, tasks};
use huiyin_persistence::identity::users;
use huiyin_persistence::support::from_json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::records::{FollowUpRecord, shown};
use super::report_page::page;
use crate::http::support::enums::{
    FollowUpMethodSchema, LeadStatusSchema, PrioritySchema, ScriptTopicSchema, SubtypeSchema, TodoStatusSchema,
};
use crate::http::support::problem::reader;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_follow_up_report);
}

/// A question of the script with its answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportQuestion {
    #[schema(value_type = ScriptTopicSchema)]
    pub topic: String,
    #[schema(example = "送货和交付，您打几分？")]
    pub question: String,
    /// As it is read; null: not answered.
    #[schema(example = "4")]
    pub answer: Option<String>,
}

/// Something that was promised.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportPromise {
    pub to_do_id: Uuid,
    #[schema(example = "寄送新版报价单")]
    pub title: String,
    pub due_on: NaiveDate,
    #[schema(example = "李静")]
    pub owner_name: Option<String>,
    #[schema(value_type = TodoStatusSchema)]
    pub status: String,
}

/// A feedback that was raised.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportFeedback {
    pub feedback_id: Uuid,
    #[schema(example = "F000001")]
    pub number: String,
    #[schema(value_type = SubtypeSchema)]
    pub subtype: String,
    #[schema(value_type = PrioritySchema)]
    pub priority: String,
}

/// A purchase intent that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportLead {
    pub lead_id: Uuid,
    #[schema(example = "计划增购 20 台打印机")]
    pub title: String,
    #[schema(value_type = Option<String>, example = "36000.00")]
    pub expected_amount: Option<Money>,
    pub expected_on: Option<NaiveDate>,
    #[schema(value_type = LeadStatusSchema)]
    pub status: String,
}

/// When the customer is contacted next.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportNext {
    pub task_id: Uuid,
    #[schema(value_type = FollowUpMethodSchema)]
    pub method: String,
    pub due_from: DateTime<Utc>,
    pub due_by: DateTime<Utc>,
    #[schema(example = "李静")]
    pub assignee_name: Option<String>,
    pub note: Option<String>,
}

/// A follow-up with everything that came of it (回访报告). Phone and mail are masked for whoever has no need of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpReport {
    pub record: FollowUpRecord,
    /// What it was about.
    #[schema(example = "购买后第 7 天回访")]
    pub title: Option<String>,
    #[schema(example = "购买后回访")]
    pub plan_name: Option<String>,
    /// Who was spoken with, where that is a contact of the customer.
    #[schema(example = "王芳")]
    pub contact_name: Option<String>,
    #[schema(example = "138****8000")]
    pub phone: Option<String>,
    #[schema(example = "z****@example.com")]
    pub email: Option<String>,
    /// Whether phone and mail are masked in this answer.
    pub masked: bool,
    #[schema(example = "购买后回访话术")]
    pub script_name: Option<String>,
    pub questions: Vec<ReportQuestion>,
    pub promises: Vec<ReportPromise>,
    pub feedback: Vec<ReportFeedback>,
    pub leads: Vec<ReportLead>,
    pub next_follow_up: Option<ReportNext>,
}

async fn report(app: &App, reader: &Actor, row: Record) -> ApiResult<FollowUpReport> {
    let db = &app.db;
    let led_to: Consequences = from_json(&row.consequences)?;
    let contact = match row.contact_id {
        Some(contact) => contacts::find(db, Scope::All, contact).await?.map(|contact| contact.name),
        None => None,
    };
    let plan = match row.plan_id {
        Some(plan) => records::plan_name(db, plan).await?,
        None => None,
    };
    let customer = match row.customer_id {
        Some(customer) => profiles::find(db, Scope::All, customer).await?,
        None => None,
    };
    let clear = customer.as_ref().is_none_or(|c| reader.sees_personal_data(c.owner_id, c.department_id));
    let masked = |text: Option<String>, mask: fn(&str) -> String| text.map(|t| if clear { t } else { mask(&t) });
    let phone = customer.as_ref().and_then(|c| if clear { c.phone.clone() } else { c.phone_key.clone() });
    let email = customer.as_ref().and_then(|c| c.email.clone());
    let task = tasks::find(db, Scope::All, row.task_id).await?;
    let mut values: Values = match &row.script_values {
        Some(kept) => from_json(kept)?,
        None => {
            // Older records did not keep what was said; what has become of the customer since was not.
            let name = customer.as_ref().map(|customer| customer.name.clone());
            let known = Values::default().with(Variable::ContactName, name.clone());
            known.with(Variable::CustomerName, name).with(Variable::PlanName, plan.clone())
        }
    };
    if contact.is_some() {
        values.set(Variable::ContactName, contact.clone());
    }
    let (script_name, questions) = answered(app, &row, &values).await?;
    let promised = todos::of_ids(db, &led_to.to_dos).await?;
    let next = match led_to.next_task {
        Some(task) => tasks::find(db, Scope::All, task).await?,
        None => None,
    };
    let people = promised.iter().map(|todo| todo.owner_id).chain(next.as_ref().and_then(|task| task.assignee_id));
    let names: HashMap<Uuid, String> = users::names(db, &people.collect::<Vec<_>>()).await?;
    let mut raised = pool::of_ids(db, led_to.feedback).await?;
    raised.sort_by_key(|feedback| feedback.id);
    let found = leads::of_record(db, row.id).await?;
    let title = task.map(|task| task.title);
    let record = shown(app, vec![row]).await?.pop().ok_or(Code::FollowUpRecordNotFound)?;
    Ok(FollowUpReport {
        record,
        title,
        plan_name: plan,
        contact_name: contact,
        phone: masked(phone, mask_phone),
        email: masked(email, mask_email),
        masked: !clear,
        script_name,
        questions,
        promises: promised
            .into_iter()
            .map(|todo| ReportPromise {
                to_do_id: todo.id,
                title: todo.title,
                due_on: todo.due_on,
                owner_name: names.get(&todo.owner_id).cloned(),
                status: todo.status,
            })
            .collect(),
        feedback: raised
            .into_iter()
            .map(|feedback| ReportFeedback {
                feedback_id: feedback.id,
                number: feedback.number,
                subtype: feedback.subtype,
                priority: feedback.priority,
            })
            .collect(),
        leads: found
            .into_iter()
            .map(|lead| ReportLead {
                lead_id: lead.id,
                title: lead.title,
                expected_amount: lead.expected_amount.map(Money::from_minor),
                expected_on: lead.expected_on,
                status: lead.status,
            })
            .collect(),
        next_follow_up: next.map(|task| ReportNext {
            assignee_name: task.assignee_id.and_then(|assignee| names.get(&assignee).cloned()),
            task_id: task.id,
            method: task.method,
            due_from: task.due_from,
            due_by: task.due_by,
            note: task.note,
        }),
    })
}

/// The questions of the version that was asked, in their order, with what was answered.
async fn answered(app: &App, row: &Record, values: &Values) -> ApiResult<(Option<String>, Vec<ReportQuestion>)> {
    let (Some(script), Some(number)) = (row.script_id, row.script_version) else { return Ok((None, Vec::new())) };
    let name = scripts::find(&app.db, script).await?.map(|script| script.name);
    let Some(version) = scripts::version(&app.db, script, number).await? else { return Ok((name, Vec::new())) };
    let content: Content = from_json(&version.content)?;
    let answers: Vec<Answer> = from_json(&row.answers)?;
    let answer = |key: &str| answers.iter().find(|answer| answer.key == key).map(|answer| read(&answer.value));
    let asked = content.filled(values).questions.into_iter().map(|question| ReportQuestion {
        answer: answer(&question.key),
        topic: question.topic.to_string(),
        question: question.text,
    });
    Ok((name, asked.collect()))
}

fn read(given: &Given) -> String {
    match given {
        Given::Number(number) => number.to_string(),
        Given::Text(text) => text.clone(),
        Given::Choices(chosen) => chosen.join("、"),
    }
}

/// Whether a page is asked for before JSON.
fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let known = |name: &str| match name {
        "text/html" => Some(true),
        "application/json" | "*/*" => Some(false),
        _ => None,
    };
    named.filter_map(known).next().unwrap_or_default()
}

/// Read the report of a follow-up
///
/// By `Accept` as JSON, or as a page to be printed (`text/html`), in Chinese or English by `Accept-Language`.
#[utoipa::path(tag = "follow-up records", operation_id = "get_follow_up_report", params(("id" = Uuid, Path, description = "The record")), security(("bearer" = [])),
    responses((status = 200, description = "The report", content((FollowUpReport = "application/json"), (String = "text/html")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["follow_up_record_not_found"]))))]
#[get("/follow-up-records/{id}/report")]
async fn get_follow_up_report(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<HttpResponse> {
    let row = records::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FollowUpRecordNotFound)?;
    let report = report(&app, &can.actor, row).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "accept, accept-language")).insert_header((CACHE_CONTROL, "no-store"));
    if !wants_page(&request) {
        return Ok(response.json(report));
    }
    let page = page(&report, reader(&request, &app));
    Ok(response
        .content_type("text/html; charset=utf-8")
        // Nothing is fetched and nothing runs, whatever somebody has written into a record.
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(page))
}
