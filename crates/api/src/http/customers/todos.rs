use std::collections::HashMap;

use actix_web::{get, patch, post, web};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use huiyin_domain::customers::TodoStatus;
use huiyin_domain::fault::{Code, Fault};
use huiyin_persistence::customers::todos::{self, Filter, Place, Todo as Stored};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::TodoStatusSchema;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::todos::{Change, NewTodo, cancel, complete, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_todo)
        .service(list_todos)
        .service(complete_todo)
        .service(cancel_todo)
        .service(get_todo)
        .service(update_todo);
}

/// For whom something is to be done.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct TodoCustomer {
    id: Uuid,
    #[schema(example = "C000001")]
    number: String,
    #[schema(example = "上海晨光贸易有限公司")]
    name: String,
}

/// Something promised to or planned for a customer (待办).
#[derive(Debug, Serialize, ToSchema)]
pub struct Todo {
    id: Uuid,
    customer: TodoCustomer,
    /// The interaction in which it was promised.
    interaction_id: Option<Uuid>,
    #[schema(example = "寄送新版报价单")]
    title: String,
    note: Option<String>,
    /// Who is to do it.
    owner_id: Uuid,
    /// The last day on which it is in time.
    due_on: NaiveDate,
    #[schema(value_type = TodoStatusSchema)]
    status: String,
    /// Still open, and its day has ended.
    overdue: bool,
    cancel_reason: Option<String>,
    /// When it was done or cancelled, and by whom.
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<Uuid>,
    /// Who gave it; null where another system did.
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Rows with what they say of their customers.
pub async fn shown(app: &App, rows: Vec<Stored>, now: DateTime<Utc>) -> ApiResult<Vec<Todo>> {
    let today = app.local_date(now);
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers = todos::customers_of(&app.db, &ids).await?.into_iter();
    let customers: HashMap<Uuid, TodoCustomer> =
        customers.map(|(id, number, name)| (id, TodoCustomer { id, number, name })).collect();
    let customer = |id: Uuid| {
        let known = customers.get(&id).cloned();
        known.unwrap_or(TodoCustomer { id, number: String::new(), name: String::new() })
    };
    let one = |row: Stored| Todo {
        customer: customer(row.customer_id),
        overdue: row.status == TodoStatus::Open.as_str() && row.due_on < today,
        id: row.id,
        interaction_id: row.interaction_id,
        title: row.title,
        note: row.note,
        owner_id: row.owner_id,
        due_on: row.due_on,
        status: row.status,
        cancel_reason: row.cancel_reason,
        closed_at: row.closed_at,
        closed_by: row.closed_by,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(one).collect())
}

async fn versioned(app: &App, row: Stored, now: DateTime<Utc>) -> ApiResult<(Todo, i64)> {
    let version = row.version;
    let shown = shown(app, vec![row], now).await?.pop().ok_or(Code::TodoNotFound)?;
    Ok((shown, version))
}

/// One page of to-dos, what is due first first.
#[derive(Debug, Serialize, ToSchema)]
struct TodoPage {
    items: Vec<Todo>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Something to be done.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreateTodo {
    #[schema(min_length = 1, max_length = 500, pattern = "@line", example = "寄送新版报价单")]
    title: String,
    #[schema(max_length = 10000)]
    note: Option<String>,
    /// Yourself unless given; the customer's owner where another system gives it.
    owner_id: Option<Uuid>,
    /// The last day on which it is in time, in the deployment's zone.
    #[schema(example = "2026-10-23")]
    due_on: NaiveDate,
}

impl From<CreateTodo> for NewTodo {
    fn from(body: CreateTodo) -> Self {
        let CreateTodo { title, note, owner_id, due_on } = body;
        NewTodo { title, note, owner_id, due_on }
    }
}

/// Fields that are absent stay.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchTodo {
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@line", example = "寄送新版报价单")]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    note: Option<Option<String>>,
    #[schema(nullable = false)]
    owner_id: Option<Uuid>,
    #[schema(nullable = false, example = "2026-10-23")]
    due_on: Option<NaiveDate>,
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CancelTodo {
    #[schema(min_length = 1, max_length = 500, pattern = "@prose", example = "客户已自行下载")]
    reason: String,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TodoParams {
    /// Only one's own.
    mine: Option<bool>,
    /// To-dos of this user.
    owner_id: Option<Uuid>,
    /// To-dos for this customer.
    customer_id: Option<Uuid>,
    /// To-dos of this interaction.
    interaction_id: Option<Uuid>,
    #[schema(value_type = Option<TodoStatusSchema>)]
    #[param(value_type = Option<TodoStatusSchema>)]
    status: Option<TodoStatus>,
    /// Only those still open whose day has ended.
    overdue: Option<bool>,
    /// Only those due before this day.
    due_before: Option<NaiveDate>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "^00[0-9a-f]{38}$")]
    #[param(pattern = "^00[0-9a-f]{38}$")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Day and id, eight and thirty-two digits.
fn encode((due_on, id): Place) -> String {
    format!("{:08x}{}", due_on.num_days_from_ce().max(0), id.simple())
}

fn decode(cursor: &str) -> Result<Place, Fault> {
    let read = || {
        let (day, id) = cursor.split_at_checked(8)?;
        let due_on = NaiveDate::from_num_days_from_ce_opt(i32::from_str_radix(day, 16).ok()?)?;
        Some((due_on, Uuid::try_parse(id).ok()?))
    };
    read().ok_or_else(|| Fault::new(Code::InvalidCursor).at("#query/cursor"))
}

/// Give a to-do
#[utoipa::path(tag = "interactions", operation_id = "create_todo", params(("id" = Uuid, Path, description = "The customer")),
    request_body = CreateTodo, security(("bearer" = [])),
    responses((status = 201, description = "The to-do", body = Todo, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the to-do")))),
    extensions(("x-permission" = json!("interactions:write")), ("x-errors" = json!(["customer_not_found", "user_not_found", "reference_missing"]))))]
#[post("/customers/{id}/todos")]
async fn create_todo(
    can: Can<may::InteractionsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<CreateTodo>,
) -> ApiResult<Versioned<Todo>> {
    let row = create(&app, &can.command()?, id.0, body.0.into()).await?;
    let location = format!("/api/v1/todos/{}", row.id);
    let (todo, version) = versioned(&app, row, can.now).await?;
    Ok(Versioned::created(todo, version, location))
}

/// List to-dos
///
/// One's own, those one has given, and those of customers within reach; what is due first comes first.
#[utoipa::path(tag = "interactions", operation_id = "list_todos", params(TodoParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of to-dos", body = TodoPage)),
    extensions(("x-permission" = json!("interactions:read"))))]
