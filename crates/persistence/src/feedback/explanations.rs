//! Delay explanations: reached by whoever reaches their feedback.

use chrono::{DateTime, Utc};
use huiyin_domain::feedback::ExplanationStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{Condition, ConnectionTrait, ExprTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::pool;
pub use crate::entity::delay_explanations::Model as Explanation;
use crate::entity::{delay_explanations, feedback};
use crate::support::{Page, PageRequest, page_by_id};

fn visible(scope: Scope) -> Condition {
    if scope == Scope::All {
        return Condition::all();
    }
    // Whether this one's feedback is reached, asked of it alone: the list goes by its own order.
    let reached = Query::select()
        .expr(Expr::val(1))
        .from(feedback::Entity)
        .and_where(
            Expr::col((feedback::Entity, feedback::Column::Id))
                .equals((delay_explanations::Entity, delay_explanations::Column::FeedbackId)),
        )
        .cond_where(pool::visible(scope))
        .to_owned();
    Condition::all().add(Expr::exists(reached))
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    status: Option<ExplanationStatus>,
    page: PageRequest,
) -> Result<Page<Explanation>, DbErr> {
    use delay_explanations::Column as C;
    let select = delay_explanations::Entity::find()
        .filter(visible(scope))
        .apply_if(status, |q, v| q.filter(C::Status.eq(v.as_str())));
    Ok(page_by_id!(select, C::Id, page, db))
}

/// Those of one feedback, newest first. The caller has found it within its scope.
pub async fn of_feedback(
    db: &impl ConnectionTrait,
    feedback_id: Uuid,
    page: PageRequest,
) -> Result<Page<Explanation>, DbErr> {
    let select = delay_explanations::Entity::find().filter(delay_explanations::Column::FeedbackId.eq(feedback_id));
    Ok(page_by_id!(select, delay_explanations::Column::Id, page, db))
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Explanation>, DbErr> {
    delay_explanations::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// The one that waits for a decision. The caller holds the lock of the feedback.
pub async fn pending(tx: &impl ConnectionTrait, feedback_id: Uuid) -> Result<Option<Explanation>, DbErr> {
    waiting(feedback_id).one(tx).await
}

fn waiting(feedback_id: Uuid) -> Select<delay_explanations::Entity> {
    delay_explanations::Entity::find()
        .filter(delay_explanations::Column::FeedbackId.eq(feedback_id))
        .filter(delay_explanations::Column::Status.eq(ExplanationStatus::Pending.as_str()))
}

pub async fn insert(tx: &impl ConnectionTrait, row: Explanation) -> Result<Explanation, DbErr> {
    delay_explanations::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(row)
}

pub async fn update(tx: &impl ConnectionTrait, row: Explanation) -> Result<Explanation, DbErr> {
    delay_explanations::Entity::update(row.into_active_model().reset_all()).exec(tx).await
}

/// The promise is void, and with it what was to excuse its delay. The caller holds the lock of the feedback.
pub async fn supersede(tx: &impl ConnectionTrait, feedback_id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    let Some(row) = pending(tx, feedback_id).await? else { return Ok(()) };
    let (status, version) = (ExplanationStatus::Superseded.to_string(), row.version + 1);
    update(tx, Explanation { status, updated_at: now, version, ..row }).await.map(|_| ())
}
