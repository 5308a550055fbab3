//! All that one wants to know before a follow-up, in one answer.

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::{mask_email, mask_phone};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::case::mask_text;
use huiyin_domain::follow_up::script::Content;
use huiyin_domain::identity::{Actor, Permission, Scope};
use huiyin_persistence::customers::{contacts, profiles};
use huiyin_persistence::feedback::pool::{self, Feedback as StoredFeedback};
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::follow_up::{attempts, preparation, scripts};
use huiyin_persistence::support::from_json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::script_body::ScriptContent;
use super::task_body::{FollowUpTask, one};
use super::task_steps::TaskAttempt;
use crate::http::customers::{Overview, Reach, overview};
use crate::http::support::enums::{FollowUpMethodSchema, MoodSchema, StateSchema, TaskOutcomeSchema};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;
use crate::usecases::follow_up::scripts::values_of_task;
use crate::usecases::follow_up::tasks::errand;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_preparation);
}

/// Follow-ups before this one that are shown.
const RECORDS: u64 = 5;

/// Whom to ask for. Masked for whoever has no need of it.
#[derive(Debug, Default, Serialize, ToSchema)]
struct WhomToCall {
    #[schema(example = "王芳")]
    name: Option<String>,
    #[schema(example = "138 0013 8000")]
    phone: Option<String>,
    #[schema(example = "w****@example.com")]
    email: Option<String>,
    /// Whether phone and mail are masked in this answer, and the overview's as well.
    masked: bool,
}

/// What is said, filled in for this customer; where a value is not known, words that fit stand for it.
#[derive(Debug, Serialize, ToSchema)]
struct FilledScript {
    id: Uuid,
    #[schema(example = "购买后回访")]
    name: String,
    /// The version that answers belong to.
    #[schema(minimum = 1, example = 3)]
    version: i32,
    content: ScriptContent,
}

/// What came of an earlier follow-up.
#[derive(Debug, Serialize, ToSchema)]
struct EarlierFollowUp {
    id: Uuid,
    happened_at: DateTime<Utc>,
    #[schema(value_type = FollowUpMethodSchema)]
    method: String,
    #[schema(value_type = TaskOutcomeSchema)]
    outcome: String,
    #[schema(minimum = 1, maximum = 5, example = 4)]
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
    author_id: Option<Uuid>,
}

impl From<preparation::Record> for EarlierFollowUp {
    fn from(row: preparation::Record) -> Self {
        EarlierFollowUp {
            id: row.id,
            happened_at: row.happened_at,
            method: row.method,
            outcome: row.outcome,
            csat: row.csat,
            nps: row.nps,
            mood: row.mood,
            praise: row.praise,
            complaints: row.complaints,
            wishes: row.wishes,
            commitments: row.commitments,
            summary: row.summary,
            author_id: row.author_id,
        }
    }
}

/// The feedback whose resolution is to be verified.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackInQuestion {
    id: Uuid,
    #[schema(example = "F000001")]
    number: String,
    #[schema(value_type = StateSchema)]
    state: String,
    /// What the customer said; phone numbers and mail addresses in it are masked.
    #[schema(example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    #[schema(example = "已重置登录服务")]
    solution: Option<String>,
    #[schema(example = "增加告警")]
    improvement: Option<String>,
}

impl From<&StoredFeedback> for FeedbackInQuestion {
    fn from(row: &StoredFeedback) -> Self {
        FeedbackInQuestion {
            id: row.id,
            number: row.number.clone(),
            state: row.state.clone(),
            content: mask_text(&row.content),
            solution: row.solution.as_deref().map(mask_text),
            improvement: row.improvement.as_deref().map(mask_text),
        }
    }
}

/// Everything for one follow-up (回访准备).
#[derive(Debug, Serialize, ToSchema)]
struct Preparation {
    task: FollowUpTask,
    contact: WhomToCall,
    /// The customer from all sides, with open feedback and to-dos; null where the customer is not known.
    overview: Option<Overview>,
    /// Null where the task has none.
    script: Option<FilledScript>,
    /// Those of this task that reached nobody, oldest first.
    attempts: Vec<TaskAttempt>,
    /// The last five follow-ups of this customer, latest first.
    last_follow_ups: Vec<EarlierFollowUp>,
    feedback: Option<FeedbackInQuestion>,
}

/// Prepare a follow-up
///
/// Task, customer, script, earlier follow-ups and open matters in one request. Whoever is to make the contact is shown phone
/// and mail as long as the task is open, and all open feedback of the customer, whoever handles it; others as far as their
/// reach goes.
#[utoipa::path(tag = "follow-up tasks", operation_id = "prepare_follow_up", params(("id" = Uuid, Path, description = "The task")), security(("bearer" = [])),
    responses((status = 200, description = "Everything for the follow-up", body = Preparation)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["task_not_found"]))))]
