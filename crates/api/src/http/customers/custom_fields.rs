use actix_web::{get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::customers::{CustomField as Definition, CustomKind};
use huiyin_persistence::customers::custom_fields::{self, StoredField};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::CustomKindSchema;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, Versioned, may};
use crate::usecases::App;
use crate::usecases::customers::custom_fields::{FieldChange, create, update};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_custom_fields).service(create_custom_field).service(update_custom_field);
}

/// A field that the administrator adds to the profile (自定义字段).
#[derive(Serialize, Debug, ToSchema)]
struct CustomField {
    id: Uuid,
    /// By which values go in `custom`, and conditions as `custom.key`.
    #[schema(example = "credit_level")]
    key: String,
    #[schema(example = "信用等级")]
    label: String,
    #[schema(value_type = CustomKindSchema)]
    kind: String,
    /// Whether a new customer must have a value.
    required: bool,
    pattern: Option<String>,
    minimum: Option<String>,
    maximum: Option<String>,
    #[schema(value_type = Vec<String>, example = json!(["A", "B", "C"]))]
    choices: serde_json::Value,
    /// Values of a field that is switched off stay but can no longer be written.
    active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<StoredField> for CustomField {
    fn from(row: StoredField) -> Self {
        let StoredField {
            id,
            key,
            label,
            kind,
            required,
            pattern,
            minimum,
            maximum,
            choices,
            active,
            created_at,
            updated_at,
            ..
        } = row;
        CustomField {
            id,
            key,
            label,
            kind,
            required,
            pattern,
            minimum,
            maximum,
            choices,
            active,
            created_at,
            updated_at,
        }
    }
}

/// All custom fields.
#[derive(Serialize, Debug, ToSchema)]
struct CustomFieldList {
    items: Vec<CustomField>,
}

/// One of the values that may be chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 100, pattern = "@line", example = "A")]
struct Choice(String);

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateCustomField {
    /// Stable name for programs.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]{0,49}$", example = "credit_level")]
    key: String,
    #[schema(min_length = 1, max_length = 100, pattern = "@line", example = "信用等级")]
    label: String,
    #[schema(value_type = CustomKindSchema)]
    kind: CustomKind,
    #[serde(default)]
    required: bool,
    /// For texts: a regular expression that the whole value must match.
    #[schema(nullable = false, min_length = 1, max_length = 500, example = "[A-C]{1,2}")]
    pattern: Option<String>,
    /// For numbers and dates: the least value.
    #[schema(nullable = false, min_length = 1, max_length = 40, example = "2020-01-01")]
    minimum: Option<String>,
    /// For numbers and dates: the greatest value.
    #[schema(nullable = false, min_length = 1, max_length = 40, example = "2030-12-31")]
    maximum: Option<String>,
    /// For choices: the values there are.
    #[schema(nullable = false, max_items = 200)]
    choices: Option<Vec<Choice>>,
}

/// Fields that are absent stay; null clears. Key and type are fixed.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchCustomField {
    #[schema(nullable = false, min_length = 1, max_length = 100, pattern = "@line", example = "信用等级")]
    label: Option<String>,
    #[schema(nullable = false)]
    required: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    pattern: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40)]
    minimum: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40)]
    maximum: Option<Option<String>>,
    #[schema(nullable = false, max_items = 200)]
    choices: Option<Vec<Choice>>,
    #[schema(nullable = false)]
    active: Option<bool>,
}

fn texts(choices: Vec<Choice>) -> Vec<String> {
    choices.into_iter().map(|choice| choice.0).collect()
}

/// List custom fields
#[utoipa::path(tag = "customers", operation_id = "list_custom_fields", security(("bearer" = [])),
    responses((status = 200, description = "All custom fields, by key", body = CustomFieldList)),
    extensions(("x-permission" = json!("customers:read"))))]
#[get("/custom-fields")]
async fn list_custom_fields(
    _can: Can<may::CustomersRead>,
    app: web::Data<App>,
) -> ApiResult<web::Json<CustomFieldList>> {
    let items = custom_fields::list(&app.db).await?.into_iter().map(CustomField::from).collect();
    Ok(web::Json(CustomFieldList { items }))
}

/// Define a custom field
#[utoipa::path(tag = "customers", operation_id = "create_custom_field", request_body = CreateCustomField, security(("bearer" = [])),
    responses((status = 201, description = "The field", body = CustomField, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the field")))),
    extensions(("x-permission" = json!("customers:configure")), ("x-errors" = json!(["custom_field_taken", "custom_field_conflict"]))))]
#[post("/custom-fields")]
async fn create_custom_field(
    can: Can<may::CustomersConfigure>,
    app: web::Data<App>,
    body: Body<CreateCustomField>,
) -> ApiResult<Versioned<CustomField>> {
    let CreateCustomField { key, label, kind, required, pattern, minimum, maximum, choices } = body.0;
    let choices = texts(choices.unwrap_or_default());
    let field = Definition { key, kind, required, pattern, minimum, maximum, choices };
    let row = create(&app, &can.command()?, label, field).await?;
    let (version, location) = (row.version, format!("/api/v1/custom-fields/{}", row.id));
    Ok(Versioned::created(row.into(), version, location))
}

/// Change a custom field
///
/// Values that are stored stay as they are; they are held against the new definition when they are next written.
#[utoipa::path(tag = "customers", operation_id = "update_custom_field", params(("id" = Uuid, Path, description = "The field")),
    request_body = PatchCustomField, security(("bearer" = [])),
    responses((status = 200, description = "The field", body = CustomField, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("customers:configure")), ("x-errors" = json!(["custom_field_not_found", "custom_field_conflict"]))))]
#[patch("/custom-fields/{id}")]
async fn update_custom_field(
    can: Can<may::CustomersConfigure>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchCustomField>,
) -> ApiResult<Versioned<CustomField>> {
    let PatchCustomField { label, required, pattern, minimum, maximum, choices, active } = body.0;
    let choices = choices.map(texts);
    let change = FieldChange { label, required, pattern, minimum, maximum, choices, active };
    let row = update(&app, &can.command()?, id.0, change).await?;
    let version = row.version;
    Ok(Versioned::ok(row.into(), version))
}