#[get("/todos")]
async fn list_todos(
    can: Can<may::InteractionsRead>,
    app: web::Data<App>,
    params: Params<TodoParams>,
) -> ApiResult<web::Json<TodoPage>> {
    let params = params.0;
    let limit = PageParams { cursor: None, limit: params.limit }.request()?.limit;
    let after = params.cursor.as_deref().map(decode).transpose()?;
    let today = app.local_date(can.now);
    let overdue = params.overdue.unwrap_or(false);
    let mine = params.mine.unwrap_or(false).then_some(can.actor.id);
    let contradicts = mine.is_some() && params.owner_id.is_some() && mine != params.owner_id
        || overdue && params.status.is_some_and(|status| status != TodoStatus::Open);
    if contradicts {
        return Ok(web::Json(TodoPage { items: Vec::new(), next_cursor: None }));
    }
    let filter = Filter {
        owner_id: mine.or(params.owner_id),
        customer_id: params.customer_id,
        interaction_id: params.interaction_id,
        status: if overdue { Some(TodoStatus::Open) } else { params.status },
        due_before: match (overdue, params.due_before) {
            (true, day) => Some(day.map_or(today, |day| day.min(today))),
            (false, day) => day,
        },
    };
    let (rows, next) = todos::list(&app.db, can.scope(), filter, after, limit).await?;
    let items = shown(&app, rows, can.now).await?;
    Ok(web::Json(TodoPage { items, next_cursor: next.map(encode) }))
}

