//! What helps to write a script: some to begin with, the variables there are, a preview.

use actix_web::{HttpRequest, get, post, web};
use huiyin_domain::follow_up::script::Variable;
use huiyin_domain::follow_up::script::templates::ScriptTemplate as Template;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::script_body::ScriptContent;
use crate::http::support::enums::{ScriptTemplateSchema, ScriptVariableSchema};
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::follow_up::scripts::values;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_script_templates).service(list_script_variables).service(preview_script);
}

/// A script to begin with.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptTemplate {
    #[schema(value_type = ScriptTemplateSchema)]
    key: Template,
    #[schema(example = "购买后回访")]
    name: &'static str,
    description: &'static str,
    content: ScriptContent,
}

/// Scripts to begin with.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptTemplates {
    items: Vec<ScriptTemplate>,
}

/// What a script can be filled with.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptVariable {
    #[schema(value_type = ScriptVariableSchema)]
    name: Variable,
    /// What it stands for, in the language asked for.
    #[schema(example = "客户名称")]
    label: &'static str,
    /// What is said where the value is not known.
    #[schema(example = "您")]
    default_text: &'static str,
}

/// All variables.
#[derive(Debug, Serialize, ToSchema)]
struct ScriptVariables {
    items: Vec<ScriptVariable>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PreviewScript {
    content: ScriptContent,
    /// For whom it is filled; with default texts unless given.
    #[schema(nullable = false)]
    customer_id: Option<Uuid>,
}

/// List scripts to begin with
///
/// One for each usual occasion of a follow-up; send its content to `POST /scripts`, as it is or changed.
#[utoipa::path(tag = "scripts", operation_id = "list_script_templates", security(("bearer" = [])),
    responses((status = 200, description = "The scripts", body = ScriptTemplates)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/scripts/templates")]
async fn list_script_templates(_can: Can<may::FollowUpRead>) -> web::Json<ScriptTemplates> {
    let template = |key: &Template| ScriptTemplate {
        key: *key,
        name: key.name(),
        description: key.description(),
        content: key.content().into(),
    };
    web::Json(ScriptTemplates { items: Template::ALL.iter().map(template).collect() })
}

/// List the variables of scripts
#[utoipa::path(tag = "scripts", operation_id = "list_script_variables", security(("bearer" = [])),
    responses((status = 200, description = "The variables", body = ScriptVariables)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/scripts/variables")]
async fn list_script_variables(_can: Can<may::FollowUpRead>, request: HttpRequest) -> web::Json<ScriptVariables> {
    let lang = language(&request);
    let variable =
        |name: &Variable| ScriptVariable { name: *name, label: name.label(lang), default_text: name.default_text() };
    web::Json(ScriptVariables { items: Variable::ALL.iter().map(variable).collect() })
}

/// Preview a script
///
/// Checks a content and shows it filled in, without storing it: for a customer, or with the default texts.
#[utoipa::path(tag = "scripts", operation_id = "preview_script", request_body = PreviewScript, security(("bearer" = [])),
    responses((status = 200, description = "The content, filled in", body = ScriptContent)),
    extensions(("x-permission" = json!("follow_up:read")),
        ("x-errors" = json!(["customer_not_found", "script_braces", "script_variable_unknown", "script_key_repeated", "script_topic_order", "script_score_twice", "script_options", "script_ask_if", "script_field"]))))]
#[post("/scripts/preview")]
async fn preview_script(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    body: Body<PreviewScript>,
) -> ApiResult<web::Json<ScriptContent>> {
    let PreviewScript { content, customer_id } = body.0;
    let content = content.checked()?;
    let values = values(&app.db, &can.actor, customer_id).await?;
    Ok(web::Json(content.filled(&values).into()))
}
