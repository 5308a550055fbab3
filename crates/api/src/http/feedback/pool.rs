use std::collections::HashMap;

use actix_web::{get, post, web};
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::{Channel, FeedbackType, Priority, State, Subtype};
use huiyin_domain::identity::{Actor, Permission};
use huiyin_persistence::feedback::pool::{self, Feedback as Stored, Filter};
use huiyin_persistence::sla::clocks::{self, StoredClock};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::{Feedback, FeedbackPage};
use super::cases::{SimilarCase, offered};
use crate::http::customers::ExternalId;
use crate::http::support::enums::{ChannelSchema, FeedbackTypeSchema, PrioritySchema, StateSchema, SubtypeSchema};
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::feedback::View;
use crate::usecases::feedback::intake::{Hints, NewFeedback, receive};

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_feedback).service(get_feedback).service(list_feedback);
}

/// Who spoke, as far as is known; a customer with this phone or mail is found by it.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FeedbackContact {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "张伟")]
    name: Option<String>,
    #[schema(max_length = 50, pattern = "@phone", example = "138 0013 8000")]
    phone: Option<String>,
    #[schema(max_length = 254, pattern = "@email", example = "zhang.wei@example.com")]
    email: Option<String>,
}

/// What somebody has said. Who it was is told by one of `customer_id`, `customer_external_id` and `contact`, in this
/// order, or not at all.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateFeedback {
    #[schema(value_type = ChannelSchema)]
    channel: Channel,
    /// The channel's own id of the message: delivered twice, it is one feedback.
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "msg-20261020-0001")]
    channel_message_id: Option<String>,
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    customer_id: Option<Uuid>,
    customer_external_id: Option<ExternalId>,
    contact: Option<FeedbackContact>,
    /// Where a person has decided it already.
    #[schema(value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
    /// Where a person has decided it already.
    #[schema(value_type = Option<PrioritySchema>)]
    priority: Option<Priority>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct IntakeParams {
    /// `true`: the answer offers closed cases that are like it, to those who may read cases. A search more; left out where
    /// nobody looks at the answer.
    similar_cases: Option<bool>,
}

/// A feedback that was taken in.
#[derive(Debug, Serialize, ToSchema)]
struct ReceivedFeedback {
    #[serde(flatten)]
    feedback: Feedback,
    /// The three closed cases that are most like it, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    similar_cases: Option<Vec<SimilarCase>>,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FeedbackParams {
    /// Only in this state.
    #[schema(value_type = Option<StateSchema>)]
    #[param(value_type = Option<StateSchema>)]
    state: Option<State>,
    /// Only of this type.
    #[serde(rename = "type")]
    #[schema(value_type = Option<FeedbackTypeSchema>)]
    #[param(value_type = Option<FeedbackTypeSchema>)]
    kind: Option<FeedbackType>,
    /// Only of this category.
    #[schema(value_type = Option<SubtypeSchema>)]
    #[param(value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
    /// Only of this priority.
    #[schema(value_type = Option<PrioritySchema>)]
    #[param(value_type = Option<PrioritySchema>)]
    priority: Option<Priority>,
    /// Only of this department.
    department_id: Option<Uuid>,
    /// Only of this handler.
    handler_id: Option<Uuid>,
    /// Only of this customer.
    customer_id: Option<Uuid>,
    /// Only those that wait for triage, or only the others.
    needs_review: Option<bool>,
    /// Only those in nobody's hands, or only the others.
    unassigned: Option<bool>,
    /// Only those that owe an explanation of their delay, or only the others.
    explanation_owed: Option<bool>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Take a feedback in
///
/// Classifies it, sets its priority, its deadlines by the policy in force, and its department: state `assigned`.
/// Where the classification is not sure it stays `new` and waits for triage. The same message of a channel delivered
/// twice is one feedback: 200 instead of 201.
#[utoipa::path(tag = "feedback", operation_id = "create_feedback", params(IntakeParams), request_body = CreateFeedback, security(("bearer" = [])),
    responses(
        (status = 201, description = "Taken in", body = ReceivedFeedback, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the feedback"))),
        (status = 200, description = "Had been taken in before", body = ReceivedFeedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:create")), ("x-errors" = json!(["customer_not_found", "duplicate_message"]))))]
#[post("/feedback")]
async fn create_feedback(
    can: Can<may::FeedbackCreate>,
    app: web::Data<App>,
    params: Params<IntakeParams>,
    body: Body<CreateFeedback>,
) -> ApiResult<Versioned<ReceivedFeedback>> {
    let body = body.0;
    let contact = body.contact.unwrap_or_default();
    let new = NewFeedback {
        channel: body.channel,
        channel_message_id: body.channel_message_id,
        content: body.content,
        customer_id: body.customer_id,
        external: body.customer_external_id.map(ExternalId::into_pair),
        contact_name: contact.name,
        contact_phone: contact.phone,
        contact_email: contact.email,
        subtype: body.subtype,
        priority: body.priority,
        hints: Hints::default(),
        source_record_id: None,
    };
    let received = receive(&app, &can.command()?, new).await?;
    let (version, id) = (received.view.feedback.version, received.view.feedback.id);
    let similar_cases = match params.0.similar_cases.unwrap_or_default() && can.actor.may(Permission::CasesRead) {
        true => Some(offered(&app, &received.view.feedback.content, Some(id)).await?),
        false => None,
    };
    let shown = ReceivedFeedback { feedback: Feedback::of(received.view, &can.actor)?, similar_cases };
    Ok(match received.duplicate {
        true => Versioned::ok(shown, version),
        false => Versioned::created(shown, version, format!("/api/v1/feedback/{id}")),
    })
}

/// List the feedback pool
#[utoipa::path(tag = "feedback", operation_id = "list_feedback", params(FeedbackParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of feedback within reach", body = FeedbackPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback")]
async fn list_feedback(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<FeedbackParams>,
) -> ApiResult<web::Json<FeedbackPage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let filter = Filter {
        state: params.state,
        kind: params.kind,
        subtype: params.subtype,
        priority: params.priority,
        department_id: params.department_id,
        handler_id: params.handler_id,
        customer_id: params.customer_id,
        needs_review: params.needs_review,
        unassigned: params.unassigned,
        explanation_owed: params.explanation_owed,
    };
    let page = pool::list(&app.db, can.scope(), filter, page).await?;
    let next = page.next;
    let items = shown(&app, page.items, &can.actor).await?;
    Ok(web::Json(huiyin_persistence::support::Page { items, next }.into()))
}

/// Rows with their deadlines.
pub(super) async fn shown(app: &App, rows: Vec<Stored>, reader: &Actor) -> ApiResult<Vec<Feedback>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut of: HashMap<Uuid, Vec<StoredClock>> = HashMap::new();
    for clock in clocks::of_feedbacks(&app.db, &ids).await? {
        of.entry(clock.feedback_id).or_default().push(clock);
    }
    let views = rows.into_iter().map(|row| View { clocks: of.remove(&row.id).unwrap_or_default(), feedback: row });
    views.map(|view| Feedback::of(view, reader)).collect()
}

/// Read a feedback
#[utoipa::path(tag = "feedback", operation_id = "get_feedback", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The feedback", body = Feedback, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}")]
async fn get_feedback(can: Can<may::FeedbackRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Feedback>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let clocks = clocks::of_feedback(&app.db, feedback.id).await?;
    Feedback::versioned(View { feedback, clocks }, &can.actor)
}
