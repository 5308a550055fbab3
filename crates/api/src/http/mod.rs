//! HTTP: what comes in, what goes out, and who may. No rule, no query, no transaction.

mod customers;
mod feedback;
mod follow_up;
mod identity;
mod integration;
mod sla;
pub mod support;
mod tiering;

use std::net::TcpListener;
use std::sync::{Arc, LazyLock};

use actix_web::body::MessageBody;
use actix_web::dev::{ResourceDef, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpServer, web};
use huiyin_domain::fault::{Code, Fault};
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::usecases::App;
use support::edge::Edge;
use support::openapi::{finish, frame};
use support::problem::ApiResult;
use support::schema_check::SchemaChecks;
use support::{access, moved, observe};

/// One registration gives route and contract.
fn routes(config: &mut ServiceConfig) {
    let api = scope::scope("/api/v1")
        .configure(identity::routes)
        .configure(customers::routes)
        .configure(tiering::routes)
        .configure(feedback::routes)
        .configure(follow_up::routes)
        .configure(sla::routes)
        .configure(integration::routes);
    config.configure(integration::system_routes).service(api);
}

fn document() -> OpenApi {
    actix_web::App::new().into_utoipa_app().openapi(frame()).configure(routes).split_for_parts().1
}

/// The contract (OpenAPI 3.1).
pub fn contract() -> &'static Value {
    static CONTRACT: LazyLock<Value> = LazyLock::new(|| finish(&document()));
    &CONTRACT
}

/// What the contract says of inputs, compiled once however many servers there are in the process.
fn schemas() -> &'static SchemaChecks {
    static SCHEMAS: LazyLock<SchemaChecks> = LazyLock::new(|| SchemaChecks::new(&contract()["components"]["schemas"]));
    &SCHEMAS
}

/// The contract as it is served and committed.
pub fn contract_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", contract()));
    &TEXT
}

/// The application of one worker.
pub fn application(
    app: web::Data<App>,
    edge: web::Data<Edge>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let (application, _) = actix_web::App::new().into_utoipa_app().configure(routes).split_for_parts();
    let swagger = SwaggerUi::new("/swagger-ui/{_:.*}").config(
        Config::from("/openapi.json")
            .persist_authorization(true)
            .try_it_out_enabled(true)
            .display_request_duration(true),
    );
    application
        .app_data(app)
        .app_data(edge)
        .service(web::redirect("/swagger-ui", "/swagger-ui/"))
        .service(web::redirect("/", "/swagger-ui/"))
        .service(swagger)
        .default_service(web::to(nothing_here))
        .wrap(from_fn(moved::follow))
        .wrap(from_fn(access::authenticate))
        .wrap(from_fn(observe::observe))
}

/// Serves on a bound socket until the server is stopped.
pub fn serve(app: Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let workers = match app.config.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let connections = app.config.database_connections.div_ceil(workers as u32).max(2);
    let edge = web::Data::new(Edge::new(&app.config, schemas()));
    // The closure runs once in each worker's own thread.
    let server = HttpServer::new(move || application(web::Data::new(app.for_this_thread(connections)), edge.clone()))
        .workers(workers)
        .disable_signals()
        .shutdown_timeout(20)
        .client_request_timeout(std::time::Duration::from_secs(30));
    Ok(server.listen(listener)?.run())
}

async fn nothing_here(request: HttpRequest) -> ApiResult<String> {
    Err(wrong_address(request.path()).0.into())
}

/// The router knows no difference between a wrong address and a wrong method; the contract does. A path that stands
/// in the contract to the letter is that one, before one with an id in its place; whether it does is told too.
pub fn wrong_address(path: &str) -> (Fault, bool) {
    static KNOWN: LazyLock<Vec<(ResourceDef, String)>> = LazyLock::new(|| {
        let paths = contract()["paths"].as_object().into_iter().flatten();
        paths
            .map(|(path, item)| {
                let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
                (ResourceDef::new(path.as_str()), methods.collect::<Vec<_>>().join(", "))
            })
            .collect()
    });
    let to_the_letter = KNOWN.iter().find(|(pattern, _)| pattern.pattern() == Some(path));
    let fault = match to_the_letter.or_else(|| KNOWN.iter().find(|(pattern, _)| pattern.is_match(path))) {
        Some((_, allowed)) => Fault::new(Code::MethodNotAllowed).with("allowed", allowed),
        None => Fault::new(Code::RouteNotFound),
    };
    (fault, to_the_letter.is_some())
}

/// Sets up metrics before the first is recorded.
pub fn install_metrics() {
    integration::install_metrics();
}
