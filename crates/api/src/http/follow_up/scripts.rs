use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, get, patch, post, put, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::CustomerKind;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::script::{Content, ScriptStatus};
use huiyin_persistence::follow_up::scripts::{self, Filter, Script as Stored, ScriptVersion as StoredVersion};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::script_body::ScriptContent;
use crate::http::support::enums::{CustomerKindSchema, ScriptStatusSchema};
use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::http::support::{ApiError, ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::follow_up::scripts::{Change, NewScript, create, revise, set_status, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_scripts)
        .service(create_script)
        .service(get_script)
        .service(update_script)
        .service(put_script_content)
        .service(list_script_versions)
        .service(get_script_version)
        .service(archive_script)
        .service(restore_script);
}

/// A script without what is said.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptBrief {
    id: Uuid,
    #[schema(example = "购买后回访")]
    name: String,
    description: Option<String>,
    /// For whom it is meant; null for everybody.
    #[schema(value_type = Option<CustomerKindSchema>)]
    customer_kind: Option<String>,
    #[schema(value_type = ScriptStatusSchema)]
    status: String,
    /// The number of the latest version.
    #[schema(minimum = 1, example = 3)]
    latest_version: i32,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Stored> for ScriptBrief {
    fn from(row: Stored) -> Self {
        ScriptBrief {
            id: row.id,
            name: row.name,
            description: row.description,
            customer_kind: row.customer_kind,
            status: row.status,
            latest_version: row.latest_version,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(ScriptPage, ScriptBrief);

/// A script (话术) as it is said now.
#[derive(Debug, Serialize, ToSchema)]
struct Script {
    #[serde(flatten)]
    script: ScriptBrief,
    content: ScriptContent,
}

impl Script {
    fn of((script, version): (Stored, StoredVersion)) -> ApiResult<Self> {
        let content: Content = from_json(&version.content)?;
        Ok(Script { script: script.into(), content: content.into() })
    }

    fn versioned(latest: (Stored, StoredVersion)) -> ApiResult<Versioned<Self>> {
        let version = latest.0.version;
        Ok(Versioned::ok(Self::of(latest)?, version))
    }
}

/// A version of a script; never changed.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptVersion {
    script_id: Uuid,
    #[schema(minimum = 1, example = 2)]
    number: i32,
    content: ScriptContent,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

/// When a version was made, and by whom.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptVersionBrief {
    #[schema(minimum = 1, example = 2)]
    number: i32,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

/// The versions of a script, the latest first; 200 at most.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptVersions {
    items: Vec<ScriptVersionBrief>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateScript {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "购买后回访")]
    name: String,
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = "@prose", example = "收货之后七天内")]
    description: Option<String>,
    /// For whom it is meant; for everybody unless given.
    #[schema(nullable = false, value_type = Option<CustomerKindSchema>)]
    customer_kind: Option<CustomerKind>,
    content: ScriptContent,
}

/// Fields that are absent stay; those that are null are cleared.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchScript {
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "购买后回访")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<CustomerKindSchema>)]
    customer_kind: Option<Option<CustomerKind>>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PutScriptContent {
    content: ScriptContent,
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ScriptParams {
    /// Only in this status.
    #[schema(value_type = Option<ScriptStatusSchema>)]
    #[param(value_type = Option<ScriptStatusSchema>)]
    status: Option<ScriptStatus>,
    /// Only those meant for this kind of customer.
    #[schema(value_type = Option<CustomerKindSchema>)]
    #[param(value_type = Option<CustomerKindSchema>)]
    customer_kind: Option<CustomerKind>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// A version of a script in the path.
struct VersionPath {
    id: Uuid,
    number: i32,
}

impl FromRequest for VersionPath {
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let id = Id::from_request(request, payload).into_inner();
        let number = request.match_info().get("number").unwrap_or_default();
        let number = number.parse::<i32>().ok().filter(|number| *number > 0);
        let wrong = || Fault::new(Code::InvalidFormat).at("#path/number").with("expected", "1 … 2147483647");
        std::future::ready(match (id, number) {
            (Ok(id), Some(number)) => Ok(VersionPath { id: id.0, number }),
            (Ok(_), None) => Err(wrong().into()),
            (Err(error), Some(_)) => Err(error),
            (Err(error), None) => {
                let mut faults = error.into_faults();
                faults.push(wrong());
                Err(faults.into())
            }
        })
    }
}

/// List scripts
#[utoipa::path(tag = "scripts", operation_id = "list_scripts", params(ScriptParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of scripts", body = ScriptPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/scripts")]
async fn list_scripts(
    _can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<ScriptParams>,
) -> ApiResult<web::Json<ScriptPage>> {
    let ScriptParams { status, customer_kind, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let filter = Filter { status, customer_kind: customer_kind.map(|kind| kind.to_string()) };
    Ok(web::Json(scripts::list(&app.db, filter, page).await?.map(ScriptBrief::from).into()))
}

/// Create a script
///
/// Variables and questions are checked: everything that is wrong is named at once.
#[utoipa::path(tag = "scripts", operation_id = "create_script", request_body = CreateScript, security(("bearer" = [])),
    responses((status = 201, description = "The script", body = Script, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the script")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["script_braces", "script_variable_unknown", "script_key_repeated", "script_topic_order", "script_score_twice", "script_options", "script_ask_if", "script_field"]))))]
#[post("/scripts")]
async fn create_script(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    body: Body<CreateScript>,
) -> ApiResult<Versioned<Script>> {
    let CreateScript { name, description, customer_kind, content } = body.0;
    let new = NewScript { name, description, customer_kind, content: content.checked()? };
    let created = create(&app, &can.command()?, new).await?;
    let (version, location) = (created.0.version, format!("/api/v1/scripts/{}", created.0.id));
    Ok(Versioned::created(Script::of(created)?, version, location))
}

/// Read a script
///
/// As it is said now.
#[utoipa::path(tag = "scripts", operation_id = "get_script", params(("id" = Uuid, Path, description = "The script")), security(("bearer" = [])),
    responses((status = 200, description = "The script", body = Script, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["script_not_found"]))))]
#[get("/scripts/{id}")]
async fn get_script(_can: Can<may::FollowUpRead>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Script>> {
    Script::versioned(scripts::latest(&app.db, id.0).await?.ok_or(Code::ScriptNotFound)?)
}

async fn shown(app: &App, script: Stored) -> ApiResult<Versioned<Script>> {
    let version = scripts::version(&app.db, script.id, script.latest_version).await?;
    Script::versioned((script, version.ok_or(Code::ScriptVersionNotFound)?))
}

/// Change a script
///
/// Its name, and for what and whom it is. Merge semantics: absent fields stay, null clears. What is said is changed by
/// `PUT /scripts/{id}/content`.
#[utoipa::path(tag = "scripts", operation_id = "update_script", params(("id" = Uuid, Path, description = "The script")),
    request_body = PatchScript, security(("bearer" = [])),
    responses((status = 200, description = "The script", body = Script, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["script_not_found"]))))]
