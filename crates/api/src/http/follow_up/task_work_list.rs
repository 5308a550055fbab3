use actix_web::{get, web};
use chrono::{DateTime, TimeDelta, Utc};
use huiyin_domain::follow_up::{TaskPriority, TaskView};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_domain::tiering::Tier;
use huiyin_persistence::follow_up::work::{self, Lane, Wanted};
use huiyin_persistence::identity::departments;
use huiyin_persistence::support::PageRequest;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::task_body::{FollowUpTask, shown};
use crate::http::support::enums::{TaskPrioritySchema, TaskViewSchema, TierSchema};
use crate::http::support::page::{decode_place as decode, encode_place as encode};
use crate::http::support::{ApiResult, Can, PageParams, Params, may};
use crate::usecases::App;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_work_list);
}

#[derive(Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TaskWorkParams {
    /// `mine` unless given.
    #[schema(inline, value_type = Option<TaskViewSchema>)]
    #[param(inline, value_type = Option<TaskViewSchema>)]
    view: Option<TaskView>,
    /// Another department than one's own, for those who reach all of them.
    department_id: Option<Uuid>,
    /// `true`: only those whose time has passed.
    overdue: Option<bool>,
    /// Only those due up to this moment.
    due_by: Option<DateTime<Utc>>,
    /// Only of this priority.
    #[schema(value_type = Option<TaskPrioritySchema>)]
    #[param(value_type = Option<TaskPrioritySchema>)]
    priority: Option<TaskPriority>,
    /// Only for customers of this tier.
    #[schema(value_type = Option<TierSchema>)]
    #[param(value_type = Option<TierSchema>)]
    tier: Option<Tier>,
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
struct FollowUpWorkPage {
    items: Vec<FollowUpTask>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Departments whose lists are merged at most, for those who have none of their own.
const DEPARTMENTS: u64 = 200;

/// The lanes that a view is made of, for this reader; none where it reaches nothing of it.
async fn lanes(app: &App, actor: &Actor, view: TaskView, department: Option<Uuid>) -> ApiResult<Vec<Lane>> {
    let scope = actor.scope();
    if view == TaskView::Mine {
        return Ok(vec![Lane::Of(actor.id)]);
    }
    let departments = match (department.or(actor.department), scope) {
        (Some(one), Scope::All) => vec![one],
        (Some(one), _) if actor.department == Some(one) => vec![one],
        (None, Scope::All) => {
            let all = PageRequest { before: None, limit: DEPARTMENTS };
            departments::list(&app.db, all).await?.items.into_iter().map(|department| department.id).collect()
        }
        _ => return Ok(Vec::new()),
    };
    let pools = departments.iter().map(|department| Lane::Pool(*department));
    Ok(match (view, scope) {
        (TaskView::Unassigned, _) => pools.collect(),
        // What colleagues have in hands is theirs.
        (_, Scope::Own { user, .. }) => pools.chain([Lane::Of(user)]).collect(),
        _ => departments.into_iter().map(Lane::Department).collect(),
    })
}

/// Read the work list of follow-ups
///
/// Open tasks within reach in the order of work: the most pressing priority first, then what is due first. `mine` has what
/// one stands in for, too.
#[utoipa::path(tag = "follow-up tasks", operation_id = "get_follow_up_work_list", params(TaskWorkParams), security(("bearer" = [])),
    responses((status = 200, description = "A page of what is to be done", body = FollowUpWorkPage)),
    extensions(("x-permission" = json!("follow_up:read"))))]
#[get("/follow-up-tasks/work-list")]
async fn get_work_list(
    can: Can<may::FollowUpRead>,
    app: web::Data<App>,
    params: Params<TaskWorkParams>,
) -> ApiResult<web::Json<FollowUpWorkPage>> {
    let params = params.0;
    let limit = PageParams { cursor: None, limit: params.limit }.request()?.limit;
    let after = params.cursor.as_deref().map(decode).transpose()?;
    let view = params.view.unwrap_or(TaskView::Mine);
    let lanes = lanes(&app, &can.actor, view, params.department_id).await?;
    // What is due at this very moment is in time.
    let passed = params.overdue.unwrap_or_default().then_some(can.now - TimeDelta::milliseconds(1));
    let wanted = Wanted {
        priority: params.priority,
        tier: params.tier.map(|tier| tier.to_string()),
        due_by: passed.into_iter().chain(params.due_by).min(),
    };
    let (rows, next) = work::list(&app.db, can.scope(), &lanes, &wanted, after, limit).await?;
    let items = shown(&app, rows, can.now).await?;
    Ok(web::Json(FollowUpWorkPage { items, next_cursor: next.map(encode) }))
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
