//! What became of the follow-ups that were due, counted as `domain/follow_up/coverage.rs` says.
//!
//! Counted from the tasks themselves, in a range of the index over `first_due_by` that the period bounds: the cost goes with
//! the tasks of the period, not with those there are, and no sum kept beside them can differ from them. What is overdue changes
//! by the clock alone, so that it could not be kept anyway.

use chrono::{DateTime, Datelike, Utc};
use huiyin_domain::follow_up::coverage::{CoverageBy, Figures};
use huiyin_domain::follow_up::{CancelCause, TaskOutcome, TaskState};
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{CaseStatement, Func, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, ExprTrait, JoinType, QueryOrder, QueryResult, QuerySelect};

use super::tasks::visible;
use crate::entity::{departments, follow_up_plans, follow_up_records, follow_up_tasks, users};
use crate::support::filled_up;

/// Which tasks count: those within reach, and perhaps only those of a plan, a department, a person.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub scope: Scope,
    pub plan_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub assignee_id: Option<Uuid>,
    /// First due no sooner than this.
    pub from: DateTime<Utc>,
    /// First due before this.
    pub until: DateTime<Utc>,
}

/// The tasks of a field with their records, and what they add up to.
fn counted(field: &Field, now: DateTime<Utc>) -> SelectStatement {
    use follow_up_records::Column as R;
    use follow_up_tasks::Column as C;
    let mut query = Query::select();
    query
        .from(follow_up_tasks::Entity)
        .join(JoinType::LeftJoin, follow_up_records::Entity, R::TaskId.into_expr().eq(C::Id.into_expr()))
        .cond_where(visible(field.scope))
        .and_where(C::FirstDueBy.gte(field.from))
        .and_where(C::FirstDueBy.lt(field.until))
        .and_where_option(field.plan_id.map(|id| C::PlanId.eq(id)))
        .and_where_option(field.department_id.map(|id| C::DepartmentId.eq(id)))
        .and_where_option(field.assignee_id.map(|id| C::AssigneeId.eq(id)));
    let completed = || C::State.eq(TaskState::Completed.as_str());
    let outcome = |wanted: TaskOutcome| completed().and(C::Outcome.eq(wanted.as_str()));
    let cancelled = || C::State.eq(TaskState::Cancelled.as_str());
    let person = CancelCause::Person.as_str();
    let open = || C::State.is_in([TaskState::Pending, TaskState::InProgress].map(TaskState::as_str));
    let counts: [(&'static str, Expr); 13] = [
        ("reached", outcome(TaskOutcome::Reached)),
        ("refused", outcome(TaskOutcome::Refused)),
        ("unreachable", outcome(TaskOutcome::Unreachable)),
        ("open", open()),
        ("cancelled", cancelled().and(C::CancelCause.eq(person))),
        ("dropped", cancelled().and(C::CancelCause.is_null().or(C::CancelCause.ne(person)))),
        ("overdue", open().and(C::DueBy.lt(now))),
        ("in_time", completed().and(C::ClosedAt.into_expr().lte(C::FirstDueBy.into_expr()))),
        ("csat_count", R::Csat.is_not_null()),
        ("satisfied", R::Csat.gte(4)),
        ("nps_count", R::Nps.is_not_null()),
        ("promoters", R::Nps.gte(9)),
        ("detractors", R::Nps.lte(6)),
    ];
    for (name, condition) in counts {
        let one = CaseStatement::new().case(condition, Expr::cust("1"));
        query.expr_as(Func::count(one), name);
    }
    query.expr_as(Expr::cust("CAST(coalesce(sum(follow_up_records.csat), 0) AS bigint)"), "csat_sum");
    query
}

fn figures(row: &QueryResult) -> Result<Figures, DbErr> {
    let figure = |name: &str| row.try_get::<i64>("", name);
    Ok(Figures {
        reached: figure("reached")?,
        refused: figure("refused")?,
        unreachable: figure("unreachable")?,
        open: figure("open")?,
        cancelled: figure("cancelled")?,
        dropped: figure("dropped")?,
        overdue: figure("overdue")?,
        in_time: figure("in_time")?,
        csat_count: figure("csat_count")?,
        csat_sum: figure("csat_sum")?,
        satisfied: figure("satisfied")?,
        nps_count: figure("nps_count")?,
        promoters: figure("promoters")?,
        detractors: figure("detractors")?,
    })
}

/// When the last task of a plan was first due, or is.
pub async fn last_due(db: &impl ConnectionTrait, plan: Uuid) -> Result<Option<DateTime<Utc>>, DbErr> {
    use follow_up_tasks::Column as C;
    let tasks = follow_up_tasks::Entity::find().select_only().column(C::FirstDueBy).filter(C::PlanId.eq(plan));
    tasks.order_by_desc(C::FirstDueBy).limit(1).into_tuple().one(db).await
}

/// What all tasks of a field add up to.
pub async fn total(db: &impl ConnectionTrait, field: &Field, now: DateTime<Utc>) -> Result<Figures, DbErr> {
    let row = db.query_one(&counted(field, now)).await?;
    row.map_or_else(|| Ok(Figures::default()), |row| figures(&row))
}

/// What they add up to by plan, department or assignee; `None` are those without one.
pub async fn by_key(
    db: &impl ConnectionTrait,
    field: &Field,
    by: CoverageBy,
    now: DateTime<Utc>,
) -> Result<Vec<(Option<Uuid>, Figures)>, DbErr> {
    use follow_up_tasks::Column as C;
    let key = match by {
        CoverageBy::Department => C::DepartmentId,
        CoverageBy::Assignee => C::AssigneeId,
        _ => C::PlanId,
    };
    let mut query = counted(field, now);
    query.expr_as(key.into_expr(), "key").add_group_by([key.into_expr()]);
    let rows = db.query_all(&query).await?;
    rows.iter().map(|row| Ok((row.try_get("", "key")?, figures(row)?))).collect()
}

/// What they add up to in each part of time, by its place among `parts`, each of which begins where the one before ends;
/// those without a task are left out.
pub async fn by_part(
    db: &impl ConnectionTrait,
    field: &Field,
    parts: &[(DateTime<Utc>, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> Result<Vec<(usize, Figures)>, DbErr> {
    use follow_up_tasks::Column as C;
    let mut query = counted(field, now);
    if db.get_database_backend() == DbBackend::Postgres {
        // A task finds its part among hundreds by halving; joined, it would be held against each. Read once, not per row.
        // A year before the first has another text there; nothing was due then.
        let text = |at: &DateTime<Utc>| if at.year() < 1 { "-infinity".to_owned() } else { at.to_rfc3339() };
        let begins: Vec<String> = parts.iter().map(|(from, _)| text(from)).collect();
        let place =
            "CAST(width_bucket(follow_up_tasks.first_due_by, (SELECT CAST($1 AS timestamptz[]))) - 1 AS bigint)";
        let place = Expr::cust_with_values(place, [format!("{{{}}}", begins.join(","))]);
        query.expr_as(place, "place").add_group_by([Expr::col("place")]);
        return db.query_all(&query).await?.iter().map(placed).collect();
    }
    let rows = parts.iter().enumerate().map(|(place, (from, until))| (place as i64, *from, *until));
    let list = Query::select()
        .expr_as(Expr::col("column1"), "place")
        .expr_as(Expr::col("column2"), "begins")
        .expr_as(Expr::col("column3"), "ends")
        .from_values(rows, "listed")
        .to_owned();
    let due = C::FirstDueBy.into_expr();
    let within = due.clone().gte(Expr::col(("parts", "begins"))).and(due.lt(Expr::col(("parts", "ends"))));
    query
        .join_subquery(JoinType::InnerJoin, list, "parts", within)
        .expr_as(Expr::col(("parts", "place")), "place")
        .add_group_by([Expr::col(("parts", "place"))]);
    db.query_all(&query).await?.iter().map(placed).collect()
}

fn placed(row: &QueryResult) -> Result<(usize, Figures), DbErr> {
    let place: i64 = row.try_get("", "place")?;
    Ok((usize::try_from(place).unwrap_or_default(), figures(row)?))
}

/// How plans, departments or people are called.
pub async fn names(db: &impl ConnectionTrait, by: CoverageBy, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = filled_up(ids);
    match by {
        CoverageBy::Department => {
            use departments::Column as C;
            let select = departments::Entity::find().select_only().columns([C::Id, C::Name]);
            select.filter(C::Id.is_in(ids)).into_tuple().all(db).await
        }
        CoverageBy::Assignee => {
            use users::Column as C;
            let select = users::Entity::find().select_only().columns([C::Id, C::DisplayName]);
            select.filter(C::Id.is_in(ids)).into_tuple().all(db).await
        }
        _ => {
            use follow_up_plans::Column as C;
            let select = follow_up_plans::Entity::find().select_only().columns([C::Id, C::Name]);
            select.filter(C::Id.is_in(ids)).into_tuple().all(db).await
        }
    }
}
