use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_persistence::identity::departments::{self, Department as Stored};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::page::{ListParams, page_of};
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::identity::departments::{DepartmentChange, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_departments).service(create_department).service(get_department).service(update_department);
}

/// A department (部门).
#[derive(Serialize, Debug, ToSchema)]
struct Department {
    id: Uuid,
    #[schema(example = "customer_service")]
    code: String,
    #[schema(example = "客户服务部")]
    name: String,
    /// Who is told of breaches and escalations (部门负责人).
    head_user_id: Option<Uuid>,
    /// Who is told when that does not help either (管理层); null: the administrators.
    director_user_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for Department {
    fn from(department: Stored) -> Self {
        let Stored { id, code, name, head_user_id, director_user_id, created_at, updated_at, .. } = department;
        Department { id, code, name, head_user_id, director_user_id, created_at, updated_at }
    }
}

page_of!(DepartmentPage, Department);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateDepartment {
    /// Stable name for programs.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z0-9_-]{1,50}$", example = "after_sales")]
    code: String,
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "售后服务部")]
    name: String,
    head_user_id: Option<Uuid>,
    director_user_id: Option<Uuid>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchDepartment {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "售后服务部")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    head_user_id: Option<Option<Uuid>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    director_user_id: Option<Option<Uuid>>,
}

/// List departments
#[utoipa::path(tag = "users", operation_id = "list_departments", params(ListParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of departments", body = DepartmentPage)),
    extensions(("x-permission" = json!("departments:read"))))]
#[get("/departments")]
async fn list_departments(
    _can: Can<may::DepartmentsRead>,
    app: web::Data<App>,
    params: Params<ListParams>,
) -> ApiResult<web::Json<DepartmentPage>> {
    let page = departments::list(&app.db, params.0.request()?).await?;
    Ok(web::Json(page.map(Department::from).into()))
}

/// Create a department
#[utoipa::path(tag = "users", operation_id = "create_department", request_body = CreateDepartment, security(("bearer" = [])),
    responses((status = 201, description = "The department", body = Department, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the department")))),
    extensions(("x-permission" = json!("departments:manage")), ("x-errors" = json!(["department_code_taken", "user_not_found"]))))]
#[post("/departments")]
async fn create_department(
    can: Can<may::DepartmentsManage>,
    app: web::Data<App>,
    body: Body<CreateDepartment>,
) -> ApiResult<Versioned<Department>> {
    let Body(CreateDepartment { code, name, head_user_id, director_user_id }) = body;
    let department = create(&app, &can.command()?, code, name, head_user_id, director_user_id).await?;
    let (version, location) = (department.version, format!("/api/v1/departments/{}", department.id));
    Ok(Versioned::created(department.into(), version, location))
}

/// Read a department
#[utoipa::path(tag = "users", operation_id = "get_department", params(("id" = Uuid, Path, description = "The department")), security(("bearer" = [])),
    responses((status = 200, description = "The department", body = Department, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("departments:read")), ("x-errors" = json!(["department_not_found"]))))]
#[get("/departments/{id}")]
async fn get_department(
    _can: Can<may::DepartmentsRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<Versioned<Department>> {
    let department = departments::find(&app.db, id.0).await?.ok_or(Code::DepartmentNotFound)?;
    let version = department.version;
    Ok(Versioned::ok(department.into(), version))
}

/// Change a department
#[utoipa::path(tag = "users", operation_id = "update_department", params(("id" = Uuid, Path, description = "The department")),
    request_body = PatchDepartment, security(("bearer" = [])),
    responses((status = 200, description = "The department", body = Department, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("departments:manage")), ("x-errors" = json!(["department_not_found", "user_not_found"]))))]
#[patch("/departments/{id}")]
async fn update_department(
    can: Can<may::DepartmentsManage>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchDepartment>,
) -> ApiResult<Versioned<Department>> {
    let Body(PatchDepartment { name, head_user_id, director_user_id }) = body;
    let change = DepartmentChange { name, head_user_id, director_user_id };
    let department = update(&app, &can.command()?, id.0, change).await?;
    let version = department.version;
    Ok(Versioned::ok(department.into(), version))
}
