use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{DataScope, Role};
use huiyin_persistence::identity::users::{self, User as Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{DataScopeSchema, RoleSchema};
use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::identity::users::{NewUser, UserChange, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_users).service(create_user).service(get_user).service(update_user);
}

/// A person who signs in.
#[derive(Serialize, Debug, ToSchema)]
pub struct User {
    pub id: Uuid,
    #[schema(example = "wang.li")]
    pub username: String,
    #[schema(example = "王丽")]
    pub display_name: String,
    #[schema(value_type = RoleSchema)]
    pub role: String,
    #[schema(value_type = DataScopeSchema)]
    pub data_scope: String,
    pub department_id: Option<Uuid>,
    /// Whether the user may sign in.
    pub active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Stored> for User {
    fn from(user: Stored) -> Self {
        User {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            data_scope: user.data_scope,
            department_id: user.department_id,
            active: user.active,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

page_of!(UserPage, User);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateUser {
    /// Compared without regard to case.
    #[schema(min_length = 1, max_length = 100, pattern = "@line", example = "wang.li")]
    username: String,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "王丽")]
    display_name: String,
    #[schema(min_length = 8, max_length = 128, format = Password, example = "correct horse battery")]
    password: String,
    #[schema(value_type = RoleSchema)]
    role: Role,
    /// Unless given: `all` for admin and director, `department` for manager, `own` for agent.
    #[schema(value_type = Option<DataScopeSchema>)]
    data_scope: Option<DataScope>,
    department_id: Option<Uuid>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchUser {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "王丽")]
    display_name: Option<String>,
    #[schema(nullable = false, min_length = 8, max_length = 128, format = Password, example = "correct horse battery")]
    password: Option<String>,
    /// A new role brings its own data scope unless one is given.
    #[schema(nullable = false, value_type = Option<RoleSchema>)]
    role: Option<Role>,
    #[schema(nullable = false, value_type = Option<DataScopeSchema>)]
    data_scope: Option<DataScope>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    #[schema(nullable = false)]
    active: Option<bool>,
}

/// List users
#[utoipa::path(tag = "users", operation_id = "list_users", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of users within reach", body = UserPage)),
    extensions(("x-permission" = json!("users:read"))))]
#[get("/users")]
async fn list_users(
    can: Can<may::UsersRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<UserPage>> {
    let page = users::list(&app.db, can.scope(), params.0.request()?).await?;
    Ok(web::Json(page.map(User::from).into()))
}

/// Create a user
#[utoipa::path(tag = "users", operation_id = "create_user", request_body = CreateUser, security(("bearer" = [])),
    responses((status = 201, description = "The user", body = User, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the user")))),
    extensions(("x-permission" = json!("users:manage")), ("x-errors" = json!(["username_taken", "department_not_found"]))))]
#[post("/users")]
async fn create_user(
    can: Can<may::UsersManage>,
    app: web::Data<App>,
    body: Body<CreateUser>,
) -> ApiResult<Versioned<User>> {
    let body = body.0;
    let new = NewUser {
        username: body.username,
        display_name: body.display_name,
        password: body.password,
        role: body.role,
        data_scope: body.data_scope,
        department_id: body.department_id,
    };
    let user = create(&app, &can.command()?, new).await?;
    let (version, location) = (user.version, format!("/api/v1/users/{}", user.id));
    Ok(Versioned::created(user.into(), version, location))
}

/// Read a user
#[utoipa::path(tag = "users", operation_id = "get_user", params(("id" = Uuid, Path, description = "The user")), security(("bearer" = [])),
    responses((status = 200, description = "The user", body = User, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("users:read")), ("x-errors" = json!(["user_not_found"]))))]
#[get("/users/{id}")]
async fn get_user(can: Can<may::UsersRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<User>> {
    let user = users::find(&app.db, can.scope(), id.0).await?.ok_or(Code::UserNotFound)?;
    let version = user.version;
    Ok(Versioned::ok(user.into(), version))
}

/// Change a user
///
/// Absent fields stay. A change of role, scope, department, password or state ends the user's sessions.
#[utoipa::path(tag = "users", operation_id = "update_user", params(("id" = Uuid, Path, description = "The user")),
    request_body = PatchUser, security(("bearer" = [])),
    responses((status = 200, description = "The user", body = User, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("users:manage")), ("x-errors" = json!(["user_not_found", "department_not_found", "last_admin", "own_account"]))))]
#[patch("/users/{id}")]
async fn update_user(
    can: Can<may::UsersManage>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchUser>,
) -> ApiResult<Versioned<User>> {
    let body = body.0;
    let change = UserChange {
        display_name: body.display_name,
        password: body.password,
        role: body.role,
        data_scope: body.data_scope,
        department_id: body.department_id,
        active: body.active,
    };
    let user = update(&app, &can.command()?, id.0, change).await?;
    let version = user.version;
    Ok(Versioned::ok(user.into(), version))
}
