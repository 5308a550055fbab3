use actix_web::{get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::audit::AuditAction;
use huiyin_persistence::integration::audit::{self, Entry as Stored, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{AuditActionSchema, AuditActorSchema, SubjectSchema};
use crate::http::support::page::page_of;
use crate::http::support::{ApiResult, Can, PageParams, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_audit_log);
}

/// One entry of the audit log (审计日志). Nothing can change or delete it.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEntry {
    id: Uuid,
    at: DateTime<Utc>,
    #[schema(value_type = AuditActorSchema)]
    actor: String,
    /// The user or key; null for the system itself.
    actor_id: Option<Uuid>,
    #[schema(value_type = AuditActionSchema)]
    action: String,
    #[schema(value_type = SubjectSchema)]
    subject: String,
    subject_id: Uuid,
    /// Why, as the actor has stated it.
    #[schema(example = "客户来电，需核对号码")]
    reason: Option<String>,
    /// Names of fields and figures, never values.
    #[schema(value_type = Object, example = json!({"fields": ["phone"], "repeated": false}))]
    details: serde_json::Value,
    /// The `x-request-id` of the request.
    request_id: Option<String>,
    /// Where the request came from; behind a proxy, the proxy.
    #[schema(example = "10.0.0.7")]
    remote_address: Option<String>,
}

impl From<Stored> for AuditEntry {
    fn from(row: Stored) -> Self {
        let Stored {
            id,
            at,
            actor,
            actor_id,
            action,
            subject,
            subject_id,
            reason,
            details,
            request_id,
            remote_address,
        } = row;
        AuditEntry { id, at, actor, actor_id, action, subject, subject_id, reason, details, request_id, remote_address }
    }
}

page_of!(AuditPage, AuditEntry);

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AuditParams {
    /// What this user or key did.
    actor_id: Option<Uuid>,
    /// What was done to this.
    subject_id: Option<Uuid>,
    /// Only this action.
    #[schema(value_type = Option<AuditActionSchema>)]
    #[param(value_type = Option<AuditActionSchema>)]
    action: Option<AuditAction>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Read the audit log
///
/// Who was shown masked data and why, who decided on change requests, merged customers, changed what is protected.
#[utoipa::path(tag = "system", operation_id = "list_audit_log", params(AuditParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of entries", body = AuditPage)),
    extensions(("x-permission" = json!("audit:read"))))]
#[get("/audit-log")]
async fn list_audit_log(
    _can: Can<may::AuditRead>,
    app: web::Data<App>,
    params: Params<AuditParams>,
) -> ApiResult<web::Json<AuditPage>> {
    let AuditParams { actor_id, subject_id, action, from, to, cursor, limit } = params.0;
    let page = PageParams { cursor: cursor.as_deref(), limit }.request()?;
    let page = audit::list(&app.db, Filter { actor_id, subject_id, action, from, to }, page).await?;
    Ok(web::Json(page.map(AuditEntry::from).into()))
}