#[patch("/scripts/{id}")]
async fn update_script(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchScript>,
) -> ApiResult<Versioned<Script>> {
    let PatchScript { name, description, customer_kind } = body.0;
    let script = update(&app, &can.command()?, id.0, Change { name, description, customer_kind }).await?;
    shown(&app, script).await
}

/// Say anew what is said
///
/// Makes a new version, unless the content is what it was. Follow-ups recorded by an older version keep that.
#[utoipa::path(tag = "scripts", operation_id = "put_script_content", params(("id" = Uuid, Path, description = "The script")),
    request_body = PutScriptContent, security(("bearer" = [])),
    responses((status = 200, description = "The script", body = Script, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")),
        ("x-errors" = json!(["script_not_found", "script_archived", "script_braces", "script_variable_unknown", "script_key_repeated", "script_topic_order", "script_score_twice", "script_options", "script_ask_if", "script_field"]))))]
#[put("/scripts/{id}/content")]
async fn put_script_content(
    can: Can<may::FollowUpPlan>,
    app: web::Data<App>,
    id: Id,
    body: Body<PutScriptContent>,
) -> ApiResult<Versioned<Script>> {
    Script::versioned(revise(&app, &can.command()?, id.0, body.0.content.checked()?).await?)
}

/// List the versions of a script
#[utoipa::path(tag = "scripts", operation_id = "list_script_versions", params(("id" = Uuid, Path, description = "The script")), security(("bearer" = [])),
    responses((status = 200, description = "The versions", body = ScriptVersions)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["script_not_found"]))))]
#[get("/scripts/{id}/versions")]
async fn list_script_versions(
    _can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    id: Id,
) -> ApiResult<web::Json<ScriptVersions>> {
    let script = scripts::find(&app.db, id.0).await?.ok_or(Code::ScriptNotFound)?;
    let brief =
        |StoredVersion { number, created_by, created_at, .. }| ScriptVersionBrief { number, created_by, created_at };
    let items = scripts::versions(&app.db, script.id).await?.into_iter().map(brief).collect();
    Ok(web::Json(ScriptVersions { items }))
}

/// Read a version of a script
#[utoipa::path(tag = "scripts", operation_id = "get_script_version",
    params(("id" = Uuid, Path, description = "The script"), ("number" = i32, Path, description = "The version", minimum = 1, maximum = 2147483647)), security(("bearer" = [])),
    responses((status = 200, description = "The version", body = ScriptVersion)),
    extensions(("x-permission" = json!("follow_up:read")), ("x-errors" = json!(["script_not_found", "script_version_not_found"]))))]
#[get("/scripts/{id}/versions/{number}")]
async fn get_script_version(
    _can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    path: VersionPath,
) -> ApiResult<web::Json<ScriptVersion>> {
    let script = scripts::find(&app.db, path.id).await?.ok_or(Code::ScriptNotFound)?;
    let row = scripts::version(&app.db, script.id, path.number).await?.ok_or(Code::ScriptVersionNotFound)?;
    let content: Content = from_json(&row.content)?;
    let StoredVersion { script_id, number, created_by, created_at, .. } = row;
    Ok(web::Json(ScriptVersion { script_id, number, content: content.into(), created_by, created_at }))
}

/// Archive a script
///
/// It is not chosen any more; where it is in use it stays.
#[utoipa::path(tag = "scripts", operation_id = "archive_script", params(("id" = Uuid, Path, description = "The script")), security(("bearer" = [])),
    responses((status = 200, description = "The script, `archived`", body = Script, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["script_not_found"]))))]
#[post("/scripts/{id}/archive")]
async fn archive_script(can: Can<may::FollowUpPlan>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Script>> {
    let script = set_status(&app, &can.command()?, id.0, ScriptStatus::Archived).await?;
    shown(&app, script).await
}

/// Take a script out of the archive
#[utoipa::path(tag = "scripts", operation_id = "restore_script", params(("id" = Uuid, Path, description = "The script")), security(("bearer" = [])),
    responses((status = 200, description = "The script, `active`", body = Script, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("follow_up:plan")), ("x-errors" = json!(["script_not_found"]))))]
#[post("/scripts/{id}/restore")]
async fn restore_script(can: Can<may::FollowUpPlan>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Script>> {
    let script = set_status(&app, &can.command()?, id.0, ScriptStatus::Active).await?;
    shown(&app, script).await
}
