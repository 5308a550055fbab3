//! All that one wants to know before a call, on one page.

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::TodoStatus;
use huiyin_domain::fault::{Code, Lang};
use huiyin_domain::identity::{Actor, Permission, Scope};
use huiyin_domain::money::Money;
use huiyin_persistence::customers::figures::{self, Figures as StoredFigures};
use huiyin_persistence::customers::profiles::{self, Known};
use huiyin_persistence::customers::todos::Filter as TodoFilter;
use huiyin_persistence::customers::{contacts, interactions, todos};
use huiyin_persistence::entity::interactions::Model as StoredInteraction;
use huiyin_persistence::feedback::pool::{self, Feedback as StoredFeedback};
use huiyin_persistence::tiering::churn::{self, CustomerChurn as StoredChurn};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::body::Customer;
use super::contacts::Contact;
use super::todos::{Todo, shown as shown_todos};
use crate::http::support::enums::{
    ChurnRiskSchema, FeedbackTypeSchema, InteractionMethodSchema, PrioritySchema, StateSchema, SubtypeSchema,
};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::http::tiering::{CustomerTier, tier_of};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_overview);
}

/// Rows of each part: what fits on a page.
const CONTACTS: u64 = 10;
const INTERACTIONS: u64 = 5;
const FEEDBACK: u64 = 10;
const TODOS: u64 = 20;

/// What orders, interactions and feedback add up to.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Figures {
    /// Orders that count.
    #[schema(example = 12)]
    orders: i64,
    /// Their sum without refunds.
    #[schema(value_type = String, example = "5120.00")]
    revenue: Money,
    first_order_on: Option<NaiveDate>,
    last_order_on: Option<NaiveDate>,
    last_paid_at: Option<DateTime<Utc>>,
    last_delivered_at: Option<DateTime<Utc>>,
    last_signed_at: Option<DateTime<Utc>>,
    #[schema(example = 7)]
    interactions: i64,
    last_interaction_at: Option<DateTime<Utc>>,
    /// All complaints there were, whoever handles them.
    #[schema(example = 1)]
    complaints: i64,
    /// Feedback that is not closed, whoever handles it.
    #[schema(example = 0)]
    feedback_open: i64,
    last_feedback_at: Option<DateTime<Utc>>,
}

impl From<StoredFigures> for Figures {
    fn from(row: StoredFigures) -> Self {
        Figures {
            orders: row.orders,
            revenue: Money::from_minor(row.revenue),
            first_order_on: row.first_order_on,
            last_order_on: row.last_order_on,
            last_paid_at: row.last_paid_at,
            last_delivered_at: row.last_delivered_at,
            last_signed_at: row.last_signed_at,
            interactions: row.interactions,
            last_interaction_at: row.last_interaction_at,
            complaints: row.complaints,
            feedback_open: row.feedback_open,
            last_feedback_at: row.last_feedback_at,
        }
    }
}

/// Whether another order is to be expected within the horizon of the latest churn model (流失预测).
#[derive(Debug, Serialize, ToSchema)]
struct ChurnBrief {
    model_id: Uuid,
    #[schema(value_type = ChurnRiskSchema)]
    risk: String,
    /// The chance of at least one order.
    #[schema(minimum = 0, maximum = 1, example = 0.58)]
    probability_of_order: f64,
    #[schema(example = 1.23)]
    expected_orders: f64,
    /// The chance that the customer has not dropped out; 1 for whoever has ordered once.
    #[schema(minimum = 0, maximum = 1, example = 0.71)]
    p_alive: f64,
}

impl From<StoredChurn> for ChurnBrief {
    fn from(row: StoredChurn) -> Self {
        let StoredChurn { model_id, risk, probability_of_order, expected_orders, p_alive, .. } = row;
        ChurnBrief { model_id, risk, probability_of_order, expected_orders, p_alive }
    }
}

/// An interaction in short.
#[derive(Debug, Serialize, ToSchema)]
struct InteractionBrief {
    id: Uuid,
    happened_at: DateTime<Utc>,
    #[schema(value_type = InteractionMethodSchema)]
    method: String,
    #[schema(example = "续约沟通")]
    subject: String,
    key_points: Option<String>,
    wishes: Option<String>,
    commitments: Option<String>,
    next_step: Option<String>,
    author_id: Option<Uuid>,
}

impl From<StoredInteraction> for InteractionBrief {
    fn from(row: StoredInteraction) -> Self {
        InteractionBrief {
            id: row.id,
            happened_at: row.happened_at,
            method: row.method,
            subject: row.subject,
            key_points: row.key_points,
            wishes: row.wishes,
            commitments: row.commitments,
            next_step: row.next_step,
            author_id: row.author_id,
        }
    }
}

