use actix_web::{get, web};
use huiyin_domain::feedback::{Priority, WorkView};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_persistence::feedback::work::{self, Lane};
use huiyin_persistence::identity::departments;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::body::Feedback;
use super::pool::shown;
use crate::http::support::enums::{PrioritySchema, WorkViewSchema};
use crate::http::support::page::{decode_place as decode, encode_place as encode};
use crate::http::support::{ApiResult, Can, PageParams, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_work_list);
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WorkParams {
    /// `mine` unless given.
    #[schema(inline, value_type = Option<WorkViewSchema>)]
    #[param(inline, value_type = Option<WorkViewSchema>)]
    view: Option<WorkView>,
    /// Another department than one's own, for those who reach all of them.
    department_id: Option<Uuid>,
    /// Only of this priority.
    #[schema(value_type = Option<PrioritySchema>)]
    #[param(value_type = Option<PrioritySchema>)]
    priority: Option<Priority>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "^00[0-9a-f]{46}$")]
    #[param(pattern = "^00[0-9a-f]{46}$")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// One page of what is to be done: the most pressing priority first, then what is due first.
#[derive(Debug, Serialize, ToSchema)]
struct WorkPage {
    items: Vec<Feedback>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Departments whose lists are merged at most, for those who have none of their own.
const DEPARTMENTS: u64 = 200;

/// The lanes that a view is made of, for this reader; none where it reaches nothing of it.
async fn lanes(app: &App, actor: &Actor, view: WorkView, department: Option<Uuid>) -> ApiResult<Vec<Lane>> {
    let scope = actor.scope();
    let own = [Lane::Of(actor.id), Lane::ForWhom(actor.id)];
    match view {
        WorkView::Mine => return Ok(own.into()),
        WorkView::Triage if scope == Scope::All => return Ok(vec![Lane::Triage]),
        WorkView::Triage => return Ok(Vec::new()),
        WorkView::Department | WorkView::Unassigned => {}
    }
    let departments = match (department.or(actor.department), scope) {
        (Some(one), Scope::All) => vec![one],
        (Some(one), _) if actor.department == Some(one) => vec![one],
        (None, Scope::All) => {
            let all = huiyin_persistence::support::PageRequest { before: None, limit: DEPARTMENTS };
            departments::list(&app.db, all).await?.items.into_iter().map(|department| department.id).collect()
        }
        _ => return Ok(Vec::new()),
    };
    let pools = departments.iter().map(|department| Lane::Pool(*department));
    Ok(match (view, scope) {
        (WorkView::Unassigned, _) => pools.collect(),
        // Of what colleagues have in hands, they alone see the content.
        (_, Scope::Own { .. }) => pools.chain(own).collect(),
        _ => departments.into_iter().map(Lane::Department).collect(),
    })
}

/// Read the work list
///
/// Open feedback within reach in the order of work: the most pressing priority first, then what is due first; what has no
/// deadline that runs comes last of its priority. `mine` has what one stands in for, too.
#[utoipa::path(tag = "feedback", operation_id = "get_work_list", params(WorkParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of what is to be done", body = WorkPage)),
    extensions(("x-permission" = json!("feedback:read"))))]
#[get("/feedback/work-list")]
async fn get_work_list(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    params: Params<WorkParams>,
) -> ApiResult<web::Json<WorkPage>> {
    let params = params.0;
    let limit = PageParams { cursor: None, limit: params.limit }.request()?.limit;
    let after = params.cursor.as_deref().map(decode).transpose()?;
    let view = params.view.unwrap_or(WorkView::Mine);
    let lanes = lanes(&app, &can.actor, view, params.department_id).await?;
    let (rows, next) = work::list(&app.db, can.scope(), &lanes, params.priority, after, limit).await?;
    let items = shown(&app, rows, &can.actor).await?;
    Ok(web::Json(WorkPage { items, next_cursor: next.map(encode) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_finds_its_place_again() {
        for key in [0, 1_790_000_000_000, (2 << 50) + (1 << 50) - 1] {
            let place = (key, Uuid::from_u128(42));
            assert_eq!(decode(&encode(place)).unwrap(), place, "{key}");
        }
        assert!(decode(&format!("00{}", "f".repeat(46))).is_ok(), "whatever fits the pattern is read");
        assert!(decode("zz").is_err());
    }
}
