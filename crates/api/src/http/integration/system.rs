use std::sync::LazyLock;

use actix_web::{HttpResponse, get, web};
use huiyin_domain::fault::Code;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::support::ApiResult;
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(live).service(ready).service(metrics_text).service(openapi);
}

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The recorder of this process; there can be one only.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS).ok()?;
        builder.install_recorder().ok()
    });
    RECORDER.as_ref()
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`; otherwise the answer is 503.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Does the process live
#[utoipa::path(tag = "system", operation_id = "health_live", description = "Answers as long as requests are served at all.",
    security(()), responses((status = 200, description = "It lives", body = Health)))]
#[get("/health/live")]
async fn live() -> web::Json<Health> {
    web::Json(Health { status: "ok" })
}

/// Is the service ready
#[utoipa::path(tag = "system", operation_id = "health_ready", description = "Asks the database.", security(()),
    responses((status = 200, description = "It is ready", body = Health)))]
#[get("/health/ready")]
async fn ready(app: web::Data<App>) -> ApiResult<web::Json<Health>> {
    app.db.ping().await.map_err(|_| Code::Unavailable)?;
    Ok(web::Json(Health { status: "ok" }))
}

/// Metrics
#[utoipa::path(tag = "system", operation_id = "metrics", description = "In the text format of Prometheus.", security(()),
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain")))]
#[get("/metrics")]
async fn metrics_text() -> HttpResponse {
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

/// The contract
#[utoipa::path(tag = "system", operation_id = "openapi", description = "This document (OpenAPI 3.1).", security(()),
    responses((status = 200, description = "The contract", body = Object)))]
#[get("/openapi.json")]
async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(crate::http::contract_text())
}