/// A feedback in short.
#[derive(Debug, Serialize, ToSchema)]
struct FeedbackBrief {
    id: Uuid,
    #[schema(example = "F000001")]
    number: String,
    #[serde(rename = "type")]
    #[schema(value_type = FeedbackTypeSchema)]
    kind: String,
    #[schema(value_type = SubtypeSchema)]
    subtype: String,
    #[schema(value_type = PrioritySchema)]
    priority: String,
    #[schema(value_type = StateSchema)]
    state: String,
    content: String,
    handler_id: Option<Uuid>,
    department_id: Option<Uuid>,
    promised_at: Option<DateTime<Utc>>,
    reopened_times: i32,
    received_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
}

impl From<StoredFeedback> for FeedbackBrief {
    fn from(row: StoredFeedback) -> Self {
        FeedbackBrief {
            id: row.id,
            number: row.number,
            kind: row.kind,
            subtype: row.subtype,
            priority: row.priority,
            state: row.state,
            content: row.content,
            handler_id: row.handler_id,
            department_id: row.department_id,
            promised_at: row.promised_at,
            reopened_times: row.reopened_times,
            received_at: row.received_at,
            closed_at: row.closed_at,
        }
    }
}

/// A customer from all sides (360°).
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// With tags, preferred channel, lifecycle stage and churn risk.
    customer: Customer,
    /// The tier and why; null as long as there is none.
    tier: Option<CustomerTier>,
    /// Null as long as no churn model has scored the customer.
    churn: Option<ChurnBrief>,
    figures: Figures,
    /// The primary one first; ten at most.
    contacts: Vec<Contact>,
    /// The last five.
    last_interactions: Vec<InteractionBrief>,
    /// Within reach, the latest ten.
    open_feedback: Vec<FeedbackBrief>,
    /// Closed ones within reach, the latest ten.
    past_complaints: Vec<FeedbackBrief>,
    /// What is due first first; twenty at most.
    open_todos: Vec<Todo>,
}

/// See a customer from all sides
///
/// Everything for preparing a call in one request. What the caller has no permission for, or no reach, is left out.
#[utoipa::path(tag = "customers", operation_id = "get_customer_overview", params(("id" = Uuid, Path, description = "The customer")), security(("bearer" = [])),
    responses((status = 200, description = "The overview", body = Overview)),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/overview")]
async fn get_overview(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<Overview>> {
    let (scope, actor) = (can.scope(), &can.actor);
    let known = profiles::show(&app.db, scope, id.0).await?.ok_or(Code::CustomerNotFound)?;
    let clear = actor.sees_personal_data(known.customer.owner_id, known.customer.department_id);
    Ok(web::Json(overview(&app, actor, Reach { scope, clear }, known, (can.now, language(&request))).await?))
}

/// How much of a customer is shown: to-dos and feedback within this scope, and personal data unmasked or not.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub scope: Scope,
    pub clear: bool,
}

/// A customer that the caller has found, from all sides. What the reader has no permission for is left out.
pub async fn overview(
    app: &App,
    actor: &Actor,
    reach: Reach,
    known: Known,
    (now, lang): (DateTime<Utc>, Lang),
) -> ApiResult<Overview> {
    let Reach { scope, clear } = reach;
    let customer = known.customer.id;
    let today = app.local_date(now);
    let (mut tier, mut scored) = (None, None);
    if actor.may(Permission::TieringRead) {
        tier = tier_of(app, customer, lang).await?;
        scored = churn::of_customer(&app.db, customer).await?;
    }
    let figures = figures::find(&app.db, customer).await?.map(Figures::from).unwrap_or_default();
    let contacts = contacts::foremost(&app.db, customer, CONTACTS).await?;
    let (mut last_interactions, mut open_todos) = (Vec::new(), Vec::new());
    if actor.may(Permission::InteractionsRead) {
        last_interactions = interactions::latest(&app.db, customer, INTERACTIONS).await?;
        let open = TodoFilter { customer_id: Some(customer), status: Some(TodoStatus::Open), ..TodoFilter::default() };
        let (rows, _) = todos::list(&app.db, scope, open, None, TODOS).await?;
        open_todos = shown_todos(app, rows, now).await?;
    }
    let (mut open_feedback, mut past_complaints) = (Vec::new(), Vec::new());
    if actor.may(Permission::FeedbackRead) {
        open_feedback = pool::latest_of(&app.db, scope, customer, true, FEEDBACK).await?;
        past_complaints = pool::latest_of(&app.db, scope, customer, false, FEEDBACK).await?;
    }
    Ok(Overview {
        customer: Customer::shown(known, clear, today),
        tier,
        churn: scored.map(ChurnBrief::from),
        figures,
        contacts: contacts.into_iter().map(|row| Contact::of(row, clear, today)).collect(),
        last_interactions: last_interactions.into_iter().map(Into::into).collect(),
        open_feedback: open_feedback.into_iter().map(Into::into).collect(),
        past_complaints: past_complaints.into_iter().map(Into::into).collect(),
        open_todos,
    })
}
