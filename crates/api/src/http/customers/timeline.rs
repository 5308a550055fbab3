use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::timeline::summary;
use huiyin_domain::event::Subject;
use huiyin_domain::fault::Code;
use huiyin_domain::identity::Permission;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::feedback::pool;
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::timeline::{self, Entry as Stored};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::SubjectSchema;
use crate::http::support::page::page_of;
use crate::http::support::problem::reader;
use crate::http::support::{ApiResult, Can, Id, PageParams, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_timeline);
}

/// Something that happened around a customer (时间线).
#[derive(Debug, Serialize, ToSchema)]
struct TimelineEntry {
    id: Uuid,
    occurred_at: DateTime<Utc>,
    /// The event's name.
    #[schema(example = "interaction.recorded")]
    kind: String,
    /// What it is about; read it there for more.
    #[schema(value_type = SubjectSchema)]
    subject: String,
    subject_id: Uuid,
    /// Who did it; null for the clock and for other systems.
    actor_id: Option<Uuid>,
    #[schema(example = "李静")]
    actor_name: Option<String>,
    /// A sentence, in Chinese or English by `Accept-Language`.
    #[schema(example = "互动：拜访")]
    summary: String,
    /// The event's figures; null where what it is about is not within your reach.
    #[schema(value_type = Option<Object>, example = json!({"method": "visit"}))]
    data: Option<Value>,
}

page_of!(TimelinePage, TimelineEntry);

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TimelineParams {
    /// Only what is about this sort of thing.
    #[schema(value_type = Option<SubjectSchema>)]
    #[param(value_type = Option<SubjectSchema>)]
    subject: Option<Subject>,
    /// Only events of this name.
    #[schema(max_length = 100, example = "order.created")]
    #[param(max_length = 100, example = "order.created")]
    kind: Option<String>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Read the timeline of a customer
///
/// Interactions, to-dos, feedback, orders, contacts, files and changes in one list, newest first.
#[utoipa::path(tag = "customers", operation_id = "get_customer_timeline", params(("id" = Uuid, Path, description = "The customer"), TimelineParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of the timeline", body = TimelinePage)),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["customer_not_found"]))))]
#[get("/customers/{id}/timeline")]
async fn get_timeline(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    id: Id,
    params: Params<TimelineParams>,
    request: HttpRequest,
) -> ApiResult<web::Json<TimelinePage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let customer = profiles::find(&app.db, can.scope(), id.0).await?.ok_or(Code::CustomerNotFound)?;
    let subject = params.subject.map(Subject::as_str);
    let page = timeline::list(&app.db, customer.id, subject, params.kind.as_deref(), page).await?;
    let reach = Reach::of(&app, &can, &page.items).await?;
    let actors: Vec<Uuid> = page.items.iter().filter_map(|entry| entry.actor_id).collect();
    let names = users::names(&app.db, &actors).await?;
    let reader = reader(&request, &app);
    let page = page.map(|entry| {
        let full = reach.covers(&entry);
        TimelineEntry {
            summary: summary(&entry.kind, &entry.data, full, reader),
            actor_name: entry.actor_id.and_then(|actor| names.get(&actor).cloned()),
            data: full.then(|| entry.data["data"].clone()),
            id: entry.id,
            occurred_at: entry.occurred_at,
            kind: entry.kind,
            subject: entry.subject,
            subject_id: entry.subject_id,
            actor_id: entry.actor_id,
        }
    });
    Ok(web::Json(page.into()))
}

/// What the reader may read beyond the customer itself.
struct Reach {
    feedback: Vec<Uuid>,
    orders: bool,
    interactions: bool,
    attachments: bool,
    follow_up: bool,
}

impl Reach {
    async fn of<P>(app: &App, can: &Can<P>, entries: &[Stored]) -> ApiResult<Reach> {
        let may = |permission| can.actor.may(permission);
        let ids = entries.iter().filter(|entry| entry.subject == Subject::Feedback.as_str());
        let mut ids: Vec<Uuid> = ids.map(|entry| entry.subject_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let feedback = match may(Permission::FeedbackRead) {
            true => pool::within_reach(&app.db, can.scope(), &ids).await?,
            false => Vec::new(),
        };
        Ok(Reach {
            feedback,
            orders: may(Permission::OrdersRead),
            interactions: may(Permission::InteractionsRead),
            attachments: may(Permission::AttachmentsRead),
            follow_up: may(Permission::FollowUpRead),
        })
    }

    fn covers(&self, entry: &Stored) -> bool {
        match entry.subject.parse() {
            Ok(Subject::Feedback) => self.feedback.contains(&entry.subject_id),
            Ok(Subject::Order) => self.orders,
            Ok(Subject::Interaction | Subject::Todo) => self.interactions,
            Ok(Subject::Attachment) => self.attachments,
            Ok(Subject::FollowUpTask | Subject::FollowUpRecord | Subject::Lead | Subject::Alert) => self.follow_up,
            _ => true,
        }
    }
}
