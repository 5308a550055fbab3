//! How often customers have been contacted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use huiyin_domain::follow_up::frequency::Purpose;
use huiyin_domain::follow_up::{FollowUpMethod, TaskState};
use sea_orm::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, ExprTrait, QuerySelect};

use crate::entity::{follow_up_plans, follow_up_tasks};
use crate::support::filled_up;

/// How many tasks of this method that marketing plans have made for each of these customers, and that have not been
/// cancelled, begin at `from` or later or were done then, late: what was done in its window counts from where that begins,
/// so a rhythm does not stand in its own way. Who has none is not in.
pub async fn contacts(
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    method: FollowUpMethod,
    from: DateTime<Utc>,
) -> Result<HashMap<Uuid, u64>, DbErr> {
    use follow_up_tasks::Column as C;
    let marketing = Query::select()
        .column(follow_up_plans::Column::Id)
        .from(follow_up_plans::Entity)
        .and_where(follow_up_plans::Column::Purpose.eq(Purpose::Marketing.as_str()))
        .to_owned();
    let mut found = HashMap::new();
    for part in customers.chunks(10_000) {
        let late = C::ClosedAt.gte(from).and(C::ClosedAt.into_expr().gt(C::FirstDueBy.into_expr()));
        let rows: Vec<(Uuid, i64)> = follow_up_tasks::Entity::find()
            .select_only()
            .column(C::CustomerId)
            .column_as(C::Id.count(), "tasks")
            .filter(C::CustomerId.is_in(filled_up(part.to_vec())))
            .filter(C::DueFrom.gte(from).or(late))
            .filter(C::Method.eq(method.as_str()))
            .filter(C::State.ne(TaskState::Cancelled.as_str()))
            .filter(C::PlanId.in_subquery(marketing.clone()))
            .group_by(C::CustomerId)
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|(customer, tasks)| (customer, u64::try_from(tasks).unwrap_or_default())));
    }
    Ok(found)
}