#[get("/follow-up-tasks/{id}/preparation")]
async fn get_preparation(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<Preparation>> {
    let task = tasks::find(&app.db, can.scope(), id.0).await?.ok_or(Code::TaskNotFound)?;
    let actor = &can.actor;
    let calls = errand(&task)?.calls(actor);
    // A key that reads follow-ups reads no customers or feedback by them.
    let customer = task.customer_id.filter(|_| actor.may(Permission::CustomersRead));
    let known = match customer {
        Some(customer) => profiles::show(&app.db, Scope::All, customer).await?,
        None => None,
    };
    let feedback = task.feedback_id.filter(|_| actor.may(Permission::FeedbackRead));
    let feedback = pool::of_ids(&app.db, feedback.into_iter().collect()).await?.pop();
    let clear = calls
        || match &known {
            Some(known) => actor.sees_personal_data(known.customer.owner_id, known.customer.department_id),
            None => actor.sees_personal_data(task.assignee_id, task.department_id),
        };
    let contact = whom_to_call(&app, known.as_ref().map(|known| &known.customer), feedback.as_ref(), clear).await?;
    let script = filled(&app, actor, &task, customer, feedback.as_ref()).await?;
    let last_follow_ups = match task.customer_id {
        Some(customer) => preparation::last_records(&app.db, customer, RECORDS).await?,
        None => Vec::new(),
    };
    let overview = match known {
        Some(known) => {
            let scope = if calls { Scope::All } else { can.scope() };
            Some(overview(&app, actor, Reach { scope, clear }, known, (can.now, language(&request))).await?)
        }
        None => None,
    };
    let attempts = attempts::of_task(&app.db, task.id).await?;
    Ok(web::Json(Preparation {
        task: one(&app, task, can.now).await?,
        contact,
        overview,
        script,
        attempts: attempts.into_iter().map(TaskAttempt::from).collect(),
        last_follow_ups: last_follow_ups.into_iter().map(EarlierFollowUp::from).collect(),
        feedback: feedback.as_ref().map(FeedbackInQuestion::from),
    }))
}

/// Whoever left the feedback, else the primary contact, else the customer.
async fn whom_to_call(
    app: &App,
    customer: Option<&profiles::Customer>,
    feedback: Option<&StoredFeedback>,
    clear: bool,
) -> ApiResult<WhomToCall> {
    let contact = match customer {
        Some(customer) => contacts::primary(&app.db, customer.id).await?,
        None => None,
    };
    fn first(said: [Option<&String>; 3]) -> Option<&String> {
        said.into_iter().flatten().next()
    }
    let name = first([
        feedback.and_then(|feedback| feedback.contact_name.as_ref()),
        contact.as_ref().map(|contact| &contact.name),
        customer.map(|customer| &customer.name),
    ]);
    let phone = first([
        feedback.and_then(|feedback| feedback.contact_phone.as_ref()),
        contact.as_ref().and_then(|contact| contact.phone.as_ref()),
        customer.and_then(|customer| customer.phone.as_ref()),
    ]);
    let email = first([
        feedback.and_then(|feedback| feedback.contact_email.as_ref()),
        contact.as_ref().and_then(|contact| contact.email.as_ref()),
        customer.and_then(|customer| customer.email.as_ref()),
    ]);
    let shown = |text: Option<&String>, mask: fn(&str) -> String| {
        text.map(|text| if clear { text.clone() } else { mask(text) })
    };
    Ok(WhomToCall {
        name: name.cloned(),
        phone: shown(phone, mask_phone),
        email: shown(email, mask_email),
        masked: !clear,
    })
}

/// The script as it is said now, with what is known of customer, plan and feedback in it.
async fn filled(
    app: &App,
    actor: &Actor,
    task: &Task,
    customer: Option<Uuid>,
    feedback: Option<&StoredFeedback>,
) -> ApiResult<Option<FilledScript>> {
    let Some(script) = task.script_id else { return Ok(None) };
    let Some((script, version)) = scripts::latest(&app.db, script).await? else { return Ok(None) };
    let known = values_of_task(&app.db, actor, task.plan_id, customer, feedback).await?;
    let content: Content = from_json(&version.content)?;
    Ok(Some(FilledScript {
        id: script.id,
        name: script.name,
        version: version.number,
        content: content.filled(&known).into(),
    }))
}
