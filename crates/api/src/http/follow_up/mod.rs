//! Follow-up (回访) over HTTP.

mod alerts;
mod contact_limits;
mod coverage;
mod coverage_body;
mod leads;
mod plan_body;
mod plan_steps;
mod plans;
mod preparation;
mod presets;
mod preview;
mod progress;
mod raised;
mod record_body;
mod records;
mod report;
mod report_page;
mod samples;
mod script_aids;
mod script_body;
mod scripts;
mod settings;
mod task_body;
mod task_history;
mod task_limits;
mod task_steps;
mod task_work_list;
mod tasks;
mod trigger;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    // Before `/follow-up-plans/{id}`, which would take the name for an id.
    presets::routes(config);
    preview::routes(config);
    contact_limits::routes(config);
    plans::routes(config);
    plan_steps::routes(config);
    records::routes(config);
    raised::routes(config);
    report::routes(config);
    leads::routes(config);
    alerts::routes(config);
    settings::routes(config);
    // Before `/scripts/{id}` and `/follow-up-tasks/{id}`, which would take their names for ids.
    script_aids::routes(config);
    scripts::routes(config);
    task_work_list::routes(config);
    task_limits::routes(config);
    tasks::routes(config);
    task_steps::routes(config);
    task_history::routes(config);
    preparation::routes(config);
    progress::routes(config);
    coverage::routes(config);
    samples::routes(config);
}
