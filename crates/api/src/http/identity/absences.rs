use actix_web::{HttpResponse, delete, get, patch, post, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::identity::{Actor, Role};
use huiyin_persistence::identity::absences::{self, Absence as Stored, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::http::support::{ApiResult, Body, Can, Id, PageParams, Params, Versioned, may};
use crate::usecases::App;
use crate::usecases::identity::absences::{AbsenceChange, NewAbsence, cancel, record, update};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_absences)
        .service(record_absence)
        .service(get_absence)
        .service(update_absence)
        .service(cancel_absence);
}

/// When somebody is away, and who stands in (缺勤与代理).
#[derive(Debug, Serialize, ToSchema)]
struct Absence {
    id: Uuid,
    user_id: Uuid,
    /// Who stands in; null: whoever is next in the department.
    deputy_id: Option<Uuid>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// Whether it has begun and not ended.
    away_now: bool,
    /// Shown to the person, managers and administrators.
    #[schema(example = "年假")]
    reason: Option<String>,
    /// Who recorded it.
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Absence {
    fn of(row: Stored, reader: &Actor, now: DateTime<Utc>) -> Self {
        // A manager reaches the absences of the own department only, and those of whom he is a deputy.
        let own = reader.id == row.user_id || row.created_by == Some(reader.id);
        let told = own || matches!(reader.role, Role::Admin | Role::Manager);
        Absence {
            id: row.id,
            user_id: row.user_id,
            deputy_id: row.deputy_id,
            away_now: row.starts_at <= now && now < row.ends_at,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            reason: row.reason.filter(|_| told),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    fn versioned(row: Stored, reader: &Actor, now: DateTime<Utc>) -> Versioned<Self> {
        let version = row.version;
        Versioned::ok(Self::of(row, reader, now), version)
    }
}

page_of!(AbsencePage, Absence);

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AbsenceParams {
    /// Only of this user.
    user_id: Option<Uuid>,
    /// Only those in which this user stands in.
    deputy_id: Option<Uuid>,
    /// Only those that have begun and not ended; false: all.
    away_now: Option<bool>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct RecordAbsence {
    /// Yourself unless given; others by the manager of their department or an administrator.
    user_id: Option<Uuid>,
    /// Who stands in; without, new work goes to whoever is next in the department.
    deputy_id: Option<Uuid>,
    #[schema(example = "2026-10-26T01:00:00Z")]
    starts_at: DateTime<Utc>,
    #[schema(example = "2026-10-31T10:00:00Z")]
    ends_at: DateTime<Utc>,
    #[schema(max_length = 500, example = "年假")]
    reason: Option<String>,
}

/// Fields that are absent stay.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PatchAbsence {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    deputy_id: Option<Option<Uuid>>,
    #[schema(nullable = false, example = "2026-10-26T01:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    #[schema(nullable = false, example = "2026-10-31T10:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500)]
    reason: Option<Option<String>>,
}

/// List absences
///
/// One's own, those in which one stands in, and those of the own department.
#[utoipa::path(tag = "users", operation_id = "list_absences", params(AbsenceParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of absences", body = AbsencePage)),
    extensions(("x-permission" = json!("account"))))]
#[get("/absences")]
async fn list_absences(
    can: Can<may::Account>,
    app: web::Data<App>,
    params: Params<AbsenceParams>,
) -> ApiResult<web::Json<AbsencePage>> {
    let params = params.0;
    let page = PageParams { cursor: params.cursor.as_deref(), limit: params.limit }.request()?;
    let now = params.away_now.unwrap_or(false).then_some(can.now);
    let filter = Filter { user_id: params.user_id, deputy_id: params.deputy_id, ends_after: now, starts_until: now };
    let page = absences::list(&app.db, can.scope(), filter, page).await?;
    Ok(web::Json(page.map(|row| Absence::of(row, &can.actor, can.now)).into()))
}

/// Record an absence
///
/// From its beginning on, what the person has not accepted goes to the deputy, and so does new work; what was accepted
/// stays, and the deputy may work on it. Without a deputy work goes to whoever is next in the department, or to its pool.
#[utoipa::path(tag = "users", operation_id = "record_absence", request_body = RecordAbsence, security(("bearer" = [])),
    responses((status = 201, description = "The absence", body = Absence, headers(("ETag" = String, description = "Version"), ("Location" = String, description = "Address of the absence")))),
    extensions(("x-permission" = json!("account")),
        ("x-errors" = json!(["user_not_found", "absence_period", "absence_overlaps", "own_deputy", "not_your_absence"]))))]
#[post("/absences")]
async fn record_absence(
    can: Can<may::Account>,
    app: web::Data<App>,
    body: Body<RecordAbsence>,
) -> ApiResult<Versioned<Absence>> {
    let Body(RecordAbsence { user_id, deputy_id, starts_at, ends_at, reason }) = body;
    let row = record(&app, &can.command()?, NewAbsence { user_id, deputy_id, starts_at, ends_at, reason }).await?;
    let (version, location) = (row.version, format!("/api/v1/absences/{}", row.id));
    Ok(Versioned::created(Absence::of(row, &can.actor, can.now), version, location))
}

/// Read an absence
#[utoipa::path(tag = "users", operation_id = "get_absence", params(("id" = Uuid, Path, description = "The absence")), security(("bearer" = [])),
    responses((status = 200, description = "The absence", body = Absence, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["absence_not_found"]))))]
#[get("/absences/{id}")]
async fn get_absence(can: Can<may::Account>, app: web::Data<App>, id: Id) -> ApiResult<Versioned<Absence>> {
    let row = absences::find(&app.db, can.scope(), id.0).await?.ok_or(Code::AbsenceNotFound)?;
    Ok(Absence::versioned(row, &can.actor, can.now))
}

/// Change an absence
///
/// Work follows at once.
#[utoipa::path(tag = "users", operation_id = "update_absence", params(("id" = Uuid, Path, description = "The absence")),
    request_body = PatchAbsence, security(("bearer" = [])),
    responses((status = 200, description = "The absence", body = Absence, headers(("ETag" = String, description = "Version")))),
    extensions(("x-permission" = json!("account")),
        ("x-errors" = json!(["absence_not_found", "user_not_found", "absence_period", "absence_overlaps", "own_deputy", "not_your_absence"]))))]
#[patch("/absences/{id}")]
async fn update_absence(
    can: Can<may::Account>,
    app: web::Data<App>,
    id: Id,
    body: Body<PatchAbsence>,
) -> ApiResult<Versioned<Absence>> {
    let Body(PatchAbsence { deputy_id, starts_at, ends_at, reason }) = body;
    let change = AbsenceChange { deputy_id, starts_at, ends_at, reason };
    let row = update(&app, &can.command()?, id.0, change).await?;
    Ok(Absence::versioned(row, &can.actor, can.now))
}

/// Cancel an absence
///
/// The person is not away after all, or back already.
#[utoipa::path(tag = "users", operation_id = "cancel_absence", params(("id" = Uuid, Path, description = "The absence")), security(("bearer" = [])),
    responses((status = 204, description = "Cancelled")),
    extensions(("x-permission" = json!("account")), ("x-errors" = json!(["absence_not_found", "user_not_found", "not_your_absence", "version_conflict"]))))]
#[delete("/absences/{id}")]
async fn cancel_absence(can: Can<may::Account>, app: web::Data<App>, id: Id) -> ApiResult<HttpResponse> {
    cancel(&app, &can.command()?, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