/// Read a to-do
#[utoipa::path(tag = "interactions", operation_id = "get_todo", params(("id" = Uuid, Path, description = "The to-do")), security(("bearer" = [])),
    responses((status = 200, description = "The to-do", body = Todo, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:read")), ("x-errors" = json!(["todo_not_found"]))))]
#[get("/todos/{id}")]
async fn get_todo(can: Can<may::InteractionsRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Todo>> {
    let row = todos::find(&app.db, can.scope(), id.0).await?.ok_or(Code::TodoNotFound)?;
    let (todo, version) = versioned(&app, row, can.now).await?;
    Ok(Versioned::ok(todo, version))
}

/// Change a to-do
///
/// As long as it is open; by its owner, who gave it, managers and administrators. A new day sets the reminders anew.
#[utoipa::path(tag = "interactions", operation_id = "update_todo", params(("id" = Uuid, Path, description = "The to-do")),
    request_body = PatchTodo, security(("bearer" = [])),
    responses((status = 200, description = "The to-do", body = Todo, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:write")), ("x-errors" = json!(["todo_not_found", "user_not_found", "todo_state", "not_author"]))))]
#[patch("/todos/{id}")]
async fn update_todo(
    can: Can<may::InteractionsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchTodo>,
) -> ApiResult<Versioned<Todo>> {
    let Body(PatchTodo { title, note, owner_id, due_on }) = body;
    let row = update(&app, &can.command()?, id.0, Change { title, note, owner_id, due_on }).await?;
    let (todo, version) = versioned(&app, row, can.now).await?;
    Ok(Versioned::ok(todo, version))
}

/// A to-do is done
#[utoipa::path(tag = "interactions", operation_id = "complete_todo", params(("id" = Uuid, Path, description = "The to-do")), security(("bearer" = [])),
    responses((status = 200, description = "The to-do, `done`", body = Todo, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:write")), ("x-errors" = json!(["todo_not_found", "todo_state", "not_author", "version_conflict"]))))]
#[post("/todos/{id}/complete")]
async fn complete_todo(can: Can<may::InteractionsWrite>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Todo>> {
    let row = complete(&app, &can.command()?, id.0).await?;
    let (todo, version) = versioned(&app, row, can.now).await?;
    Ok(Versioned::ok(todo, version))
}

/// A to-do will not be done
#[utoipa::path(tag = "interactions", operation_id = "cancel_todo", params(("id" = Uuid, Path, description = "The to-do")),
    request_body = CancelTodo, security(("bearer" = [])),
    responses((status = 200, description = "The to-do, `cancelled`", body = Todo, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("interactions:write")), ("x-errors" = json!(["todo_not_found", "todo_state", "not_author", "version_conflict"]))))]
#[post("/todos/{id}/cancel")]
async fn cancel_todo(
    can: Can<may::InteractionsWrite>,
    app: web::Data<App>,
    id: Id,
    body: Body<CancelTodo>,
) -> ApiResult<Versioned<Todo>> {
    let row = cancel(&app, &can.command()?, id.0, body.0.reason).await?;
    let (todo, version) = versioned(&app, row, can.now).await?;
    Ok(Versioned::ok(todo, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_finds_its_place_again() {
        for day in ["2026-10-23", "0001-01-01", "9999-12-31"] {
            let place = (day.parse().unwrap(), Uuid::from_u128(42));
            assert_eq!(decode(&encode(place)).unwrap(), place, "{day}");
        }
        assert!(decode(&format!("00ffffff{}", "f".repeat(32))).is_ok(), "whatever fits the pattern is read");
        assert!(decode("zz").is_err());
    }
}
